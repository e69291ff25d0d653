//! Rules across fields, variants and attributes.

use syn::GenericParam;

use super::ast::{Body, Message, Shape};
use super::attr::Role;
use crate::ctxt::Ctxt;

/// Reports everything that is well written and makes no message.
pub(crate) fn check(cx: &Ctxt, message: &Message<'_>) {
    check_lifetimes(cx, message);
    check_migration(cx, message);
    match &message.shape {
        Shape::Struct(body) => {
            check_roles(cx, body);
            check_total_names(cx, body);
        }
        Shape::Enum(variants) => {
            if variants.is_empty() {
                cx.error(
                    &message.original.ident,
                    "an enum without variants has no values, so no task could return it: \
                     add a variant",
                );
            }
            for variant in variants {
                check_roles(cx, &variant.body);
                check_no_totals(cx, &variant.body);
            }
        }
    }
}

fn check_lifetimes(cx: &Ctxt, message: &Message<'_>) {
    for param in &message.original.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            cx.error(
                lifetime,
                "a message travels to another process, so it owns its data: \
                 use `String`, `Vec` or `Box` instead of a reference",
            );
        }
    }
}

fn check_migration(cx: &Ctxt, message: &Message<'_>) {
    let attrs = &message.attrs;
    if attrs.version() == 1
        && let Some(key) = attrs.migrate_from.key()
    {
        cx.error(
            key,
            "version 1 has nothing to migrate from: set `version = 2` or higher",
        );
    }
}

fn check_roles(cx: &Ctxt, body: &Body<'_>) {
    let mut seen: Vec<(Role, String)> = Vec::new();
    for field in &body.fields {
        let (Some(role), Some(key)) = (field.attrs.role.get(), field.attrs.role.key()) else {
            continue;
        };
        match seen.iter().find(|(other, _)| other == role) {
            Some((_, other)) => cx.error(
                key,
                format!(
                    "`{}` is the role of the field `{other}` already: keep one of them",
                    role.as_str()
                ),
            ),
            None => seen.push((*role, field.name())),
        }
    }
}

fn check_total_names(cx: &Ctxt, body: &Body<'_>) {
    for field in &body.fields {
        if let (Some(key), None) = (field.attrs.total.key(), &field.original.ident) {
            cx.error(
                key,
                "a total takes the name of its field, and this one has none: use named fields",
            );
        }
    }
}

fn check_no_totals(cx: &Ctxt, body: &Body<'_>) {
    for key in body
        .fields
        .iter()
        .filter_map(|field| field.attrs.total.key())
    {
        cx.error(
            key,
            "an enum has no totals: use a struct, or add up the variants in `commit`",
        );
    }
}
