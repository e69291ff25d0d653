//! Positions among rows that are handed over once, and how they are read.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use streamwriter_core::{BoxError, RowReader};

/// How many rows were planned since the stream began, in all runs of the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnceOffset {
    pub(super) rows: u64,
}

/// The rows of one partition: from the number `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OncePartition {
    pub(super) first: u64,
    pub(super) end: u64,
}

/// Hands out copies of the rows of one partition.
pub struct OnceReader<R> {
    batch: Arc<[R]>,
    next: usize,
    end: usize,
}

impl<R> OnceReader<R> {
    pub(super) fn new(batch: Arc<[R]>, next: usize, end: usize) -> Self {
        Self { batch, next, end }
    }
}

impl<R: Clone + Send + Sync> RowReader for OnceReader<R> {
    type Row = R;

    #[inline]
    fn next_row(&mut self) -> Option<Result<R, BoxError>> {
        let row = self.batch.get(self.next..self.end)?.first()?;
        self.next += 1;
        Some(Ok(row.clone()))
    }
}

impl<R> fmt::Debug for OnceReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceReader")
            .field("left", &self.end.saturating_sub(self.next))
            .finish_non_exhaustive()
    }
}
