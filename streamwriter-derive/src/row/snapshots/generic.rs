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
    pub struct __Builder<T, const N: usize>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {
        column_0: <Vec<
            T,
        > as sw::__private::rows::Column<sw::__private::rows::Plain>>::Builder,
        column_1: <[u8; N] as sw::__private::rows::Column<
            sw::__private::rows::Plain,
        >>::Builder,
        __valid: sw::__private::rows::NullBufferBuilder,
        __of: ::core::marker::PhantomData<fn() -> Held<T, N>>,
    }
    #[automatically_derived]
    impl<T, const N: usize> sw::__private::rows::ColumnBuilder for __Builder<T, N>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {
        #[inline]
        fn append_null(&mut self) {
            sw::__private::rows::ColumnBuilder::append_null(&mut self.column_0);
            sw::__private::rows::ColumnBuilder::append_null(&mut self.column_1);
            self.__valid.append_null();
        }
        fn finish(self) -> sw::__private::FieldResult<sw::__private::rows::ArrayRef> {
            let __arrays = [
                sw::__private::at_field(
                    "items",
                    sw::__private::rows::ColumnBuilder::finish(self.column_0),
                )?,
                sw::__private::at_field(
                    "key",
                    sw::__private::rows::ColumnBuilder::finish(self.column_1),
                )?,
            ];
            sw::__private::rows::finish_struct(
                <Held<T, N> as sw::__private::rows::Row>::COLUMNS,
                ::core::convert::Into::into(__arrays),
                self.__valid,
            )
        }
    }
    #[doc(hidden)]
    pub struct __Reader<T, const N: usize>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {
        column_0: <Vec<
            T,
        > as sw::__private::rows::Column<sw::__private::rows::Plain>>::Reader,
        column_1: <[u8; N] as sw::__private::rows::Column<
            sw::__private::rows::Plain,
        >>::Reader,
        __valid: sw::__private::rows::StructReader,
        __of: ::core::marker::PhantomData<fn() -> Held<T, N>>,
    }
    #[automatically_derived]
    impl<T, const N: usize> sw::__private::rows::Column for Held<T, N>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {
        type Builder = __Builder<T, N>;
        type Reader = __Reader<T, N>;
        const TYPE: sw::__private::rows::ColumnType = sw::__private::rows::ColumnType::Struct(
            <Self as sw::__private::rows::Row>::COLUMNS,
        );
        fn builder(__rows: usize) -> Self::Builder {
            __Builder {
                column_0: <Vec<
                    T,
                > as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::builder(__rows),
                column_1: <[u8; N] as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::builder(__rows),
                __valid: sw::__private::rows::NullBufferBuilder::new(__rows),
                __of: ::core::marker::PhantomData,
            }
        }
        #[inline]
        fn append(
            __value: &Self,
            __builder: &mut Self::Builder,
        ) -> sw::__private::FieldResult<()> {
            sw::__private::at_field(
                "items",
                <Vec<
                    T,
                > as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::append(&__value.items, &mut __builder.column_0),
            )?;
            sw::__private::at_field(
                "key",
                <[u8; N] as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::append(&__value.key, &mut __builder.column_1),
            )?;
            __builder.__valid.append_non_null();
            ::core::result::Result::Ok(())
        }
        fn reader(
            __array: &sw::__private::rows::ArrayRef,
        ) -> sw::__private::FieldResult<Self::Reader> {
            let __columns = sw::__private::rows::StructColumns::open(__array)?;
            ::core::result::Result::Ok(__Reader {
                column_0: __columns
                    .column(
                        sw::__private::rows::ColumnSpec::new(
                            "items",
                            <Vec<
                                T,
                            > as sw::__private::rows::Column<
                                sw::__private::rows::Plain,
                            >>::TYPE,
                            <Vec<
                                T,
                            > as sw::__private::rows::Column<
                                sw::__private::rows::Plain,
                            >>::NULLABLE,
                        ),
                        <Vec<
                            T,
                        > as sw::__private::rows::Column<
                            sw::__private::rows::Plain,
                        >>::reader,
                    )?,
                column_1: __columns
                    .column(
                        sw::__private::rows::ColumnSpec::new(
                            "key",
                            <[u8; N] as sw::__private::rows::Column<
                                sw::__private::rows::Plain,
                            >>::TYPE,
                            <[u8; N] as sw::__private::rows::Column<
                                sw::__private::rows::Plain,
                            >>::NULLABLE,
                        ),
                        <[u8; N] as sw::__private::rows::Column<
                            sw::__private::rows::Plain,
                        >>::reader,
                    )?,
                __valid: __columns.into_reader(),
                __of: ::core::marker::PhantomData,
            })
        }
        #[inline]
        fn read(
            __reader: &Self::Reader,
            __at: usize,
        ) -> sw::__private::FieldResult<Self> {
            __reader.__valid.expect(__at)?;
            ::core::result::Result::Ok(Self {
                items: sw::__private::at_field(
                    "items",
                    <Vec<
                        T,
                    > as sw::__private::rows::Column<
                        sw::__private::rows::Plain,
                    >>::read(&__reader.column_0, __at),
                )?,
                key: sw::__private::at_field(
                    "key",
                    <[u8; N] as sw::__private::rows::Column<
                        sw::__private::rows::Plain,
                    >>::read(&__reader.column_1, __at),
                )?,
            })
        }
    }
    #[automatically_derived]
    impl<T, const N: usize> sw::__private::rows::Row for Held<T, N>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {
        const COLUMNS: &'static [sw::__private::rows::ColumnSpec] = &[
            sw::__private::rows::ColumnSpec::new(
                "items",
                <Vec<
                    T,
                > as sw::__private::rows::Column<sw::__private::rows::Plain>>::TYPE,
                <Vec<
                    T,
                > as sw::__private::rows::Column<sw::__private::rows::Plain>>::NULLABLE,
            ),
            sw::__private::rows::ColumnSpec::new(
                "key",
                <[u8; N] as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::TYPE,
                <[u8; N] as sw::__private::rows::Column<
                    sw::__private::rows::Plain,
                >>::NULLABLE,
            ),
        ];
    }
    #[automatically_derived]
    impl<T, const N: usize> sw::__private::rows::ListItem for Held<T, N>
    where
        T: Copy,
        Vec<T>: sw::__private::rows::Column<sw::__private::rows::Plain>,
    {}
};
