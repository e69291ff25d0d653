//! The stand-ins for a struct with errors, so that only those are shown.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Fields;

use super::ast::SinkStruct;
use super::expand::inherent_impl;
use crate::krate::krate;

pub(crate) fn expand(sink: &SinkStruct<'_>) -> TokenStream {
    let item = sink.original;
    if matches!(item.fields, Fields::Unnamed(_)) {
        // What `new` would take is not known, and the author may have written one.
        return TokenStream::new();
    }
    let krate = krate(sink.args.krate.get());
    let private = quote!(#krate::__private);
    let ident = &item.ident;
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    let inherent = inherent_impl(sink, &quote!(loop {}));
    quote! {
        #inherent

        #[automatically_derived]
        impl #impl_generics #private::SinkOptions for #ident #type_generics #where_clause {
            const NAME: &'static str = "";
            const DOC: &'static str = "";
            const OPTIONS: &'static [#private::OptionSpec] = &[];

            fn from_options(_: &#private::OptionMap) -> #private::Result<Self> {
                loop {}
            }
        }
    }
}
