//! Executors that wait at the board for work, and who uses their share of the machine meanwhile.

use std::fmt;
use std::sync::Arc;

use crate::sync::atomic::{AtomicIsize, Ordering};

/// How many executors wait for a task, less those that were claimed.
///
/// It goes below zero when an executor whose share was claimed finds a task after all.
#[derive(Debug)]
pub(crate) struct IdleExecutors(AtomicIsize);

impl IdleExecutors {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let count = isize::try_from(count).unwrap_or(isize::MAX);
        Arc::new(Self(AtomicIsize::new(count)))
    }

    /// Counts an executor as idle until the guard is dropped.
    pub(crate) fn wait(&self) -> impl Drop + '_ {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    pub(crate) fn claim(self: &Arc<Self>) -> Option<IdleExecutor> {
        let one_less = |free: isize| (free > 0).then(|| free - 1);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .ok()?;
        Some(IdleExecutor(Arc::clone(self)))
    }
}

struct Waiting<'i>(&'i IdleExecutors);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The share of the machine of an executor that has no task, for a thread that the sink starts.
///
/// Made by [`TaskContext::claim_idle_executor`](crate::TaskContext::claim_idle_executor), and given
/// back when it is dropped. It is no thread: the sink starts one, and ends it before `write` returns.
/// The executor itself goes on waiting; if it finds a task meanwhile (a second attempt of another
/// one), one thread more runs than there are executors, until this is dropped.
#[must_use = "dropped, it is given back at once"]
pub struct IdleExecutor(Arc<IdleExecutors>);

impl Drop for IdleExecutor {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for IdleExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleExecutor").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(streamwriter_model)))]
mod tests {
    use super::*;

    #[test]
    fn each_idle_executor_is_claimed_once_and_comes_back() {
        let idle = IdleExecutors::new(0);
        assert!(idle.claim().is_none());
        let first = idle.wait();
        let second = idle.wait();
        let claimed = (idle.claim().unwrap(), idle.claim().unwrap());
        assert!(idle.claim().is_none());
        drop(claimed.0);
        drop(idle.claim().unwrap());
        drop(first);
        assert!(idle.claim().is_none(), "one waits, and it is claimed");
        drop(claimed.1);
        drop(idle.claim().unwrap());
        drop(second);
        assert!(idle.claim().is_none());
    }
}
