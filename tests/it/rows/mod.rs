//! `#[derive(Row)]`: rows through a query into Parquet and back, beside serde's rows, and of any
//! values.

mod both_ways;
mod by_name;
mod parquet;
mod random;

use std::fmt::Debug;

use arrow::array::RecordBatch;
use streamwriter::{Row, RowBuilder};

/// Collects rows into one batch.
pub(crate) fn batch_of<R: Row>(rows: &[R]) -> RecordBatch {
    let mut builder = RowBuilder::with_capacity(rows.len());
    for row in rows {
        builder.push(row).unwrap();
    }
    builder.finish().unwrap()
}

/// Reads the rows of batches.
fn rows_of<R: Row + Debug>(batches: &[RecordBatch]) -> Vec<R> {
    let rows = batches.iter().flat_map(|batch| R::rows_of(batch).unwrap());
    rows.map(Result::unwrap).collect()
}
