//! `#[stream_writer]`, on an impl block and on a struct.

mod args;

mod block;
mod sink;

mod options;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Token, Visibility};

use crate::ctxt::Ctxt;
use args::Args;

/// What the attribute stands on.
enum Target {
    Impl,
    Struct,
    Other,
}

/// Expands the attribute: the item, without our field attributes, and what belongs to it.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let cx = Ctxt::default();
    let args = Args::from_tokens(&cx, args);
    match target.parse2(item.clone()) {
        Ok(Target::Impl) => sink::expand(cx, &args, item),
        Ok(Target::Struct) => options::expand(cx, &args, item),
        Ok(Target::Other) | Err(_) => {
            cx.error_at(
                Span::call_site(),
                "`#[stream_writer]` belongs on an impl block with a `write` method, \
                 or on the struct of a sink",
            );
            with_errors(cx, &item)
        }
    }
}

/// Returns the errors, if any, and the item.
fn with_errors(cx: Ctxt, item: &TokenStream) -> TokenStream {
    let errors = cx.finish().err().map(syn::Error::into_compile_error);
    quote!(#errors #item)
}

/// Looks at the start of the item; reads to its end without looking.
fn target(input: ParseStream<'_>) -> syn::Result<Target> {
    Attribute::parse_outer(input)?;
    input.parse::<Visibility>()?;
    let target = if input.peek(Token![struct]) {
        Target::Struct
    } else if input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]) {
        Target::Impl
    } else {
        Target::Other
    };
    input.parse::<TokenStream>()?;
    Ok(target)
}

/// Turns `HttpSink` into `http_sink`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for char in name.trim_start_matches("r#").chars() {
        if char.is_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = char.is_lowercase() || char.is_ascii_digit();
        snake.extend(char.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
