//! A source of the numbers 0, 1, 2, … cut into batches and partitions as a test asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use streamwriter::{
    BatchId, BoxError, Plan, PlanLimits, ReadCounts, Replay, RowReader, Source, TaskContext,
};

#[derive(Clone)]
pub(crate) struct Numbers {
    /// How many numbers there are; grows when a test says so.
    pub(crate) available: Arc<AtomicU64>,
    pub(crate) per_batch: u64,
    pub(crate) partitions: u64,
    pub(crate) replay: Replay,
    pub(crate) description: String,
    /// Partitions that hold this number fail in front of it, as often as the counter says.
    pub(crate) fail_at: Option<(u64, Arc<AtomicU64>)>,
    /// Batches the source was told of, in order (S1).
    pub(crate) told: Arc<Mutex<Vec<u64>>>,
    /// How many rows were read in all, to show that a replay reads none (E3).
    pub(crate) rows_read: Arc<AtomicU64>,
    /// Plans an empty batch at this offset (B4).
    pub(crate) empty_batches: u64,
}

#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Offset {
    next: u64,
    empty: u64,
}

impl Offset {
    /// The first number that is not planned.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Range {
    from: u64,
    to: u64,
}

impl Numbers {
    pub(crate) fn new(available: u64) -> Self {
        Self {
            available: Arc::new(AtomicU64::new(available)),
            per_batch: 10,
            partitions: 2,
            replay: Replay::Replayable,
            description: "numbers".to_owned(),
            fail_at: None,
            told: Arc::default(),
            rows_read: Arc::default(),
            empty_batches: 0,
        }
    }

    pub(crate) fn per_batch(mut self, rows: u64) -> Self {
        self.per_batch = rows;
        self
    }

    pub(crate) fn partitions(mut self, partitions: u64) -> Self {
        self.partitions = partitions;
        self
    }

    pub(crate) fn failing_at(mut self, number: u64, times: u64) -> Self {
        self.fail_at = Some((number, Arc::new(AtomicU64::new(times))));
        self
    }
}

impl Source for Numbers {
    type Row = u64;
    type Offset = Offset;
    type Partition = Range;
    type Reader<'a> = Reader<'a>;

    fn description(&self) -> String {
        self.description.clone()
    }

    fn replay(&self) -> Replay {
        self.replay
    }

    fn plan(
        &self,
        start: Option<&Offset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<Offset, Range>>, BoxError> {
        let start = start.cloned().unwrap_or(Offset { next: 0, empty: 0 });
        if start.empty < self.empty_batches {
            let end = Offset {
                empty: start.empty + 1,
                ..start
            };
            return Ok(Some(Plan {
                end,
                partitions: Vec::new(),
                rows: Some(0),
            }));
        }
        let rows = limits.rows.unwrap_or(self.per_batch).min(self.per_batch);
        let end = (start.next + rows).min(self.available.load(Ordering::SeqCst));
        if end == start.next {
            return Ok(None);
        }
        let size = end - start.next;
        let cut = |part: u64| {
            start.next + (u128::from(size) * u128::from(part) / u128::from(self.partitions)) as u64
        };
        let partitions = (0..self.partitions)
            .map(|p| Range {
                from: cut(p),
                to: cut(p + 1),
            })
            .collect();
        let rows = Some(end - start.next);
        Ok(Some(Plan {
            end: Offset { next: end, ..start },
            partitions,
            rows,
        }))
    }

    fn open<'a>(
        &'a self,
        partition: &'a Range,
        _task: &'a TaskContext,
    ) -> Result<Reader<'a>, BoxError> {
        Ok(Reader {
            source: self,
            next: partition.from,
            to: partition.to,
            read: 0,
        })
    }

    fn committed(&self, batch: BatchId, _plan: &Plan<Offset, Range>) -> Result<(), BoxError> {
        self.told.lock().unwrap().push(batch.get());
        Ok(())
    }
}

pub(crate) struct Reader<'a> {
    source: &'a Numbers,
    next: u64,
    to: u64,
    read: u64,
}

impl RowReader for Reader<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        if self.next == self.to {
            return None;
        }
        if let Some((number, times)) = &self.source.fail_at
            && *number == self.next
            && times
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_ok()
        {
            return Some(Err(format!("no row in front of {number}").into()));
        }
        self.next += 1;
        self.read += 1;
        self.source.rows_read.fetch_add(1, Ordering::SeqCst);
        Some(Ok(self.next - 1))
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(ReadCounts::new(self.read, self.read * 8))
    }
}
