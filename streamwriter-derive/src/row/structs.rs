//! The columns of a struct, side by side. Nothing here can fail.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::ast::{Field, Item};
use super::column::Column;
use super::common::{bounded_generics, enclosed, list_item_impl, private};

pub(crate) fn expand(item: &Item<'_>, fields: &[Field<'_>]) -> TokenStream {
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
    enclosed(&quote!(#builder #reader #column_impl #row_impl #list_item))
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
