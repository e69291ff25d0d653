//! Columns that are columns already.

use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use streamwriter_core::{BoxError, Result};

use super::encoding::{Columns, Encoding};

/// Takes Arrow record batches of one schema.
///
/// The columns must have the names and types of the schema, in its order; their metadata does not
/// matter. A column that the schema declares as not nullable must hold no nulls. Small batches are
/// put together before they are encoded.
#[derive(Debug)]
pub struct ArrowBatches {
    schema: SchemaRef,
}

impl ArrowBatches {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema }
    }
}

impl Encoding<RecordBatch> for ArrowBatches {
    type Columns = BatchColumns;

    fn schema(&self) -> Result<SchemaRef> {
        Ok(Arc::clone(&self.schema))
    }

    fn columns(&self) -> Result<BatchColumns> {
        Ok(BatchColumns {
            schema: Arc::clone(&self.schema),
            batches: Vec::new(),
        })
    }
}

/// The columns of [`ArrowBatches`].
#[derive(Debug)]
pub struct BatchColumns {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Columns<RecordBatch> for BatchColumns {
    fn push(&mut self, row: RecordBatch) -> Result<(), BoxError> {
        expect_columns(&self.schema, &row)?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), row.columns().to_vec())?;
        if batch.num_rows() > 0 {
            self.batches.push(batch);
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn take(&mut self) -> Result<RecordBatch, BoxError> {
        let batches = std::mem::take(&mut self.batches);
        match batches.as_slice() {
            [single] => Ok(single.clone()),
            several => Ok(concat_batches(&self.schema, several)?),
        }
    }
}

/// Names every column that differs.
fn expect_columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<(), BoxError> {
    let found = batch.schema();
    let mut differences = Vec::new();
    for at in 0..schema.fields().len().max(found.fields().len()) {
        match (schema.fields().get(at), found.fields().get(at)) {
            (Some(expected), Some(found)) => {
                let same =
                    expected.name() == found.name() && expected.data_type() == found.data_type();
                if !same {
                    differences.push(format!(
                        "column {at} is `{}` {} instead of `{}` {}",
                        found.name(),
                        found.data_type(),
                        expected.name(),
                        expected.data_type()
                    ));
                }
            }
            (Some(expected), None) => differences.push(format!(
                "column {at} `{}` {} is missing",
                expected.name(),
                expected.data_type()
            )),
            (None, Some(found)) => differences.push(format!(
                "column {at} `{}` {} is not in the schema",
                found.name(),
                found.data_type()
            )),
            (None, None) => {}
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(format!("the batch has another schema: {}", differences.join(", ")).into())
    }
}
