//! Values behind a pointer.

use arrow::array::ArrayRef;

use super::column::{Column, ListItem};
use super::spec::ColumnType;
use crate::message::FieldResult;

impl<T: Column<As>, As> Column<As> for Box<T> {
    type Builder = T::Builder;
    type Reader = T::Reader;

    const TYPE: ColumnType = T::TYPE;
    const NULLABLE: bool = T::NULLABLE;

    fn builder(rows: usize) -> T::Builder {
        T::builder(rows)
    }

    #[inline]
    fn append(value: &Self, builder: &mut T::Builder) -> FieldResult<()> {
        T::append(value, builder)
    }

    fn reader(array: &ArrayRef) -> FieldResult<T::Reader> {
        T::reader(array)
    }

    #[inline]
    fn read(reader: &T::Reader, at: usize) -> FieldResult<Self> {
        T::read(reader, at).map(Box::new)
    }
}

impl<T: Column<As>, As> ListItem<As> for Box<T> {}
