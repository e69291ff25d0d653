//! `#[derive(Row)]`.

mod ast;
mod attr;
mod case;
mod unsupported;
mod valid;

mod column;
mod common;

mod enums;
mod fallback;
mod newtype;
mod structs;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::ctxt::Ctxt;
use ast::{Item, Shape};

/// Expands the derive; with errors, to the errors and a stand-in.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let item = Item::from_syn(&cx, input);
    if let Some(item) = &item {
        valid::check(&cx, item);
    }
    match (cx.finish(), item) {
        (Ok(()), Some(item)) => match &item.shape {
            Shape::Struct(fields) => structs::expand(&item, fields),
            Shape::Newtype(field) => newtype::expand(&item, field),
            Shape::Enum(variants) => enums::expand(&item, variants),
        },
        (Ok(()), None) => TokenStream::new(),
        (Err(errors), _) => {
            let errors = errors.into_compile_error();
            let fallback = fallback::expand(input);
            quote!(#errors #fallback)
        }
    }
}
