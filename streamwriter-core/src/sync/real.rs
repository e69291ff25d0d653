//! The types of `std`, and rayon's pool.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic, mpsc};
pub(crate) use std::thread;
pub(crate) use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};

/// Starts a thread that ends with a scope.
///
/// # Errors
/// The operating system has no thread left.
pub(crate) fn spawn_in<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> std::io::Result<thread::ScopedJoinHandle<'scope, T>> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn_scoped(scope, work)
}

/// The threads that run tasks.
#[derive(Debug)]
pub(crate) struct Executors(rayon::ThreadPool);

impl Executors {
    pub(crate) fn start(threads: usize) -> Result<Self> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("streamwriter-executor-{number}"))
            .build()
            .map(Self)
            .map_err(|error| {
                Error::new(ErrorKind::Config, "cannot start the executors").with_source(error)
            })
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Runs this once on each thread; returns when it has returned on all of them.
    pub(crate) fn on_each(&self, work: impl Fn() + Sync) {
        self.0.broadcast(|_| work());
    }
}
