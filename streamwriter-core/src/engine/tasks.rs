//! Runs the tasks of one batch on the executors (W1 to W4, W7).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::attempt::{self, Finished, Unfinished, caught};
use super::board::{Board, Job, Outcome, Verdict};
use crate::context::{TaskContext, TaskNumbers};
use crate::error::{Error, Result};
use crate::failpoint;
use crate::ids::{BatchId, PartitionId, QueryId, Revision, Run};
use crate::runtime::AsyncRuntime;
use crate::source::Source;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Executors, Mutex, thread};
use crate::writer::WriteRows;

/// How tasks are tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskSettings {
    pub(crate) attempts_max: u32,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry_delay: Duration,
    pub(crate) message_bytes_max: usize,
}

/// The longest wait before an attempt.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);

/// One slot per partition: `None` until its task has succeeded.
type Slots<M> = Mutex<Vec<Option<Finished<M>>>>;

/// What the tasks of a batch left.
pub(crate) struct Written<M> {
    /// One entry per partition, in partition order (W2, W3).
    pub(crate) tasks: Vec<Option<Finished<M>>>,
    pub(crate) verdict: Verdict,
    /// How many attempts failed.
    pub(crate) failed_attempts: u64,
}

/// The tasks of one batch.
pub(crate) struct Tasks<'b, S: Source, W> {
    pub(crate) source: &'b S,
    pub(crate) writer: &'b W,
    pub(crate) partitions: &'b [S::Partition],
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    pub(crate) revision: Revision,
    pub(crate) settings: TaskSettings,
    pub(crate) runtime: &'b AsyncRuntime,
}

/// Returns the number of tasks of a plan: a plan without partitions runs one empty task (B4).
pub(crate) fn task_count(partitions: usize) -> Result<u32> {
    u32::try_from(partitions.max(1)).map_err(|_| {
        Error::new(
            crate::ErrorKind::Source,
            format!("{partitions} partitions are too many"),
        )
    })
}

impl<S, W> Tasks<'_, S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Runs all tasks; returns when none is running any more (W4).
    pub(crate) fn run(&self, executors: &Executors, board: &Board) -> Written<W::Message> {
        let count = self.partitions.len().max(1);
        let slots: Slots<W::Message> = Mutex::new((0..count).map(|_| None).collect());
        let failed_attempts = AtomicU64::new(0);
        let at_once = u32::try_from(count.min(executors.count())).unwrap_or(u32::MAX);
        let idle = board.idle();
        // Each executor pulls tasks until none is left. One job per task would let rayon run other
        // tasks on top of a `write` that waits inside rayon, and deadlock on the user's locks.
        let work = || {
            executors.on_each(|| {
                while let Some((job, flag)) = board.take() {
                    let task = TaskContext::new(self.numbers(job, count), flag)
                        .of_revision(self.revision)
                        .beside(at_once, Arc::clone(&idle))
                        .with_runtime(self.runtime.clone());
                    // IMPORTANT: every job is finished, whatever happens. The other executors
                    // wait at the board for one that is not.
                    let outcome = caught("the task", || {
                        self.run_one(job, &task, &slots, &failed_attempts)
                    })
                    .unwrap_or_else(|panic| Outcome::Failed(self.place(job, panic)));
                    board.finish(job, outcome);
                }
            });
        };
        if self.settings.timeout.is_some() {
            thread::scope(|scope| {
                scope.spawn(|| board.watch_timeouts());
                work();
            });
        } else {
            work();
        }
        Written {
            tasks: slots.into_inner().unwrap_or_else(PoisonError::into_inner),
            verdict: board.verdict(),
            failed_attempts: failed_attempts.into_inner(),
        }
    }

    fn run_one(
        &self,
        job: Job,
        task: &TaskContext,
        slots: &Slots<W::Message>,
        failed_attempts: &AtomicU64,
    ) -> Outcome {
        let index = job.partition.get() as usize;
        let partition = self.partitions.get(index);
        let bytes_max = self.settings.message_bytes_max;
        match attempt::run(self.source, self.writer, partition, task, bytes_max) {
            Ok(finished) => {
                failpoint::pass("task");
                let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(slot) = slots.get_mut(index) {
                    *slot = Some(finished);
                }
                Outcome::Done
            }
            Err(Unfinished::Cancelled) => Outcome::Cancelled,
            Err(Unfinished::Failed(error)) => {
                failed_attempts.fetch_add(1, Ordering::Relaxed);
                self.retry_or_fail(job, error)
            }
        }
    }

    fn retry_or_fail(&self, job: Job, error: Error) -> Outcome {
        let tried = job.attempt.get().saturating_add(1);
        if error.is_permanent() || tried >= self.settings.attempts_max {
            return Outcome::Failed(error);
        }
        let doubled = self
            .settings
            .retry_delay
            .saturating_mul(1 << job.attempt.get().min(16));
        let delay = doubled.min(RETRY_DELAY_MAX);
        tracing::warn!(error = %error.report(), ?delay, "a task failed and is tried again");
        Outcome::Retry(delay)
    }

    fn place(&self, job: Job, error: Error) -> Error {
        error
            .in_batch(self.batch)
            .in_task(job.partition, job.attempt)
    }

    fn numbers(&self, job: Job, count: usize) -> TaskNumbers {
        TaskNumbers {
            query: self.query,
            run: self.run,
            batch: self.batch,
            partition: PartitionId::new(job.partition.get()),
            partitions: Some(u32::try_from(count).unwrap_or(u32::MAX)),
            attempt: job.attempt,
            attempt_id: u64::from(job.attempt.get()),
        }
    }
}
