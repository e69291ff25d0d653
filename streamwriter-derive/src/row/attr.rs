//! The keys of `#[row(...)]`.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitInt, LitStr, Path, Token, Type, parenthesized};

use super::case::Case;
use crate::ctxt::Ctxt;
use crate::once::{Once, name_value, path_value, skip_value, unknown_key};

const ATTRIBUTE: &str = "row";
const FIELD_KEYS: &str = "rename, skip, with, unit, decimal";
const CONTAINER_KEYS: &str = "rename_all, crate";

/// The keys on the type.
#[derive(Default)]
pub(crate) struct ContainerAttrs {
    pub(crate) rename_all: Once<Case>,
    pub(crate) krate: Once<Path>,
}

/// The keys on a field or a variant.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) rename: Once<LitStr>,
    pub(crate) skip: Once<()>,
    pub(crate) with: Once<Type>,
    pub(crate) unit: Once<Unit>,
    pub(crate) decimal: Once<Decimal>,
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// Precision and scale.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    pub(crate) precision: u8,
    pub(crate) scale: i8,
}

impl ContainerAttrs {
    pub(crate) fn from_syn(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        for_each_key(cx, attrs, |meta| keys.read(cx, meta));
        keys
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let key = &meta.path;
        if key.is_ident("rename_all") {
            let name: LitStr = meta.value()?.parse()?;
            match Case::from_name(&name.value()) {
                Some(case) => self.rename_all.set(cx, key, case),
                None => cx.error(&name, format!("the cases are {}", Case::names())),
            }
        } else if key.is_ident("crate") {
            self.krate.set(cx, key, path_value(meta)?);
        } else if FIELD_KEYS.split(", ").any(|name| key.is_ident(name)) {
            cx.error(key, "this key belongs to a field: write it there");
            skip_value(meta)?;
        } else {
            unknown_key(cx, meta, &format!("the keys of a row are {CONTAINER_KEYS}"))?;
        }
        Ok(())
    }
}

impl FieldAttrs {
    pub(crate) fn from_syn(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        for_each_key(cx, attrs, |meta| keys.read(cx, meta));
        keys
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let key = &meta.path;
        if key.is_ident("rename") {
            self.rename.set(cx, key, name_value(cx, meta)?);
        } else if key.is_ident("skip") {
            self.skip.set(cx, key, ());
            if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                cx.error(key, "`skip` takes no value: write `skip` alone");
                skip_value(meta)?;
            }
        } else if key.is_ident("with") {
            self.with.set(cx, key, type_value(meta)?);
        } else if key.is_ident("unit") {
            if let Some(unit) = unit_value(cx, meta)? {
                self.unit.set(cx, key, unit);
            }
        } else if key.is_ident("decimal") {
            if let Some(decimal) = decimal_value(cx, meta)? {
                self.decimal.set(cx, key, decimal);
            }
        } else {
            unknown_key(cx, meta, &format!("the keys of a field are {FIELD_KEYS}"))?;
        }
        Ok(())
    }
}

/// Reads `key = "Type"` or `key = Type`.
fn type_value(meta: &ParseNestedMeta<'_>) -> syn::Result<Type> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse()
    } else {
        value.parse()
    }
}

fn unit_value(cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<Option<Unit>> {
    let name: LitStr = meta.value()?.parse()?;
    let unit = match name.value().as_str() {
        "s" => Unit::Seconds,
        "ms" => Unit::Millis,
        "us" => Unit::Micros,
        "ns" => Unit::Nanos,
        _ => {
            cx.error(
                &name,
                "the units are \"s\", \"ms\", \"us\" (the default) and \"ns\"",
            );
            return Ok(None);
        }
    };
    Ok(Some(unit))
}

fn decimal_value(cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<Option<Decimal>> {
    const PRECISION_MAX: u8 = 38;
    if !meta.input.peek(syn::token::Paren) {
        cx.error(
            &meta.path,
            "say how many digits there are and how many of them behind the point: \
             `decimal(10, 2)`",
        );
        skip_value(meta)?;
        return Ok(None);
    }
    let content;
    parenthesized!(content in meta.input);
    let precision: LitInt = content.parse()?;
    content.parse::<Token![,]>()?;
    let scale: LitInt = content.parse()?;
    let digits = match precision.base10_parse::<u8>() {
        Ok(digits @ 1..=PRECISION_MAX) => digits,
        _ => {
            cx.error(&precision, "a decimal has 1 to 38 digits");
            return Ok(None);
        }
    };
    match scale.base10_parse::<i8>() {
        Ok(scale) if (0..=digits as i8).contains(&scale) => Ok(Some(Decimal {
            precision: digits,
            scale,
        })),
        _ => {
            cx.error(
                &scale,
                format!("of {digits} digits, 0 to {digits} stand behind the point"),
            );
            Ok(None)
        }
    }
}

/// Reads every key of every `#[row(...)]`.
fn for_each_key(
    cx: &Ctxt,
    attrs: &[Attribute],
    mut read: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(ATTRIBUTE)) {
        if let Err(error) = attr.parse_nested_meta(|meta| read(&meta)) {
            cx.push(error);
        }
    }
}
