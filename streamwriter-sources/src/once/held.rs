//! The rows of the batches that are planned and not committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamwriter_core::{Error, ErrorKind, Plan, Result};

use super::reader::{OnceOffset, OncePartition, OnceReader};
use crate::plain::ranges;

/// Batches by the number of their first row, none of them empty.
#[derive(Debug)]
pub(super) struct Held<R> {
    batches: BTreeMap<u64, Batch<R>>,
}

#[derive(Debug)]
struct Batch<R> {
    rows: Arc<[R]>,
    /// Whether a task has had some of them, so that they may have left by now.
    opened: bool,
}

impl<R> Batch<R> {
    fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}

impl<R> Default for Held<R> {
    fn default() -> Self {
        Self {
            batches: BTreeMap::new(),
        }
    }
}

impl<R> Held<R> {
    /// Returns the rows that were planned at this place before and whose plan came to nothing.
    ///
    /// A plan that did not reach the journal is made again from the same place, and its rows are
    /// still there: they must not be skipped.
    pub(super) fn planned_at(&self, first: u64) -> Option<u64> {
        self.batches.get(&first).map(Batch::count)
    }

    /// Keeps the rows of a new batch.
    pub(super) fn keep(&mut self, first: u64, rows: Vec<R>) {
        let rows = rows.into();
        let opened = false;
        self.batches.insert(first, Batch { rows, opened });
    }

    /// Forgets the batches that begin before this row; returns how many rows they had.
    pub(super) fn forget_before(&mut self, end: u64) -> u64 {
        let rest = self.batches.split_off(&end);
        let gone = std::mem::replace(&mut self.batches, rest);
        gone.values().map(Batch::count).sum()
    }

    /// Forgets all batches but the one that begins at this row and that no task has had anything of;
    /// returns how many rows they had.
    pub(super) fn forget_all_but(&mut self, first: u64) -> u64 {
        let is_whole = self.batches.get(&first).is_some_and(|batch| !batch.opened);
        let kept = is_whole.then(|| self.batches.remove(&first)).flatten();
        let gone = self.forget_before(u64::MAX);
        self.batches.extend(kept.map(|batch| (first, batch)));
        gone
    }

    pub(super) fn open(&mut self, partition: &OncePartition) -> Result<OnceReader<R>> {
        let found = self.batches.range_mut(..=partition.first).next_back();
        let rows = found.and_then(|(first, batch)| {
            let next = usize::try_from(partition.first - first).ok()?;
            let end = usize::try_from(partition.end.checked_sub(*first)?).ok()?;
            batch.opened = true;
            let rows = Arc::clone(&batch.rows);
            (end <= rows.len()).then(|| OnceReader::new(rows, next, end))
        });
        rows.ok_or_else(|| {
            Error::new(
                ErrorKind::Source,
                format!(
                    "the rows {} to {} were handed over to an earlier process",
                    partition.first, partition.end
                ),
            )
            .permanent()
        })
    }
}

/// Plans a batch of so many rows.
pub(super) fn plan(first: u64, rows: u64, partitions: usize) -> Plan<OnceOffset, OncePartition> {
    let end = first + rows;
    Plan {
        end: OnceOffset { rows: end },
        partitions: ranges(first, end, partitions)
            .map(|(first, end)| OncePartition { first, end })
            .collect(),
        rows: Some(rows),
    }
}
