//! An iterator of the program as a stream.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use streamwriter_core::{
    BatchId, BoxError, PlanLimits, PlanOf, Replay, Source, SourceContext, TaskContext,
};

use super::held::{Held, plan};
use super::reader::{OnceOffset, OncePartition, OnceReader};
use crate::plain::config;

/// How many rows a batch takes from the iterator if the query sets no bound.
const BATCH_ROWS: u64 = 65_536;

/// The rows of an iterator, such as one over a socket or a cursor, taken as the query gets to them.
///
/// A batch is the next rows, at most as many as the query allows and 65,536 if it sets no bound; the
/// stream ends with the iterator. It is asked on the driver thread: while it waits for a row the query
/// notices no stop, so one that may wait for long belongs behind a [`Channel`](super::Channel).
///
/// Guarantee: **at-most-once**, since nobody can give the rows again (S2, E4): a batch that was planned
/// and not prepared when a crash, a stop or an error came is recorded as lost, with its number of rows. A restart
/// goes on counting where the checkpoint has stopped and takes the rows that the new iterator gives.
/// For an iterator that gives the same rows again, collect them into a [`Memory`](crate::Memory).
///
/// A batch takes as many rows as it may, and waits for them, so a query over an iterator does not let
/// rows gather (`min_rows_per_batch`); it is refused.
///
/// Memory: the rows of the batches that are planned and not committed. Bounds on bytes and files do
/// not apply.
///
/// ```
/// use streamwriter_core::testing::{Pretend, read_partition};
/// use streamwriter_core::{BoxError, PlanLimits, Source};
/// use streamwriter_sources::Iter;
///
/// # fn main() -> Result<(), BoxError> {
/// let source = Iter::new((1..=3).map(|number| number * number));
/// let plan = source.plan(None, &PlanLimits::unbounded(4))?.ok_or("nothing there")?;
/// let task = Pretend::default().task();
/// assert_eq!(read_partition(&source, &plan.partitions[0], &task)?, [1, 4, 9]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a source does nothing until a query reads it"]
pub struct Iter<I: Iterator> {
    state: Mutex<State<I>>,
    partitions: usize,
}

struct State<I: Iterator> {
    rows: std::iter::Fuse<I>,
    held: Held<I::Item>,
}

impl<I: Iterator> Iter<I> {
    /// Takes the iterator; nothing is asked of it yet.
    pub fn new(rows: impl IntoIterator<IntoIter = I>) -> Self {
        let rows = rows.into_iter().fuse();
        let held = Held::default();
        Self {
            state: Mutex::new(State { rows, held }),
            partitions: 1,
        }
    }

    /// Sets into how many partitions a batch is cut; the default is 1, and 0 is refused at the
    /// start.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }
}

impl<I> Source for Iter<I>
where
    I: Iterator<Item: Clone + Send + Sync> + Send + 'static,
{
    type Row = I::Item;
    type Offset = OnceOffset;
    type Partition = OncePartition;
    type Reader<'a> = OnceReader<I::Item>;

    fn description(&self) -> String {
        "iterator".to_owned()
    }

    fn replay(&self) -> Replay {
        Replay::Once
    }

    fn start(&self, _: &SourceContext) -> Result<(), BoxError> {
        if self.partitions == 0 {
            return Err(config("0 partitions hold no rows", "write `.partitions(1)`").into());
        }
        Ok(())
    }

    fn plan(
        &self,
        start: Option<&OnceOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        let first = start.map_or(0, |start| start.rows);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = state.held.planned_at(first) {
            return Ok(Some(plan(first, rows, self.partitions)));
        }
        let most = limits.rows.map_or(BATCH_ROWS, |rows| rows.max(1));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let rows: Vec<_> = state.rows.by_ref().take(most).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let count = rows.len() as u64;
        state.held.keep(first, rows);
        Ok(Some(plan(first, count, self.partitions)))
    }

    fn open<'a>(
        &'a self,
        partition: &'a OncePartition,
        _: &'a TaskContext,
    ) -> Result<OnceReader<I::Item>, BoxError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state.held.open(partition)?)
    }

    fn committed(&self, _: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held.forget_before(plan.end.rows);
        Ok(())
    }
}

impl<I: Iterator> fmt::Debug for Iter<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}
