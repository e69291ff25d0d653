::core::compile_error! {
    "several tasks call `write` at the same time, so it is `&self`; what must be remembered goes into the message"
}
impl Webhook {
    fn write(&mut self, rows: impl Iterator<Item = u8>) {}
}
#[automatically_derived]
impl ::streamwriter_core::__private::StreamWriter for Webhook {
    type Message = ();
    type Error = ::streamwriter_core::__private::BoxError;
    fn name(&self) -> &str {
        #[allow(unused_imports)]
        use ::streamwriter_core::__private::NamelessWriter as _;
        match Self::__STREAM_WRITER_NAME {
            ::core::option::Option::Some(__name) => __name,
            ::core::option::Option::None => "webhook",
        }
    }
}
#[automatically_derived]
impl<__Row> ::streamwriter_core::__private::WriteRows<__Row> for Webhook {
    fn write(
        &self,
        _: impl ::streamwriter_core::__private::Rows<
            Item = __Row,
        > + ::core::marker::Send,
        _: &::streamwriter_core::__private::TaskContext,
    ) -> ::core::result::Result<(), ::streamwriter_core::__private::BoxError> {
        loop {}
    }
}
