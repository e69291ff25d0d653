//! Text and bytes of any length.

use std::sync::Arc;

use arrow::array::builder::{BinaryBuilder, GenericByteBuilder, StringBuilder};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringArray};
use arrow::datatypes::ByteArrayType;

use super::accept::{array_as, other_type};
use super::column::{Column, ColumnBuilder, ListItem, not_null};
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

impl Column for String {
    type Builder = StringBuilder;
    type Reader = StringArray;

    const TYPE: ColumnType = ColumnType::Utf8;

    fn builder(rows: usize) -> StringBuilder {
        StringBuilder::with_capacity(rows, 0)
    }

    #[inline]
    fn append(value: &Self, builder: &mut StringBuilder) -> FieldResult<()> {
        expect_room(builder, value.len())?;
        builder.append_value(value);
        Ok(())
    }

    fn reader(array: &ArrayRef) -> FieldResult<StringArray> {
        let array = array_as(array, Self::TYPE)?;
        let strings = array.as_string_opt().cloned();
        strings.ok_or_else(|| other_type("Utf8", array.data_type()))
    }

    #[inline]
    fn read(reader: &StringArray, at: usize) -> FieldResult<Self> {
        not_null(reader, at)?;
        Ok(reader.value(at).to_owned())
    }
}

impl Column for Vec<u8> {
    type Builder = BinaryBuilder;
    type Reader = BinaryArray;

    const TYPE: ColumnType = ColumnType::Binary;

    fn builder(rows: usize) -> BinaryBuilder {
        BinaryBuilder::with_capacity(rows, 0)
    }

    #[inline]
    fn append(value: &Self, builder: &mut BinaryBuilder) -> FieldResult<()> {
        expect_room(builder, value.len())?;
        builder.append_value(value);
        Ok(())
    }

    fn reader(array: &ArrayRef) -> FieldResult<BinaryArray> {
        let array = array_as(array, Self::TYPE)?;
        let bytes = array.as_binary_opt().cloned();
        bytes.ok_or_else(|| other_type("Binary", array.data_type()))
    }

    #[inline]
    fn read(reader: &BinaryArray, at: usize) -> FieldResult<Self> {
        not_null(reader, at)?;
        Ok(reader.value(at).to_vec())
    }
}

impl ListItem for String {}

impl ListItem for Vec<u8> {}

impl<T: ByteArrayType> ColumnBuilder for GenericByteBuilder<T> {
    #[inline]
    fn append_null(&mut self) {
        Self::append_null(self);
    }

    fn finish(mut self) -> FieldResult<ArrayRef> {
        Ok(Arc::new(Self::finish(&mut self)))
    }
}

/// Fails where the builder of Arrow would panic: its positions have 31 bits.
#[inline]
fn expect_room<T: ByteArrayType>(builder: &GenericByteBuilder<T>, bytes: usize) -> FieldResult<()> {
    if builder.values_slice().len().saturating_add(bytes) > i32::MAX as usize {
        return Err(no_room());
    }
    Ok(())
}

#[cold]
fn no_room() -> FieldError {
    FieldError::new("a column of one batch holds at most 2 GiB: make batches of fewer rows")
}
