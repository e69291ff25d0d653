//! Work that another thread may do meanwhile, and what comes back of it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Something to be done once, by whoever has time.
pub(super) struct Errand(Box<dyn FnOnce() + Send>);

/// What an [`Errand`] will have left.
pub(super) struct Pending<T>(Arc<Mutex<Option<std::thread::Result<T>>>>);

impl Errand {
    pub(super) fn new<T: Send + 'static>(
        run: impl FnOnce() -> T + Send + 'static,
    ) -> (Self, Pending<T>) {
        let slot = Arc::new(Mutex::new(None));
        let pending = Pending(Arc::clone(&slot));
        let run = move || {
            let done = catch_unwind(AssertUnwindSafe(run));
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        };
        (Self(Box::new(run)), pending)
    }

    pub(super) fn run(self) {
        (self.0)();
    }
}

impl<T> Pending<T> {
    /// Takes what was left, once the errand is done; a panic goes on here.
    pub(super) fn take(self) -> Option<T> {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Some(done?.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}
