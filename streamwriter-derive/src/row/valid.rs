//! Rules across fields, variants and attributes.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Fields, GenericParam};

use super::ast::{Field, Item, Shape, Variant};
use super::unsupported;
use crate::ctxt::Ctxt;

/// Reports everything that is well written and has no columns.
pub(crate) fn check(cx: &Ctxt, item: &Item<'_>) {
    check_lifetimes(cx, item);
    for field in item.fields() {
        check_keys(cx, field);
        check_type(cx, item, field);
    }
    match &item.shape {
        Shape::Struct(fields) => check_columns(cx, item, fields),
        Shape::Newtype(field) => check_newtype(cx, item, field),
        Shape::Enum(variants) => check_variants(cx, item, variants),
    }
}

fn check_lifetimes(cx: &Ctxt, item: &Item<'_>) {
    for param in &item.original.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            cx.error(
                lifetime,
                "a row owns its data, because it is read back from columns: use `String`, `Vec` \
                 or `Box` instead of a reference",
            );
        }
    }
}

/// Reports keys that say two things about one column.
fn check_keys(cx: &Ctxt, field: &Field<'_>) {
    let attrs = &field.attrs;
    if attrs.skip.is_set() {
        let others = [
            attrs.rename.key(),
            attrs.with.key(),
            attrs.unit.key(),
            attrs.decimal.key(),
        ];
        for key in others.into_iter().flatten() {
            cx.error(
                key,
                "a field that is skipped has no column: remove one of both",
            );
        }
        return;
    }
    let chosen = [attrs.with.key(), attrs.decimal.key(), attrs.unit.key()];
    for key in chosen.into_iter().flatten().skip(1) {
        cx.error(
            key,
            "a column is made in one way: keep one of `with`, `decimal` and `unit`",
        );
    }
}

fn check_type(cx: &Ctxt, item: &Item<'_>, field: &Field<'_>) {
    if field.attrs.skip.is_set() || field.attrs.with.is_set() {
        return;
    }
    // A lifetime is reported where it is declared.
    let declares_lifetimes = item.original.generics.lifetimes().next().is_some();
    let decimal = field.attrs.decimal.is_set();
    let ty = &field.original.ty;
    if declares_lifetimes && crate::types::borrowed_lifetime(ty).is_some() {
        return;
    }
    if let Some(found) = unsupported::find(ty, &item.original.ident, decimal) {
        cx.error(&found.tokens, format!("not a column type: {}", found.help));
    }
}

fn check_columns(cx: &Ctxt, item: &Item<'_>, fields: &[Field<'_>]) {
    if !fields.iter().any(Field::is_column) {
        cx.error(
            &item.original.ident,
            "a row has at least one column, and this struct has none",
        );
    }
    let columns = fields.iter().filter(|field| field.is_column());
    check_names(
        cx,
        "column",
        columns.map(|field| {
            let ident = field.original.ident.to_token_stream();
            let place = field.attrs.rename.key().cloned().unwrap_or(ident);
            (field.name(item), place)
        }),
    );
}

fn check_newtype(cx: &Ctxt, item: &Item<'_>, field: &Field<'_>) {
    if let Some(key) = item.attrs.rename_all.key() {
        cx.error(key, "a struct of one unnamed field has no names");
    }
    if let Some(key) = field.attrs.rename.key() {
        cx.error(
            key,
            "a struct of one unnamed field is a column, and the field of the row that holds it \
             names it",
        );
    }
    if let Some(key) = field.attrs.skip.key() {
        cx.error(key, "this field is all there is of the column");
    }
}

fn check_variants(cx: &Ctxt, item: &Item<'_>, variants: &[Variant<'_>]) {
    if variants.is_empty() {
        cx.error(
            &item.original.ident,
            "an enum without variants has no values: add a variant",
        );
    }
    for variant in variants {
        check_variant(cx, variant);
    }
    check_names(
        cx,
        "variant",
        variants.iter().map(|variant| {
            let ident = variant.original.ident.to_token_stream();
            let place = variant.attrs.rename.key().cloned().unwrap_or(ident);
            (variant.name(item), place)
        }),
    );
}

fn check_variant(cx: &Ctxt, variant: &Variant<'_>) {
    if !matches!(variant.original.fields, Fields::Unit) {
        cx.error(
            &variant.original.fields,
            "an enum is a column of names, so its variants have no data: use a struct with the \
             name and an `Option` for each piece of data",
        );
    }
    let attrs = &variant.attrs;
    let others = [
        attrs.skip.key(),
        attrs.with.key(),
        attrs.unit.key(),
        attrs.decimal.key(),
    ];
    for key in others.into_iter().flatten() {
        cx.error(key, "the key of a variant is `rename`");
    }
}

fn check_names(cx: &Ctxt, what: &str, names: impl Iterator<Item = (String, TokenStream)>) {
    let mut seen = Vec::new();
    for (name, place) in names {
        if seen.contains(&name) {
            cx.error(
                place,
                format!("there is a {what} `{name}` already: rename one of both"),
            );
        } else {
            seen.push(name);
        }
    }
}
