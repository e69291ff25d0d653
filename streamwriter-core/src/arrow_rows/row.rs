//! Rows of a batch.

use std::any::type_name;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StructArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::column::{Column, ColumnBuilder};
use super::spec::{ColumnSpec, fields};
use crate::error::{Error, ErrorKind, Result};
use crate::message::{FieldError, FieldResult};

/// A struct whose fields are the columns of a table: `#[derive(Row)]`.
///
/// The derive implements it; there is no reason to do so by hand. Collect rows with a
/// [`RowBuilder`], and read them back with [`rows_of`](Self::rows_of).
///
#[doc = include_str!("types.md")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row with columns",
    label = "not a row",
    note = "add `#[derive(Row)]` to the struct `{Self}`"
)]
pub trait Row: Column {
    /// The schema as a constant.
    const COLUMNS: &'static [ColumnSpec];

    /// Returns the schema as Arrow describes it.
    #[must_use]
    fn schema() -> SchemaRef {
        Arc::new(Schema::new(fields(Self::COLUMNS)))
    }

    /// Reads the rows of a batch.
    ///
    /// The columns are found by their names and may stand in any order, with others beside them.
    /// They must have the types of the schema; text and bytes may also be large, views or
    /// dictionaries, lists large or of a fixed size, and instants may be shown in another zone.
    /// What the batch declares as nullable may be read into a field that is no `Option`, as long
    /// as no value is null.
    ///
    /// The memory is shared with the batch. Each call begins with the first row.
    ///
    /// # Errors
    /// [`Row`](ErrorKind::Row), naming the column: it is missing, of another type, or holds a
    /// null where the field is no `Option`.
    fn rows_of(batch: &RecordBatch) -> Result<RecordBatchRows<Self>> {
        let array: ArrayRef = Arc::new(StructArray::from(batch.clone()));
        let reader = Self::reader(&array).map_err(|error| {
            let row = type_name::<Self>();
            bad(
                &format!("the batch does not hold rows of type `{row}`: {error}"),
                error,
            )
        })?;
        Ok(RecordBatchRows {
            reader,
            next: 0,
            rows: batch.num_rows(),
        })
    }
}

/// The rows of a batch, from [`Row::rows_of`].
///
/// A row that cannot be read is an error of kind [`Row`](ErrorKind::Row) that names its number and
/// column; the rows after it can still be read.
pub struct RecordBatchRows<R: Row> {
    reader: R::Reader,
    next: usize,
    rows: usize,
}

impl<R: Row> Iterator for RecordBatchRows<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        if self.next == self.rows {
            return None;
        }
        let at = self.next;
        self.next += 1;
        Some(R::read(&self.reader, at).map_err(|error| {
            bad(
                &format!("row {at} of the batch cannot be read: {error}"),
                error,
            )
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows - self.next;
        (left, Some(left))
    }
}

impl<R: Row> ExactSizeIterator for RecordBatchRows<R> {}

impl<R: Row> FusedIterator for RecordBatchRows<R> {}

impl<R: Row> fmt::Debug for RecordBatchRows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBatchRows")
            .field("next", &self.next)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

fn bad(message: &str, error: FieldError) -> Error {
    Error::new(ErrorKind::Row, message)
        .with_source(error)
        .permanent()
}

/// Collects rows as columns.
///
/// Memory: the columns of the rows since the last [`finish`](Self::finish).
pub struct RowBuilder<R: Row> {
    schema: SchemaRef,
    columns: R::Builder,
    rows: usize,
    /// A row stands in some of the columns only.
    torn: bool,
}

impl<R: Row> RowBuilder<R> {
    /// Makes an empty builder with room for as many rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            schema: R::schema(),
            columns: R::builder(rows),
            rows: 0,
            torn: false,
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Which field cannot stand in its column, and why. Every later call fails too, for a row may
    /// stand in some of its columns by then: make a new builder.
    #[inline]
    pub fn push(&mut self, row: &R) -> FieldResult<()> {
        if self.torn {
            return Err(torn());
        }
        self.torn = true;
        R::append(row, &mut self.columns)?;
        self.torn = false;
        self.rows += 1;
        Ok(())
    }

    /// Returns how many rows were added since the last [`finish`](Self::finish).
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the rows as a batch and begins anew, with room for as many.
    ///
    /// Without rows the batch is empty.
    ///
    /// # Errors
    /// A [`push`](Self::push) has failed.
    pub fn finish(&mut self) -> FieldResult<RecordBatch> {
        if self.torn {
            return Err(torn());
        }
        let columns = std::mem::replace(&mut self.columns, R::builder(self.rows));
        self.rows = 0;
        let array = columns.finish()?;
        let columns = array.as_struct_opt().map_or(&[][..], StructArray::columns);
        RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec())
            .map_err(super::column::cannot_build)
    }
}

impl<R: Row> fmt::Debug for RowBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowBuilder")
            .field("row", &type_name::<R>())
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cold]
fn torn() -> FieldError {
    FieldError::new("a row before this one did not fit into its columns")
}
