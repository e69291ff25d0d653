//! Helps to test sinks and sources (feature `testing`).
//!
//! | to find out | use |
//! |---|---|
//! | whether a sink keeps the contract, whatever fails | [`conformance`]: one macro call, the whole matrix |
//! | what one method does with one task or batch | [`Pretend`], [`write_rows`], [`round_trip`] |
//! | what a query does when a durable step fails | [`FaultStorage`] |
//! | what a system call that fails, or a power cut, leaves on disk | [`SimulatedDisk`] |
//! | what a sink does with rows that fail where you want | [`Numbers`] |

mod disk;
mod fault;
mod numbers;

pub mod conformance;

pub use disk::{
    DiskError, DiskFault, DiskFlaw, DiskOperation, Judged, Loss, OperationKind, PowerCut,
    PowerMatrix, PowerViolation, SavedDisk, SimulatedDisk, Survival,
};
pub use fault::{FaultPoint, FaultStorage, When};
pub use numbers::{Numbers, NumbersOffset, NumbersPartition, NumbersReader};

pub use crate::failpoint::{FAILPOINTS, Failpoint};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::{BatchContext, CancelFlag, CancelReason, Fence, TaskContext, TaskNumbers};
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::idle::IdleExecutors;
use crate::ids::{Attempt, BatchId, PartitionId, QueryId, Run};
use crate::message::{self, CommitMessage};
use crate::rows::TaskRows;
use crate::source::{RowReader, Source};
use crate::writer::WriteRows;

/// Which task attempt or batch a test pretends to be; every number can be set.
#[derive(Clone, Copy, Debug)]
pub struct Pretend {
    /// The query.
    pub query: QueryId,
    /// The run of the query.
    pub run: Run,
    /// The batch.
    pub batch: BatchId,
    /// The partition of the task.
    pub partition: PartitionId,
    /// The number of partitions of the batch.
    pub partitions: u32,
    /// The attempt of the task.
    pub attempt: Attempt,
    /// Whether a commit is a replay of stored messages.
    pub replay: bool,
}

impl Default for Pretend {
    fn default() -> Self {
        Self {
            query: QueryId::random(),
            run: Run::FIRST,
            batch: BatchId::FIRST,
            partition: PartitionId::new(0),
            partitions: 1,
            attempt: Attempt::new(0),
            replay: false,
        }
    }
}

impl Pretend {
    /// Makes the context of the task.
    #[must_use]
    pub fn task(&self) -> TaskContext {
        TaskContext::new(self.numbers(), Arc::new(CancelFlag::default()))
    }

    /// Makes the context of a task beside which so many executors are idle:
    /// [`claim_idle_executor`](TaskContext::claim_idle_executor) finds them.
    #[must_use]
    pub fn task_beside_idle(&self, executors: usize) -> TaskContext {
        self.task().beside(1, IdleExecutors::new(executors))
    }

    /// Makes the context of a task that runs while others do:
    /// [`tasks_at_once`](TaskContext::tasks_at_once).
    #[must_use]
    pub fn task_beside_others(&self, tasks_at_once: u32) -> TaskContext {
        self.task().beside(tasks_at_once, IdleExecutors::new(0))
    }

    /// Makes the context of a task that has been cancelled.
    #[must_use]
    pub fn cancelled_task(&self) -> TaskContext {
        let flag = CancelFlag::default();
        flag.cancel(CancelReason::Batch);
        TaskContext::new(self.numbers(), Arc::new(flag))
    }

    /// Makes the context of the batch; its `prepared` record has the digest `sha256:test`.
    #[must_use]
    pub fn batch(&self) -> BatchContext {
        BatchContext::new(self.query, self.run, self.batch, self.partitions)
            .replayed(self.replay)
            .prepared_as("sha256:test")
    }

    /// Makes the context of the batch for a driver that a newer run supersedes: the first `checks`
    /// calls of [`check_current`](BatchContext::check_current) pass, all later ones fail (E5).
    #[must_use]
    pub fn superseded_batch(&self, checks: u64) -> BatchContext {
        self.batch().fenced_by(Arc::new(FenceAfter {
            left: AtomicU64::new(checks),
        }))
    }

    fn numbers(&self) -> TaskNumbers {
        let Self {
            query,
            run,
            batch,
            partition,
            partitions,
            attempt,
            ..
        } = *self;
        TaskNumbers {
            query,
            run,
            batch,
            partition,
            partitions: Some(partitions),
            attempt,
            attempt_id: u64::from(attempt.get()),
        }
    }
}

#[derive(Debug)]
struct FenceAfter {
    left: AtomicU64,
}

impl Fence for FenceAfter {
    fn check(&self) -> Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(Error::new(
                ErrorKind::Superseded,
                "a newer run of the query has taken over",
            ));
        }
        self.left.store(left - 1, Ordering::Relaxed);
        Ok(())
    }
}

/// Calls `write` with these rows, as the engine would with the rows of one partition.
///
/// # Errors
/// The writer's own. Rows that were left unread are not checked here.
pub fn write_rows<R: Send, W: WriteRows<R>>(
    writer: &W,
    rows: impl IntoIterator<Item = R, IntoIter: Send>,
    task: &TaskContext,
) -> Result<W::Message, W::Error> {
    writer.write(
        &mut TaskRows::new(Some(FromIter(rows.into_iter())), task),
        task,
    )
}

/// Calls `write` with rows that a failing source cuts off after the last one (W8).
///
/// # Errors
/// The writer's own.
pub fn write_rows_cut_off<R: Send, W: WriteRows<R>>(
    writer: &W,
    rows: impl IntoIterator<Item = R, IntoIter: Send>,
    task: &TaskContext,
) -> Result<W::Message, W::Error> {
    writer.write(
        &mut TaskRows::new(Some(CutOff(rows.into_iter())), task),
        task,
    )
}

/// Encodes a message and decodes it again, as the engine does on its way to `commit`.
///
/// # Errors
/// [`Message`](crate::ErrorKind::Message).
pub fn round_trip<M: CommitMessage>(message: &M) -> Result<M> {
    message::decode(&message::encode(message, usize::MAX)?)
}

/// Encodes a message with its envelope, as it stands in the journal.
///
/// # Errors
/// [`Message`](crate::ErrorKind::Message), also if it is longer than `bytes_max`.
pub fn encode_message<M: CommitMessage>(message: &M, bytes_max: usize) -> Result<String> {
    Ok(message::encode(message, bytes_max)?.as_str().to_owned())
}

/// Decodes a message from the text that stands in the journal.
///
/// # Errors
/// [`Message`](crate::ErrorKind::Message).
pub fn decode_message<M: CommitMessage>(text: &str) -> Result<M> {
    message::decode(
        &serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Message, "not JSON").with_source(error))?,
    )
}

/// Reads all rows of one partition of a source.
///
/// # Errors
/// The source's own, from opening or from any row.
pub fn read_partition<S: Source>(
    source: &S,
    partition: &S::Partition,
    task: &TaskContext,
) -> Result<Vec<S::Row>, BoxError> {
    let mut reader = source.open(partition, task)?;
    std::iter::from_fn(|| reader.next_row()).collect()
}

struct FromIter<I>(I);

impl<I: Iterator + Send> RowReader for FromIter<I> {
    type Row = I::Item;

    fn next_row(&mut self) -> Option<Result<I::Item, BoxError>> {
        self.0.next().map(Ok)
    }
}

struct CutOff<I>(I);

impl<I: Iterator + Send> RowReader for CutOff<I> {
    type Row = I::Item;

    fn next_row(&mut self) -> Option<Result<I::Item, BoxError>> {
        Some(
            self.0
                .next()
                .ok_or_else(|| "the scripted source fails here".into()),
        )
    }
}
