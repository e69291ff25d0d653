//! Threads that help the task's own one to encode columns, while executors are idle.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter};
use parquet::errors::ParquetError;
use streamwriter_core::TaskContext;

use super::errand::{Errand, Pending};
use super::lanes::{Failure, Lanes, Leaf};

/// How many column batches a task has had before it looks for help: a thread costs as much as some
/// hundred rows, so the first batch, which may be the only one, is encoded alone.
const BATCHES_ALONE: u32 = 1;

/// How much may wait to be encoded before the task's thread reads no more rows and helps itself.
const BACKLOG_BYTES: usize = 4 * 1024 * 1024;

/// The helpers of one task attempt, and the row group that they share with the task's thread.
///
/// IMPORTANT: what is written must not depend on how far the helpers have come. Everything that asks
/// takes the columns back first, which waits for them.
pub(super) struct Crew<'t> {
    task: &'t TaskContext,
    shared: Arc<Shared>,
    helpers: RefCell<Vec<JoinHandle<()>>>,
    batches: Cell<u32>,
    /// The lane that the task's thread has worked at last.
    last: Cell<Option<usize>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lanes: Lanes,
    /// The one that nobody has begun.
    errand: Option<Errand>,
    on_errand: bool,
    /// How many threads have nothing to do until something changes.
    waiting: usize,
    is_over: bool,
}

impl<'t> Crew<'t> {
    pub(super) fn new(task: &'t TaskContext) -> Self {
        Self {
            task,
            shared: Arc::default(),
            helpers: RefCell::default(),
            batches: Cell::new(0),
            last: Cell::new(None),
        }
    }

    /// Tells whether there is help for a row group of so many columns, and looks for more.
    pub(super) fn has_help(&self, columns: usize) -> bool {
        let mut helpers = self.helpers.borrow_mut();
        let batches = self.batches.get();
        if batches < BATCHES_ALONE {
            self.batches.set(batches + 1);
        } else if helpers.len() + 1 < columns {
            helpers.extend(self.hire());
        }
        !helpers.is_empty()
    }

    /// Tells whether there is help already.
    pub(super) fn is_staffed(&self) -> bool {
        !self.helpers.borrow().is_empty()
    }

    fn hire(&self) -> Option<JoinHandle<()>> {
        let idle = self.task.claim_idle_executor()?;
        let shared = Arc::clone(&self.shared);
        let helper = Builder::new()
            .name("streamwriter-helper".to_owned())
            .spawn(move || {
                shared.help();
                drop(idle);
            });
        // Without another thread the task does what it would do alone.
        helper.ok()
    }

    /// Begins to share the columns of a row group.
    pub(super) fn begin(&self, writers: Vec<ArrowColumnWriter>) {
        self.shared.lock().lanes.begin(writers);
    }

    /// Hands in some rows of the shared row group; helps while too much is waiting.
    ///
    /// # Errors
    /// What a single thread would have met first, in these rows or earlier ones.
    pub(super) fn encode(&self, leaves: Vec<Leaf>, bytes: usize) -> Encoded<()> {
        let mut state = self.shared.lock();
        state.lanes.encode(leaves, bytes);
        self.shared.tell(&state);
        state = self.work_until(state, |state| {
            state.lanes.has_failed() || state.lanes.backlog() <= BACKLOG_BYTES
        });
        if state.lanes.has_failed() {
            drop(state);
            return self.wait().map(drop);
        }
        let spent = state.lanes.spent();
        drop(state);
        drop(spent);
        Ok(())
    }

    /// Waits until everything that was handed in is encoded, and takes the columns back.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(super) fn end(&self) -> Encoded<Vec<ArrowColumnWriter>> {
        self.wait().map(|mut state| state.lanes.end())
    }

    /// Completes the columns of the shared row group.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(super) fn close(&self) -> Encoded<Vec<ArrowColumnChunk>> {
        let mut state = self.shared.lock();
        state.lanes.close();
        self.shared.tell(&state);
        drop(state);
        self.wait().map(|mut state| state.lanes.chunks())
    }

    /// Has something done beside what follows, or while something is waited for. One at a time.
    pub(super) fn send<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> Pending<T> {
        let (errand, pending) = Errand::new(run);
        let mut state = self.shared.lock();
        state.errand = Some(errand);
        self.shared.tell(&state);
        pending
    }

    /// Waits for what was sent.
    pub(super) fn fetch<T>(&self, pending: Pending<T>) -> Option<T> {
        let state = self.shared.lock();
        let is_done = |state: &State| state.errand.is_none() && !state.on_errand;
        drop(self.work_until(state, is_done));
        pending.take()
    }

    fn work_until<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        holds: impl Fn(&State) -> bool,
    ) -> MutexGuard<'s, State> {
        self.shared.work_until(state, &self.last, holds)
    }

    fn wait(&self) -> Encoded<MutexGuard<'_, State>> {
        let state = self.shared.lock();
        let mut state = self.work_until(state, |state| state.lanes.is_idle());
        match state.lanes.failure() {
            None => Ok(state),
            Some(Failure::Error(error)) => Err(error),
            Some(Failure::Panic(panic)) => {
                drop(state);
                std::panic::resume_unwind(panic)
            }
        }
    }
}

type Encoded<T> = Result<T, ParquetError>;

impl Shared {
    /// What a helper does until the end.
    fn help(&self) {
        drop(self.work_until(self.lock(), &Cell::new(None), |_| false));
    }

    /// Works at the lanes, or waits while others do, until this holds or all is over. `last` is the
    /// lane that this thread worked at last.
    fn work_until<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        last: &Cell<Option<usize>>,
        holds: impl Fn(&State) -> bool,
    ) -> MutexGuard<'s, State> {
        while !state.is_over && !holds(&state) {
            if let Some(errand) = state.errand.take() {
                state.on_errand = true;
                drop(state);
                errand.run();
                state = self.lock();
                state.on_errand = false;
                self.tell(&state);
                continue;
            }
            let Some(work) = state.lanes.take(last.get()) else {
                state.waiting += 1;
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
                continue;
            };
            last.set(Some(work.lane()));
            drop(state);
            let worked = work.run();
            state = self.lock();
            state.lanes.give_back(worked);
            self.tell(&state);
        }
        state
    }

    /// Wakes those that wait for a change. It is a call into the kernel, so not without need: there is a
    /// change for each column of each batch.
    fn tell(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No helper outlives the task (W4): each ends behind the step that it is in.
impl Drop for Crew<'_> {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        for helper in self.helpers.get_mut().drain(..) {
            // Panics of the encoder are caught in the lane.
            let _ = helper.join();
        }
    }
}

impl fmt::Debug for Crew<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("helpers", &self.helpers.borrow().len())
            .finish_non_exhaustive()
    }
}
