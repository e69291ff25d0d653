//! `#[stream_writer]` on an impl block: the user's block stays as it is, and trait impls call it.

mod ast;
mod rows;
mod valid;

mod expand;
mod fallback;

use proc_macro2::TokenStream;
use quote::quote;

use super::args::Args;
use super::{block, with_errors};
use crate::ctxt::Ctxt;
use ast::Sink;

/// Expands to the block as it is, and the trait impls or their stand-ins.
pub(crate) fn expand(cx: Ctxt, args: &Args, item: TokenStream) -> TokenStream {
    let block = match block::parse(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            cx.push(error);
            return with_errors(cx, &item);
        }
    };
    if !valid::check_block(&cx, &block) {
        return with_errors(cx, &item);
    }
    let sink = Sink::from_block(&cx, &block, args);
    valid::check(&cx, &sink);
    match cx.finish() {
        Ok(()) => {
            let impls = expand::expand(&sink);
            quote!(#item #impls)
        }
        Err(errors) => {
            let errors = errors.into_compile_error();
            let stand_in = fallback::expand(&sink);
            quote!(#errors #item #stand_in)
        }
    }
}
