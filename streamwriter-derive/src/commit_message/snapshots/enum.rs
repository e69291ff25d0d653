#[automatically_derived]
#[allow(deprecated)]
impl ::streamwriter_core::__private::MessageField for Outcome {
    fn to_value(
        &self,
    ) -> ::streamwriter_core::__private::FieldResult<
        ::streamwriter_core::__private::Value,
    > {
        match self {
            Self::Nothing { .. } => {
                ::core::result::Result::Ok(
                    ::streamwriter_core::__private::bare_variant("Nothing"),
                )
            }
            Self::Wrote { 0: __field_0, .. } => {
                ::streamwriter_core::__private::wrap_variant(
                    "Wrote",
                    || {
                        <u64 as ::streamwriter_core::__private::MessageField>::to_value(
                            __field_0,
                        )
                    },
                )
            }
            Self::Pair { 0: __field_0, 1: __field_1, .. } => {
                ::streamwriter_core::__private::wrap_variant(
                    "Pair",
                    || {
                        let mut __array = ::streamwriter_core::__private::ArrayBuilder::new();
                        __array
                            .put(
                                0usize,
                                <u8 as ::streamwriter_core::__private::MessageField>::to_value(
                                    __field_0,
                                ),
                            )?;
                        __array
                            .put(
                                1usize,
                                <u8 as ::streamwriter_core::__private::MessageField>::to_value(
                                    __field_1,
                                ),
                            )?;
                        ::core::result::Result::Ok(__array.finish())
                    },
                )
            }
            Self::Failed { at: __field_at, .. } => {
                ::streamwriter_core::__private::wrap_variant(
                    "Failed",
                    || {
                        let mut __object = ::streamwriter_core::__private::ObjectBuilder::new();
                        __object
                            .put(
                                "at",
                                <u64 as ::streamwriter_core::__private::MessageField>::to_value(
                                    __field_at,
                                ),
                            )?;
                        ::core::result::Result::Ok(__object.finish())
                    },
                )
            }
        }
    }
    fn from_value(
        __value: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::FieldResult<Self> {
        let (__name, __body) = ::streamwriter_core::__private::open_variant(
            __value,
            &[("Nothing", false), ("Wrote", true), ("Pair", true), ("Failed", true)],
        )?;
        match __name {
            "Nothing" => ::core::result::Result::Ok(Self::Nothing),
            "Wrote" => {
                ::streamwriter_core::__private::in_variant(
                    "Wrote",
                    || {
                        ::core::result::Result::Ok(Self::Wrote {
                            0: <u64 as ::streamwriter_core::__private::MessageField>::from_value(
                                __body,
                            )?,
                        })
                    },
                )
            }
            "Pair" => {
                ::streamwriter_core::__private::in_variant(
                    "Pair",
                    || {
                        let mut __items = ::streamwriter_core::__private::Items::open(
                            __body,
                            2usize,
                        )?;
                        ::core::result::Result::Ok(Self::Pair {
                            0: ::streamwriter_core::__private::at_item(
                                0usize,
                                <u8 as ::streamwriter_core::__private::MessageField>::from_value(
                                    __items.take(0usize)?,
                                ),
                            )?,
                            1: ::streamwriter_core::__private::at_item(
                                1usize,
                                <u8 as ::streamwriter_core::__private::MessageField>::from_value(
                                    __items.take(1usize)?,
                                ),
                            )?,
                        })
                    },
                )
            }
            "Failed" => {
                ::streamwriter_core::__private::in_variant(
                    "Failed",
                    || {
                        let mut __fields = ::streamwriter_core::__private::Fields::open(
                            __body,
                            &["at"],
                        )?;
                        ::core::result::Result::Ok(Self::Failed {
                            at: ::streamwriter_core::__private::at_field(
                                "at",
                                <u64 as ::streamwriter_core::__private::MessageField>::from_value(
                                    __fields.take("at")?,
                                ),
                            )?,
                        })
                    },
                )
            }
            __other => {
                ::core::result::Result::Err(
                    ::streamwriter_core::__private::no_such_variant(__other),
                )
            }
        }
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl ::streamwriter_core::__private::CommitMessage for Outcome {
    type Totals = ();
    const TYPE: &'static str = "Outcome";
    const VERSION: u32 = 1u32;
    fn to_body(
        &self,
    ) -> ::streamwriter_core::__private::Result<::streamwriter_core::__private::Value> {
        ::core::result::Result::map_err(
            <Self as ::streamwriter_core::__private::MessageField>::to_value(self),
            ::core::convert::Into::into,
        )
    }
    fn from_body(
        __body: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::Result<Self> {
        ::core::result::Result::map_err(
            <Self as ::streamwriter_core::__private::MessageField>::from_value(__body),
            ::core::convert::Into::into,
        )
    }
    fn metrics(&self) -> ::streamwriter_core::__private::MessageMetrics {
        match self {
            Self::Nothing { .. } => {
                <::streamwriter_core::__private::MessageMetrics as ::core::default::Default>::default()
            }
            Self::Wrote { 0: __field_0, .. } => {
                <::streamwriter_core::__private::MessageMetrics as ::core::default::Default>::default()
                    .with_rows(
                        <u64 as ::streamwriter_core::__private::Countable>::count(
                            __field_0,
                        ),
                    )
            }
            Self::Pair { .. } => {
                <::streamwriter_core::__private::MessageMetrics as ::core::default::Default>::default()
            }
            Self::Failed { .. } => {
                <::streamwriter_core::__private::MessageMetrics as ::core::default::Default>::default()
            }
        }
    }
}
