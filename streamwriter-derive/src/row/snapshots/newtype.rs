#[allow(
    clippy::all,
    clippy::pedantic,
    deprecated,
    missing_debug_implementations,
    private_bounds,
    unreachable_pub,
)]
const _: () = {
    #[doc(hidden)]
    pub struct __Builder {
        column_0: <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::Builder,
        __of: ::core::marker::PhantomData<fn() -> Id>,
    }
    #[doc(hidden)]
    pub struct __Reader {
        column_0: <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::Reader,
        __of: ::core::marker::PhantomData<fn() -> Id>,
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::ColumnBuilder for __Builder {
        #[inline]
        fn append_null(&mut self) {
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_0,
            )
        }
        fn finish(
            self,
        ) -> ::streamwriter_core::__private::FieldResult<
            ::streamwriter_core::__private::rows::ArrayRef,
        > {
            ::streamwriter_core::__private::rows::ColumnBuilder::finish(self.column_0)
        }
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::Column for Id {
        type Builder = __Builder;
        type Reader = __Reader;
        const TYPE: ::streamwriter_core::__private::rows::ColumnType = <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::TYPE;
        const NULLABLE: bool = <Timestamp as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Seconds,
        >>::NULLABLE;
        fn builder(__rows: usize) -> Self::Builder {
            __Builder {
                column_0: <Timestamp as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Seconds,
                >>::builder(__rows),
                __of: ::core::marker::PhantomData,
            }
        }
        #[inline]
        fn append(
            __value: &Self,
            __builder: &mut Self::Builder,
        ) -> ::streamwriter_core::__private::FieldResult<()> {
            <Timestamp as ::streamwriter_core::__private::rows::Column<
                ::streamwriter_core::__private::rows::Seconds,
            >>::append(&__value.0, &mut __builder.column_0)
        }
        fn reader(
            __array: &::streamwriter_core::__private::rows::ArrayRef,
        ) -> ::streamwriter_core::__private::FieldResult<Self::Reader> {
            ::core::result::Result::Ok(__Reader {
                column_0: <Timestamp as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Seconds,
                >>::reader(__array)?,
                __of: ::core::marker::PhantomData,
            })
        }
        #[inline]
        fn read(
            __reader: &Self::Reader,
            __at: usize,
        ) -> ::streamwriter_core::__private::FieldResult<Self> {
            ::core::result::Result::map(
                <Timestamp as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Seconds,
                >>::read(&__reader.column_0, __at),
                Self,
            )
        }
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::ListItem for Id {}
};
