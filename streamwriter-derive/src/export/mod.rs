//! `export!`: a Python module of sinks.

use std::collections::HashSet;
use std::env;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Ident, Path, Token};

use crate::ctxt::Ctxt;

/// Expands the macro; the module is named as the crate is, since that is the file that Python imports.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let module = env::var("CARGO_CRATE_NAME").ok();
    try_expand(input, module.as_deref()).unwrap_or_else(syn::Error::into_compile_error)
}

fn try_expand(input: TokenStream, module: Option<&str>) -> syn::Result<TokenStream> {
    let sinks = Punctuated::<Path, Token![,]>::parse_terminated.parse2(input)?;
    let cx = Ctxt::default();
    if sinks.is_empty() {
        cx.error_at(Span::call_site(), "name the sinks: `export! { Webhook }`");
    }
    let sinks = classes(&cx, &sinks);
    if module.is_none() {
        cx.error_at(
            Span::call_site(),
            "the name of this crate is not known, since cargo does not run: make the `#[pymodule]` by \
             hand with `streamwriter_pyspark::Exports`",
        );
    }
    cx.finish()?;
    Ok(generate(&sinks, module.unwrap_or_default()))
}

/// A sink, and the name of its class in Python.
struct Class<'a> {
    sink: &'a Path,
    name: String,
}

fn classes<'a>(cx: &Ctxt, sinks: &'a Punctuated<Path, Token![,]>) -> Vec<Class<'a>> {
    let mut seen = HashSet::new();
    let mut classes = Vec::new();
    for sink in sinks {
        let Some(last) = sink.segments.last() else {
            continue;
        };
        let name = last.ident.to_string();
        let name = name.trim_start_matches("r#").to_owned();
        if !seen.insert(name.clone()) {
            cx.error(
                sink,
                format!("there are two sinks `{name}`: export it once, or rename one"),
            );
        }
        if ["DefaultSource", "StreamwriterError"].contains(&name.as_str()) {
            cx.error(
                last,
                format!("`{name}` is a name of the module's own: rename the struct"),
            );
        }
        classes.push(Class { sink, name });
    }
    classes
}

fn generate(classes: &[Class<'_>], module: &str) -> TokenStream {
    let private = quote!(::streamwriter_pyspark::__private);
    let adds = classes.iter().map(|class| add(class, &private));
    let names = classes.iter().map(|class| {
        let sink = class.sink;
        quote_spanned!(sink.span()=> <#sink as #private::SinkOptions>::NAME)
    });
    let module_name = module;
    let module = format_ident!("__{}", Ident::new(module, Span::call_site()));
    quote! {
        const _: () = {
            const _: () = ::core::assert!(
                #private::all_differ(&[#(#names),*]),
                "two of the exported sinks have the same `name = \"...\"`: give one another name"
            );

            // Not in the crate's own tests, which would link Python.
            #[cfg(not(test))]
            #[#private::pyo3::pymodule]
            #[pyo3(name = #module_name, crate = "::streamwriter_pyspark::__private::pyo3")]
            fn #module(
                __module: &#private::pyo3::Bound<'_, #private::pyo3::types::PyModule>,
            ) -> #private::pyo3::PyResult<()> {
                #private::install(__exports, __module)
            }

            #[cfg_attr(test, allow(dead_code))]
            fn __exports(
                __exports: &mut ::streamwriter_pyspark::Exports,
            ) -> #private::Result<()> {
                #[allow(unused_imports)]
                use #private::{
                    PickFactory as _, PickSink as _, RegisterBatches as _, RegisterDecoded as _,
                    RegisterDerived as _,
                };
                #(#adds)*
                ::core::result::Result::Ok(())
            }
        };
    }
}

fn add(class: &Class<'_>, private: &TokenStream) -> TokenStream {
    let Class { sink, name } = class;
    quote_spanned! {sink.span()=>
        __exports.add(#name, |__registry| {
            let __picked = (&&#private::Pick::<#sink>::new()).pick();
            (&&&__picked).register(__registry)
        })?;
    }
}

#[cfg(test)]
mod tests;
