//! What the driver and the handles of a query share: stop, status, and the end (Q2).

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::engine::{Board, Job};
use crate::gathered::Gathered;
use crate::progress::{QuerySummary, RecentProgress, StreamingQueryProgress};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard};

/// What a query does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryStatus {
    /// It finishes what an earlier run has begun.
    Recovering,
    /// It looks for new rows.
    Planning,
    /// Tasks write a batch.
    Writing,
    /// The sink publishes a batch; tasks may write the next one meanwhile (B5).
    Committing,
    /// It waits for more rows to gather, and holds so much back until then.
    Gathering(Gathered),
    /// It waits for the next trigger or for new rows.
    Waiting,
    /// It has ended.
    Ended,
}

/// What it does in a word or two, such as `gathering (43 bytes, 1 file)`.
impl fmt::Display for QueryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recovering => "recovering",
            Self::Planning => "planning",
            Self::Writing => "writing",
            Self::Committing => "committing",
            Self::Gathering(gathered) => return write!(f, "gathering ({gathered})"),
            Self::Waiting => "waiting",
            Self::Ended => "ended",
        })
    }
}

#[derive(Debug)]
struct State {
    stop: bool,
    /// Whether a publication has failed, so that what is written beside it is in vain (B5).
    in_vain: bool,
    board: Option<Arc<Board>>,
    status: QueryStatus,
    /// Whether a batch is published while the next one may be written.
    overlaps: bool,
    /// What is done beside that publication, and is shown when it is over.
    beside: Option<QueryStatus>,
    recent: RecentProgress,
    summary: QuerySummary,
}

impl State {
    /// Shows what the query does. A batch that is published comes first, since it is the older one.
    fn show(&mut self, status: QueryStatus) {
        if self.overlaps && status != QueryStatus::Ended {
            self.beside = Some(status);
        } else {
            self.status = status;
        }
    }

    /// Tells whether tasks that begin now are in vain.
    fn is_over(&self) -> bool {
        self.stop || self.in_vain
    }
}

/// Shared by the driver and every handle.
#[derive(Debug)]
pub(crate) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

impl Control {
    pub(crate) fn new(summary: QuerySummary) -> Self {
        let state = State {
            stop: false,
            in_vain: false,
            board: None,
            status: QueryStatus::Recovering,
            overlaps: false,
            beside: None,
            recent: RecentProgress::default(),
            summary,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Asks the query to end: tasks are cancelled, a commit that has begun is finished.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stop = true;
        let board = state.board.clone();
        drop(state);
        if let Some(board) = board {
            board.abandon();
        }
        self.changed.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stop
    }

    /// Says that a batch is published from now on while another thread may write the next (B5).
    pub(crate) fn overlap_begins(&self) {
        let mut state = self.lock();
        state.status = QueryStatus::Committing;
        state.overlaps = true;
    }

    /// Says that the publication is over. If it has failed, the tasks of the next batch are cancelled,
    /// also those that have not begun.
    pub(crate) fn overlap_ends(&self, failed: bool) {
        let mut state = self.lock();
        state.overlaps = false;
        if let Some(beside) = state.beside.take() {
            state.status = beside;
        }
        state.in_vain = failed;
        let board = state.board.clone().filter(|_| failed);
        drop(state);
        if let Some(board) = board {
            board.abandon();
        }
    }

    /// Tells whether it is in vain to begin another batch: a stop was asked for, or the
    /// publication of the batch before has failed.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    /// Shows the tasks that begin to run to those who may stop them.
    pub(crate) fn tasks_begin(&self, board: &Arc<Board>) {
        let mut state = self.lock();
        state.board = Some(Arc::clone(board));
        state.show(QueryStatus::Writing);
        // A stop that came before could not reach the board.
        if state.is_over() {
            board.abandon();
        }
    }

    pub(crate) fn tasks_end(&self) {
        self.lock().board = None;
    }

    pub(crate) fn committing(&self) {
        self.lock().status = QueryStatus::Committing;
    }

    pub(crate) fn set_status(&self, status: QueryStatus) {
        self.lock().show(status);
        if status == QueryStatus::Ended {
            self.changed.notify_all();
        }
    }

    pub(crate) fn status(&self) -> QueryStatus {
        self.lock().status
    }

    pub(crate) fn running_tasks(&self) -> Vec<Job> {
        let board = self.lock().board.clone();
        board.map(|board| board.running()).unwrap_or_default()
    }

    /// Sleeps until a time or a stop; `None` sleeps until a stop.
    pub(crate) fn sleep_until(&self, until: Instant) {
        let mut state = self.lock();
        if !matches!(state.status, QueryStatus::Gathering(_)) {
            state.status = QueryStatus::Waiting;
        }
        while !state.stop {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            state = self.wait(state, left);
        }
    }

    /// Waits for the end; returns whether it has come.
    pub(crate) fn wait_for_end(&self, timeout: Duration) -> bool {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        while state.status != QueryStatus::Ended {
            let left = until.map_or(Duration::from_secs(3600), |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            state = self.wait(state, left);
        }
        true
    }

    pub(crate) fn add_progress(&self, progress: StreamingQueryProgress) {
        let mut state = self.lock();
        state.summary.add(&progress);
        state.recent.push(progress);
    }

    pub(crate) fn update_summary(&self, update: impl FnOnce(&mut QuerySummary)) {
        update(&mut self.lock().summary);
    }

    pub(crate) fn summary(&self) -> QuerySummary {
        self.lock().summary.clone()
    }

    pub(crate) fn last_progress(&self) -> Option<StreamingQueryProgress> {
        self.lock().recent.last()
    }

    pub(crate) fn recent_progress(&self) -> Vec<StreamingQueryProgress> {
        self.lock().recent.to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, left: Duration) -> MutexGuard<'s, State> {
        self.changed
            .wait_timeout(state, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}
