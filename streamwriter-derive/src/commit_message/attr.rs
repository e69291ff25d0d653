//! The keys of `#[message(...)]`.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitInt, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::once::{Once, name_value, path_value, skip_value, unknown_key};

const ATTRIBUTE: &str = "message";
const FIELD_KEYS: &str = "rows, bytes, files, sum, min, max, append, serde";
const CONTAINER_KEYS: &str = "name, version, migrate_from, crate";

/// The keys on the type.
#[derive(Default)]
pub(crate) struct ContainerAttrs {
    pub(crate) name: Once<LitStr>,
    pub(crate) version: Once<LitInt>,
    pub(crate) migrate_from: Once<Path>,
    pub(crate) krate: Once<Path>,
}

/// The keys on a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) role: Once<Role>,
    pub(crate) total: Once<Total>,
    pub(crate) serde: Once<()>,
}

/// What a field says to progress.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Rows,
    Bytes,
    Files,
}

/// What the values of a field add up to over the messages of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Total {
    Sum,
    Min,
    Max,
    Append,
}

impl Role {
    fn from_key(path: &Path) -> Option<Self> {
        [Self::Rows, Self::Bytes, Self::Files]
            .into_iter()
            .find(|role| path.is_ident(role.as_str()))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Files => "files",
        }
    }

    /// Tells whether a list counts by its length.
    pub(crate) fn counts_items(self) -> bool {
        self == Self::Files
    }
}

impl Total {
    fn from_key(path: &Path) -> Option<Self> {
        [Self::Sum, Self::Min, Self::Max, Self::Append]
            .into_iter()
            .find(|total| path.is_ident(total.as_str()))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Append => "append",
        }
    }
}

fn is_field_key(path: &Path) -> bool {
    Role::from_key(path).is_some() || Total::from_key(path).is_some() || path.is_ident("serde")
}

impl ContainerAttrs {
    pub(crate) fn from_syn(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        for_each_key(cx, attrs, |meta| keys.read(cx, meta));
        keys
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("name") {
            self.name.set(cx, &meta.path, name_value(cx, meta)?);
        } else if meta.path.is_ident("version") {
            self.version.set(cx, &meta.path, version_value(cx, meta)?);
        } else if meta.path.is_ident("migrate_from") {
            self.migrate_from.set(cx, &meta.path, path_value(meta)?);
        } else if meta.path.is_ident("crate") {
            self.krate.set(cx, &meta.path, path_value(meta)?);
        } else if is_field_key(&meta.path) {
            cx.error(&meta.path, "this key belongs to a field: write it there");
            skip_value(meta)?;
        } else {
            unknown_key(
                cx,
                meta,
                &format!("the keys of a message are {CONTAINER_KEYS}"),
            )?;
        }
        Ok(())
    }

    /// Returns the version; 1 if none is given.
    pub(crate) fn version(&self) -> u32 {
        self.version
            .get()
            .and_then(|version| version.base10_parse().ok())
            .unwrap_or(1)
    }
}

fn version_value(cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<LitInt> {
    let version: LitInt = meta.value()?.parse()?;
    if !matches!(version.base10_parse::<u32>(), Ok(1..)) {
        cx.error(&version, "versions are whole numbers from 1 to 4294967295");
    }
    Ok(version)
}

impl FieldAttrs {
    pub(crate) fn from_syn(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        for_each_key(cx, attrs, |meta| keys.read(cx, meta));
        keys
    }

    fn read(&mut self, cx: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let path = &meta.path;
        if let Some(role) = Role::from_key(path) {
            match self.role.get() {
                Some(other) if *other != role => cx.error(
                    path,
                    format!("a field has one role, this one is `{}`", other.as_str()),
                ),
                _ => self.role.set(cx, path, role),
            }
        } else if let Some(total) = Total::from_key(path) {
            match self.total.get() {
                Some(other) if *other != total => cx.error(
                    path,
                    format!(
                        "a field has one total, this one has `{}`: put the value into a second \
                         field for another",
                        other.as_str()
                    ),
                ),
                _ => self.total.set(cx, path, total),
            }
        } else if path.is_ident("serde") {
            self.serde.set(cx, path, ());
        } else {
            return unknown_key(cx, meta, &format!("the keys of a field are {FIELD_KEYS}"));
        }
        if !meta.input.is_empty() && !meta.input.peek(syn::Token![,]) {
            let name = path
                .get_ident()
                .map(ToString::to_string)
                .unwrap_or_default();
            cx.error(
                path,
                format!("`{name}` takes no value: write `{name}` alone"),
            );
            skip_value(meta)?;
        }
        Ok(())
    }
}

/// Reports attributes on a variant, which has no keys.
pub(crate) fn reject_on_variant(cx: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(ATTRIBUTE)) {
        cx.error(
            attr.path(),
            "a variant has no keys: write them on its fields or on the enum",
        );
    }
}

/// Reads every key of every `#[message(...)]`.
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
