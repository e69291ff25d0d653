impl Lines {
    fn write<R, I>(&self, rows: I) -> Result<Posted, Trouble>
    where
        R: Display,
        I: Iterator<Item = R>,
    {
        todo!()
    }
}
#[automatically_derived]
impl sw::__private::StreamWriter for Lines {
    type Message = Posted;
    type Error = sw::__private::BoxError;
    fn name(&self) -> &str {
        "lines"
    }
}
#[automatically_derived]
impl<R> sw::__private::WriteRows<R> for Lines
where
    R: Display,
{
    fn write(
        &self,
        __rows: impl sw::__private::Rows<Item = R> + ::core::marker::Send,
        __task: &sw::__private::TaskContext,
    ) -> ::core::result::Result<
        <Self as sw::__private::StreamWriter>::Message,
        sw::__private::BoxError,
    > {
        match Self::write(self, __rows) {
            ::core::result::Result::Ok(__message) => {
                ::core::result::Result::Ok(__message)
            }
            ::core::result::Result::Err(__error) => {
                ::core::result::Result::Err(
                    ::core::convert::Into::<sw::__private::BoxError>::into(__error),
                )
            }
        }
    }
}
