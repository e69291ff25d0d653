//! Bytes of a fixed number.

use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray};
use arrow::buffer::Buffer;

use super::accept::{array_as, other_type};
use super::column::{Column, ColumnBuilder, ListItem, cannot_build, not_null};
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

/// Collects `[u8; N]`.
#[derive(Debug)]
pub struct FixedBytesBuilder<const N: usize> {
    bytes: Vec<u8>,
    valid: NullBufferBuilder,
}

impl<const N: usize> Column for [u8; N] {
    type Builder = FixedBytesBuilder<N>;
    type Reader = FixedSizeBinaryArray;

    const TYPE: ColumnType = ColumnType::FixedSizeBinary({
        assert!(
            N > 0 && N <= i32::MAX as usize,
            "a column of bytes has 1 to 2147483647 bytes per value"
        );
        N as i32
    });

    fn builder(rows: usize) -> FixedBytesBuilder<N> {
        FixedBytesBuilder {
            bytes: Vec::with_capacity(rows.saturating_mul(N)),
            valid: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    fn append(value: &Self, builder: &mut FixedBytesBuilder<N>) -> FieldResult<()> {
        builder.bytes.extend_from_slice(value);
        builder.valid.append_non_null();
        Ok(())
    }

    fn reader(array: &ArrayRef) -> FieldResult<FixedSizeBinaryArray> {
        let array = array_as(array, Self::TYPE)?;
        let bytes = array.as_fixed_size_binary_opt().cloned();
        bytes.ok_or_else(|| other_type("FixedSizeBinary", array.data_type()))
    }

    #[inline]
    fn read(reader: &FixedSizeBinaryArray, at: usize) -> FieldResult<Self> {
        not_null(reader, at)?;
        reader
            .value(at)
            .try_into()
            .map_err(|error| FieldError::new(format!("expected {N} bytes")).with_source(error))
    }
}

impl<const N: usize> ListItem for [u8; N] {}

impl<const N: usize> ColumnBuilder for FixedBytesBuilder<N> {
    #[inline]
    fn append_null(&mut self) {
        self.bytes.extend_from_slice(&[0; N]);
        self.valid.append_null();
    }

    fn finish(mut self) -> FieldResult<ArrayRef> {
        let bytes = Buffer::from_vec(self.bytes);
        let array = FixedSizeBinaryArray::try_new(N as i32, bytes, self.valid.finish());
        Ok(Arc::new(array.map_err(cannot_build)?))
    }
}
