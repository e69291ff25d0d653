//! Rules across the fields of a sink's struct.

use syn::punctuated::Punctuated;
use syn::{Meta, Path, Token};

use super::ast::SinkStruct;
use crate::ctxt::Ctxt;
use crate::types;

pub(crate) fn check(cx: &Ctxt, sink: &SinkStruct<'_>) {
    check_skipped(cx, sink);
    check_default_texts(cx, sink);
    check_names(cx, sink);
    check_debug(cx, sink);
}

fn check_skipped(cx: &Ctxt, sink: &SinkStruct<'_>) {
    for field in &sink.fields {
        let attrs = &field.attrs;
        if !attrs.skip.is_set() {
            continue;
        }
        if let Some(key) = attrs.name.key() {
            cx.error(
                key,
                "a skipped field cannot be set by name: remove `name` or `skip`",
            );
        }
    }
}

fn check_default_texts(cx: &Ctxt, sink: &SinkStruct<'_>) {
    for field in &sink.fields {
        let attrs = &field.attrs;
        let Some(key) = attrs.default_text.key() else {
            continue;
        };
        if attrs.skip.is_set() || attrs.secret.is_set() {
            cx.error(
                key,
                "the default of a skipped or secret field is never shown: remove `default_text`",
            );
        } else if !attrs.default.is_set() {
            cx.error(
                key,
                "there is no `default` of which this is the text: add it",
            );
        }
    }
}

fn check_names(cx: &Ctxt, sink: &SinkStruct<'_>) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for field in sink.options() {
        let lower = field.name().to_lowercase();
        match seen.iter().find(|(name, _)| *name == lower) {
            Some((_, other)) => {
                let message = format!(
                    "this option has the name of the field `{other}`; upper and lower case are \
                     the same: choose another name"
                );
                match field.attrs.name.get() {
                    Some(name) => cx.error(name, message),
                    None => cx.error(field.ident, message),
                }
            }
            None => seen.push((lower, field.ident.to_string())),
        }
    }
}

fn check_debug(cx: &Ctxt, sink: &SinkStruct<'_>) {
    if !sink.has_secret() {
        return;
    }
    let derives = sink
        .original
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("derive"));
    for derive in derives {
        // What does not parse is the compiler's to report.
        let Meta::List(list) = &derive.meta else {
            continue;
        };
        let parser = Punctuated::<Path, Token![,]>::parse_terminated;
        let paths = list.parse_args_with(parser).unwrap_or_default();
        for path in paths.iter().filter(|path| types::ends_with(path, "Debug")) {
            cx.error(
                path,
                "this `Debug` would print the secret: remove it, `#[stream_writer]` writes one \
                 that does not",
            );
        }
    }
}
