//! What a writer is told about the task and the batch it works for (W1).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::idle::{IdleExecutor, IdleExecutors};
use crate::ids::{Attempt, BatchId, PartitionId, QueryId, Revision, Run};
use crate::runtime::{AsyncRuntime, WeakRuntime};
use crate::set_aside::{SetAside, SetAsidePlace, SetAsideRow};
use crate::storage::StorePath;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Why an attempt was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CancelReason {
    /// Another task failed for good, or the batch is abandoned.
    Batch = 1,
    /// The task timeout passed (W7).
    Timeout = 2,
}

/// The flag that ends an attempt's rows; shared by the engine and the attempt.
#[derive(Debug, Default)]
pub(crate) struct CancelFlag {
    reason: AtomicU8,
    /// The flag of the attempt that this one is a part of.
    above: Option<Arc<CancelFlag>>,
}

impl CancelFlag {
    /// Makes a flag for a part of an attempt, which ends with the whole.
    fn below(above: Arc<Self>) -> Self {
        Self {
            reason: AtomicU8::default(),
            above: Some(above),
        }
    }

    /// Sets the flag; the first reason stays.
    pub(crate) fn cancel(&self, reason: CancelReason) {
        let _ = self
            .reason
            .compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Asked once a row: a loop, since a function that calls itself is not inlined.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        let mut flag = self;
        loop {
            if flag.reason.load(Ordering::Relaxed) != 0 {
                return true;
            }
            match &flag.above {
                Some(above) => flag = above,
                None => return false,
            }
        }
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        match self.reason.load(Ordering::Acquire) {
            0 => self.above.as_ref().and_then(|above| above.reason()),
            2 => Some(CancelReason::Timeout),
            _ => Some(CancelReason::Batch),
        }
    }
}

/// Which attempt of which task of which batch a `write` works for.
pub struct TaskContext {
    query: QueryId,
    run: Run,
    batch: BatchId,
    revision: Revision,
    partition: PartitionId,
    partitions: Option<u32>,
    attempt: Attempt,
    attempt_id: u64,
    cancel: Arc<CancelFlag>,
    skip_rest: AtomicBool,
    set_aside: SetAside,
    runtime: AsyncRuntime,
    at_once: u32,
    idle: Arc<IdleExecutors>,
}

/// The numbers of a task attempt; the parts that do not change while it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskNumbers {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    pub(crate) partition: PartitionId,
    /// None where the engine does not say.
    pub(crate) partitions: Option<u32>,
    pub(crate) attempt: Attempt,
    pub(crate) attempt_id: u64,
}

impl TaskContext {
    pub(crate) fn new(numbers: TaskNumbers, cancel: Arc<CancelFlag>) -> Self {
        let TaskNumbers {
            query,
            run,
            batch,
            partition,
            partitions,
            attempt,
            attempt_id,
        } = numbers;
        Self {
            query,
            run,
            batch,
            revision: Revision::FIRST,
            partition,
            partitions,
            attempt,
            attempt_id,
            cancel,
            skip_rest: AtomicBool::new(false),
            set_aside: SetAside::default(),
            runtime: AsyncRuntime::default(),
            at_once: 1,
            idle: IdleExecutors::new(0),
        }
    }

    pub(crate) fn with_runtime(mut self, runtime: AsyncRuntime) -> Self {
        self.runtime = runtime;
        self
    }

    pub(crate) fn of_revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Says how many tasks run at once with this one, and where executors wait.
    pub(crate) fn beside(mut self, at_once: u32, idle: Arc<IdleExecutors>) -> Self {
        self.at_once = at_once;
        self.idle = idle;
        self
    }

    /// Makes the context of one of several sinks that write the rows of this attempt: it ends with
    /// the attempt, or before it, and skips rows for itself alone.
    pub(crate) fn of_member(&self) -> Self {
        Self {
            cancel: Arc::new(CancelFlag::below(Arc::clone(&self.cancel))),
            skip_rest: AtomicBool::new(false),
            set_aside: SetAside::default(),
            runtime: self.runtime.clone(),
            idle: Arc::clone(&self.idle),
            ..*self
        }
    }

    /// Ends this member's rows.
    pub(crate) fn cancel_member(&self) {
        self.cancel.cancel(CancelReason::Batch);
    }

    /// Returns the id of the query; the same after every restart.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        self.query
    }

    /// Returns the number of the query's run.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// Returns the id of the batch.
    #[must_use]
    pub fn batch_id(&self) -> BatchId {
        self.batch
    }

    /// Returns how often a person has had the batch written again: 0 as a rule (E3).
    ///
    /// A sink that names its output after the batch makes it a part of the name, as the staging
    /// helper does, so that no revision meets the output of another one.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns which partition of the batch this task writes.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        self.partition
    }

    /// Returns the number of partitions of the batch, at least one; `None` on a cluster that does not
    /// say it, such as Spark.
    #[must_use]
    pub fn partitions(&self) -> Option<u32> {
        self.partitions
    }

    /// Returns which try of the task in this run this is, from 0.
    ///
    /// On a cluster several tries of one task may have the same number: Spark counts anew when it
    /// repeats a stage. [`attempt_id`](Self::attempt_id) tells them apart.
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Returns a number that no other try of this task has in this run: for a name of what it makes.
    #[must_use]
    pub fn attempt_id(&self) -> u64 {
        self.attempt_id
    }

    /// Returns how many tasks of the batch run at once in this process at most, this one included: the
    /// smaller one of its executors and the partitions.
    ///
    /// It is the same for all tasks of a batch, so a sink that divides a budget by it keeps the budget
    /// without asking what the other tasks do. One on a cluster, where each task has a process.
    #[must_use]
    pub fn tasks_at_once(&self) -> u32 {
        self.at_once
    }

    /// Claims the share of an executor that waits since no task is left for it.
    ///
    /// A `write` that can use a second core, such as for one very large partition, asks now and then and,
    /// if there is one, starts a thread which keeps the claim until it ends. The thread must end before
    /// `write` returns, whatever happens (W4): join it, or use [`std::thread::scope`]. What the sink
    /// writes must not depend on whether it had help.
    ///
    /// `None` if no executor is idle, as a rule while other tasks wait; always on a cluster. It costs one
    /// atomic operation, and takes no lock.
    #[must_use]
    pub fn claim_idle_executor(&self) -> Option<IdleExecutor> {
        self.idle.claim()
    }

    /// Tells whether the attempt was told to end (W7).
    ///
    /// The rows end by themselves then; a `write` that waits for something else asks now and then.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_set()
    }

    /// Declares that the unread rows of this partition are left unread on purpose (W9).
    pub fn skip_rest(&self) {
        self.skip_rest.store(true, Ordering::Relaxed);
    }

    /// Hands on a row that does not fit; a source calls it while it is asked for its next row (F5).
    ///
    /// After `Ok` the row is kept with the partition: it is published with the batch, if this
    /// attempt is the one that succeeds.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if `write` has named no place; what the place refuses.
    /// The source returns it: the attempt fails.
    pub fn set_aside(&self, row: SetAsideRow<'_>) -> Result<()> {
        self.set_aside.put(row, self)
    }

    /// Says where rows go that do not fit; a sink calls it in `write`, before its first row.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if a place is named already.
    pub fn set_aside_into(&self, place: Arc<dyn SetAsidePlace>) -> Result<()> {
        self.set_aside.choose(place)
    }

    /// Returns how many rows of this attempt were set aside so far.
    #[must_use]
    pub fn rows_set_aside(&self) -> u64 {
        self.set_aside.rows()
    }

    /// Returns where the `async` methods of the sink run.
    #[cfg(feature = "tokio")]
    pub(crate) fn runtime(&self) -> &AsyncRuntime {
        &self.runtime
    }

    pub(crate) fn rest_is_skipped(&self) -> bool {
        self.skip_rest.load(Ordering::Relaxed)
    }

    pub(crate) fn cancel_reason(&self) -> Option<CancelReason> {
        self.cancel.reason()
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("query", &self.query)
            .field("run", &self.run)
            .field("batch", &self.batch)
            .field("revision", &self.revision)
            .field("partition", &self.partition)
            .field("partitions", &self.partitions)
            .field("attempt", &self.attempt)
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Tells a driver whether a newer run has taken over (E5).
pub(crate) trait Fence: fmt::Debug + Send + Sync {
    /// Returns [`Superseded`](crate::ErrorKind::Superseded) if a newer run exists.
    fn check(&self) -> Result<()>;
}

/// Which batch a `commit` or `abort` is for.
#[derive(Clone, Debug)]
pub struct BatchContext {
    query: QueryId,
    run: Run,
    batch: BatchId,
    revision: Revision,
    accepted: Option<Arc<BTreeSet<StorePath>>>,
    partitions: u32,
    replay: bool,
    prepared: Option<String>,
    fence: Option<Arc<dyn Fence>>,
    runtime: WeakRuntime,
    on_cluster: bool,
}

impl BatchContext {
    pub(crate) fn new(query: QueryId, run: Run, batch: BatchId, partitions: u32) -> Self {
        Self {
            query,
            run,
            batch,
            revision: Revision::FIRST,
            accepted: None,
            partitions,
            replay: false,
            prepared: None,
            fence: None,
            runtime: WeakRuntime::default(),
            on_cluster: false,
        }
    }

    pub(crate) fn with_runtime(mut self, runtime: &AsyncRuntime) -> Self {
        self.runtime = runtime.downgrade();
        self
    }

    /// Returns where the `async` methods of the sink run.
    #[cfg(feature = "tokio")]
    pub(crate) fn runtime(&self) -> &WeakRuntime {
        &self.runtime
    }

    pub(crate) fn of_revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    pub(crate) fn on_cluster(mut self, on_cluster: bool) -> Self {
        self.on_cluster = on_cluster;
        self
    }

    /// Says how a person decides about a file of the batch that is neither staged nor as it should be
    /// (E3): the end of a sentence.
    #[doc(hidden)]
    #[must_use]
    pub fn ways_to_decide(&self) -> String {
        let batch = self.batch;
        let (accept, again) = match self.on_cluster {
            true => (
                format!(
                    "decide, while the query is not running, with `repair(sink, schema, \
                     options, batch={batch}, decision=\"accept_as_published\")` of the Python module \
                     of this sink"
                ),
                "decision=\"write_again\"".to_owned(),
            ),
            false => (
                format!(
                    "decide, with .repair()? in the place of .start()?: \
                     .accept_as_published(BatchId::new({batch}))"
                ),
                format!(".write_again(BatchId::new({batch}))"),
            ),
        };
        format!(
            "{accept} if the rows of the file are where they belong, {again} to have the batch written \
             from its offsets once more"
        )
    }

    pub(crate) fn accepting(mut self, accepted: Arc<BTreeSet<StorePath>>) -> Self {
        self.accepted = Some(accepted);
        self
    }

    pub(crate) fn replayed(mut self, replay: bool) -> Self {
        self.replay = replay;
        self
    }

    pub(crate) fn prepared_as(mut self, digest: impl Into<String>) -> Self {
        self.prepared = Some(digest.into());
        self
    }

    pub(crate) fn fenced_by(mut self, fence: Arc<dyn Fence>) -> Self {
        self.fence = Some(fence);
        self
    }

    /// Returns the id of the query; the same after every restart.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        self.query
    }

    /// Returns the number of the query's run.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// Returns the id of the batch.
    #[must_use]
    pub fn batch_id(&self) -> BatchId {
        self.batch
    }

    /// Returns how often a person has had the batch written again: 0 as a rule (E3).
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Tells whether a person has accepted this file of the batch as published, whatever lies
    /// under its final name (E3).
    ///
    /// The staging helper asks for each file that it can neither publish nor find published.
    #[must_use]
    pub fn accepts(&self, path: &StorePath) -> bool {
        self.accepted
            .as_ref()
            .is_some_and(|accepted| accepted.contains(path))
    }

    /// Returns the number of partitions, which is the number of messages; at least one.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// Tells whether the messages come from the journal after a restart (E3).
    ///
    /// The same `commit` may have run before, with or without its effect.
    #[must_use]
    pub fn replay(&self) -> bool {
        self.replay
    }

    /// Returns the checksum of the durable record of this batch's messages.
    ///
    /// A sink that records in its own transaction which batch it has committed stores it beside
    /// query and batch. `None` in `abort`, and for a query without a checkpoint.
    #[must_use]
    pub fn prepared_digest(&self) -> Option<&str> {
        self.prepared.as_deref()
    }

    /// Makes sure that no newer run of the query has taken over (E5).
    ///
    /// A `commit` calls it before each step that cannot be taken back. The staging helper does.
    ///
    /// # Errors
    /// [`Superseded`](crate::ErrorKind::Superseded) if one has.
    pub fn check_current(&self) -> Result<()> {
        self.fence.as_ref().map_or(Ok(()), |fence| fence.check())
    }
}
