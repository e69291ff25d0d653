//! One life of a query, in this process or in one that may be killed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::faults::{Life, Shape};
use super::faulty::Faulty;
use super::place::{CHECKPOINT, Ground, Place, checkpoint_of};
use super::script::{PATIENCE, Script};
use super::subject::Conformance;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::guarantee::Guarantee;
use crate::ids::BatchId;
use crate::progress::QuerySummary;
use crate::query::{StreamingQuery, Trigger};
use crate::storage::LocalStorage;
use crate::stream::stream;
use crate::testing::{Numbers, SimulatedDisk};
use crate::writer::WriteRows;

/// How a life ended.
#[derive(Debug)]
pub(super) enum Ended {
    Well(Box<QuerySummary>),
    Badly(Error),
    /// Its process was killed, as the script said.
    Killed,
    /// Its process was to be killed and ended by itself: what it printed.
    Spared(String),
}

impl Ended {
    /// Returns the error of a life that ended with one.
    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Self::Badly(error) => Some(error),
            Self::Well(_) | Self::Killed | Self::Spared(_) => None,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Well(summary) if summary.stopped => "it was stopped".to_owned(),
            Self::Well(_) => "it ended well".to_owned(),
            Self::Badly(error) => format!("it ended with: {}", error.report()),
            Self::Killed => "it was killed".to_owned(),
            Self::Spared(printed) => format!("the fault never struck its process: {printed}"),
        }
    }
}

/// Returns what the sink promises.
pub(super) fn guarantee<W, R>(subject: &Conformance<W, R>, root: &Path) -> Result<Guarantee>
where
    W: WriteRows<R>,
{
    Ok(make(subject, &Place::plain(root))?.guarantee())
}

/// Tells whether the sink has a memory of its own.
pub(super) fn has_target<W, R>(subject: &Conformance<W, R>, root: &Path) -> Result<bool>
where
    W: WriteRows<R>,
{
    Ok(make(subject, &Place::plain(root))?.target().is_some())
}

/// Returns the newest batch that the target remembers of the query of this place.
pub(super) fn last_recorded<W, R>(
    subject: &Conformance<W, R>,
    root: &Path,
) -> Result<Option<BatchId>>
where
    W: WriteRows<R>,
{
    let checkpoint = LocalStorage::shared(checkpoint_of(root))?;
    let query = crate::journal::look(&checkpoint)?.query;
    let writer = make(subject, &Place::plain(root))?;
    let Some(target) = writer.target() else {
        return Ok(None);
    };
    Ok(target.last_committed(query)?.map(|record| record.batch))
}

/// Tells whether everything durable that the sink does goes through the place's storage.
pub(super) fn uses_storage<W, R>(subject: &Conformance<W, R>, root: &Path) -> Result<bool> {
    let place = Place::plain(root);
    make(subject, &place)?;
    Ok(place.was_asked_for_storage())
}

/// Where a life is lived.
#[derive(Clone, Debug)]
pub(super) struct Setting<'s> {
    pub(super) root: &'s Path,
    pub(super) ground: Ground,
    /// The name of the checkpoint's directory.
    pub(super) checkpoint: &'s str,
    pub(super) shape: Shape,
}

impl<'s> Setting<'s> {
    pub(super) fn plain(root: &'s Path, shape: Shape) -> Self {
        Self {
            root,
            ground: Ground::Plain,
            checkpoint: CHECKPOINT,
            shape,
        }
    }

    pub(super) fn on(disk: &SimulatedDisk, root: &'s Path, shape: Shape) -> Self {
        Self {
            ground: Ground::Disk(disk.clone()),
            ..Self::plain(root, shape)
        }
    }
}

/// Lives in this process, to its end.
pub(super) fn live<W, R>(
    subject: &Conformance<W, R>,
    setting: &Setting<'_>,
    life: &Life,
    script: &Arc<Script>,
) -> Ended
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    // A fault at the start may panic on this very thread.
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let query = start(subject, setting, life, script)?;
        script.stop_with(query.stop_handle());
        end(query)
    }));
    match lived {
        Ok(Ok(summary)) => Ended::Well(Box::new(summary)),
        Ok(Err(error)) => Ended::Badly(error),
        Err(_) => Ended::Badly(Error::new(ErrorKind::Panic, "the start panicked")),
    }
}

fn start<W, R>(
    subject: &Conformance<W, R>,
    setting: &Setting<'_>,
    life: &Life,
    script: &Arc<Script>,
) -> Result<StreamingQuery>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let Setting {
        root,
        ground,
        checkpoint,
        shape,
    } = setting;
    let watch = Arc::clone(script);
    let (place, checkpoint) = Place::watched(root, ground, checkpoint, move |point| {
        watch.pass_operation(point)
    })?;
    let sink = make(subject, &place)?;
    let row = Arc::clone(&subject.row);
    stream(source(*shape, life, script))
        .map(move |number| row(number))
        .write_to(Faulty::new(
            sink,
            Arc::clone(script),
            subject.parts_are_harmless,
        ))
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(life.executors)
        .max_task_attempts(life.attempts)
        .task_retry_delay(Duration::ZERO)
        .keep_batches(2)
        .take_over(life.take_over)
        .overlap_batches(life.overlaps)
        .start()
}

fn source(shape: Shape, life: &Life, script: &Arc<Script>) -> Numbers {
    let script = Arc::clone(script);
    Numbers::new(life.available.unwrap_or(shape.rows))
        .per_batch(shape.per_batch)
        .partitions(u64::from(shape.partitions))
        .before_each_row(move |number, task| script.before_row(number, task))
}

fn end(query: StreamingQuery) -> Result<QuerySummary> {
    if query.wait(PATIENCE) {
        return query.await_termination();
    }
    let status = query.status();
    Err(Error::new(
        ErrorKind::StillRunning,
        format!("the query hangs: it is {status:?} after {PATIENCE:?}"),
    ))
}

fn make<W, R>(subject: &Conformance<W, R>, place: &Place) -> Result<W> {
    (subject.make)(place).map_err(|error: BoxError| {
        Error::new(ErrorKind::Config, "the sink cannot be made").with_source(error)
    })
}
