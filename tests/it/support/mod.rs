//! What the tests share: a source of numbers, a sink with a script, and a run of both.

mod files;
mod scripted;
mod skip;

use std::path::Path;

pub(crate) use files::{staged_files, visible_numbers};
pub(crate) use scripted::{Event, Scripted, Table, Written};
pub(crate) use skip::skipped;
pub(crate) use streamwriter::testing::Numbers;
use streamwriter::{Error, QuerySummary, Trigger, stream};

/// Runs a query over everything that is there, without retry delays, and returns how it ended.
pub(crate) fn drain(
    source: Numbers,
    sink: Scripted,
    checkpoint: &Path,
) -> Result<QuerySummary, Error> {
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .task_retry_delay(std::time::Duration::ZERO)
        .start()?
        .await_termination()
}

/// A folder in memory where there is one: thousands of syncs to a disk take minutes, and what is
/// tested is the order of the steps.
pub(crate) fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}
