//! What all shapes have in common.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Generics, parse_quote};

use super::ast::Item;
use super::column::encoding;
use crate::krate::krate;
use crate::types;

/// Returns the path of what generated code calls.
pub(crate) fn private(item: &Item<'_>) -> TokenStream {
    let krate = krate(item.attrs.krate.get());
    quote!(#krate::__private)
}

/// Generates what makes a `Vec` of the type a list.
pub(crate) fn list_item_impl(item: &Item<'_>, rows: &TokenStream) -> TokenStream {
    let ident = &item.original.ident;
    let generics = bounded_generics(item, rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::ListItem for #ident #type_generics #where_clause {}
    }
}

/// Keeps names and lints of generated code out of the user's sight.
///
/// The types of fields stand in it as the user wrote them, so lints about types would speak twice.
pub(crate) fn enclosed(items: &TokenStream) -> TokenStream {
    quote! {
        #[allow(
            clippy::all,
            clippy::pedantic,
            deprecated,
            missing_debug_implementations,
            private_bounds,
            unreachable_pub,
        )]
        const _: () = {
            #items
        };
    }
}

/// Returns the generics of the impls: with what the fields need of the type parameters.
pub(crate) fn bounded_generics(item: &Item<'_>, rows: &TokenStream) -> Generics {
    let mut generics = item.original.generics.clone();
    let params: Vec<Ident> = generics
        .type_params()
        .map(|param| param.ident.clone())
        .collect();
    for field in item.fields() {
        let ty = &field.original.ty;
        if !params.iter().any(|param| types::mentions(ty, param)) {
            continue;
        }
        let predicate = match field.attrs.with.get() {
            _ if field.attrs.skip.is_set() => parse_quote!(#ty: ::core::default::Default),
            Some(codec) => parse_quote!(#codec: #rows::ColumnCodec<#ty>),
            None => {
                let encoding = encoding(field, rows);
                parse_quote!(#ty: #rows::Column<#encoding>)
            }
        };
        generics.make_where_clause().predicates.push(predicate);
    }
    generics
}
