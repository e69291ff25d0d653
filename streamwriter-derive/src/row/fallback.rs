//! The stand-in for a row with errors, so that only those are shown.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use super::attr::ContainerAttrs;
use crate::ctxt::Ctxt;
use crate::krate::krate;

pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    // The errors of the attributes have been reported.
    let attrs = ContainerAttrs::from_syn(&Ctxt::default(), &input.attrs);
    let krate = krate(attrs.krate.get());
    let private = quote!(#krate::__private);
    let rows = quote!(#private::rows);
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let row = matches!(input.data, Data::Struct(_)).then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #rows::Row for #ident #type_generics #where_clause {
                const COLUMNS: &'static [#rows::ColumnSpec] = &[];
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::Column for #ident #type_generics #where_clause {
            type Builder = #rows::EnumBuilder;
            type Reader = ();

            const TYPE: #rows::ColumnType = #rows::ColumnType::Enum;

            fn builder(_: usize) -> Self::Builder {
                loop {}
            }

            fn append(_: &Self, _: &mut Self::Builder) -> #private::FieldResult<()> {
                loop {}
            }

            fn reader(_: &#rows::ArrayRef) -> #private::FieldResult<Self::Reader> {
                loop {}
            }

            fn read(_: &Self::Reader, _: usize) -> #private::FieldResult<Self> {
                loop {}
            }
        }

        #[automatically_derived]
        impl #impl_generics #rows::ListItem for #ident #type_generics #where_clause {}

        #row
    }
}
