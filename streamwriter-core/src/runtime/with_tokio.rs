//! A tokio runtime for each query, begun with the first `async` method that is called.

use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{MissedTickBehavior, interval};

use super::AsyncMethod;
use crate::context::{BatchContext, TaskContext};
use crate::error::{Error, ErrorKind, Result};

/// How long a `write` that waits for something else goes on after it was cancelled, at most.
const LOOK_FOR_CANCELLATION: Duration = Duration::from_millis(10);

/// The runtime of one query. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsyncRuntime(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    workers: usize,
    runtime: OnceLock<io::Result<Runtime>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            workers: 1,
            runtime: OnceLock::new(),
        }
    }
}

impl AsyncRuntime {
    /// Makes a runtime with so many threads of its own; none of them exists before it is used.
    pub(crate) fn with_workers(workers: usize) -> Self {
        Self(Arc::new(Shared {
            workers: workers.max(1),
            runtime: OnceLock::new(),
        }))
    }

    /// Returns a handle that does not keep the runtime.
    pub(crate) fn downgrade(&self) -> WeakRuntime {
        WeakRuntime(Arc::downgrade(&self.0))
    }

    fn get(&self) -> Result<&Runtime> {
        let runtime = self.0.runtime.get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(self.0.workers)
                .thread_name("streamwriter-async")
                .enable_all()
                .build()
        });
        runtime.as_ref().map_err(|error| {
            let text = format!("cannot start the runtime of an async sink: {error}");
            Error::new(ErrorKind::Unsupported, text)
        })
    }
}

/// The runtime of a query that may have ended.
///
/// What a sink spawns may hold on to the context of a batch. If that kept the runtime, both would
/// stay for ever.
#[derive(Clone, Debug, Default)]
pub(crate) struct WeakRuntime(Weak<Shared>);

impl WeakRuntime {
    /// Returns the runtime, or another one without a query.
    fn upgrade(&self) -> AsyncRuntime {
        self.0.upgrade().map(AsyncRuntime).unwrap_or_default()
    }
}

impl Drop for Shared {
    /// Ends what the sink has spawned, at its next wait, without waiting for it: a task that hangs
    /// does not keep the query from ending.
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs an `async write` on this thread, until it is done or its task is cancelled (W7).
///
/// A future that waits when its task is cancelled is dropped where it waits.
///
/// # Errors
/// [`CutOff`](ErrorKind::CutOff) if it was dropped; [`Unsupported`](ErrorKind::Unsupported) if the
/// runtime cannot be started.
pub fn block_on_task<F: AsyncMethod>(task: &TaskContext, method: F) -> Result<F::Output> {
    let runtime = task.runtime().get()?;
    let finished = runtime.block_on(async {
        let mut method = pin!(method);
        let mut look = interval(LOOK_FOR_CANCELLATION);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        std::future::poll_fn(|context| {
            // The method first: one that is done has done it, even if it was told to end too late.
            if let Poll::Ready(output) = method.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            loop {
                if task.is_cancelled() {
                    return Poll::Ready(None);
                }
                if look.poll_tick(context).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    });
    finished.ok_or_else(|| {
        Error::new(
            ErrorKind::CutOff,
            "the task was cancelled while its async write was waiting",
        )
    })
}

/// Runs an `async commit` or `abort` on this thread to its end: once begun, it is not cut short.
///
/// # Errors
/// [`Unsupported`](ErrorKind::Unsupported) if the runtime cannot be started.
pub fn block_on_batch<F: AsyncMethod>(batch: &BatchContext, method: F) -> Result<F::Output> {
    let runtime = batch.runtime().upgrade();
    Ok(runtime.get()?.block_on(method))
}

#[cfg(test)]
mod tests;
