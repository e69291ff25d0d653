::core::compile_error! {
    "expected `=`"
}
::core::compile_error! {
    "not a column type: its size depends on the machine: use `u64`"
}
#[automatically_derived]
impl ::streamwriter_core::__private::rows::Column for Trip {
    type Builder = ::streamwriter_core::__private::rows::EnumBuilder;
    type Reader = ();
    const TYPE: ::streamwriter_core::__private::rows::ColumnType = ::streamwriter_core::__private::rows::ColumnType::Enum;
    fn builder(_: usize) -> Self::Builder {
        loop {}
    }
    fn append(
        _: &Self,
        _: &mut Self::Builder,
    ) -> ::streamwriter_core::__private::FieldResult<()> {
        loop {}
    }
    fn reader(
        _: &::streamwriter_core::__private::rows::ArrayRef,
    ) -> ::streamwriter_core::__private::FieldResult<Self::Reader> {
        loop {}
    }
    fn read(
        _: &Self::Reader,
        _: usize,
    ) -> ::streamwriter_core::__private::FieldResult<Self> {
        loop {}
    }
}
#[automatically_derived]
impl ::streamwriter_core::__private::rows::ListItem for Trip {}
#[automatically_derived]
impl ::streamwriter_core::__private::rows::Row for Trip {
    const COLUMNS: &'static [::streamwriter_core::__private::rows::ColumnSpec] = &[];
}
