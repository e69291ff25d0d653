#[automatically_derived]
#[allow(deprecated)]
impl<
    T: sw::__private::MessageField + ::core::marker::Send + 'static,
    const N: usize,
> sw::__private::MessageField for Held<T, N>
where
    T: Copy,
{
    fn to_value(&self) -> sw::__private::FieldResult<sw::__private::Value> {
        let mut __array = sw::__private::ArrayBuilder::new();
        __array.put(0usize, <T as sw::__private::MessageField>::to_value(&self.0))?;
        __array
            .put(1usize, <[u8; N] as sw::__private::MessageField>::to_value(&self.1))?;
        ::core::result::Result::Ok(__array.finish())
    }
    fn from_value(__value: sw::__private::Value) -> sw::__private::FieldResult<Self> {
        let mut __items = sw::__private::Items::open(__value, 2usize)?;
        ::core::result::Result::Ok(Self {
            0: sw::__private::at_item(
                0usize,
                <T as sw::__private::MessageField>::from_value(__items.take(0usize)?),
            )?,
            1: sw::__private::at_item(
                1usize,
                <[u8; N] as sw::__private::MessageField>::from_value(
                    __items.take(1usize)?,
                ),
            )?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl<
    T: sw::__private::MessageField + ::core::marker::Send + 'static,
    const N: usize,
> sw::__private::CommitMessage for Held<T, N>
where
    T: Copy,
{
    type Totals = ();
    const TYPE: &'static str = "Held";
    const VERSION: u32 = 1u32;
    fn to_body(&self) -> sw::__private::Result<sw::__private::Value> {
        ::core::result::Result::map_err(
            <Self as sw::__private::MessageField>::to_value(self),
            ::core::convert::Into::into,
        )
    }
    fn from_body(__body: sw::__private::Value) -> sw::__private::Result<Self> {
        ::core::result::Result::map_err(
            <Self as sw::__private::MessageField>::from_value(__body),
            ::core::convert::Into::into,
        )
    }
}
