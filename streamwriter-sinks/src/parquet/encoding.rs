//! How rows become columns: the seam between the sink and its strategies.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use streamwriter_core::{BoxError, Result};

/// Turns rows of one type into the columns of a Parquet file.
///
/// The strategy is a type of its own, so that another one can be added without a clash:
/// [`ViaSerde`](super::ViaSerde), [`Derived`](super::Derived) and
/// [`ArrowBatches`](super::ArrowBatches) are there.
#[diagnostic::on_unimplemented(
    message = "rows of type `{R}` cannot become Parquet columns by `{Self}`",
    note = "`ParquetSink::new` takes rows that derive `Serialize` and `Deserialize`",
    note = "`ParquetSink::rows` takes rows that derive `Row`",
    note = "`ParquetSink::arrow` takes Arrow `RecordBatch`es"
)]
pub trait Encoding<R>: Send + Sync + 'static {
    /// What collects the rows of one task.
    type Columns: Columns<R>;

    /// Returns the schema of the files.
    ///
    /// Called at the start of the query and by every task.
    ///
    /// # Errors
    /// [`Config`](streamwriter_core::ErrorKind::Config) if the row type has no schema.
    fn schema(&self) -> Result<SchemaRef>;

    /// Begins to collect the rows of one task.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    fn columns(&self) -> Result<Self::Columns>;
}

/// Collects rows as columns; one per task attempt.
pub trait Columns<R> {
    /// Adds a row.
    ///
    /// # Errors
    /// Why the row does not fit. What was collected is not used any more then.
    fn push(&mut self, row: R) -> Result<(), BoxError>;

    /// Returns how many rows of the table were collected since the last [`take`](Self::take).
    fn rows(&self) -> usize;

    /// Returns what was collected, in the schema of the encoding, and begins anew.
    ///
    /// # Errors
    /// Why the rows do not become columns.
    fn take(&mut self) -> Result<RecordBatch, BoxError>;
}
