pub struct Webhook {
    /// Where to post to.
    pub url: String,
    chunk: usize,
    token: Option<String>,
    sent: Counter,
}
impl Webhook {
    #[doc(hidden)]
    #[allow(dead_code)]
    pub const __STREAM_WRITER_NAME: ::core::option::Option<&'static str> = ::core::option::Option::Some(
        "webhook",
    );
    ///Makes the sink from its required options; the others have their defaults.
    #[must_use]
    #[allow(
        dead_code,
        unused_variables,
        clippy::new_without_default,
        clippy::too_many_arguments,
    )]
    pub fn new(url: impl ::core::convert::Into<String>) -> Self {
        Self {
            url: ::core::convert::Into::<String>::into(url),
            chunk: 2 * 50,
            token: ::core::option::Option::None,
            sent: <Counter as ::core::default::Default>::default(),
        }
    }
}
#[automatically_derived]
impl ::streamwriter_core::__private::SinkOptions for Webhook {
    const NAME: &'static str = "webhook";
    const DOC: &'static str = "";
    const OPTIONS: &'static [::streamwriter_core::__private::OptionSpec] = &[
        ::streamwriter_core::__private::OptionSpec::new(
                "url",
                <String as ::streamwriter_core::__private::OptionValue>::TYPE_NAME,
            )
            .required()
            .with_doc("Where to post to."),
        ::streamwriter_core::__private::OptionSpec::new(
                "chunk",
                <usize as ::streamwriter_core::__private::OptionValue>::TYPE_NAME,
            )
            .with_default("2 * 50"),
        ::streamwriter_core::__private::OptionSpec::new(
                "auth-token",
                <Option<
                    String,
                > as ::streamwriter_core::__private::OptionValue>::TYPE_NAME,
            )
            .secret(),
    ];
    fn from_options(
        __options: &::streamwriter_core::__private::OptionMap,
    ) -> ::streamwriter_core::__private::Result<Self> {
        let __reader = ::streamwriter_core::__private::OptionReader::new(
            __options,
            <Self as ::streamwriter_core::__private::SinkOptions>::OPTIONS,
        )?;
        ::core::result::Result::Ok(Self {
            url: __reader
                .required_with(
                    "url",
                    |__text| <String as ::streamwriter_core::__private::OptionValue>::parse_option(
                        __text,
                    ),
                )?,
            chunk: match __reader
                .get_with(
                    "chunk",
                    |__text| <usize as ::streamwriter_core::__private::OptionValue>::parse_option(
                        __text,
                    ),
                )?
            {
                ::core::option::Option::Some(__value) => __value,
                ::core::option::Option::None => 2 * 50,
            },
            token: match __reader
                .get_with(
                    "auth-token",
                    |__text| <Option<
                        String,
                    > as ::streamwriter_core::__private::OptionValue>::parse_option(
                        __text,
                    ),
                )?
            {
                ::core::option::Option::Some(__value) => __value,
                ::core::option::Option::None => ::core::option::Option::None,
            },
            sent: <Counter as ::core::default::Default>::default(),
        })
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for Webhook {
    fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        __f.debug_struct("Webhook")
            .field("url", &self.url)
            .field("chunk", &self.chunk)
            .field("token", &::core::format_args!("<secret>"))
            .finish_non_exhaustive()
    }
}
