#[automatically_derived]
impl ::streamwriter_core::__private::rows::Column for Id {
    type Builder = <Timestamp as ::streamwriter_core::__private::rows::Column<
        ::streamwriter_core::__private::rows::Seconds,
    >>::Builder;
    type Reader = <Timestamp as ::streamwriter_core::__private::rows::Column<
        ::streamwriter_core::__private::rows::Seconds,
    >>::Reader;
    const TYPE: ::streamwriter_core::__private::rows::ColumnType = <Timestamp as ::streamwriter_core::__private::rows::Column<
        ::streamwriter_core::__private::rows::Seconds,
    >>::TYPE;
    const NULLABLE: bool = <Timestamp as ::streamwriter_core::__private::rows::Column<
        ::streamwriter_core::__private::rows::Seconds,
    >>::NULLABLE;
    fn builder(__rows: usize) -> Self::Builder {
        <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::builder(__rows)
    }
    #[inline]
    fn append(
        __value: &Self,
        __builder: &mut Self::Builder,
    ) -> ::streamwriter_core::__private::FieldResult<()> {
        <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::append(&__value.0, __builder)
    }
    fn reader(
        __array: &::streamwriter_core::__private::rows::ArrayRef,
    ) -> ::streamwriter_core::__private::FieldResult<Self::Reader> {
        <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::reader(__array)
    }
    #[inline]
    fn read(
        __reader: &Self::Reader,
        __at: usize,
    ) -> ::streamwriter_core::__private::FieldResult<Self> {
        ::core::result::Result::map(
            <Timestamp as ::streamwriter_core::__private::rows::Column<
                ::streamwriter_core::__private::rows::Seconds,
            >>::read(__reader, __at),
            Self,
        )
    }
}
#[automatically_derived]
impl ::streamwriter_core::__private::rows::ListItem for Id {}
