//! What stands in for a runtime without the feature: nothing can be run on it.

use super::AsyncMethod;
use crate::context::{BatchContext, TaskContext};
use crate::error::{Error, ErrorKind, Result};

// As little of a value as it is, it is used like the one that is there with the feature.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsyncRuntime(());

#[derive(Clone, Debug, Default)]
pub(crate) struct WeakRuntime(());

impl AsyncRuntime {
    pub(crate) fn with_workers(_: usize) -> Self {
        Self(())
    }

    pub(crate) fn downgrade(&self) -> WeakRuntime {
        WeakRuntime(())
    }
}

/// Is refused by the compiler: no future is an [`AsyncMethod`].
///
/// # Errors
/// [`Unsupported`](ErrorKind::Unsupported).
pub fn block_on_task<F: AsyncMethod>(_: &TaskContext, _: F) -> Result<F::Output> {
    Err(no_runtime())
}

/// Is refused by the compiler: no future is an [`AsyncMethod`].
///
/// # Errors
/// [`Unsupported`](ErrorKind::Unsupported).
pub fn block_on_batch<F: AsyncMethod>(_: &BatchContext, _: F) -> Result<F::Output> {
    Err(no_runtime())
}

fn no_runtime() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "an `async fn` of a sink needs the feature `tokio`",
    )
}
