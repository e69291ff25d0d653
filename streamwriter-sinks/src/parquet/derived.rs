//! Columns that the row type itself builds.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use streamwriter_core::{BoxError, Result, Row, RowBuilder};

use super::encoding::{Columns, Encoding};

/// Takes rows that derive `Row`.
///
/// The schema is that of the row type. Where a type is both, it is the one that
/// [`ViaSerde`](super::ViaSerde) finds, but for bytes, which serde shows as a list of numbers, and
/// for dates and times, which serde shows as their `Serialize` writes them.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Derived;

impl<R: Row + Send + 'static> Encoding<R> for Derived {
    type Columns = RowBuilder<R>;

    fn schema(&self) -> Result<SchemaRef> {
        Ok(R::schema())
    }

    fn columns(&self) -> Result<RowBuilder<R>> {
        Ok(RowBuilder::with_capacity(0))
    }
}

impl<R: Row> Columns<R> for RowBuilder<R> {
    fn push(&mut self, row: R) -> Result<(), BoxError> {
        Ok(Self::push(self, &row)?)
    }

    fn rows(&self) -> usize {
        Self::rows(self)
    }

    fn take(&mut self) -> Result<RecordBatch, BoxError> {
        Ok(self.finish()?)
    }
}
