//! The handles of a running query.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Control;
use super::control::QueryStatus;
use super::driver::Driver;
use crate::engine::Job;
use crate::error::{Error, ErrorKind, Result};
use crate::guarantee::Guarantee;
use crate::ids::{QueryId, Run};
use crate::progress::{QuerySummary, StreamingQueryProgress};
use crate::source::Source;
use crate::sync::Mutex;
use crate::sync::thread::{self, JoinHandle};
use crate::writer::WriteRows;

/// A started query.
///
/// Dropping it asks the query to stop, as [`StopHandle::request_stop`] does, and does not wait:
/// keep it, or wait with [`await_termination`](Self::await_termination).
#[must_use = "dropping the handle asks the query to stop"]
pub struct StreamingQuery {
    control: Arc<Control>,
    driver: Mutex<Option<JoinHandle<Result<()>>>>,
}

impl StreamingQuery {
    pub(super) fn spawn<S, W>(driver: Driver<S, W>, control: Arc<Control>) -> Result<Self>
    where
        S: Source,
        W: WriteRows<S::Row>,
    {
        let ended = EndGuard(Arc::clone(&control));
        let thread = thread::Builder::new()
            .name("streamwriter-driver".to_owned())
            .spawn(move || {
                // IMPORTANT: the driver, and with it the locks, goes before the end is announced,
                // so that whoever waited for the end can start the query again.
                let result = driver.run();
                drop(ended);
                result
            })
            .map_err(|error| {
                Error::new(ErrorKind::Config, "cannot start the driver's thread").with_source(error)
            })?;
        Ok(Self {
            control,
            driver: Mutex::new(Some(thread)),
        })
    }

    /// Returns the id of the query; the same after every restart from its checkpoint.
    #[must_use]
    pub fn id(&self) -> QueryId {
        self.control.summary().id
    }

    /// Returns the number of this run.
    #[must_use]
    pub fn run(&self) -> Run {
        self.control.summary().run
    }

    /// Returns the guarantee that holds: the weakest of source, sink and storage (E4).
    #[must_use]
    pub fn guarantee(&self) -> Guarantee {
        self.control.summary().guarantee
    }

    /// Returns what the query does at the moment.
    #[must_use]
    pub fn status(&self) -> QueryStatus {
        self.control.status()
    }

    /// Tells whether the query has not ended yet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status() != QueryStatus::Ended
    }

    /// Returns the progress of the newest batch of this run.
    #[must_use]
    pub fn last_progress(&self) -> Option<StreamingQueryProgress> {
        self.control.last_progress()
    }

    /// Returns the progress of up to 100 newest batches of this run, the oldest first.
    #[must_use]
    pub fn recent_progress(&self) -> Vec<StreamingQueryProgress> {
        self.control.recent_progress()
    }

    /// Returns what this run has done so far.
    #[must_use]
    pub fn summary(&self) -> QuerySummary {
        self.control.summary()
    }

    /// Returns a handle that can stop the query, for signal handlers and other threads.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::clone(&self.control))
    }

    /// Waits until the query has ended by itself, by `stop` or with an error; returns its summary.
    ///
    /// # Errors
    /// The error that the query ended with, with batch, partition and attempt.
    pub fn await_termination(self) -> Result<QuerySummary> {
        let driver = self
            .driver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(driver) = driver {
            driver.join().unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Panic, "the driver's thread panicked"))
            })?;
        }
        Ok(self.control.summary())
    }

    /// Waits for the end, at most this long; returns whether the query has ended.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        self.control.wait_for_end(timeout)
    }

    /// Stops the query and waits for its end, at most this long (Q2).
    ///
    /// A batch that is being written is abandoned: its tasks are cancelled, and the next start
    /// writes it again, or records it as lost if its source cannot replay (S2). A commit that has begun is finished and recorded. Stopping a query that
    /// has ended does nothing; why it ended comes from
    /// [`await_termination`](Self::await_termination).
    ///
    /// # Errors
    /// [`StillRunning`](ErrorKind::StillRunning) names the tasks that have not ended. The query
    /// keeps its lock and ends later.
    pub fn stop(&self, timeout: Duration) -> Result<()> {
        self.control.stop();
        if self.control.wait_for_end(timeout) {
            return Ok(());
        }
        Err(still_running(&self.control, timeout))
    }
}

impl Drop for StreamingQuery {
    fn drop(&mut self) {
        self.control.stop();
    }
}

impl fmt::Debug for StreamingQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingQuery")
            .field("id", &self.id())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

fn still_running(control: &Control, timeout: Duration) -> Error {
    let status = control.status();
    let mut busy: Vec<String> = control
        .running_tasks()
        .iter()
        .map(|Job { partition, attempt }| format!("partition {partition} attempt {attempt}"))
        .collect();
    // Tasks may run beside the commit of the batch before theirs (B5).
    if busy.is_empty() || status == QueryStatus::Committing {
        busy.insert(0, format!("the driver is {}", doing(status)));
    }
    let busy = busy.join(", ");
    Error::new(
        ErrorKind::StillRunning,
        format!("the query has not stopped within {timeout:?}; still running: {busy}"),
    )
    .with_help("it ends when they do; a write that waits outside its rows asks task.is_cancelled()")
}

fn doing(status: QueryStatus) -> &'static str {
    match status {
        QueryStatus::Recovering => "recovering",
        QueryStatus::Planning => "planning",
        QueryStatus::Writing => "writing",
        QueryStatus::Committing => "committing",
        QueryStatus::Gathering(_) => "gathering rows",
        QueryStatus::Waiting => "waiting",
        QueryStatus::Ended => "ending",
    }
}

/// Announces the end of the query, whatever way the driver ends.
struct EndGuard(Arc<Control>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.set_status(QueryStatus::Ended);
    }
}

/// Asks a query to stop, from any thread and any number of times.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Control>);

impl StopHandle {
    /// Asks the query to stop, as [`StreamingQuery::stop`] does, without waiting.
    pub fn request_stop(&self) {
        self.0.stop();
    }
}
