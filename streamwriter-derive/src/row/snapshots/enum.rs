#[allow(
    clippy::all,
    clippy::pedantic,
    deprecated,
    missing_debug_implementations,
    private_bounds,
    unreachable_pub,
)]
const _: () = {
    const __NAMES: &[&str] = &["credit-card", "$"];
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::Column for Payment {
        type Builder = ::streamwriter_core::__private::rows::EnumBuilder;
        type Reader = ::streamwriter_core::__private::rows::EnumReader;
        const TYPE: ::streamwriter_core::__private::rows::ColumnType = ::streamwriter_core::__private::rows::ColumnType::Enum;
        fn builder(__rows: usize) -> Self::Builder {
            ::streamwriter_core::__private::rows::EnumBuilder::new(__NAMES, __rows)
        }
        #[inline]
        fn append(
            __value: &Self,
            __builder: &mut Self::Builder,
        ) -> ::streamwriter_core::__private::FieldResult<()> {
            __builder
                .append(
                    match __value {
                        Self::CreditCard => 0u32,
                        Self::Cash => 1u32,
                    },
                );
            ::core::result::Result::Ok(())
        }
        fn reader(
            __array: &::streamwriter_core::__private::rows::ArrayRef,
        ) -> ::streamwriter_core::__private::FieldResult<Self::Reader> {
            ::streamwriter_core::__private::rows::EnumReader::new(__array, __NAMES)
        }
        #[inline]
        fn read(
            __reader: &Self::Reader,
            __at: usize,
        ) -> ::streamwriter_core::__private::FieldResult<Self> {
            let __number = __reader.number(__at, __NAMES)?;
            ::core::result::Result::Ok(
                match __number {
                    0u32 => Self::CreditCard,
                    _ => Self::Cash,
                },
            )
        }
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::ListItem for Payment {}
};
