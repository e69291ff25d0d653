::core::compile_error! {
    "unknown key `column`: the keys of a field are rows, bytes, files, sum, min, max, append, serde"
}
#[automatically_derived]
impl ::streamwriter_core::__private::MessageField for Posted {
    fn to_value(
        &self,
    ) -> ::streamwriter_core::__private::FieldResult<
        ::streamwriter_core::__private::Value,
    > {
        loop {}
    }
    fn from_value(
        _: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::FieldResult<Self> {
        loop {}
    }
}
#[automatically_derived]
impl ::streamwriter_core::__private::CommitMessage for Posted {
    type Totals = ();
    const TYPE: &'static str = "";
    fn to_body(
        &self,
    ) -> ::streamwriter_core::__private::Result<::streamwriter_core::__private::Value> {
        loop {}
    }
    fn from_body(
        _: ::streamwriter_core::__private::Value,
    ) -> ::streamwriter_core::__private::Result<Self> {
        loop {}
    }
}
///What the [`Posted`] messages of a batch add up to.
#[allow(dead_code)]
struct PostedTotals {
    ///The sum of `rows` over all messages.
    rows: u64,
}
