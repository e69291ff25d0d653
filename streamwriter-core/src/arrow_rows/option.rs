//! Values that may be missing.

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;

use super::column::{Column, ColumnBuilder, ListItem};
use super::spec::ColumnType;
use crate::message::FieldResult;

/// A column with nulls.
#[derive(Debug)]
pub struct OptionReader<R> {
    nulls: Option<NullBuffer>,
    values: R,
}

impl<T: Column<As>, As> Column<As> for Option<T> {
    type Builder = T::Builder;
    type Reader = OptionReader<T::Reader>;

    const TYPE: ColumnType = {
        assert!(
            !T::NULLABLE,
            "an Option inside an Option: a column has one kind of null"
        );
        T::TYPE
    };
    const NULLABLE: bool = true;

    fn builder(rows: usize) -> T::Builder {
        T::builder(rows)
    }

    #[inline]
    fn append(value: &Self, builder: &mut T::Builder) -> FieldResult<()> {
        match value {
            Some(value) => T::append(value, builder),
            None => {
                builder.append_null();
                Ok(())
            }
        }
    }

    fn reader(array: &ArrayRef) -> FieldResult<Self::Reader> {
        Ok(OptionReader {
            nulls: array.logical_nulls(),
            values: T::reader(array)?,
        })
    }

    #[inline]
    fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self> {
        match &reader.nulls {
            Some(nulls) if nulls.is_null(at) => Ok(None),
            _ => T::read(&reader.values, at).map(Some),
        }
    }
}

impl<T: Column<As>, As> ListItem<As> for Option<T> {}
