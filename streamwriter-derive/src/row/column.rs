//! A field as generated code names it: its type, its trait, its part of builder and reader.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::ast::{Field, Item};
use super::attr::Unit;

/// A field that is a column, ready to be named in generated code.
pub(crate) struct Column<'f> {
    pub(crate) field: &'f Field<'f>,
    pub(crate) name: String,
    /// The field of builder and reader.
    pub(crate) local: Ident,
    /// The type that stands in the column, and the trait: `<Type as Column<How>>`.
    ///
    /// It is always named in this way and at the field's type, so that a type that is no column
    /// is one error, there.
    call: TokenStream,
    /// The codec, if any: `<Codec as ColumnCodec<Type>>`.
    codec: Option<TokenStream>,
    pub(crate) span: Span,
}

impl<'f> Column<'f> {
    pub(crate) fn new(
        item: &Item<'_>,
        field: &'f Field<'f>,
        index: usize,
        rows: &TokenStream,
    ) -> Self {
        let ty = &field.original.ty;
        let span = field.attrs.with.get().unwrap_or(ty).span();
        let ty = located(ty, span);
        let (call, codec) = match field.attrs.with.get() {
            Some(codec) => {
                let codec = located(codec, span);
                let codec = quote_spanned!(span=> <#codec as #rows::ColumnCodec<#ty>>);
                let call = quote_spanned!(span=>
                    <#codec::Column as #rows::Column<#rows::Plain>>);
                (call, Some(codec))
            }
            None => {
                let encoding = encoding(field, rows);
                let call = quote_spanned!(span=> <#ty as #rows::Column<#encoding>>);
                (call, None)
            }
        };
        Self {
            field,
            name: field.name(item),
            local: Ident::new(&format!("column_{index}"), span),
            call,
            codec,
            span,
        }
    }

    /// Returns an item of the trait `Column`, all at the field's type.
    pub(crate) fn item(&self, name: &str) -> TokenStream {
        let (call, item) = (&self.call, Ident::new(name, self.span));
        quote_spanned!(self.span=> #call::#item)
    }

    /// Returns an item of the codec.
    fn codec_item(&self, codec: &TokenStream, name: &str) -> TokenStream {
        let item = Ident::new(name, self.span);
        quote_spanned!(self.span=> #codec::#item)
    }

    /// Returns the call that appends a value.
    pub(crate) fn append(
        &self,
        value: &TokenStream,
        builder: &TokenStream,
        rows: &TokenStream,
    ) -> TokenStream {
        let append = self.item("append");
        let Some(codec) = &self.codec else {
            return quote_spanned!(self.span=> #append(#value, #builder));
        };
        let encode = self.codec_item(codec, "encode");
        quote_spanned! {self.span=>
            ::core::result::Result::and_then(
                #rows::by_codec(#encode(#value)),
                |__column| #append(&__column, #builder),
            )
        }
    }

    /// Returns the call that reads the value at `__at`.
    pub(crate) fn read(&self, reader: &TokenStream, rows: &TokenStream) -> TokenStream {
        let read = self.item("read");
        let Some(codec) = &self.codec else {
            return quote_spanned!(self.span=> #read(#reader, __at));
        };
        let decode = self.codec_item(codec, "decode");
        quote_spanned! {self.span=>
            ::core::result::Result::and_then(
                #read(#reader, __at),
                |__column| #rows::by_codec(#decode(__column)),
            )
        }
    }

    /// Returns the field of a builder or a reader.
    pub(crate) fn of(&self, whole: &str) -> TokenStream {
        let (whole, local) = (Ident::new(whole, self.span), &self.local);
        quote_spanned!(self.span=> #whole.#local)
    }

    /// Returns what describes the column.
    pub(crate) fn spec(&self, rows: &TokenStream) -> TokenStream {
        let name = &self.name;
        let (column_type, nullable) = (self.item("TYPE"), self.item("NULLABLE"));
        quote_spanned!(self.span=> #rows::ColumnSpec::new(#name, #column_type, #nullable))
    }
}

/// Returns tokens as if they all stood at one place.
///
/// The compiler shows an error twice if it can point at a whole type and at a part of it.
fn located(tokens: &impl ToTokens, span: Span) -> TokenStream {
    let tokens = tokens.to_token_stream().into_iter();
    let tokens = tokens.map(|mut tree| {
        if let TokenTree::Group(group) = &mut tree {
            let mut inside = Group::new(group.delimiter(), located(&group.stream(), span));
            inside.set_span(group.span());
            *group = inside;
        }
        tree.set_span(tree.span().located_at(span));
        tree
    });
    tokens.collect()
}

/// Returns the parameter of the trait.
pub(crate) fn encoding(field: &Field<'_>, rows: &TokenStream) -> TokenStream {
    if let Some(decimal) = field.attrs.decimal.get() {
        let (precision, scale) = (decimal.precision, decimal.scale);
        return quote!(#rows::Decimal<#precision, #scale>);
    }
    match field.attrs.unit.get() {
        None => quote!(#rows::Plain),
        Some(Unit::Seconds) => quote!(#rows::Seconds),
        Some(Unit::Millis) => quote!(#rows::Millis),
        Some(Unit::Micros) => quote!(#rows::Micros),
        Some(Unit::Nanos) => quote!(#rows::Nanos),
    }
}
