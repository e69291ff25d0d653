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
        column_0: <u64 as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Builder,
        column_1: <Option<
            Timestamp,
        > as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Millis,
        >>::Builder,
        column_2: <i128 as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
        >>::Builder,
        column_3: <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
            PathBuf,
        >>::Column as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Builder,
        column_4: <String as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Builder,
        __valid: ::streamwriter_core::__private::rows::NullBufferBuilder,
        __of: ::core::marker::PhantomData<fn() -> Trip>,
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::ColumnBuilder for __Builder {
        #[inline]
        fn append_null(&mut self) {
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_0,
            );
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_1,
            );
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_2,
            );
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_3,
            );
            ::streamwriter_core::__private::rows::ColumnBuilder::append_null(
                &mut self.column_4,
            );
            self.__valid.append_null();
        }
        fn finish(
            self,
        ) -> ::streamwriter_core::__private::FieldResult<
            ::streamwriter_core::__private::rows::ArrayRef,
        > {
            let __arrays = [
                ::streamwriter_core::__private::at_field(
                    "ID",
                    ::streamwriter_core::__private::rows::ColumnBuilder::finish(
                        self.column_0,
                    ),
                )?,
                ::streamwriter_core::__private::at_field(
                    "pickedUp",
                    ::streamwriter_core::__private::rows::ColumnBuilder::finish(
                        self.column_1,
                    ),
                )?,
                ::streamwriter_core::__private::at_field(
                    "fare",
                    ::streamwriter_core::__private::rows::ColumnBuilder::finish(
                        self.column_2,
                    ),
                )?,
                ::streamwriter_core::__private::at_field(
                    "route",
                    ::streamwriter_core::__private::rows::ColumnBuilder::finish(
                        self.column_3,
                    ),
                )?,
                ::streamwriter_core::__private::at_field(
                    "type",
                    ::streamwriter_core::__private::rows::ColumnBuilder::finish(
                        self.column_4,
                    ),
                )?,
            ];
            ::streamwriter_core::__private::rows::finish_struct(
                <Trip as ::streamwriter_core::__private::rows::Row>::COLUMNS,
                ::core::convert::Into::into(__arrays),
                self.__valid,
            )
        }
    }
    #[doc(hidden)]
    pub struct __Reader {
        column_0: <u64 as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Reader,
        column_1: <Option<
            Timestamp,
        > as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Millis,
        >>::Reader,
        column_2: <i128 as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
        >>::Reader,
        column_3: <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
            PathBuf,
        >>::Column as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Reader,
        column_4: <String as ::streamwriter_core::__private::rows::Column<
            ::streamwriter_core::__private::rows::Plain,
        >>::Reader,
        __valid: ::streamwriter_core::__private::rows::StructReader,
        __of: ::core::marker::PhantomData<fn() -> Trip>,
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::Column for Trip {
        type Builder = __Builder;
        type Reader = __Reader;
        const TYPE: ::streamwriter_core::__private::rows::ColumnType = ::streamwriter_core::__private::rows::ColumnType::Struct(
            <Self as ::streamwriter_core::__private::rows::Row>::COLUMNS,
        );
        fn builder(__rows: usize) -> Self::Builder {
            __Builder {
                column_0: <u64 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::builder(__rows),
                column_1: <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Millis,
                >>::builder(__rows),
                column_2: <i128 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                >>::builder(__rows),
                column_3: <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                    PathBuf,
                >>::Column as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::builder(__rows),
                column_4: <String as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::builder(__rows),
                __valid: ::streamwriter_core::__private::rows::NullBufferBuilder::new(
                    __rows,
                ),
                __of: ::core::marker::PhantomData,
            }
        }
        #[inline]
        fn append(
            __value: &Self,
            __builder: &mut Self::Builder,
        ) -> ::streamwriter_core::__private::FieldResult<()> {
            ::streamwriter_core::__private::at_field(
                "ID",
                <u64 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::append(&__value.id, &mut __builder.column_0),
            )?;
            ::streamwriter_core::__private::at_field(
                "pickedUp",
                <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Millis,
                >>::append(&__value.picked_up, &mut __builder.column_1),
            )?;
            ::streamwriter_core::__private::at_field(
                "fare",
                <i128 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                >>::append(&__value.fare, &mut __builder.column_2),
            )?;
            ::streamwriter_core::__private::at_field(
                "route",
                ::core::result::Result::and_then(
                    ::streamwriter_core::__private::rows::by_codec(
                        <codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                            PathBuf,
                        >>::encode(&__value.route),
                    ),
                    |__column| <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                        PathBuf,
                    >>::Column as ::streamwriter_core::__private::rows::Column<
                        ::streamwriter_core::__private::rows::Plain,
                    >>::append(&__column, &mut __builder.column_3),
                ),
            )?;
            ::streamwriter_core::__private::at_field(
                "type",
                <String as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::append(&__value.r#type, &mut __builder.column_4),
            )?;
            __builder.__valid.append_non_null();
            ::core::result::Result::Ok(())
        }
        fn reader(
            __array: &::streamwriter_core::__private::rows::ArrayRef,
        ) -> ::streamwriter_core::__private::FieldResult<Self::Reader> {
            let __columns = ::streamwriter_core::__private::rows::StructColumns::open(
                __array,
            )?;
            ::core::result::Result::Ok(__Reader {
                column_0: __columns
                    .column(
                        ::streamwriter_core::__private::rows::ColumnSpec::new(
                            "ID",
                            <u64 as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::TYPE,
                            <u64 as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::NULLABLE,
                        ),
                        <u64 as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Plain,
                        >>::reader,
                    )?,
                column_1: __columns
                    .column(
                        ::streamwriter_core::__private::rows::ColumnSpec::new(
                            "pickedUp",
                            <Option<
                                Timestamp,
                            > as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Millis,
                            >>::TYPE,
                            <Option<
                                Timestamp,
                            > as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Millis,
                            >>::NULLABLE,
                        ),
                        <Option<
                            Timestamp,
                        > as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Millis,
                        >>::reader,
                    )?,
                column_2: __columns
                    .column(
                        ::streamwriter_core::__private::rows::ColumnSpec::new(
                            "fare",
                            <i128 as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                            >>::TYPE,
                            <i128 as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                            >>::NULLABLE,
                        ),
                        <i128 as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                        >>::reader,
                    )?,
                column_3: __columns
                    .column(
                        ::streamwriter_core::__private::rows::ColumnSpec::new(
                            "route",
                            <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                                PathBuf,
                            >>::Column as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::TYPE,
                            <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                                PathBuf,
                            >>::Column as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::NULLABLE,
                        ),
                        <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                            PathBuf,
                        >>::Column as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Plain,
                        >>::reader,
                    )?,
                column_4: __columns
                    .column(
                        ::streamwriter_core::__private::rows::ColumnSpec::new(
                            "type",
                            <String as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::TYPE,
                            <String as ::streamwriter_core::__private::rows::Column<
                                ::streamwriter_core::__private::rows::Plain,
                            >>::NULLABLE,
                        ),
                        <String as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Plain,
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
        ) -> ::streamwriter_core::__private::FieldResult<Self> {
            __reader.__valid.expect(__at)?;
            ::core::result::Result::Ok(Self {
                id: ::streamwriter_core::__private::at_field(
                    "ID",
                    <u64 as ::streamwriter_core::__private::rows::Column<
                        ::streamwriter_core::__private::rows::Plain,
                    >>::read(&__reader.column_0, __at),
                )?,
                picked_up: ::streamwriter_core::__private::at_field(
                    "pickedUp",
                    <Option<
                        Timestamp,
                    > as ::streamwriter_core::__private::rows::Column<
                        ::streamwriter_core::__private::rows::Millis,
                    >>::read(&__reader.column_1, __at),
                )?,
                fare: ::streamwriter_core::__private::at_field(
                    "fare",
                    <i128 as ::streamwriter_core::__private::rows::Column<
                        ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                    >>::read(&__reader.column_2, __at),
                )?,
                route: ::streamwriter_core::__private::at_field(
                    "route",
                    ::core::result::Result::and_then(
                        <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                            PathBuf,
                        >>::Column as ::streamwriter_core::__private::rows::Column<
                            ::streamwriter_core::__private::rows::Plain,
                        >>::read(&__reader.column_3, __at),
                        |__column| ::streamwriter_core::__private::rows::by_codec(
                            <codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                                PathBuf,
                            >>::decode(__column),
                        ),
                    ),
                )?,
                r#type: ::streamwriter_core::__private::at_field(
                    "type",
                    <String as ::streamwriter_core::__private::rows::Column<
                        ::streamwriter_core::__private::rows::Plain,
                    >>::read(&__reader.column_4, __at),
                )?,
                seen: <Instant as ::core::default::Default>::default(),
            })
        }
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::Row for Trip {
        const COLUMNS: &'static [::streamwriter_core::__private::rows::ColumnSpec] = &[
            ::streamwriter_core::__private::rows::ColumnSpec::new(
                "ID",
                <u64 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::TYPE,
                <u64 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::NULLABLE,
            ),
            ::streamwriter_core::__private::rows::ColumnSpec::new(
                "pickedUp",
                <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Millis,
                >>::TYPE,
                <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Millis,
                >>::NULLABLE,
            ),
            ::streamwriter_core::__private::rows::ColumnSpec::new(
                "fare",
                <i128 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                >>::TYPE,
                <i128 as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Decimal<10u8, 2i8>,
                >>::NULLABLE,
            ),
            ::streamwriter_core::__private::rows::ColumnSpec::new(
                "route",
                <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                    PathBuf,
                >>::Column as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::TYPE,
                <<codecs::Text as ::streamwriter_core::__private::rows::ColumnCodec<
                    PathBuf,
                >>::Column as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::NULLABLE,
            ),
            ::streamwriter_core::__private::rows::ColumnSpec::new(
                "type",
                <String as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::TYPE,
                <String as ::streamwriter_core::__private::rows::Column<
                    ::streamwriter_core::__private::rows::Plain,
                >>::NULLABLE,
            ),
        ];
    }
    #[automatically_derived]
    impl ::streamwriter_core::__private::rows::ListItem for Trip {}
};
