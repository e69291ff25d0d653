//! The check of rule W8 that every sink makes after the last row.

use streamwriter_core::{Error, ErrorKind, Result, Rows, TaskContext};

/// Fails unless the partition was read to its end.
///
/// The engine fails the task anyway; what matters is that nothing is finalised.
pub(crate) fn require_complete(rows: &impl Rows, task: &TaskContext) -> Result<()> {
    rows.require_complete()
        .map_err(|error| in_task(error, task))
}

/// Makes the error of a row that cannot be written; another attempt would meet it again (W7).
pub(crate) fn bad_row(
    number: u64,
    reason: impl Into<streamwriter_core::BoxError>,
    task: &TaskContext,
) -> Error {
    let reason = reason.into();
    let message = format!("row {number} of the partition cannot be written: {reason}");
    let error = Error::new(ErrorKind::Row, message).permanent();
    in_task(error, task)
}

pub(crate) fn in_task(error: Error, task: &TaskContext) -> Error {
    error
        .in_batch(task.batch_id())
        .in_task(task.partition(), task.attempt())
}
