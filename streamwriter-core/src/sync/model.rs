//! What the model checker runs: shuttle's locks and threads, and a time that it decides as well.
//!
//! Shuttle's own waits never time out. Here a wait with a limit sets an alarm, and
//! [`clock::Time`], a thread of the model, goes off to the next alarm when the scheduler lets it.

pub(crate) mod clock;

use std::sync::{Arc, LockResult, PoisonError};
use std::time::Duration;

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
pub(crate) use shuttle::sync::{atomic, mpsc};

pub(crate) use clock::Instant;

use crate::error::Result;

/// Threads of the model.
pub(crate) mod thread {
    pub(crate) use shuttle::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

    /// Runs a scope on a thread of its own.
    ///
    /// IMPORTANT: the last thread of one of shuttle's scopes wakes the thread that opened it,
    /// whatever that one waits for by then. Here it waits for nothing else, and the body is free to
    /// wait, for an inner scope for example.
    pub(crate) fn scope<'env, F, T>(body: F) -> T
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T + Send + 'env,
        T: Send + 'env,
    {
        shuttle::thread::scope(|scope| {
            let body = scope.spawn(move || body(scope));
            body.join().expect("a panic ends the schedule")
        })
    }
}

/// Starts a thread that ends with a scope.
#[expect(clippy::unnecessary_wraps, reason = "a real one may fail to start")]
pub(crate) fn spawn_in<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    _: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> std::io::Result<thread::ScopedJoinHandle<'scope, T>> {
    Ok(scope.spawn(work))
}

/// Shuttle's mutex, with guards that know it, so that [`Condvar`] can take it again.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

pub(crate) struct MutexGuard<'m, T> {
    inner: shuttle::sync::MutexGuard<'m, T>,
    mutex: &'m Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = |inner| MutexGuard { inner, mutex: self };
        match self.0.lock() {
            Ok(inner) => Ok(guard(inner)),
            Err(poisoned) => Err(PoisonError::new(guard(poisoned.into_inner()))),
        }
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// Where one thread sleeps. A wake-up that comes before the sleep is kept.
type Bed = Arc<BatchSemaphore>;

fn bed() -> Bed {
    Arc::new(BatchSemaphore::new(0, Fairness::Unfair))
}

/// A condition variable without wake-ups out of nothing: a wait ends by a notification or by time,
/// so that a notification which is missing is a deadlock.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    waiting: std::sync::Mutex<Vec<Bed>>,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<'m, T>(&self, guard: MutexGuard<'m, T>) -> LockResult<MutexGuard<'m, T>> {
        self.sleep(guard, None)
    }

    /// Waits at most this long. The second value says nothing; nobody asks.
    pub(crate) fn wait_timeout<'m, T>(
        &self,
        guard: MutexGuard<'m, T>,
        at_most: Duration,
    ) -> LockResult<(MutexGuard<'m, T>, ())> {
        match self.sleep(guard, Some(at_most)) {
            Ok(guard) => Ok((guard, ())),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), ()))),
        }
    }

    fn sleep<'m, T>(
        &self,
        guard: MutexGuard<'m, T>,
        at_most: Option<Duration>,
    ) -> LockResult<MutexGuard<'m, T>> {
        // IMPORTANT: others may run before this thread counts as waiting. A notification without
        // the lock that comes then is lost, as it is in `std`.
        interrupt();
        let bed = bed();
        self.waiting().push(Arc::clone(&bed));
        if let Some(at_most) = at_most {
            clock::set_alarm(at_most, &bed);
        }
        let MutexGuard { inner, mutex } = guard;
        drop(inner);
        rest(&bed);
        self.waiting().retain(|other| !Arc::ptr_eq(other, &bed));
        clock::unset_alarm(&bed);
        mutex.lock()
    }

    pub(crate) fn notify_all(&self) {
        interrupt();
        let woken = std::mem::take(&mut *self.waiting());
        for bed in woken {
            bed.release_no_scheduling_point(1);
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Bed>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the scheduler choose who goes on.
pub(crate) fn interrupt() {
    atomic::AtomicBool::new(false).load(atomic::Ordering::SeqCst);
}

fn rest(bed: &Bed) {
    bed.acquire_blocking(1).expect("beds are never closed");
}

/// The threads that run tasks: new ones of the model for each batch.
#[derive(Debug)]
pub(crate) struct Executors(usize);

impl Executors {
    #[expect(clippy::unnecessary_wraps, reason = "the real ones may fail to start")]
    pub(crate) fn start(threads: usize) -> Result<Self> {
        Ok(Self(threads))
    }

    pub(crate) fn count(&self) -> usize {
        self.0
    }

    /// Runs this once on each thread; returns when it has returned on all of them.
    pub(crate) fn on_each(&self, work: impl Fn() + Sync) {
        shuttle::thread::scope(|scope| {
            for _ in 0..self.0 {
                scope.spawn(&work);
            }
        });
    }
}
