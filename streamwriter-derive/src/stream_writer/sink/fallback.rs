//! The stand-ins for a sink with errors, so that only those are shown.

use proc_macro2::TokenStream;
use quote::quote;

use super::ast::Sink;
use super::expand::{generics, name};
use crate::krate::krate;

pub(crate) fn expand(sink: &Sink<'_>) -> TokenStream {
    let krate = krate(sink.args.krate.get());
    let private = quote!(#krate::__private);
    let self_ty = &sink.block.self_ty;
    let generics = generics(sink);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let name = name(sink, &private);
    let mut of_row = generics.clone();
    of_row.params.push(syn::parse_quote!(__Row));
    let (row_impl_generics, _, row_where_clause) = of_row.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::StreamWriter for #self_ty #where_clause {
            type Message = ();
            type Error = #private::BoxError;

            #name
        }

        #[automatically_derived]
        impl #row_impl_generics #private::WriteRows<__Row> for #self_ty #row_where_clause {
            fn write(
                &self,
                _: impl #private::Rows<Item = __Row> + ::core::marker::Send,
                _: &#private::TaskContext,
            ) -> ::core::result::Result<(), #private::BoxError> {
                loop {}
            }
        }
    }
}
