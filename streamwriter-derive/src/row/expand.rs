//! The columns of a struct. Nothing here can fail.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, parse_quote};

use super::ast::{Field, Item};
use super::attr::Unit;
use crate::krate::krate;
use crate::types;

/// A field that is a column, ready to be named in generated code.
struct Column<'f> {
    field: &'f Field<'f>,
    name: String,
    /// The field of builder and reader.
    local: Ident,
    /// The type that stands in the column, and the trait: `<Type as Column<How>>`.
    ///
    /// It is always named in this way and at the field's type, so that a type that is no column
    /// is one error, there.
    call: TokenStream,
    /// The codec, if any: `<Codec as ColumnCodec<Type>>`.
    codec: Option<TokenStream>,
    span: Span,
}

pub(crate) fn expand_struct(item: &Item<'_>, fields: &[Field<'_>]) -> TokenStream {
    let private = private(item);
    let rows = quote!(#private::rows);
    let columns: Vec<Column<'_>> = fields
        .iter()
        .filter(|field| field.is_column())
        .enumerate()
        .map(|(index, field)| Column::new(item, field, index, &rows))
        .collect();
    let builder = builder(item, &columns, &private);
    let reader = reader(item, &columns, &private);
    let column_impl = struct_column_impl(item, fields, &columns, &private);
    let row_impl = row_impl(item, &columns, &private);
    let list_item = list_item_impl(item, &rows);
    quote! {
        const _: () = {
            #builder
            #reader
            #column_impl
            #row_impl
            #list_item
        };
    }
}

/// Generates the column of a struct of one unnamed field: that of the field.
pub(crate) fn expand_newtype(item: &Item<'_>, field: &Field<'_>) -> TokenStream {
    let private = private(item);
    let rows = quote!(#private::rows);
    let column = Column::new(item, field, 0, &rows);
    let [builder_type, reader_type] = ["Builder", "Reader"].map(|name| column.item(name));
    let [column_type, nullable] = ["TYPE", "NULLABLE"].map(|name| column.item(name));
    let [builder, reader] = ["builder", "reader"].map(|name| column.item(name));
    let append = column.append(&quote!(&__value.0), &quote!(__builder), &rows);
    let read = column.read(&quote!(__reader), &rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let list_item = list_item_impl(item, &rows);
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::Column for #ident #type_generics #where_clause {
            type Builder = #builder_type;
            type Reader = #reader_type;

            const TYPE: #rows::ColumnType = #column_type;
            const NULLABLE: bool = #nullable;

            fn builder(__rows: usize) -> Self::Builder {
                #builder(__rows)
            }

            #[inline]
            fn append(
                __value: &Self,
                __builder: &mut Self::Builder,
            ) -> #private::FieldResult<()> {
                #append
            }

            fn reader(__array: &#rows::ArrayRef) -> #private::FieldResult<Self::Reader> {
                #reader(__array)
            }

            #[inline]
            fn read(__reader: &Self::Reader, __at: usize) -> #private::FieldResult<Self> {
                ::core::result::Result::map(#read, Self)
            }
        }

        #list_item
    }
}

pub(crate) fn private(item: &Item<'_>) -> TokenStream {
    let krate = krate(item.attrs.krate.get());
    quote!(#krate::__private)
}

/// Generates what makes a `Vec` of the type a list.
pub(crate) fn list_item_impl(item: &Item<'_>, rows: &TokenStream) -> TokenStream {
    let ident = &item.original.ident;
    let generics = bounded_generics(item, rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::ListItem for #ident #type_generics #where_clause {}
    }
}

impl<'f> Column<'f> {
    fn new(item: &Item<'_>, field: &'f Field<'f>, index: usize, rows: &TokenStream) -> Self {
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
    fn item(&self, name: &str) -> TokenStream {
        let (call, item) = (&self.call, Ident::new(name, self.span));
        quote_spanned!(self.span=> #call::#item)
    }

    /// Returns an item of the codec.
    fn codec_item(&self, codec: &TokenStream, name: &str) -> TokenStream {
        let item = Ident::new(name, self.span);
        quote_spanned!(self.span=> #codec::#item)
    }

    /// Returns the call that appends a value.
    fn append(
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
    fn read(&self, reader: &TokenStream, rows: &TokenStream) -> TokenStream {
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
    fn of(&self, whole: &str) -> TokenStream {
        let (whole, local) = (Ident::new(whole, self.span), &self.local);
        quote_spanned!(self.span=> #whole.#local)
    }

    /// Returns what describes the column.
    fn spec(&self, rows: &TokenStream) -> TokenStream {
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

fn encoding(field: &Field<'_>, rows: &TokenStream) -> TokenStream {
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

/// Returns the generics of the impls: with what the fields need of the type parameters.
fn bounded_generics(item: &Item<'_>, rows: &TokenStream) -> Generics {
    let mut generics = item.original.generics.clone();
    let params: Vec<Ident> = generics
        .type_params()
        .map(|param| param.ident.clone())
        .collect();
    for field in item.fields() {
        let ty = &field.original.ty;
        if !params.iter().any(|param| types::mentions(ty, param)) {
            continue;
        }
        let predicate = match field.attrs.with.get() {
            _ if field.attrs.skip.is_set() => parse_quote!(#ty: ::core::default::Default),
            Some(codec) => parse_quote!(#codec: #rows::ColumnCodec<#ty>),
            None => {
                let encoding = encoding(field, rows);
                parse_quote!(#ty: #rows::Column<#encoding>)
            }
        };
        generics.make_where_clause().predicates.push(predicate);
    }
    generics
}

/// Generates the builders of the columns, side by side.
fn builder(item: &Item<'_>, columns: &[Column<'_>], private: &TokenStream) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let local: Vec<_> = columns.iter().map(|column| &column.local).collect();
    let builder = columns.iter().map(|column| column.item("Builder"));
    let name = columns.iter().map(|column| &column.name);
    let append_null = columns.iter().map(|column| {
        let field = column.of("self");
        quote_spanned!(column.span=> #rows::ColumnBuilder::append_null(&mut #field))
    });
    let finish = columns.iter().map(|column| {
        let field = column.of("self");
        quote_spanned!(column.span=> #rows::ColumnBuilder::finish(#field))
    });
    quote! {
        #[doc(hidden)]
        #[allow(missing_debug_implementations, private_bounds, unreachable_pub)]
        pub struct __Builder #impl_generics #where_clause {
            #(#local: #builder,)*
            __valid: #rows::NullBufferBuilder,
            __of: ::core::marker::PhantomData<fn() -> #ident #type_generics>,
        }

        #[automatically_derived]
        impl #impl_generics #rows::ColumnBuilder for __Builder #type_generics #where_clause {
            #[inline]
            fn append_null(&mut self) {
                #(#append_null;)*
                self.__valid.append_null();
            }

            fn finish(self) -> #private::FieldResult<#rows::ArrayRef> {
                let __arrays = [#(#private::at_field(#name, #finish)?),*];
                #rows::finish_struct(
                    <#ident #type_generics as #rows::Row>::COLUMNS,
                    ::core::convert::Into::into(__arrays),
                    self.__valid,
                )
            }
        }
    }
}

/// Generates the checked columns, side by side.
fn reader(item: &Item<'_>, columns: &[Column<'_>], private: &TokenStream) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let local = columns.iter().map(|column| &column.local);
    let reader = columns.iter().map(|column| column.item("Reader"));
    quote! {
        #[doc(hidden)]
        #[allow(missing_debug_implementations, private_bounds, unreachable_pub)]
        pub struct __Reader #impl_generics #where_clause {
            #(#local: #reader,)*
            __valid: #rows::StructReader,
            __of: ::core::marker::PhantomData<fn() -> #ident #type_generics>,
        }
    }
}

fn struct_column_impl(
    item: &Item<'_>,
    fields: &[Field<'_>],
    columns: &[Column<'_>],
    private: &TokenStream,
) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let builder = columns.iter().map(|column| {
        let (local, builder) = (&column.local, column.item("builder"));
        quote_spanned!(column.span=> #local: #builder(__rows))
    });
    let reader = columns.iter().map(|column| {
        let (local, reader, spec) = (&column.local, column.item("reader"), column.spec(&rows));
        quote_spanned!(column.span=> #local: __columns.column(#spec, #reader)?)
    });
    let name: Vec<_> = columns.iter().map(|column| &column.name).collect();
    let append = columns.iter().map(|column| {
        let member = &column.field.member;
        let builder = column.of("__builder");
        let builder = quote_spanned!(column.span=> &mut #builder);
        column.append(&quote!(&__value.#member), &builder, &rows)
    });
    let values = field_values(fields, columns, private);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #rows::Column for #ident #type_generics #where_clause {
            type Builder = __Builder #type_generics;
            type Reader = __Reader #type_generics;

            const TYPE: #rows::ColumnType =
                #rows::ColumnType::Struct(<Self as #rows::Row>::COLUMNS);

            fn builder(__rows: usize) -> Self::Builder {
                __Builder {
                    #(#builder,)*
                    __valid: #rows::NullBufferBuilder::new(__rows),
                    __of: ::core::marker::PhantomData,
                }
            }

            #[inline]
            fn append(
                __value: &Self,
                __builder: &mut Self::Builder,
            ) -> #private::FieldResult<()> {
                #(#private::at_field(#name, #append)?;)*
                __builder.__valid.append_non_null();
                ::core::result::Result::Ok(())
            }

            fn reader(__array: &#rows::ArrayRef) -> #private::FieldResult<Self::Reader> {
                let __columns = #rows::StructColumns::open(__array)?;
                ::core::result::Result::Ok(__Reader {
                    #(#reader,)*
                    __valid: __columns.into_reader(),
                    __of: ::core::marker::PhantomData,
                })
            }

            #[inline]
            fn read(__reader: &Self::Reader, __at: usize) -> #private::FieldResult<Self> {
                __reader.__valid.expect(__at)?;
                ::core::result::Result::Ok(Self { #values })
            }
        }
    }
}

/// Generates the fields of a row that is read back.
fn field_values(
    fields: &[Field<'_>],
    columns: &[Column<'_>],
    private: &TokenStream,
) -> TokenStream {
    let skipped = fields
        .iter()
        .filter(|field| !field.is_column())
        .map(|field| {
            let (member, ty) = (&field.member, &field.original.ty);
            quote_spanned!(ty.span()=> #member: <#ty as ::core::default::Default>::default(),)
        });
    let read = columns.iter().map(|column| {
        let (member, name) = (&column.field.member, &column.name);
        let reader = column.of("__reader");
        let reader = quote_spanned!(column.span=> &#reader);
        let read = column.read(&reader, &quote!(#private::rows));
        quote!(#member: #private::at_field(#name, #read)?,)
    });
    quote!(#(#read)* #(#skipped)*)
}

fn row_impl(item: &Item<'_>, columns: &[Column<'_>], private: &TokenStream) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let spec = columns.iter().map(|column| column.spec(&rows));
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::Row for #ident #type_generics #where_clause {
            const COLUMNS: &'static [#rows::ColumnSpec] =
                &[#(#spec),*];
        }
    }
}
