//! What the type of a field must be able to do.

use std::sync::Arc;

use arrow::array::builder::PrimitiveBuilder;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow::error::ArrowError;

use super::encoding::Plain;
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

/// A type whose values make up a column.
///
/// It is implemented for the types in the table of [`Row`](crate::Row), and by
/// `#[derive(Row)]` for your own structs, enums without data, and structs of one unnamed field.
/// `As` says how, where there is a choice: see [`column_encoding`](crate::column_encoding).
/// Any other type becomes a column by a [`ColumnCodec`](crate::ColumnCodec).
///
/// A type parameter of a row needs `T: Column`, which the derive adds by itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a column of a row ({As})",
    label = "not a column type",
    note = "derive Row for a struct, for an enum without data, or for a struct of one unnamed field; anything else becomes a column with `#[row(with = Codec)]`",
    note = "`unit` is for dates with times, times, instants and durations, `decimal` for i128 and i64"
)]
pub trait Column<As = Plain>: Sized {
    /// Collects the values.
    type Builder: ColumnBuilder;

    /// A column that holds values of this type, checked.
    type Reader;

    /// The type of the column.
    const TYPE: ColumnType;

    /// Whether the column may hold nulls: of `Option` only.
    const NULLABLE: bool = false;

    /// Makes an empty builder with room for as many values.
    fn builder(rows: usize) -> Self::Builder;

    /// Appends a value to the column.
    ///
    /// # Errors
    /// The column cannot hold the value, for example a time that is out of the range of its unit.
    /// The builder is not used any more then.
    fn append(value: &Self, builder: &mut Self::Builder) -> FieldResult<()>;

    /// Checks that the array holds values of this type.
    ///
    /// # Errors
    /// The array has another type; what was expected and what was found.
    fn reader(array: &ArrayRef) -> FieldResult<Self::Reader>;

    /// Reads the value at an index that is within the array.
    ///
    /// # Errors
    /// The value is null, or none of this type.
    fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self>;
}

/// Collects the values of a column.
pub trait ColumnBuilder {
    /// Appends a null.
    fn append_null(&mut self);

    /// Returns the column.
    ///
    /// # Errors
    /// The columns inside are not equally long, after an error of an append.
    fn finish(self) -> FieldResult<ArrayRef>;
}

/// A type of which a `Vec` is a list.
///
/// That is every [`Column`] but `u8`: a `Vec<u8>` is bytes. The derive implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a column of a row ({As})",
    label = "not a column type",
    note = "derive Row for a struct, for an enum without data, or for a struct of one unnamed field; anything else becomes a column with `#[row(with = Codec)]`",
    note = "`unit` is for dates with times, times, instants and durations, `decimal` for i128 and i64"
)]
pub trait ListItem<As = Plain>: Column<As> {}

impl<T: ArrowPrimitiveType> ColumnBuilder for PrimitiveBuilder<T> {
    #[inline]
    fn append_null(&mut self) {
        Self::append_null(self);
    }

    fn finish(mut self) -> FieldResult<ArrayRef> {
        Ok(Arc::new(Self::finish(&mut self)))
    }
}

/// Returns the value unless there is a null.
#[inline]
pub(super) fn not_null(array: &impl Array, at: usize) -> FieldResult<()> {
    if array.is_null(at) {
        return Err(null_found());
    }
    Ok(())
}

#[cold]
pub(super) fn null_found() -> FieldError {
    FieldError::new("expected a value, found null: make the field an `Option`")
}

pub(super) fn cannot_build(error: ArrowError) -> FieldError {
    FieldError::new("the values do not make a column").with_source(error)
}
