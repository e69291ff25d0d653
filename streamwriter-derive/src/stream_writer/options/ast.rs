//! The struct as it is written: its fields as options.

use syn::ext::IdentExt;
use syn::{Fields, Ident, ItemStruct};

use super::attr::{Default, OptionAttrs, doc_of};
use crate::ctxt::Ctxt;
use crate::stream_writer::args::Args;
use crate::stream_writer::snake_case;
use crate::types;

/// A struct with `#[stream_writer]`.
pub(crate) struct SinkStruct<'a> {
    pub(crate) original: &'a ItemStruct,
    pub(crate) args: &'a Args,
    pub(crate) fields: Vec<OptionField<'a>>,
}

/// A named field.
pub(crate) struct OptionField<'a> {
    pub(crate) original: &'a syn::Field,
    pub(crate) ident: &'a Ident,
    pub(crate) attrs: OptionAttrs,
}

/// Where the value of a field comes from if no option gives it.
pub(crate) enum Absent<'f> {
    /// It must be given.
    Required,
    /// `None`.
    None,
    /// A default.
    Default(&'f Default),
}

impl<'a> SinkStruct<'a> {
    pub(crate) fn from_syn(cx: &Ctxt, item: &'a ItemStruct, args: &'a Args) -> Self {
        args.reject_on_struct(cx);
        if let Fields::Unnamed(fields) = &item.fields
            && !fields.unnamed.is_empty()
        {
            cx.error(
                fields,
                "options have names: give the fields names, or put the sink's name on its impl \
                 instead: `#[stream_writer(name = \"...\")] impl ...`",
            );
        }
        let fields = item
            .fields
            .iter()
            .filter_map(|field| {
                let attrs = OptionAttrs::from_syn(cx, &field.attrs);
                let ident = field.ident.as_ref()?;
                Some(OptionField {
                    original: field,
                    ident,
                    attrs,
                })
            })
            .collect();
        Self {
            original: item,
            args,
            fields,
        }
    }

    /// Returns the name of the sink.
    pub(crate) fn name(&self) -> String {
        match self.args.name.get() {
            Some(name) => name.value(),
            None => snake_case(&self.original.ident.unraw().to_string()),
        }
    }

    pub(crate) fn doc(&self) -> String {
        doc_of(&self.original.attrs)
    }

    /// Returns the fields that can be set by name.
    pub(crate) fn options(&self) -> impl Iterator<Item = &OptionField<'a>> {
        self.fields
            .iter()
            .filter(|field| !field.attrs.skip.is_set())
    }

    /// Returns the fields that `new` takes.
    pub(crate) fn required(&self) -> impl Iterator<Item = &OptionField<'a>> {
        self.fields
            .iter()
            .filter(|field| matches!(field.absent(), Absent::Required))
    }

    pub(crate) fn has_secret(&self) -> bool {
        self.fields.iter().any(|field| field.attrs.secret.is_set())
    }
}

impl OptionField<'_> {
    /// Returns the name of the option.
    pub(crate) fn name(&self) -> String {
        match self.attrs.name.get() {
            Some(name) => name.value(),
            None => self.ident.unraw().to_string(),
        }
    }

    pub(crate) fn doc(&self) -> String {
        doc_of(&self.original.attrs)
    }

    pub(crate) fn absent(&self) -> Absent<'_> {
        const TRAIT: &Default = &Default::Trait;
        match self.attrs.default.get() {
            Some(default) => Absent::Default(default),
            None if types::argument_of(&self.original.ty, "Option").is_some() => Absent::None,
            None if self.attrs.skip.is_set() => Absent::Default(TRAIT),
            None => Absent::Required,
        }
    }
}
