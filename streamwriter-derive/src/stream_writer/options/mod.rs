//! `#[stream_writer]` on a struct: its name, its options and how to make it.

mod ast;
mod attr;
mod valid;

mod expand;
mod fallback;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemStruct;

use super::args::Args;
use super::with_errors;
use crate::ctxt::Ctxt;
use ast::SinkStruct;

/// Expands to the struct without `#[option]`, and what belongs to it.
pub(crate) fn expand(cx: Ctxt, args: &Args, item: TokenStream) -> TokenStream {
    let parsed: ItemStruct = match syn::parse2(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            cx.push(error);
            return with_errors(cx, &item);
        }
    };
    let sink = SinkStruct::from_syn(&cx, &parsed, args);
    valid::check(&cx, &sink);
    let stripped = attr::strip(&parsed);
    match cx.finish() {
        Ok(()) => {
            let impls = expand::expand(&sink);
            quote!(#stripped #impls)
        }
        Err(errors) => {
            let errors = errors.into_compile_error();
            let stand_in = fallback::expand(&sink);
            quote!(#errors #stripped #stand_in)
        }
    }
}
