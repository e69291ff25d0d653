//! Collects errors, so that one build shows all of them.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Ctxt(RefCell<Option<syn::Error>>);

impl Ctxt {
    /// Adds an error that points at the tokens.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds an error that points at the span.
    pub(crate) fn error_at(&self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds an error of the parser.
    pub(crate) fn push(&self, error: syn::Error) {
        let mut errors = self.0.borrow_mut();
        match errors.as_mut() {
            Some(errors) => errors.combine(error),
            None => *errors = Some(error),
        }
    }

    /// Returns all errors as one.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.into_inner().map_or(Ok(()), Err)
    }
}
