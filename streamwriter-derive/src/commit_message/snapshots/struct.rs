#[automatically_derived]
#[allow(deprecated)]
impl ::streamwriter_core::__private::MessageField for Posted {
    fn to_value(
        &self,
    ) -> ::streamwriter_core::__private::FieldResult<
        ::streamwriter_core::__private::Value,
    > {
        let mut __object = ::streamwriter_core::__private::ObjectBuilder::new();
        __object
            .put(
                "rows",
                <u64 as ::streamwriter_core::__private::MessageField>::to_value(
                    &self.rows,
                ),
            )?;
        __object
            .put(
                "files",
                <Vec<
                    StagedObject,
                > as ::streamwriter_core::__private::MessageField>::to_value(&self.files),
            )?;
        __object
            .put(
                "first",
                <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::MessageField>::to_value(&self.first),
            )?;
        __object
            .put(
                "schema",
                ::streamwriter_core::__private::serde_to_value::<Schema>(&self.schema),
            )?;
        __object
            .put(
                "type",
                <String as ::streamwriter_core::__private::MessageField>::to_value(
                    &self.r#type,
                ),
            )?;
        ::core::result::Result::Ok(__object.finish())
    }
    fn from_value(
        __value: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::FieldResult<Self> {
        let mut __fields = ::streamwriter_core::__private::Fields::open(
            __value,
            &["rows", "files", "first", "schema", "type"],
        )?;
        ::core::result::Result::Ok(Self {
            rows: ::streamwriter_core::__private::at_field(
                "rows",
                <u64 as ::streamwriter_core::__private::MessageField>::from_value(
                    __fields.take("rows")?,
                ),
            )?,
            files: ::streamwriter_core::__private::at_field(
                "files",
                <Vec<
                    StagedObject,
                > as ::streamwriter_core::__private::MessageField>::from_value(
                    __fields.take("files")?,
                ),
            )?,
            first: ::streamwriter_core::__private::at_field(
                "first",
                <Option<
                    Timestamp,
                > as ::streamwriter_core::__private::MessageField>::from_value(
                    __fields.take("first")?,
                ),
            )?,
            schema: ::streamwriter_core::__private::at_field(
                "schema",
                ::streamwriter_core::__private::serde_from_value::<
                    Schema,
                >(__fields.take("schema")?),
            )?,
            r#type: ::streamwriter_core::__private::at_field(
                "type",
                <String as ::streamwriter_core::__private::MessageField>::from_value(
                    __fields.take("type")?,
                ),
            )?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl ::streamwriter_core::__private::CommitMessage for Posted {
    type Totals = PostedTotals;
    const TYPE: &'static str = "posted";
    const VERSION: u32 = 2u32;
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
    fn migrate_from(
        __version: u32,
        __body: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::Result<Self> {
        older::posted(__version, __body)
    }
    fn metrics(&self) -> ::streamwriter_core::__private::MessageMetrics {
        <::streamwriter_core::__private::MessageMetrics as ::core::default::Default>::default()
            .with_rows(
                <u64 as ::streamwriter_core::__private::Countable>::count(&self.rows),
            )
            .with_files(
                <Vec<
                    StagedObject,
                > as ::streamwriter_core::__private::Countable>::count(&self.files),
            )
    }
    fn add_to(&self, __totals: &mut Self::Totals) {
        <u64 as ::streamwriter_core::__private::Summable>::add_saturating(
            &mut __totals.rows,
            &self.rows,
        );
        ::core::iter::Extend::extend(
            &mut __totals.files,
            ::core::iter::Iterator::cloned(self.files.iter()),
        );
        if let ::core::option::Option::Some(__value) = &self.first {
            ::streamwriter_core::__private::keep_min(&mut __totals.first, __value);
        }
    }
}
///What the [`Posted`] messages of a batch add up to.
#[allow(dead_code)]
pub(crate) struct PostedTotals {
    ///The sum of `rows` over all messages.
    pub rows: u64,
    ///The `files` of all messages, in partition order.
    files: ::std::vec::Vec<StagedObject>,
    ///The smallest `first` of all messages; `None` without any.
    first: ::core::option::Option<Timestamp>,
}
#[automatically_derived]
impl ::core::default::Default for PostedTotals {
    fn default() -> Self {
        Self {
            rows: <u64 as ::streamwriter_core::__private::Summable>::ZERO,
            files: ::std::vec::Vec::new(),
            first: ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::core::clone::Clone for PostedTotals
where
    for<'__trivial> u64: ::core::clone::Clone,
    for<'__trivial> ::std::vec::Vec<StagedObject>: ::core::clone::Clone,
    for<'__trivial> ::core::option::Option<Timestamp>: ::core::clone::Clone,
{
    fn clone(&self) -> Self {
        Self {
            rows: ::core::clone::Clone::clone(&self.rows),
            files: ::core::clone::Clone::clone(&self.files),
            first: ::core::clone::Clone::clone(&self.first),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for PostedTotals
where
    for<'__trivial> u64: ::core::fmt::Debug,
    for<'__trivial> ::std::vec::Vec<StagedObject>: ::core::fmt::Debug,
    for<'__trivial> ::core::option::Option<Timestamp>: ::core::fmt::Debug,
{
    fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        __f.debug_struct("PostedTotals")
            .field("rows", &self.rows)
            .field("files", &self.files)
            .field("first", &self.first)
            .finish()
    }
}
#[automatically_derived]
impl ::core::cmp::PartialEq for PostedTotals
where
    for<'__trivial> u64: ::core::cmp::PartialEq,
    for<'__trivial> ::std::vec::Vec<StagedObject>: ::core::cmp::PartialEq,
    for<'__trivial> ::core::option::Option<Timestamp>: ::core::cmp::PartialEq,
{
    fn eq(&self, __other: &Self) -> bool {
        self.rows == __other.rows && self.files == __other.files
            && self.first == __other.first
    }
}
#[automatically_derived]
impl ::streamwriter_core::__private::FromMessages<Posted> for PostedTotals {
    fn from_messages(
        __messages: ::std::vec::Vec<::core::option::Option<Posted>>,
    ) -> Self {
        ::streamwriter_core::__private::totals_of_some(&__messages)
    }
}
