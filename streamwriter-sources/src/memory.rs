//! Values of the program itself as a source.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use streamwriter_core::{
    BoxError, Error, ErrorKind, Gathered, Measure, Plan, PlanLimits, Result, RowReader, Source,
    SourceContext, TaskContext,
};

use crate::plain::{config, ranges};

/// Rows that the program holds in memory, for tests, examples and small inputs.
///
/// A clone is a handle to the same rows: [`push`](Self::push) adds some while a query runs. All
/// rows stay in memory. A position counts rows from the beginning, so after a restart the stream
/// goes on as long as the program offers the same rows again, in the same order; a checkpoint that
/// has read more rows than there are is refused.
///
/// A bound on the rows of a batch is exact; bounds on bytes and files do not apply.
///
/// ```
/// use streamwriter_core::testing::{Pretend, read_partition};
/// use streamwriter_core::{BoxError, PlanLimits, Source};
/// use streamwriter_sources::Memory;
///
/// # fn main() -> Result<(), BoxError> {
/// let source = Memory::new(["a", "b"]);
/// let handle = source.clone();
/// handle.push(["c"]);
///
/// let plan = source.plan(None, &PlanLimits::unbounded(4))?.ok_or("nothing there")?;
/// let task = Pretend::default().task();
/// assert_eq!(read_partition(&source, &plan.partitions[0], &task)?, ["a", "b", "c"]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a source does nothing until a query reads it"]
pub struct Memory<R> {
    rows: Arc<RwLock<Rows<R>>>,
    partitions: usize,
    frozen: Mutex<Option<u64>>,
}

/// The rows, in the pieces in which they were given; a reader holds the pieces it needs.
struct Rows<R> {
    pieces: Vec<Arc<[R]>>,
    count: u64,
}

impl<R> Memory<R> {
    /// Takes the first rows.
    pub fn new(rows: impl IntoIterator<Item = R>) -> Self {
        let memory = Self {
            rows: Arc::new(RwLock::new(Rows {
                pieces: Vec::new(),
                count: 0,
            })),
            partitions: 1,
            frozen: Mutex::default(),
        };
        memory.push(rows);
        memory
    }

    /// Adds rows to the end of the stream; a running query finds them with its next batch.
    pub fn push(&self, rows: impl IntoIterator<Item = R>) {
        let piece: Arc<[R]> = rows.into_iter().collect();
        if piece.is_empty() {
            return;
        }
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.count += piece.len() as u64;
        rows.pieces.push(piece);
    }

    /// Sets into how many partitions a batch is cut; the default is 1, and 0 is refused at the
    /// start.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    fn count(&self) -> u64 {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.count
    }

    /// Returns the first row that is not planned, and the one behind the last that may be.
    fn open_rows(&self, start: Option<&MemoryOffset>) -> Result<(u64, u64)> {
        let first = start.map_or(0, |start| start.rows);
        let there = self.count();
        if first > there {
            return Err(fewer(there, first));
        }
        let frozen = *self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((first, frozen.map_or(there, |frozen| frozen.min(there))))
    }
}

impl<R> Clone for Memory<R> {
    fn clone(&self) -> Self {
        Self {
            rows: Arc::clone(&self.rows),
            partitions: self.partitions,
            frozen: Mutex::default(),
        }
    }
}

impl<R> fmt::Debug for Memory<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("rows", &self.count())
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

/// How many rows of a [`Memory`] have been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryOffset {
    rows: u64,
}

/// The rows of one partition: from the number `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryPartition {
    first: u64,
    end: u64,
}

impl<R: Clone + Send + Sync + 'static> Source for Memory<R> {
    type Row = R;
    type Offset = MemoryOffset;
    type Partition = MemoryPartition;
    type Reader<'a> = MemoryReader<R>;

    fn description(&self) -> String {
        "memory".to_owned()
    }

    fn start(&self, _: &SourceContext) -> Result<(), BoxError> {
        if self.partitions == 0 {
            return Err(config("0 partitions hold no rows", "write `.partitions(1)`").into());
        }
        Ok(())
    }

    fn freeze(&self) -> Result<(), BoxError> {
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.count());
        Ok(())
    }

    fn measures(&self) -> &'static [Measure] {
        &[Measure::Rows]
    }

    fn gathered(
        &self,
        start: Option<&MemoryOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        let (first, there) = self.open_rows(start)?;
        let rows = there.saturating_sub(first);
        let full = limits.rows.is_some_and(|most| rows >= most);
        Ok(Gathered::default().with_rows(rows).with_full(full))
    }

    fn plan(
        &self,
        start: Option<&MemoryOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<MemoryOffset, MemoryPartition>>, BoxError> {
        let (first, there) = self.open_rows(start)?;
        let rows = limits.rows.map_or(u64::MAX, |rows| rows.max(1));
        let end = there.min(first.saturating_add(rows));
        if end <= first {
            return Ok(None);
        }
        Ok(Some(Plan {
            end: MemoryOffset { rows: end },
            partitions: ranges(first, end, self.partitions)
                .map(|(first, end)| MemoryPartition { first, end })
                .collect(),
            rows: Some(end - first),
        }))
    }

    fn open<'a>(
        &'a self,
        partition: &'a MemoryPartition,
        _: &'a TaskContext,
    ) -> Result<MemoryReader<R>, BoxError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if partition.end > rows.count {
            return Err(fewer(rows.count, partition.end).into());
        }
        let mut skip = partition.first;
        let mut pieces = rows.pieces.iter();
        let mut wanted = Vec::new();
        for piece in pieces.by_ref() {
            match skip.checked_sub(piece.len() as u64) {
                Some(rest) => skip = rest,
                None => {
                    wanted.push(Arc::clone(piece));
                    break;
                }
            }
        }
        let left = partition.end.saturating_sub(partition.first);
        let mut found = wanted.first().map_or(0, |piece| piece.len() as u64) - skip;
        for piece in pieces {
            if found >= left {
                break;
            }
            found += piece.len() as u64;
            wanted.push(Arc::clone(piece));
        }
        Ok(MemoryReader {
            pieces: wanted,
            piece: 0,
            index: skip as usize,
            left,
        })
    }
}

fn fewer(there: u64, read: u64) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        format!(
            "the memory source holds fewer rows than the checkpoint has read: {there} of {read}"
        ),
    )
    .with_help("offer the same rows again, or start anew with a new checkpoint")
    .permanent()
}

/// Hands out the rows of one partition.
pub struct MemoryReader<R> {
    pieces: Vec<Arc<[R]>>,
    piece: usize,
    index: usize,
    left: u64,
}

impl<R: Clone + Send + Sync> RowReader for MemoryReader<R> {
    type Row = R;

    #[inline]
    fn next_row(&mut self) -> Option<Result<R, BoxError>> {
        self.left = self.left.checked_sub(1)?;
        loop {
            let piece = self.pieces.get(self.piece)?;
            if let Some(row) = piece.get(self.index) {
                self.index += 1;
                return Some(Ok(row.clone()));
            }
            self.piece += 1;
            self.index = 0;
        }
    }
}

impl<R> fmt::Debug for MemoryReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReader")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use streamwriter_core::QueryId;
    use streamwriter_core::testing::{Pretend, read_partition};

    use super::*;

    proptest! {
        #[test]
        fn rows_are_read_once_each_and_in_order(
            pieces in prop::collection::vec(0..9_u32, 0..8),
            rows_max in prop::option::of(1..12_u64),
            partitions in 1..5_usize,
        ) {
            let source = Memory::new([]).partitions(partitions);
            let mut limits = PlanLimits::unbounded(1);
            limits.rows = rows_max;
            let task = Pretend::default().task();
            let (mut next, mut found, mut start) = (0_u32, Vec::new(), None);
            for piece in pieces {
                source.clone().push(next..next + piece);
                next += piece;
                while let Some(plan) = source.plan(start.as_ref(), &limits).unwrap() {
                    for part in &plan.partitions {
                        let rows = read_partition(&source, part, &task).unwrap();
                        prop_assert_eq!(&read_partition(&source, part, &task).unwrap(), &rows);
                        found.extend(rows);
                    }
                    start = Some(plan.end);
                }
            }
            prop_assert_eq!(found, (0..next).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_checkpoint_that_has_read_more_is_refused() {
        let source = Memory::new(0..10);
        let plan = source
            .plan(None, &PlanLimits::unbounded(1))
            .unwrap()
            .unwrap();
        let fewer = Memory::new(0..9);
        let error = fewer
            .plan(Some(&plan.end), &PlanLimits::unbounded(1))
            .unwrap_err();
        assert!(error.to_string().contains("holds fewer rows"), "{error}");
        let task = Pretend::default().task();
        let error = fewer.open(&plan.partitions[0], &task).unwrap_err();
        assert!(error.downcast::<Error>().unwrap().is_permanent());
    }

    #[test]
    fn q1_rows_that_are_not_planned_wait() {
        let source = Memory::new(0..5);
        let mut limits = PlanLimits::unbounded(1);
        let plan = source.plan(None, &limits).unwrap().unwrap();
        let gathered = |start, limits: &_| {
            let gathered = source.gathered(start, limits).unwrap();
            (gathered.rows, gathered.full)
        };
        assert_eq!(gathered(None, &limits), (5, false));
        assert_eq!(gathered(Some(&plan.end), &limits), (0, false));
        limits.rows = Some(5);
        assert_eq!(gathered(None, &limits), (5, true));
    }

    #[test]
    fn a_frozen_source_ends_where_it_was_and_zero_partitions_are_refused() {
        let source = Memory::new(0..3);
        source.freeze().unwrap();
        source.push(3..6);
        let plan = source
            .plan(None, &PlanLimits::unbounded(1))
            .unwrap()
            .unwrap();
        assert_eq!(plan.rows, Some(3));
        assert!(
            source
                .plan(Some(&plan.end), &PlanLimits::unbounded(1))
                .unwrap()
                .is_none()
        );
        let context = SourceContext::new(QueryId::random(), None);
        assert!(Memory::new([1]).partitions(0).start(&context).is_err());
    }
}
