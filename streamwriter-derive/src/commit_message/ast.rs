//! The message as it is written: shape, fields and attributes.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Member};

use super::attr::{ContainerAttrs, FieldAttrs, Total, reject_on_variant};
use crate::ctxt::Ctxt;
use crate::types;

/// A type with `#[derive(CommitMessage)]`.
pub(crate) struct Message<'a> {
    pub(crate) original: &'a DeriveInput,
    pub(crate) attrs: ContainerAttrs,
    pub(crate) shape: Shape<'a>,
}

pub(crate) enum Shape<'a> {
    Struct(Body<'a>),
    Enum(Vec<Variant<'a>>),
}

pub(crate) struct Variant<'a> {
    pub(crate) original: &'a syn::Variant,
    pub(crate) body: Body<'a>,
}

/// The fields of a struct or of a variant.
pub(crate) struct Body<'a> {
    pub(crate) style: Style,
    pub(crate) fields: Vec<Field<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Named,
    Newtype,
    Tuple,
    Unit,
}

pub(crate) struct Field<'a> {
    pub(crate) original: &'a syn::Field,
    pub(crate) member: Member,
    pub(crate) attrs: FieldAttrs,
}

impl<'a> Message<'a> {
    /// Reads the type; `None` if it has no shape that a message can have.
    pub(crate) fn from_syn(cx: &Ctxt, input: &'a DeriveInput) -> Option<Self> {
        let attrs = ContainerAttrs::from_syn(cx, &input.attrs);
        let shape = match &input.data {
            Data::Struct(data) => Shape::Struct(Body::from_syn(cx, &data.fields)),
            Data::Enum(data) => Shape::Enum(
                data.variants
                    .iter()
                    .map(|variant| Variant::from_syn(cx, variant))
                    .collect(),
            ),
            Data::Union(data) => {
                cx.error(
                    data.union_token,
                    "a union does not know what it holds, so it cannot be a commit message: \
                     use an enum",
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

    /// Returns all fields, of all variants.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        let bodies: Vec<&Body<'a>> = match &self.shape {
            Shape::Struct(body) => vec![body],
            Shape::Enum(variants) => variants.iter().map(|variant| &variant.body).collect(),
        };
        bodies.into_iter().flat_map(|body| &body.fields)
    }

    /// Returns the fields that have a total; none for an enum.
    pub(crate) fn total_fields(&self) -> Vec<(&Field<'a>, Total)> {
        match &self.shape {
            Shape::Struct(body) => body
                .fields
                .iter()
                .filter_map(|field| Some((field, field.total()?)))
                .collect(),
            Shape::Enum(_) => Vec::new(),
        }
    }
}

impl<'a> Variant<'a> {
    fn from_syn(cx: &Ctxt, variant: &'a syn::Variant) -> Self {
        reject_on_variant(cx, &variant.attrs);
        Self {
            original: variant,
            body: Body::from_syn(cx, &variant.fields),
        }
    }

    pub(crate) fn name(&self) -> String {
        self.original.ident.unraw().to_string()
    }
}

impl<'a> Body<'a> {
    fn from_syn(cx: &Ctxt, fields: &'a syn::Fields) -> Self {
        let style = match fields {
            syn::Fields::Named(_) => Style::Named,
            syn::Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Style::Newtype,
            syn::Fields::Unnamed(_) => Style::Tuple,
            syn::Fields::Unit => Style::Unit,
        };
        let fields = fields
            .members()
            .zip(fields)
            .map(|(member, field)| Field {
                original: field,
                member,
                attrs: FieldAttrs::from_syn(cx, &field.attrs),
            })
            .collect();
        Self { style, fields }
    }
}

impl Field<'_> {
    /// Returns the name in JSON and in errors.
    pub(crate) fn name(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }

    /// Returns the total: the one given, or the one that the role implies.
    ///
    /// A total takes the name of its field, so a field without a name has none.
    pub(crate) fn total(&self) -> Option<Total> {
        self.original.ident.as_ref()?;
        if let Some(total) = self.attrs.total.get() {
            return Some(*total);
        }
        let role = self.attrs.role.get()?;
        let ty = &self.original.ty;
        if types::is_integer(ty) {
            return Some(Total::Sum);
        }
        let is_list = types::argument_of(ty, "Vec").is_some();
        (is_list && role.counts_items()).then_some(Total::Append)
    }
}
