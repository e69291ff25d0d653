//! The board that hands out the tasks of one batch: ready, delayed, running, done (W3, W4, W7).
//!
//! It knows nothing of rows and messages. Workers, the watch for time-outs and `stop` share it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::context::{CancelFlag, CancelReason};
use crate::error::Error;
use crate::idle::IdleExecutors;
use crate::ids::{Attempt, PartitionId};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard};

/// One try of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) partition: PartitionId,
    pub(crate) attempt: Attempt,
}

/// How a job ended, as the board needs to know it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its message counts.
    Done,
    /// It was cancelled with its batch; nothing of it counts.
    Cancelled,
    /// It failed and is tried again after the delay.
    Retry(Duration),
    /// It failed for good.
    Failed(Error),
}

/// Why a batch stopped handing out tasks.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Every task is done.
    AllDone,
    /// A task failed for good.
    Failed(Error),
    /// The batch was abandoned by `stop`.
    Abandoned,
}

#[derive(Debug)]
struct Running {
    attempt: Attempt,
    flag: Arc<CancelFlag>,
    /// When its time is up; then, when it is known to ignore that.
    deadline: Option<Instant>,
    expired: bool,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Job>,
    delayed: Vec<(Instant, Job)>,
    running: BTreeMap<PartitionId, Running>,
    failure: Option<Error>,
    abandoned: bool,
}

impl State {
    fn is_cancelled(&self) -> bool {
        self.abandoned || self.failure.is_some()
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && self.ready.is_empty() && self.delayed.is_empty()
    }

    fn cancel(&mut self) {
        self.ready.clear();
        self.delayed.clear();
        for running in self.running.values() {
            running.flag.cancel(CancelReason::Batch);
        }
    }

    /// Cancels the jobs whose time is up; returns those that have ignored that for as long again.
    fn expire(&mut self, now: Instant, timeout: Duration) -> Vec<Job> {
        let mut ignoring = Vec::new();
        for (partition, running) in &mut self.running {
            if running.deadline.is_none_or(|deadline| deadline > now) {
                continue;
            }
            if running.expired {
                running.deadline = None;
                ignoring.push(Job {
                    partition: *partition,
                    attempt: running.attempt,
                });
            } else {
                running.expired = true;
                running.deadline = now.checked_add(timeout);
                running.flag.cancel(CancelReason::Timeout);
            }
        }
        ignoring
    }

    /// Moves jobs whose delay has passed to the ready ones; returns when the next one is due.
    fn wake_delayed(&mut self, now: Instant) -> Option<Instant> {
        let due = self
            .delayed
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, job)| job);
        self.ready.extend(due);
        self.delayed.iter().map(|(at, _)| *at).min()
    }
}

/// Hands out tasks, collects how they ended, and cancels what is left.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Condvar,
    task_timeout: Option<Duration>,
    idle: Arc<IdleExecutors>,
}

impl Board {
    pub(crate) fn new(partitions: u32, task_timeout: Option<Duration>) -> Self {
        let ready = (0..partitions)
            .map(|number| Job {
                partition: PartitionId::new(number),
                attempt: Attempt::new(0),
            })
            .collect();
        Self {
            state: Mutex::new(State {
                ready,
                ..State::default()
            }),
            changed: Condvar::new(),
            task_timeout,
            idle: IdleExecutors::new(0),
        }
    }

    /// Takes the next job, waiting while a retry may still come; `None` when the batch is over.
    pub(crate) fn take(&self) -> Option<(Job, Arc<CancelFlag>)> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let due = state.wake_delayed(now);
            if let Some(job) = state.ready.pop_front() {
                return Some((job, self.begin(&mut state, job, now)));
            }
            if state.is_over() {
                return None;
            }
            let _idle = self.idle.wait();
            state = self.wait(state, due.map(|due| due.saturating_duration_since(now)));
        }
    }

    /// Returns who counts the executors that wait in [`take`](Self::take).
    pub(crate) fn idle(&self) -> Arc<IdleExecutors> {
        Arc::clone(&self.idle)
    }

    fn begin(&self, state: &mut State, job: Job, now: Instant) -> Arc<CancelFlag> {
        let flag = Arc::new(CancelFlag::default());
        let deadline = self
            .task_timeout
            .and_then(|timeout| now.checked_add(timeout));
        let running = Running {
            attempt: job.attempt,
            flag: Arc::clone(&flag),
            deadline,
            expired: false,
        };
        state.running.insert(job.partition, running);
        if deadline.is_some() {
            self.changed.notify_all();
        }
        flag
    }

    /// Says how a job ended.
    pub(crate) fn finish(&self, job: Job, outcome: Outcome) {
        let mut state = self.lock();
        state.running.remove(&job.partition);
        match outcome {
            Outcome::Done | Outcome::Cancelled => {}
            Outcome::Retry(delay) if !state.is_cancelled() => {
                let again = Job {
                    attempt: job.attempt.next(),
                    ..job
                };
                state.delayed.push((Instant::now() + delay, again));
            }
            Outcome::Retry(_) => {}
            Outcome::Failed(error) => {
                // The first failure is the batch's error; later ones follow from it.
                state.failure.get_or_insert(error);
                state.cancel();
            }
        }
        if state.is_over() || !state.delayed.is_empty() {
            self.changed.notify_all();
        }
    }

    /// Abandons the batch: nothing more starts, and the rows of running tasks end.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.cancel();
        self.changed.notify_all();
    }

    /// Returns the tasks that run at this moment.
    pub(crate) fn running(&self) -> Vec<Job> {
        let job = |(partition, running): (&PartitionId, &Running)| Job {
            partition: *partition,
            attempt: running.attempt,
        };
        self.lock().running.iter().map(job).collect()
    }

    /// Takes the verdict on the batch. Called once, when no task runs any more.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut state = self.lock();
        match state.failure.take() {
            Some(error) => Verdict::Failed(error),
            None if state.abandoned => Verdict::Abandoned,
            None => Verdict::AllDone,
        }
    }

    /// Cancels tasks that outlive the task timeout, until the batch is over (W7).
    ///
    /// Runs on a thread of its own. A task that ignores its cancellation for as long again is
    /// named in a warning: it cannot be interrupted outside its rows.
    pub(crate) fn watch_timeouts(&self) {
        let Some(timeout) = self.task_timeout else {
            return;
        };
        let mut state = self.lock();
        while !state.is_over() {
            let now = Instant::now();
            let ignoring = state.expire(now, timeout);
            if !ignoring.is_empty() {
                // Without the lock: whoever collects the warnings may want to know what runs.
                drop(state);
                for Job { partition, attempt } in ignoring {
                    tracing::warn!(%partition, %attempt, ?timeout, "a task ignores its cancellation");
                }
                state = self.lock();
                continue;
            }
            let next = state
                .running
                .values()
                .filter_map(|running| running.deadline)
                .min();
            state = self.wait(state, next.map(|next| next.saturating_duration_since(now)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(
        &self,
        state: MutexGuard<'s, State>,
        at_most: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        match at_most {
            Some(at_most) => {
                self.changed
                    .wait_timeout(state, at_most)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
        }
    }
}
