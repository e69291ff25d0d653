//! The keys of `#[option(...)]`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, ItemStruct, Lit, LitStr, Meta, Token};

use crate::ctxt::Ctxt;
use crate::once::{Once, name_value, skip_value, unknown_key};

const ATTRIBUTE: &str = "option";

/// The keys on a field.
#[derive(std::default::Default)]
pub(crate) struct OptionAttrs {
    pub(crate) default: Once<Default>,
    /// The default as a person writes it, where the expression is not that.
    pub(crate) default_text: Once<LitStr>,
    pub(crate) name: Once<LitStr>,
    pub(crate) secret: Once<()>,
    pub(crate) skip: Once<()>,
}

/// What a field is without an option.
pub(crate) enum Default {
    /// `Default::default()`
    Trait,
    /// The value of an expression.
    Expr(Box<Expr>),
}

impl Default {
    /// Returns the text for people.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Trait => "the default of its type".to_owned(),
            Self::Expr(expr) => expr_text(expr),
        }
    }
}

/// Returns an expression as people write it, text without quotes.
fn expr_text(expr: &Expr) -> String {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text.value(),
        Expr::MethodCall(call)
            if call.args.is_empty() && matches!(*call.receiver, Expr::Lit(_)) =>
        {
            expr_text(&call.receiver)
        }
        other => {
            let mut text = String::new();
            write_compact(&mut text, other.to_token_stream());
            text
        }
    }
}

/// Writes tokens with few spaces: `Duration::from_secs(2 * 60)`.
///
/// The compiler keeps the source of single tokens only, and prints a space between any two.
fn write_compact(text: &mut String, tokens: TokenStream) {
    let mut after_operand = false;
    for tree in tokens {
        match tree {
            TokenTree::Punct(punct) if after_operand && "+-*/%".contains(punct.as_char()) => {
                text.extend([' ', punct.as_char(), ' ']);
                after_operand = false;
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                if punct.as_char() == ',' {
                    text.push(' ');
                }
                after_operand = false;
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_compact(text, group.stream());
                text.push_str(close);
                after_operand = true;
            }
            word @ (TokenTree::Ident(_) | TokenTree::Literal(_)) => {
                if after_operand {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
                after_operand = true;
            }
        }
    }
}

impl OptionAttrs {
    pub(crate) fn from_syn(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(ATTRIBUTE)) {
            if matches!(attr.meta, Meta::Path(_)) {
                continue;
            }
            if let Err(error) = attr.parse_nested_meta(|meta| keys.read(cx, &meta)) {
                cx.push(error);
            }
        }
        keys
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let key = &meta.path;
        if key.is_ident("default") {
            let default = match meta.input.peek(Token![=]) {
                true => Default::Expr(meta.value()?.parse()?),
                false => Default::Trait,
            };
            self.default.set(cx, key, default);
        } else if key.is_ident("default_text") {
            self.default_text.set(cx, key, meta.value()?.parse()?);
        } else if key.is_ident("name") {
            self.name.set(cx, key, name_value(cx, meta)?);
        } else if key.is_ident("secret") {
            self.secret.set(cx, key, ());
            no_value(cx, meta, "secret")?;
        } else if key.is_ident("skip") {
            self.skip.set(cx, key, ());
            no_value(cx, meta, "skip")?;
        } else {
            unknown_key(
                cx,
                meta,
                "the keys of an option are default, default_text, name, secret, skip",
            )?;
        }
        Ok(())
    }
}

fn no_value(cx: &Ctxt, meta: &ParseNestedMeta<'_>, name: &str) -> syn::Result<()> {
    if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        cx.error(
            &meta.path,
            format!("`{name}` takes no value: write `{name}` alone"),
        );
        skip_value(meta)?;
    }
    Ok(())
}

/// Returns the struct without our attributes, which no one else knows.
pub(crate) fn strip(item: &ItemStruct) -> ItemStruct {
    let mut item = item.clone();
    for field in &mut item.fields {
        field.attrs.retain(|attr| !attr.path().is_ident(ATTRIBUTE));
    }
    item
}

/// Returns the text of the doc comments, in one line.
pub(crate) fn doc_of(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}
