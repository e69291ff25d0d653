//! The type as it is written: shape, fields and attributes.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Member};

use super::attr::{ContainerAttrs, FieldAttrs};
use crate::ctxt::Ctxt;

/// A type with `#[derive(Row)]`.
pub(crate) struct Item<'a> {
    pub(crate) original: &'a DeriveInput,
    pub(crate) attrs: ContainerAttrs,
    pub(crate) shape: Shape<'a>,
}

pub(crate) enum Shape<'a> {
    /// Named fields: a row, and a struct inside another.
    Struct(Vec<Field<'a>>),
    /// One unnamed field: the column of that field.
    Newtype(Box<Field<'a>>),
    /// No data: a column of names.
    Enum(Vec<Variant<'a>>),
}

pub(crate) struct Field<'a> {
    pub(crate) original: &'a syn::Field,
    pub(crate) member: Member,
    pub(crate) attrs: FieldAttrs,
}

pub(crate) struct Variant<'a> {
    pub(crate) original: &'a syn::Variant,
    pub(crate) attrs: FieldAttrs,
}

impl<'a> Item<'a> {
    /// Reads the type; `None` if it has no shape that columns can have.
    pub(crate) fn from_syn(cx: &Ctxt, input: &'a DeriveInput) -> Option<Self> {
        let attrs = ContainerAttrs::from_syn(cx, &input.attrs);
        let shape = match &input.data {
            Data::Struct(data) => struct_shape(cx, input, &data.fields)?,
            Data::Enum(data) => Shape::Enum(
                data.variants
                    .iter()
                    .map(|variant| Variant {
                        original: variant,
                        attrs: FieldAttrs::from_syn(cx, &variant.attrs),
                    })
                    .collect(),
            ),
            Data::Union(data) => {
                cx.error(
                    data.union_token,
                    "a union does not know what it holds, so it has no columns: use a struct with \
                     an `Option` for each alternative",
                );
                return None;
            }
        };
        Some(Self {
            original: input,
            attrs,
            shape,
        })
    }

    /// Returns the fields that there are.
    pub(crate) fn fields(&self) -> &[Field<'a>] {
        match &self.shape {
            Shape::Struct(fields) => fields,
            Shape::Newtype(field) => std::slice::from_ref(field),
            Shape::Enum(_) => &[],
        }
    }
}

fn struct_shape<'a>(cx: &Ctxt, input: &'a DeriveInput, fields: &'a Fields) -> Option<Shape<'a>> {
    let mut read = fields.members().zip(fields).map(|(member, field)| Field {
        original: field,
        member,
        attrs: FieldAttrs::from_syn(cx, &field.attrs),
    });
    match fields {
        Fields::Named(_) => Some(Shape::Struct(read.collect())),
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 => {
            read.next().map(|field| Shape::Newtype(Box::new(field)))
        }
        Fields::Unnamed(unnamed) => {
            cx.error(
                unnamed,
                "columns have names: give the fields names, or keep one field to make the type a \
                 column",
            );
            None
        }
        Fields::Unit => {
            cx.error(
                &input.ident,
                "a row has at least one column, and this struct has no fields",
            );
            None
        }
    }
}

impl Field<'_> {
    /// Returns the name of the column.
    pub(crate) fn name(&self, item: &Item<'_>) -> String {
        if let Some(name) = self.attrs.rename.get() {
            return name.value();
        }
        let name = match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        match item.attrs.rename_all.get() {
            Some(case) => case.of_field(&name),
            None => name,
        }
    }

    pub(crate) fn is_column(&self) -> bool {
        !self.attrs.skip.is_set()
    }
}

impl Variant<'_> {
    /// Returns the name in the column.
    pub(crate) fn name(&self, item: &Item<'_>) -> String {
        if let Some(name) = self.attrs.rename.get() {
            return name.value();
        }
        let name = self.original.ident.unraw().to_string();
        match item.attrs.rename_all.get() {
            Some(case) => case.of_variant(&name),
            None => name,
        }
    }
}
