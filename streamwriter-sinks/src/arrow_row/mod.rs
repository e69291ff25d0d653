//! Rows of Arrow record batches as serde sees them: for sinks that write text.

mod column;
mod printed;
mod row;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use streamwriter_core::{BatchDecoder, Error, ErrorKind, Result};

use column::Column;

pub use row::{ArrowRow, ArrowRowsOfBatch};

/// Makes an [`ArrowRow`] of each row of a record batch.
#[derive(Clone, Copy, Debug)]
pub struct ArrowRows;

impl BatchDecoder for ArrowRows {
    type Row = ArrowRow;
    type Rows = ArrowRowsOfBatch;

    /// Refuses columns that have no text, such as unions, and names that are there twice.
    fn check(schema: &SchemaRef) -> Result<()> {
        for (place, field) in schema.fields().iter().enumerate() {
            let name = field.name();
            if let Err(without_text) = column::expect_text(name, field.data_type()) {
                let message = format!("a row has no text: {without_text}");
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("leave the column out, or cast it")
                    .permanent());
            }
            let mut before = schema.fields().iter().take(place);
            if before.any(|other| other.name() == name) {
                let message = format!("the schema has two columns `{name}`");
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("rename one of them")
                    .permanent());
            }
        }
        Ok(())
    }

    fn rows(batch: RecordBatch) -> Result<ArrowRowsOfBatch> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, array)| {
            let column = Column::of(field.name(), array).map_err(|error| {
                let message = format!("column `{}` has a value without a text", field.name());
                Error::new(ErrorKind::Row, message)
                    .with_source(error)
                    .permanent()
            })?;
            Ok((field.name().clone(), column))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(ArrowRowsOfBatch::new(Arc::new(columns), batch.num_rows()))
    }
}
