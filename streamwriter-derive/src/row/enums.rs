//! The column of an enum without data. Nothing here can fail.

use proc_macro2::TokenStream;
use quote::quote;

use super::ast::{Item, Variant};
use super::common::{enclosed, list_item_impl, private};

pub(crate) fn expand(item: &Item<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let private = private(item);
    let rows = quote!(#private::rows);
    let ident = &item.original.ident;
    let (impl_generics, type_generics, where_clause) = item.original.generics.split_for_impl();
    let names = variants.iter().map(|variant| variant.name(item));
    let (numbers, constructors) = arms(variants);
    let list_item = list_item_impl(item, &rows);
    enclosed(&quote! {
            const __NAMES: &[&str] = &[#(#names),*];

            #[automatically_derived]
            impl #impl_generics #rows::Column for #ident #type_generics #where_clause {
                type Builder = #rows::EnumBuilder;
                type Reader = #rows::EnumReader;

                const TYPE: #rows::ColumnType = #rows::ColumnType::Enum;

                fn builder(__rows: usize) -> Self::Builder {
                    #rows::EnumBuilder::new(__NAMES, __rows)
                }

                #[inline]
                fn append(
                    __value: &Self,
                    __builder: &mut Self::Builder,
                ) -> #private::FieldResult<()> {
                    __builder.append(match __value { #numbers });
                    ::core::result::Result::Ok(())
                }

                fn reader(__array: &#rows::ArrayRef) -> #private::FieldResult<Self::Reader> {
                    #rows::EnumReader::new(__array, __NAMES)
                }

                #[inline]
                fn read(__reader: &Self::Reader, __at: usize) -> #private::FieldResult<Self> {
                    let __number = __reader.number(__at, __NAMES)?;
                    ::core::result::Result::Ok(match __number { #constructors })
                }
            }

            #list_item
    })
}

/// Returns variant to number and number to variant.
///
/// The reader returns numbers of variants only, so the last one needs no test.
fn arms(variants: &[Variant<'_>]) -> (TokenStream, TokenStream) {
    let mut numbers = TokenStream::new();
    let mut constructors = TokenStream::new();
    let last = variants.len().saturating_sub(1);
    for (number, variant) in variants.iter().enumerate() {
        let ident = &variant.original.ident;
        // An enum has fewer variants than 32 bits count.
        let literal = number as u32;
        numbers.extend(quote!(Self::#ident => #literal,));
        constructors.extend(match number == last {
            true => quote!(_ => Self::#ident,),
            false => quote!(#literal => Self::#ident,),
        });
    }
    (numbers, constructors)
}
