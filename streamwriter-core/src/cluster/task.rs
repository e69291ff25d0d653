//! The executors' half: one task attempt (W1, W6, W8, W9).

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::message::TaskMessage;
use super::sink::ClusterSink;
use super::source::TaskBatches;
use super::work::{ClusterTask, ClusterWork};
use crate::context::{CancelFlag, TaskContext, TaskNumbers};
use crate::engine::run_open;
use crate::error::{BoxError, Result};
use crate::failpoint;
use crate::ids::{Revision, Run};
use crate::journal::{self, StoredCounts};
use crate::runtime::AsyncRuntime;

/// The longest message of a task, in bytes.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn write(
    cluster: &ClusterSink,
    task: &ClusterTask,
    batches: impl Iterator<Item = Result<RecordBatch, BoxError>> + Send,
) -> Result<Vec<u8>> {
    let (run, revision) = join(cluster, task)?;
    let context = TaskContext::new(
        TaskNumbers {
            query: task.query,
            run,
            batch: task.work.batch(),
            partition: task.partition,
            partitions: None,
            attempt: task.attempt,
            attempt_id: task.attempt_id,
        },
        Arc::new(CancelFlag::default()),
    )
    .of_revision(revision)
    .with_runtime(AsyncRuntime::with_workers(1));
    let sink = &*cluster.sink;
    let finished = run_open(TaskBatches::new(batches), sink, &context, MESSAGE_BYTES_MAX)?;
    failpoint::pass("task");
    TaskMessage {
        version: TaskMessage::VERSION,
        sink: cluster.description.clone(),
        query: task.query,
        run,
        batch: task.work.in_message(),
        revision,
        partition: task.partition,
        read: StoredCounts::new(finished.counts, finished.skipped),
        message: finished.encoded,
    }
    .encode()
}

/// Joins the run, so that what is staged carries its number (F2), and learns whether a person has had the
/// batch written again (E3).
fn join(cluster: &ClusterSink, task: &ClusterTask) -> Result<(Run, Revision)> {
    // Before anything is made: a target that is not ours is not to be written to at all.
    cluster.check_claim(task.query)?;
    let Some(journal) = cluster.journal_of(task.query)? else {
        return Ok((Run::FIRST, Revision::FIRST));
    };
    let (source, sink) = (task.work.source(), &cluster.description);
    let run = journal::join(&journal, task.query, source, sink, &task.run)?;
    let revision = match task.work {
        ClusterWork::Batch(batch) => journal::revision_of(&journal, task.query, batch)?,
        ClusterWork::Job => Revision::FIRST,
    };
    Ok((run, revision))
}
