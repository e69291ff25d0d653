//! `#[derive(CommitMessage)]`.

mod ast;
mod attr;
mod valid;

mod expand;
mod fallback;
mod totals;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::ctxt::Ctxt;
use ast::Message;

/// Expands the derive; with errors, to the errors and a stand-in.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let message = Message::from_syn(&cx, input);
    if let Some(message) = &message {
        valid::check(&cx, message);
    }
    match (cx.finish(), message) {
        (Ok(()), Some(message)) => expand::expand(&message),
        (Ok(()), None) => TokenStream::new(),
        (Err(errors), message) => {
            let errors = errors.into_compile_error();
            let fallback = message.map(|message| fallback::expand(&message));
            quote!(#errors #fallback)
        }
    }
}
