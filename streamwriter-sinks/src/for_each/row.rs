//! A closure for each row.

use std::fmt;

use streamwriter_core::{BoxError, Guarantee, Rows, StreamWriter, TaskContext, WriteRows};

use super::GivenRows;

/// Gives each row to a closure, in the task that reads it.
///
/// What the closure does is done at once: long before the batch is committed, and again when the
/// task is tried again or the batch is written again after a crash. So the guarantee is
/// at-least-once (E4), and that of a row alone: the first rows of a partition may have been given
/// when its source fails. Several tasks call the closure at the same time (W11). Its error fails the
/// task, which is tried again unless the error is [`Permanent`](streamwriter_core::Permanent) (W7).
///
/// Memory: one row for each running task.
///
/// ```
/// use std::sync::Mutex;
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_core::{BoxError, TaskContext};
/// use streamwriter_sinks::ForEach;
///
/// let sink = ForEach::new(|row: u64, task: &TaskContext| {
///     let key = format!("{}-{row}", task.query_id()); // the same in every try
///     if key.is_empty() { Err("no key") } else { Ok(()) }
/// });
/// let message = write_rows(&sink, [1, 2, 3], &Pretend::default().task())?;
/// assert_eq!(message.rows, 3);
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ForEach<F>(F);

impl<F> ForEach<F> {
    /// Makes a sink of a closure that takes a row, and what task it is in.
    pub fn new<R, E>(call: F) -> Self
    where
        F: Fn(R, &TaskContext) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        Self(call)
    }
}

impl<F: Send + Sync + 'static> StreamWriter for ForEach<F> {
    type Message = GivenRows;
    type Error = BoxError;

    fn name(&self) -> &str {
        "for-each"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }
}

impl<R, E, F> WriteRows<R> for ForEach<F>
where
    F: Fn(R, &TaskContext) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<GivenRows, BoxError> {
        for row in rows.by_ref() {
            (self.0)(row, task).map_err(Into::into)?;
        }
        rows.require_complete()?;
        Ok(GivenRows { rows: rows.read() })
    }
}

impl<F> fmt::Debug for ForEach<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEach").finish_non_exhaustive()
    }
}
