//! What a channel and its senders share.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::held::Held;

pub(super) struct Shared<R> {
    pub(super) state: Mutex<State<R>>,
    /// Rows were taken, or committed, or the source has gone.
    pub(super) changed: Condvar,
    pub(super) capacity: usize,
}

pub(super) struct State<R> {
    pub(super) waiting: VecDeque<R>,
    pub(super) held: Held<R>,
    /// Rows that were sent in this process.
    pub(super) sent: u64,
    /// Those of them that are not coming any more: they are committed, or a query has ended with them.
    pub(super) settled: u64,
    /// Those of the settled ones of which nobody here knows whether they are committed.
    pub(super) doubtful: u64,
    /// How many of the rows that were sent somebody waits for, or has waited for, to be committed.
    pub(super) wanted: u64,
    /// Whether a query has started and planned nothing yet.
    pub(super) fresh: bool,
    /// How many handles of the source there are.
    pub(super) sources: usize,
    pub(super) senders: usize,
}

impl<R> Shared<R> {
    /// Makes a queue for so many rows, at least one, with one sender and one handle of the source.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                held: Held::default(),
                sent: 0,
                settled: 0,
                doubtful: 0,
                wanted: 0,
                fresh: true,
                sources: 1,
                senders: 1,
            }),
            changed: Condvar::new(),
            capacity: capacity.max(1),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> State<R> {
    /// Lets go of rows with which an earlier query has ended.
    pub(super) fn give_up(&mut self, rows: u64) {
        self.settled += rows;
        self.doubtful += rows;
    }

    /// Lets go of what an earlier query has left, once for each query, as the first one asks for rows.
    pub(super) fn begin_at(&mut self, first: u64) {
        if std::mem::take(&mut self.fresh) {
            let rows = self.held.forget_all_but(first);
            self.give_up(rows);
        }
    }

    /// Tells whether rows are held up, or waited for, until a batch begins.
    pub(super) fn is_held_up(&self, capacity: usize) -> bool {
        let waiting = self.waiting.len();
        let taken = self.sent - waiting as u64;
        waiting > 0 && (waiting >= capacity || self.senders == 0 || taken < self.wanted)
    }
}
