//! The stand-in for a message with errors, so that only those are shown.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use super::ast::Message;
use super::expand::bounded_generics;
use super::totals;
use crate::krate::krate;

pub(crate) fn expand(message: &Message<'_>) -> TokenStream {
    let params = &message.original.generics.params;
    if params
        .iter()
        .any(|param| matches!(param, GenericParam::Lifetime(_)))
    {
        // A message is `'static`: an impl would be an error of its own.
        return TokenStream::new();
    }
    let krate = krate(message.attrs.krate.get());
    let private = quote!(#krate::__private);
    let ident = &message.original.ident;
    let generics = bounded_generics(message, &private);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = message.original.generics.split_for_impl();
    let totals = totals::stand_in(message);
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::MessageField for #ident #type_generics #where_clause {
            fn to_value(&self) -> #private::FieldResult<#private::Value> {
                loop {}
            }

            fn from_value(_: #private::Value) -> #private::FieldResult<Self> {
                loop {}
            }
        }

        #[automatically_derived]
        impl #impl_generics #private::CommitMessage for #ident #type_generics #where_clause {
            type Totals = ();
            const TYPE: &'static str = "";

            fn to_body(&self) -> #private::Result<#private::Value> {
                loop {}
            }

            fn from_body(_: #private::Value) -> #private::Result<Self> {
                loop {}
            }
        }

        #totals
    }
}
