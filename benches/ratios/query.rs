//! Whole queries, from start to end, with a durable checkpoint and progress.

use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::prelude::*;

/// How a query is run.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) executors: usize,
    /// The rows of a batch, if they are limited.
    pub(crate) batch_rows: Option<u64>,
}

/// One batch on one executor.
pub(crate) const ONE: Shape = Shape {
    executors: 1,
    batch_rows: None,
};

/// Runs a query to its end; returns how long it took, start and all.
pub(crate) fn run<S, W>(
    directory: &Path,
    source: S,
    sink: W,
    shape: Shape,
    rows: u64,
) -> Result<Duration, BoxError>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    let began = Instant::now();
    let mut query = stream(source)
        .write_to(sink)
        .checkpoint(directory.join("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .executors(shape.executors);
    if let Some(rows) = shape.batch_rows {
        query = query.max_rows_per_batch(rows);
    }
    let summary = query.start()?.await_termination()?;
    let took = began.elapsed();
    if summary.output_rows != rows {
        return Err(format!("{} rows instead of {rows}", summary.output_rows).into());
    }
    Ok(took)
}
