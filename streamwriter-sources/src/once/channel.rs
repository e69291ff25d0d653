//! A bounded queue between the program and a query.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use streamwriter_core::{
    BatchId, BoxError, Error, ErrorKind, Gathered, Measure, PlanLimits, PlanOf, Replay, Source,
    SourceContext, TaskContext,
};

use super::held::plan;
use super::queue::Shared;
use super::reader::{OnceOffset, OncePartition, OnceReader};
use crate::plain::config;

/// Rows that the program sends while the query runs.
///
/// [`new`](Self::new) gives the source and a [`Sender`]. A sender waits while as many rows wait to be
/// planned as the channel holds, so a slow sink slows the program down and memory stays bounded: the
/// capacity, and as much again for each batch that is planned and not committed.
///
/// Guarantee: **at-most-once**. Rows that were sent are gone with the process, and the engine cannot
/// ask for them again (S2): after a crash, a stop or an error in its middle, a batch that was planned
/// and not prepared is recorded as lost, with its number of rows, and rows that were waiting are lost
/// unseen with the process. To stop without a loss stop sending, and wait with
/// [`Sender::wait_committed`] first. A query that
/// requires more is refused at its start (E4). A program that can send its rows again learns from
/// [`Sender::wait_committed`] which ones it need not.
///
/// A restart goes on counting where the checkpoint has stopped. Rows that were sent and are not
/// planned when a query ends stay in the channel, for a query that is started with
/// [`again`](Self::again). A bound on the rows of a batch is exact; bounds on bytes and files do not
/// apply.
///
/// A query that lets rows gather (`min_rows_per_batch`) begins a batch all the same when nothing more can
/// come or somebody waits: when the channel is full, when its last sender has gone, and when
/// [`Sender::wait_committed`] waits for rows that are still in it. A capacity below the minimum is
/// therefore what a batch holds.
///
/// ```
/// use streamwriter_core::testing::{Pretend, read_partition};
/// use streamwriter_core::{BatchId, BoxError, PlanLimits, Source};
/// use streamwriter_sources::Channel;
///
/// # fn main() -> Result<(), BoxError> {
/// let (sender, source) = Channel::new(1000);
/// sender.send("a")?; // from any thread, while the query runs
/// sender.send("b")?;
///
/// // What a query does with the source:
/// let plan = source.plan(None, &PlanLimits::unbounded(4))?.ok_or("nothing there")?;
/// let task = Pretend::default().task();
/// assert_eq!(read_partition(&source, &plan.partitions[0], &task)?, ["a", "b"]);
/// source.committed(BatchId::FIRST, &plan)?;
/// assert_eq!(sender.committed(), 2);
/// # Ok(())
/// # }
/// ```
#[must_use = "a source does nothing until a query reads it"]
pub struct Channel<R> {
    shared: Arc<Shared<R>>,
    partitions: usize,
    frozen: Mutex<Option<u64>>,
}

/// Hands rows over to a [`Channel`]; a clone is another sender into the same one.
pub struct Sender<R> {
    shared: Arc<Shared<R>>,
}

/// A row that was not sent, since no query can take it any more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<R>(pub R);

impl<R> Channel<R> {
    /// Makes a channel in which so many rows may wait, at least one.
    pub fn new(capacity: usize) -> (Sender<R>, Self) {
        let shared = Arc::new(Shared::new(capacity));
        let sender = Sender {
            shared: Arc::clone(&shared),
        };
        (sender, Self::over(shared, 1))
    }

    fn over(shared: Arc<Shared<R>>, partitions: usize) -> Self {
        Self {
            shared,
            partitions,
            frozen: Mutex::default(),
        }
    }

    /// Sets into how many partitions a batch is cut; the default is 1, and 0 is refused at the
    /// start.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// Returns another handle of the same channel, for the query that comes after this one: as long as
    /// there is a handle, senders may send. Two queries must not run at the same time.
    pub fn again(&self) -> Self {
        self.shared.state().sources += 1;
        Self::over(Arc::clone(&self.shared), self.partitions)
    }
}

impl<R> Drop for Channel<R> {
    fn drop(&mut self) {
        self.shared.state().sources -= 1;
        self.shared.changed.notify_all();
    }
}

impl<R> Sender<R> {
    /// Sends a row; waits while the channel is full.
    ///
    /// # Errors
    /// [`SendError`] gives the row back if every query and every handle of the source has gone.
    pub fn send(&self, row: R) -> Result<(), SendError<R>> {
        let mut state = self.shared.state();
        loop {
            if state.sources == 0 {
                return Err(SendError(row));
            }
            if state.waiting.len() < self.shared.capacity {
                state.waiting.push_back(row);
                state.sent += 1;
                return Ok(());
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until every row that was sent before this call, by any sender, is committed; returns
    /// whether all of them are.
    ///
    /// `false` after the timeout, at once if there is no query and no handle of the source any more,
    /// and for good once a query has ended in the middle of a batch: whether the next start has rolled
    /// that batch forward or recorded it as lost, its progress tells.
    ///
    /// Rows that this waits for do not wait for others to gather.
    #[must_use = "`false` says that rows may not be committed"]
    pub fn wait_committed(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.shared.state();
        let until = state.sent;
        loop {
            if state.settled >= until || state.sources == 0 {
                return state.settled >= until && state.doubtful == 0;
            }
            let left = deadline.map_or(timeout, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            state.wanted = state.wanted.max(until);
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns how many rows were sent, by all senders of this channel.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.state().sent
    }

    /// Returns how many of the rows that were sent are known to be committed. They are the first ones,
    /// but for those of batches in whose middle a query has ended.
    #[must_use]
    pub fn committed(&self) -> u64 {
        let state = self.shared.state();
        state.settled - state.doubtful
    }
}

impl<R: Clone + Send + Sync + 'static> Source for Channel<R> {
    type Row = R;
    type Offset = OnceOffset;
    type Partition = OncePartition;
    type Reader<'a> = OnceReader<R>;

    fn description(&self) -> String {
        "channel".to_owned()
    }

    fn replay(&self) -> Replay {
        Replay::Once
    }

    fn start(&self, _: &SourceContext) -> Result<(), BoxError> {
        if self.partitions == 0 {
            return Err(config("0 partitions hold no rows", "write `.partitions(1)`").into());
        }
        self.shared.state().fresh = true;
        Ok(())
    }

    fn freeze(&self) -> Result<(), BoxError> {
        let waiting = self.shared.state().waiting.len() as u64;
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
        Ok(())
    }

    fn measures(&self) -> &'static [Measure] {
        &[Measure::Rows]
    }

    fn gathered(
        &self,
        start: Option<&OnceOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        let first = start.map_or(0, |start| start.rows);
        let mut state = self.shared.state();
        state.begin_at(first);
        let rows = state.waiting.len() as u64;
        // A plan that came to nothing is made again, and has waited already.
        let planned = state.held.planned_at(first).is_some();
        let full = planned
            || state.is_held_up(self.shared.capacity)
            || limits.rows.is_some_and(|most| rows >= most);
        Ok(Gathered::default().with_rows(rows).with_full(full))
    }

    fn plan(
        &self,
        start: Option<&OnceOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        let first = start.map_or(0, |start| start.rows);
        let mut state = self.shared.state();
        state.begin_at(first);
        if let Some(rows) = state.held.planned_at(first) {
            return Ok(Some(plan(first, rows, self.partitions)));
        }
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = limits.rows.map_or(u64::MAX, |rows| rows.max(1));
        let rows = rows
            .min(state.waiting.len() as u64)
            .min(frozen.unwrap_or(u64::MAX));
        if rows == 0 {
            return Ok(None);
        }
        if let Some(left) = frozen.as_mut() {
            *left -= rows;
        }
        let taken = usize::try_from(rows).unwrap_or(usize::MAX);
        let taken = state.waiting.drain(..taken).collect();
        state.held.keep(first, taken);
        self.shared.changed.notify_all();
        Ok(Some(plan(first, rows, self.partitions)))
    }

    fn open<'a>(
        &'a self,
        partition: &'a OncePartition,
        _: &'a TaskContext,
    ) -> Result<OnceReader<R>, BoxError> {
        Ok(self.shared.state().held.open(partition)?)
    }

    fn resumed(&self, _: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        let mut state = self.shared.state();
        let rows = state.held.forget_before(plan.end.rows);
        state.give_up(rows);
        self.shared.changed.notify_all();
        Ok(())
    }

    fn committed(&self, _: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        let mut state = self.shared.state();
        let rows = state.held.forget_before(plan.end.rows);
        state.settled += rows;
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl<R> Clone for Sender<R> {
    fn clone(&self) -> Self {
        self.shared.state().senders += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<R> Drop for Sender<R> {
    fn drop(&mut self) {
        self.shared.state().senders -= 1;
    }
}

impl<R> fmt::Debug for Channel<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("waiting", &self.shared.state().waiting.len())
            .field("capacity", &self.shared.capacity)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Sender<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("sent", &self.sent())
            .field("committed", &self.committed())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for SendError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<R> fmt::Display for SendError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the row was not sent: no query reads the channel any more")
    }
}

impl<R> std::error::Error for SendError<R> {}

/// Drops the row, so that `?` works where the query's errors are returned.
impl<R> From<SendError<R>> for Error {
    fn from(error: SendError<R>) -> Self {
        Self::new(ErrorKind::Stopped, error.to_string())
            .with_help("ask the query why it has ended: `query.await_termination()`")
    }
}
