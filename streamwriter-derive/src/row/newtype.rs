//! The column of a struct of one unnamed field: that of the field. Nothing here can fail.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::ast::{Field, Item};
use super::column::Column;
use super::common::{bounded_generics, enclosed, list_item_impl, private};

pub(crate) fn expand(item: &Item<'_>, field: &Field<'_>) -> TokenStream {
    let private = private(item);
    let rows = quote!(#private::rows);
    let column = Column::new(item, field, 0, &rows);
    let wrappers = wrappers(item, &column, &private);
    let column_impl = column_impl(item, &column, &private);
    let list_item = list_item_impl(item, &rows);
    enclosed(&quote!(#wrappers #column_impl #list_item))
}

/// Generates builder and reader around those of the field, whose type may be private.
fn wrappers(item: &Item<'_>, column: &Column<'_>, private: &TokenStream) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let local = &column.local;
    let [builder, reader] = ["Builder", "Reader"].map(|name| column.item(name));
    let inner = column.of("self");
    let append_null = quote_spanned!(column.span=>
        #rows::ColumnBuilder::append_null(&mut #inner));
    let finish = quote_spanned!(column.span=> #rows::ColumnBuilder::finish(#inner));
    quote! {
        #[doc(hidden)]
        pub struct __Builder #impl_generics #where_clause {
            #local: #builder,
            __of: ::core::marker::PhantomData<fn() -> #ident #type_generics>,
        }

        #[doc(hidden)]
        pub struct __Reader #impl_generics #where_clause {
            #local: #reader,
            __of: ::core::marker::PhantomData<fn() -> #ident #type_generics>,
        }

        #[automatically_derived]
        impl #impl_generics #rows::ColumnBuilder for __Builder #type_generics #where_clause {
            #[inline]
            fn append_null(&mut self) {
                #append_null
            }

            fn finish(self) -> #private::FieldResult<#rows::ArrayRef> {
                #finish
            }
        }
    }
}

fn column_impl(item: &Item<'_>, column: &Column<'_>, private: &TokenStream) -> TokenStream {
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let generics = bounded_generics(item, &rows);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.original.generics.split_for_impl();
    let local = &column.local;
    let [column_type, nullable] = ["TYPE", "NULLABLE"].map(|name| column.item(name));
    let [builder, reader] = ["builder", "reader"].map(|name| column.item(name));
    let builder = quote_spanned!(column.span=> #local: #builder(__rows));
    let reader = quote_spanned!(column.span=> #local: #reader(__array)?);
    let [builder_field, reader_field] = ["__builder", "__reader"].map(|name| column.of(name));
    let builder_field = quote_spanned!(column.span=> &mut #builder_field);
    let append = column.append(&quote!(&__value.0), &builder_field, &rows);
    let reader_field = quote_spanned!(column.span=> &#reader_field);
    let read = column.read(&reader_field, &rows);
    quote! {
        #[automatically_derived]
        impl #impl_generics #rows::Column for #ident #type_generics #where_clause {
            type Builder = __Builder #type_generics;
            type Reader = __Reader #type_generics;

            const TYPE: #rows::ColumnType = #column_type;
            const NULLABLE: bool = #nullable;

            fn builder(__rows: usize) -> Self::Builder {
                __Builder { #builder, __of: ::core::marker::PhantomData }
            }

            #[inline]
            fn append(
                __value: &Self,
                __builder: &mut Self::Builder,
            ) -> #private::FieldResult<()> {
                #append
            }

            fn reader(__array: &#rows::ArrayRef) -> #private::FieldResult<Self::Reader> {
                ::core::result::Result::Ok(__Reader {
                    #reader,
                    __of: ::core::marker::PhantomData,
                })
            }

            #[inline]
            fn read(__reader: &Self::Reader, __at: usize) -> #private::FieldResult<Self> {
                ::core::result::Result::map(#read, Self)
            }
        }
    }
}
