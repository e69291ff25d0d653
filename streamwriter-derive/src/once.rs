//! Values of attributes that may be given once.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Expr, LitStr, Path, Token, parenthesized, token};

use crate::ctxt::Ctxt;

/// A value with the tokens of its key, set at most once.
#[derive(Clone)]
pub(crate) struct Once<T>(Option<(TokenStream, T)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    /// Sets the value; the second time is an error at `key`.
    pub(crate) fn set(&mut self, cx: &Ctxt, key: impl ToTokens, value: T) {
        if self.0.is_some() {
            let name = key.to_token_stream();
            cx.error(&name, format!("`{name}` is given twice: keep one"));
        } else {
            self.0 = Some((key.to_token_stream(), value));
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// Returns the tokens of the key, for errors about it.
    pub(crate) fn key(&self) -> Option<&TokenStream> {
        self.0.as_ref().map(|(key, _)| key)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

/// Reports a key that does not exist and steps over its value.
pub(crate) fn unknown_key(cx: &Ctxt, meta: &ParseNestedMeta<'_>, help: &str) -> syn::Result<()> {
    let name = meta.path.to_token_stream();
    cx.error(&meta.path, format!("unknown key `{name}`: {help}"));
    skip_value(meta)
}

/// Steps over `= value` or `(...)`, if there is one.
pub(crate) fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(token::Paren) {
        let content;
        parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
    }
    Ok(())
}

/// Reads `key = "path"` or `key = path`.
pub(crate) fn path_value(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        value.call(Path::parse_mod_style)
    }
}

/// Reads `key = "text"` where the text is not empty.
pub(crate) fn name_value(cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().trim().is_empty() {
        cx.error(&text, "a name cannot be empty");
    }
    Ok(text)
}
