//! The keys of `#[stream_writer(...)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Expr, Ident, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::once::{Once, name_value, path_value, unknown_key};

/// The keys, on an impl or on a struct.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) name: Once<LitStr>,
    pub(crate) guarantee: Once<Guarantee>,
    pub(crate) target: Once<Expr>,
    pub(crate) krate: Once<Path>,
}

/// The variant of `Guarantee` that is declared.
pub(crate) struct Guarantee(&'static str);

impl Args {
    pub(crate) fn from_tokens(cx: &Ctxt, tokens: TokenStream) -> Self {
        let mut args = Self::default();
        let parser = syn::meta::parser(|meta| args.read(cx, &meta));
        if let Err(error) = parser.parse2(tokens) {
            cx.push(error);
        }
        args
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let key = &meta.path;
        if key.is_ident("name") {
            self.name.set(cx, key, name_value(cx, meta)?);
        } else if key.is_ident("guarantee") {
            let word: Ident = meta.value()?.parse()?;
            match Guarantee::from_word(&word) {
                Some(guarantee) => self.guarantee.set(cx, key, guarantee),
                None => cx.error(
                    word,
                    "a guarantee is one of exactly_once, at_least_once, at_most_once",
                ),
            }
        } else if key.is_ident("target") {
            self.target.set(cx, key, meta.value()?.parse()?);
        } else if key.is_ident("crate") {
            self.krate.set(cx, key, path_value(meta)?);
        } else {
            unknown_key(cx, meta, "the keys are name, guarantee, target, crate")?;
        }
        Ok(())
    }

    /// Reports the keys that mean something on an impl only.
    pub(crate) fn reject_on_struct(&self, cx: &Ctxt) {
        for key in [self.guarantee.key(), self.target.key()]
            .into_iter()
            .flatten()
        {
            cx.error(
                key,
                "this key says what `write` and `commit` do: give it to the \
                 `#[stream_writer]` on their impl",
            );
        }
    }
}

impl Guarantee {
    fn from_word(word: &Ident) -> Option<Self> {
        let variants = [
            ("exactly_once", "ExactlyOnce"),
            ("at_least_once", "AtLeastOnce"),
            ("at_most_once", "AtMostOnce"),
        ];
        let found = variants.into_iter().find(|(name, _)| word == name);
        found.map(|(_, variant)| Self(variant))
    }

    /// Returns the path of the variant.
    pub(crate) fn path(&self, private: &TokenStream) -> TokenStream {
        let variant = Ident::new(self.0, proc_macro2::Span::call_site()).into_token_stream();
        quote!(#private::Guarantee::#variant)
    }
}
