//! The sink that keeps rows in this process, for tests and examples.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use streamwriter_core::{
    Attempt, BatchContext, BatchId, Error, ErrorKind, Guarantee, MessageMetrics, PartitionId,
    QueryId, Result, Rows, Run, StreamWriter, TaskContext, WriteRows,
};

use crate::ending::require_complete;
use crate::message::commit_message;

/// Keeps the rows of committed batches in memory; clones share them.
///
/// Rows become visible with the commit of their batch, once, in batch and partition order. What
/// is kept lives and dies with the process: after a restart with the same checkpoint, batches
/// that were committed before are gone, and one that was prepared and not committed cannot be
/// committed any more. So the guarantee is at-most-once, and a query without a checkpoint fits
/// best. Nothing bounds the memory but the number of rows.
///
/// ```
/// use streamwriter_core::StreamWriter;
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::MemorySink;
///
/// let sink = MemorySink::new();
/// let pretend = Pretend::default();
/// let message = write_rows(&sink, ["a", "b"], &pretend.task())?;
/// assert!(sink.rows().is_empty());
/// sink.commit(vec![message], &pretend.batch())?;
/// assert_eq!(sink.rows(), ["a", "b"]);
/// # Ok::<(), streamwriter_core::Error>(())
/// ```
pub struct MemorySink<R> {
    /// Which sink of which process this is: rows of another one are not here.
    id: QueryId,
    state: Arc<Mutex<State<R>>>,
}

struct State<R> {
    staged: HashMap<Ticket, Vec<R>>,
    committed: Vec<MemoryBatch<R>>,
    known: HashSet<(QueryId, BatchId)>,
}

/// A committed batch of a [`MemorySink`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryBatch<R> {
    /// The query that committed it.
    pub query: QueryId,
    /// The batch.
    pub batch: BatchId,
    /// Its rows, in partition order.
    pub rows: Vec<R>,
}

/// The commit message of [`MemorySink`]: where the rows of a task wait for the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptInMemory {
    sink: QueryId,
    ticket: Ticket,
    rows: u64,
}

/// Which rows: those of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticket {
    query: QueryId,
    run: Run,
    batch: BatchId,
    partition: PartitionId,
    attempt: Attempt,
}

commit_message!(KeptInMemory, "streamwriter.kept-in-memory", |message| {
    MessageMetrics::default().with_rows(message.rows)
});

impl<R> MemorySink<R> {
    /// Makes an empty sink.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            staged: HashMap::new(),
            committed: Vec::new(),
            known: HashSet::new(),
        };
        Self {
            id: QueryId::random(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Returns the rows of all committed batches, in batch and partition order.
    #[must_use]
    pub fn rows(&self) -> Vec<R>
    where
        R: Clone,
    {
        let state = self.state();
        let rows = state.committed.iter().flat_map(|batch| &batch.rows);
        rows.cloned().collect()
    }

    /// Returns the committed batches, in the order of their commits.
    #[must_use]
    pub fn batches(&self) -> Vec<MemoryBatch<R>>
    where
        R: Clone,
    {
        self.state().committed.clone()
    }

    /// A panic elsewhere leaves the rows whole: each change is a single step.
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect_own(&self, message: &KeptInMemory, batch: &BatchContext) -> Result<()> {
        let Ticket {
            query, batch: of, ..
        } = message.ticket;
        if message.sink != self.id {
            return Err(Error::new(
                ErrorKind::Mismatch,
                "the rows of this batch were in the memory of another process or sink",
            )
            .with_help(
                "the memory sink cannot resume a batch after a restart: start anew with another \
                 checkpoint, or run it without one",
            )
            .in_batch(batch.batch_id())
            .permanent());
        }
        if (query, of) != (batch.query_id(), batch.batch_id()) {
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!("a message of batch {of} of query {query} is not one of this batch"),
            )
            .in_batch(batch.batch_id())
            .permanent());
        }
        Ok(())
    }
}

impl<R> State<R> {
    fn commit(&mut self, messages: &[KeptInMemory], batch: &BatchContext) -> Result<()> {
        let key = (batch.query_id(), batch.batch_id());
        if self.known.contains(&key) {
            return Ok(());
        }
        if messages
            .iter()
            .any(|m| !self.staged.contains_key(&m.ticket))
        {
            return Err(Error::new(
                ErrorKind::Mismatch,
                "the rows of this batch are not in memory any more",
            )
            .in_batch(batch.batch_id())
            .permanent());
        }
        let staged = messages
            .iter()
            .filter_map(|m| self.staged.remove(&m.ticket));
        let rows = staged.flatten().collect();
        self.forget(key);
        self.known.insert(key);
        self.committed.push(MemoryBatch {
            query: key.0,
            batch: key.1,
            rows,
        });
        Ok(())
    }

    /// Drops what any attempt of the batch has staged: no task of it is running (W4).
    fn forget(&mut self, (query, batch): (QueryId, BatchId)) {
        self.staged
            .retain(|ticket, _| (ticket.query, ticket.batch) != (query, batch));
    }
}

impl<R: Send + 'static> StreamWriter for MemorySink<R> {
    type Message = KeptInMemory;
    type Error = Error;

    fn name(&self) -> &str {
        "memory"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }

    fn commit(&self, messages: Vec<KeptInMemory>, batch: &BatchContext) -> Result<()> {
        for message in &messages {
            self.expect_own(message, batch)?;
        }
        self.state().commit(&messages, batch)
    }

    fn abort(&self, _: Vec<Option<KeptInMemory>>, batch: &BatchContext) -> Result<()> {
        self.state().forget((batch.query_id(), batch.batch_id()));
        Ok(())
    }
}

impl<R: Send + 'static> WriteRows<R> for MemorySink<R> {
    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<KeptInMemory> {
        let kept: Vec<R> = rows.by_ref().collect();
        require_complete(&rows, task)?;
        let message = KeptInMemory {
            sink: self.id,
            ticket: Ticket {
                query: task.query_id(),
                run: task.run(),
                batch: task.batch_id(),
                partition: task.partition(),
                attempt: task.attempt(),
            },
            rows: kept.len() as u64,
        };
        self.state().staged.insert(message.ticket, kept);
        Ok(message)
    }
}

impl<R> Default for MemorySink<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Clone for MemorySink<R> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            state: Arc::clone(&self.state),
        }
    }
}

impl<R> fmt::Debug for MemorySink<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink")
            .field("batches", &self.state().committed.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};

    use super::*;

    #[test]
    fn rows_are_visible_at_the_commit_once_and_in_partition_order() {
        let sink = MemorySink::new();
        let first = Pretend {
            partitions: 2,
            ..Pretend::default()
        };
        let second = Pretend {
            partition: PartitionId::new(1),
            ..first
        };
        let late = write_rows(&sink, [3], &second.task()).unwrap();
        let early = write_rows(&sink, [1, 2], &first.task()).unwrap();
        assert!(sink.rows().is_empty());
        let messages = vec![round_trip(&early).unwrap(), round_trip(&late).unwrap()];
        sink.commit(messages.clone(), &first.batch()).unwrap();
        sink.clone().commit(messages, &first.batch()).unwrap();
        assert_eq!(sink.rows(), [1, 2, 3]);
        assert_eq!(sink.batches().len(), 1);
    }

    #[test]
    fn another_attempt_and_an_aborted_batch_leave_nothing() {
        let sink = MemorySink::new();
        let pretend = Pretend::default();
        let retry = Pretend {
            attempt: Attempt::new(1),
            ..pretend
        };
        write_rows(&sink, [1], &pretend.task()).unwrap();
        let message = write_rows(&sink, [2], &retry.task()).unwrap();
        sink.commit(vec![message], &retry.batch()).unwrap();
        let next = Pretend {
            batch: BatchId::new(1),
            ..pretend
        };
        let message = write_rows(&sink, [3], &next.task()).unwrap();
        sink.abort(vec![Some(message), None], &next.batch())
            .unwrap();
        assert_eq!(sink.rows(), [2]);
        assert!(sink.state().staged.is_empty());
        write_rows_cut_off(&sink, [3], &next.task()).unwrap_err();
        assert!(sink.state().staged.is_empty());
    }

    #[test]
    fn rows_of_another_process_are_refused_by_name() {
        let pretend = Pretend::default();
        let message = write_rows(&MemorySink::new(), [1], &pretend.task()).unwrap();
        let other = MemorySink::<i32>::new();
        let error = other.commit(vec![message], &pretend.batch()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("another process"), "{error}");
        assert!(error.is_permanent());
    }
}
