//! A source of the numbers 0, 1, 2, … that is cut, and fails, as a test asks.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::context::TaskContext;
use crate::error::BoxError;
use crate::gathered::{Gathered, Measure};
use crate::ids::BatchId;
use crate::source::{Plan, PlanLimits, ReadCounts, Replay, RowReader, Source};

/// Runs in front of each number that is read; its error is the source's (W8).
type BeforeRow = dyn Fn(u64, &TaskContext) -> Result<(), BoxError> + Send + Sync;

/// The numbers 0, 1, 2, … as a scripted [`Source`]: every batch of the same size, cut into the same
/// number of partitions. Clones share what was observed. It counts the rows that wait.
///
/// ```
/// use streamwriter_core::testing::{Numbers, Pretend, read_partition};
/// use streamwriter_core::{PlanLimits, Source};
///
/// # fn main() -> Result<(), streamwriter_core::BoxError> {
/// let source = Numbers::new(25).per_batch(10).partitions(2);
/// let plan = source.plan(None, &PlanLimits::unbounded(1))?.ok_or("there are numbers")?;
/// let task = Pretend::default().task();
/// assert_eq!(read_partition(&source, &plan.partitions[1], &task)?, [5, 6, 7, 8, 9]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a source does nothing until a query reads it"]
pub struct Numbers {
    available: Arc<AtomicU64>,
    per_batch: u64,
    partitions: u64,
    empty_batches: u64,
    replay: Replay,
    description: String,
    before_row: Option<Arc<BeforeRow>>,
    told: Arc<Mutex<Vec<u64>>>,
    rows_read: Arc<AtomicU64>,
}

impl Numbers {
    /// Makes a source of so many numbers, ten a batch, in two partitions.
    pub fn new(available: u64) -> Self {
        Self {
            available: Arc::new(AtomicU64::new(available)),
            per_batch: 10,
            partitions: 2,
            empty_batches: 0,
            replay: Replay::Replayable,
            description: "numbers".to_owned(),
            before_row: None,
            told: Arc::default(),
            rows_read: Arc::default(),
        }
    }

    /// Sets how many numbers a batch holds; the last one may hold fewer.
    pub fn per_batch(mut self, rows: u64) -> Self {
        self.per_batch = rows.max(1);
        self
    }

    /// Sets how many partitions a batch has; some are empty if it holds fewer numbers.
    pub fn partitions(mut self, partitions: u64) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// Begins with so many batches that have no partitions at all (B4).
    pub fn empty_batches(mut self, batches: u64) -> Self {
        self.empty_batches = batches;
        self
    }

    /// Sets whether the numbers can be read again after a crash (S2); they can by default.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// Sets what the source calls itself; the checkpoint remembers it (E6).
    pub fn described_as(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Fails in front of this number, so many times, and lets it pass afterwards.
    pub fn failing_at(self, number: u64, times: u64) -> Self {
        let left = AtomicU64::new(times);
        self.before_each_row(move |next, _| {
            let strikes = next == number
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                    .is_ok();
            if strikes {
                return Err(format!("no row in front of {number}").into());
            }
            Ok(())
        })
    }

    /// Asks a closure in front of each number, on the executor that reads it; its error is the
    /// source's error.
    pub fn before_each_row(
        mut self,
        ask: impl Fn(u64, &TaskContext) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.before_row = Some(Arc::new(ask));
        self
    }

    /// Makes more numbers available, as if they had just arrived.
    pub fn extend_to(&self, available: u64) {
        self.available.fetch_max(available, Ordering::SeqCst);
    }

    /// Returns the batches of which the source was told that they are done, in order (S1).
    #[must_use]
    pub fn told(&self) -> Vec<u64> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns how many numbers a batch holds.
    #[must_use]
    pub fn rows_per_batch(&self) -> u64 {
        self.per_batch
    }

    /// Returns how many numbers were read in all, by every attempt.
    #[must_use]
    pub fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::SeqCst)
    }

    fn rows_max(&self, limits: &PlanLimits) -> u64 {
        limits.rows.unwrap_or(self.per_batch).min(self.per_batch)
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers")
            .field("available", &self.available)
            .field("per_batch", &self.per_batch)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

/// A position among the [`Numbers`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumbersOffset {
    next: u64,
    empty: u64,
}

impl NumbersOffset {
    /// Returns the first number behind it.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }
}

/// One partition of [`Numbers`]: from a number to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumbersPartition {
    from: u64,
    to: u64,
}

impl Source for Numbers {
    type Row = u64;
    type Offset = NumbersOffset;
    type Partition = NumbersPartition;
    type Reader<'a> = NumbersReader<'a>;

    fn description(&self) -> String {
        self.description.clone()
    }

    fn replay(&self) -> Replay {
        self.replay
    }

    fn measures(&self) -> &'static [Measure] {
        &[Measure::Rows]
    }

    fn gathered(
        &self,
        start: Option<&NumbersOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        let start = start.copied().unwrap_or_default();
        let available = self.available.load(Ordering::SeqCst);
        let rows = available.saturating_sub(start.next);
        // A batch without rows waits for none.
        let full = start.empty < self.empty_batches || rows >= self.rows_max(limits);
        Ok(Gathered::default().with_rows(rows).with_full(full))
    }

    fn plan(
        &self,
        start: Option<&NumbersOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<NumbersOffset, NumbersPartition>>, BoxError> {
        let start = start.copied().unwrap_or_default();
        if start.empty < self.empty_batches {
            let end = NumbersOffset {
                empty: start.empty + 1,
                ..start
            };
            return Ok(Some(Plan {
                end,
                partitions: Vec::new(),
                rows: Some(0),
            }));
        }
        let available = self.available.load(Ordering::SeqCst);
        let end = start.next.saturating_add(self.rows_max(limits));
        let end = end.min(available);
        if end <= start.next {
            return Ok(None);
        }
        let rows = end - start.next;
        // Written so that no product overflows, however many numbers there are.
        let cut = |part: u64| {
            let share = u128::from(rows) * u128::from(part) / u128::from(self.partitions);
            start.next + u64::try_from(share).unwrap_or(rows)
        };
        let partitions = (0..self.partitions)
            .map(|part| NumbersPartition {
                from: cut(part),
                to: cut(part + 1),
            })
            .collect();
        Ok(Some(Plan {
            end: NumbersOffset { next: end, ..start },
            partitions,
            rows: Some(rows),
        }))
    }

    fn open<'a>(
        &'a self,
        partition: &'a NumbersPartition,
        task: &'a TaskContext,
    ) -> Result<NumbersReader<'a>, BoxError> {
        Ok(NumbersReader {
            source: self,
            task,
            next: partition.from,
            to: partition.to,
            read: 0,
        })
    }

    fn committed(
        &self,
        batch: BatchId,
        _: &Plan<NumbersOffset, NumbersPartition>,
    ) -> Result<(), BoxError> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(batch.get());
        Ok(())
    }
}

/// Reads one partition of [`Numbers`].
#[derive(Debug)]
pub struct NumbersReader<'a> {
    source: &'a Numbers,
    task: &'a TaskContext,
    next: u64,
    to: u64,
    read: u64,
}

impl RowReader for NumbersReader<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        if self.next == self.to {
            return None;
        }
        let number = self.next;
        if let Some(before_row) = &self.source.before_row
            && let Err(error) = before_row(number, self.task)
        {
            return Some(Err(error));
        }
        self.next += 1;
        self.read += 1;
        self.source.rows_read.fetch_add(1, Ordering::SeqCst);
        Some(Ok(number))
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(ReadCounts::new(self.read, self.read.saturating_mul(8)))
    }
}
