//! The last part of the chain: from a source and a sink to a running query.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::handle::StreamingQuery;
use super::repair::Repair;
use super::settings::{CheckpointChoice, Settings};
use super::start::start;
use super::trigger::Trigger;
use crate::error::Result;
use crate::guarantee::Guarantee;
use crate::progress::QueryListener;
use crate::source::Source;
use crate::storage::SharedStorage;
use crate::writer::{StreamWriter, WriteRows};

/// A query that has said where its checkpoint is, or that it has none.
#[derive(Debug)]
pub struct CheckpointChosen(());

/// A query that has not said yet where its checkpoint is.
#[derive(Debug)]
pub struct CheckpointNotChosen(());

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "this query has no checkpoint",
        note = "add `.checkpoint(\"state/my-query\")`, or `.no_checkpoint()` if nothing needs to \
                survive a restart"
    )]
    pub trait Checkpointed {}
}

impl sealed::Checkpointed for CheckpointChosen {}

/// Where a checkpoint can be: a directory, or any [`Storage`](crate::Storage).
#[derive(Debug)]
pub struct CheckpointPlace(pub(super) CheckpointChoice);

impl From<&str> for CheckpointPlace {
    fn from(path: &str) -> Self {
        Self(CheckpointChoice::Path(path.into()))
    }
}

impl From<String> for CheckpointPlace {
    fn from(path: String) -> Self {
        Self(CheckpointChoice::Path(path.into()))
    }
}

impl From<&String> for CheckpointPlace {
    fn from(directory: &String) -> Self {
        Self::from(directory.as_str())
    }
}

impl From<&Path> for CheckpointPlace {
    fn from(path: &Path) -> Self {
        Self(CheckpointChoice::Path(path.into()))
    }
}

impl From<PathBuf> for CheckpointPlace {
    fn from(path: PathBuf) -> Self {
        Self(CheckpointChoice::Path(path))
    }
}

impl From<&PathBuf> for CheckpointPlace {
    fn from(path: &PathBuf) -> Self {
        Self(CheckpointChoice::Path(path.clone()))
    }
}

impl From<SharedStorage> for CheckpointPlace {
    fn from(storage: SharedStorage) -> Self {
        Self(CheckpointChoice::Storage(storage))
    }
}

/// A query that can be started; made by [`Stream::write_to`](crate::Stream::write_to).
///
/// Nothing is read, written or checked before [`start`](Self::start).
#[must_use = "a query does nothing until it is started"]
pub struct QueryBuilder<S, W, C = CheckpointNotChosen> {
    source: S,
    writer: W,
    settings: Settings,
    state: PhantomData<C>,
}

impl<S, W, C> fmt::Debug for QueryBuilder<S, W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryBuilder")
            .field("name", &self.settings.name)
            .finish_non_exhaustive()
    }
}

impl<S, W> QueryBuilder<S, W> {
    pub(crate) fn new(source: S, writer: W) -> Self {
        Self {
            source,
            writer,
            settings: Settings::default(),
            state: PhantomData,
        }
    }
}

impl<S, W, C> QueryBuilder<S, W, C> {
    fn choose(self, checkpoint: CheckpointChoice) -> QueryBuilder<S, W, CheckpointChosen> {
        let Self {
            source,
            writer,
            settings,
            ..
        } = self;
        let settings = Settings {
            checkpoint,
            ..settings
        };
        QueryBuilder {
            source,
            writer,
            settings,
            state: PhantomData,
        }
    }

    /// Keeps what was decided in this directory or storage, so that a restart goes on from there.
    ///
    /// One checkpoint belongs to one query for ever: to its source and its target (E6).
    pub fn checkpoint(
        self,
        place: impl Into<CheckpointPlace>,
    ) -> QueryBuilder<S, W, CheckpointChosen> {
        self.choose(place.into().0)
    }

    /// Keeps nothing: every start begins at the beginning of the source.
    ///
    /// The guarantee is at-least-once then, at best. For sinks such as `stdout` and tests.
    pub fn no_checkpoint(self) -> QueryBuilder<S, W, CheckpointChosen> {
        self.choose(CheckpointChoice::None)
    }

    /// Names the query in progress, logs and errors.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets when the query looks for new rows; ten times a second by default.
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.settings.trigger = trigger;
        self
    }

    /// Sets how many tasks run at the same time; one per core by default.
    ///
    /// A restart may use another number: a batch that is planned keeps its partitions.
    pub fn executors(mut self, executors: usize) -> Self {
        self.settings.executors = Some(executors);
        self
    }

    /// Sets how often a task is tried in all; 4 by default, 1 for never again (W7).
    pub fn max_task_attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts_max = attempts;
        self
    }

    /// Sets the wait before a second attempt; 100 ms by default, doubled with each further one up
    /// to 30 s.
    pub fn task_retry_delay(mut self, delay: Duration) -> Self {
        self.settings.retry_delay = delay;
        self
    }

    /// Cancels an attempt that takes longer, as a failed one (W7). No limit by default.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.settings.task_timeout = Some(timeout);
        self
    }

    /// Bounds a commit message in its encoded form, in bytes; 1 MiB by default (W12).
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.settings.message_bytes_max = bytes;
        self
    }

    /// Bounds the rows of one batch; by default the source decides (Q1).
    pub fn max_rows_per_batch(mut self, rows: u64) -> Self {
        self.settings.rows_max = Some(rows);
        self
    }

    /// Bounds the bytes of input of one batch; by default the source decides (Q1).
    pub fn max_bytes_per_batch(mut self, bytes: u64) -> Self {
        self.settings.bytes_max = Some(bytes);
        self
    }

    /// Bounds the input files of one batch; by default the source decides (Q1).
    pub fn max_files_per_batch(mut self, files: u64) -> Self {
        self.settings.files_max = Some(files);
        self
    }

    /// Begins a batch once so many rows wait; the query gathers them until then.
    ///
    /// For fewer and larger files from a slow stream: every batch makes files of its own. A batch begins as
    /// soon as **one** of these holds:
    ///
    /// - a minimum is reached: of rows, of [bytes](Self::min_bytes_per_batch) or of
    ///   [files](Self::min_files_per_batch);
    /// - what waits fills a batch, or the source holds up what comes, as a full `Channel` does;
    /// - it has waited for the [longest delay](Self::max_batch_delay), 15 minutes by default;
    /// - nothing new has come for [so long](Self::batch_when_idle_for), if that is set.
    ///
    /// The query looks at each trigger, so a batch may begin later by one interval of it; it takes all that
    /// waits, within the upper bounds. [`AvailableNow`](Trigger::AvailableNow) and
    /// [`Once`](Trigger::Once) do not gather. A batch that is planned never waits again, so a restart
    /// finishes it at once (B2); for rows that were only waiting it begins to count time anew. While it
    /// gathers, [`status`](StreamingQuery::status) and listeners tell how much there is.
    ///
    /// A source that cannot count rows, such as a directory of files, refuses it at start: use another
    /// minimum there. A minimum above the same maximum is refused as well.
    ///
    /// ```
    /// use std::time::Duration;
    /// use streamwriter_core::QueryBuilder;
    ///
    /// fn about_128_mib_a_file<S, W, C>(query: QueryBuilder<S, W, C>) -> QueryBuilder<S, W, C> {
    ///     query
    ///         .min_bytes_per_batch(128 << 20)
    ///         .max_batch_delay(Duration::from_secs(15 * 60))
    ///         .batch_when_idle_for(Duration::from_secs(60))
    /// }
    /// ```
    pub fn min_rows_per_batch(mut self, rows: u64) -> Self {
        self.settings.gather.enough.rows = Some(rows);
        self
    }

    /// Begins a batch once so many bytes of input wait: about the size of its files, if it is one
    /// partition and the output is as compact as the input. See
    /// [`min_rows_per_batch`](Self::min_rows_per_batch).
    pub fn min_bytes_per_batch(mut self, bytes: u64) -> Self {
        self.settings.gather.enough.bytes = Some(bytes);
        self
    }

    /// Begins a batch once so many input files wait. See
    /// [`min_rows_per_batch`](Self::min_rows_per_batch).
    pub fn min_files_per_batch(mut self, files: u64) -> Self {
        self.settings.gather.enough.files = Some(files);
        self
    }

    /// Sets how long rows wait at most for others to gather; 15 minutes by default. See
    /// [`min_rows_per_batch`](Self::min_rows_per_batch).
    ///
    /// Given alone, every batch gathers for so long, or until it is as large as it may be.
    pub fn max_batch_delay(mut self, delay: Duration) -> Self {
        self.settings.gather.delay_max = Some(delay);
        self
    }

    /// Begins a batch once something waits and nothing new has come for so long; never for that reason
    /// by default. See [`min_rows_per_batch`](Self::min_rows_per_batch).
    pub fn batch_when_idle_for(mut self, idle: Duration) -> Self {
        self.settings.gather.idle_for = Some(idle);
        self
    }

    /// Lets the query plan and write the next batch while one is published; off by default (B5).
    ///
    /// For many small batches, which wait for the disk. They are committed in order all the same, and events
    /// come in their order. Only what begins at once overlaps: [`AvailableNow`](Trigger::AvailableNow) and
    /// [`Continuous`](Trigger::Continuous), with a source that can [replay](crate::Replay).
    ///
    /// For a sink it means that `write` of batch N+1 may run while `commit` of N does. One that uses the
    /// same field in both, such as a connection, has to share it; one that goes by the messages, as the prebuilt
    /// ones do, need not know. Still no task of N runs beside its `commit` or `abort` (W4), and tasks of
    /// two batches never run at once, so rows need no more memory (Q4).
    ///
    /// If the commit of N fails, N+1 is cancelled and aborted, and nothing of N is touched. If N+1 fails or
    /// the query is stopped, N is finished and recorded first. After a crash the next start publishes N and
    /// writes N+1 again.
    pub fn overlap_batches(mut self, overlap: bool) -> Self {
        self.settings.overlap = overlap;
        self
    }

    /// Sets how many committed batches' records stay in the checkpoint; 100 by default, at least 2
    /// (E10).
    pub fn keep_batches(mut self, batches: u64) -> Self {
        self.settings.batches_kept = batches;
        self
    }

    /// Refuses to start with a weaker guarantee than this (E4).
    pub fn require(mut self, guarantee: Guarantee) -> Self {
        self.settings.required = Some(guarantee);
        self
    }

    /// Takes checkpoint and target from a driver that holds their locks, such as a stopped process
    /// (E5). That driver is fenced off: it fails at its next step and publishes nothing more.
    pub fn take_over(mut self, take_over: bool) -> Self {
        self.settings.take_over = take_over;
        self
    }

    /// Takes the target over from the query with this id, if that one owns it now (E6).
    ///
    /// The error that refuses a target of another query prints the id. What that query has
    /// published stays; it can publish no more and its next start is refused, until it takes the
    /// target back in the same way. What it had prepared and not committed stays staged and is
    /// published then. A call that stays in the program does nothing once the target is this
    /// query's. The lock of a live driver is not taken by this: see [`take_over`](Self::take_over).
    pub fn take_over_target_from(mut self, former_owner: impl Into<String>) -> Self {
        self.settings.take_over_target_from = Some(former_owner.into());
        self
    }

    /// Sets how old a staged leftover of a committed batch is before it is removed although its run
    /// may not be over; 24 hours by default (E7).
    ///
    /// Leftovers of earlier runs, and of this one for a batch that it has committed, go at once.
    pub fn leftover_age(mut self, age: Duration) -> Self {
        self.settings.leftover_age = age;
        self
    }

    /// Adds a listener; a closure that takes a [`&QueryEvent`](crate::QueryEvent) is one.
    pub fn listener(mut self, listener: impl QueryListener) -> Self {
        self.settings.listeners.push(Box::new(listener));
        self
    }

    /// Looks at the batch that is prepared and not committed, so that a person can decide about it
    /// (E3); instead of [`start`](Self::start), for a query that a commit has ended with the advice
    /// to do so.
    ///
    /// After `Ok` checkpoint and target are locked and nothing else is changed; the decision is a
    /// method of what is returned.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) as far as it comes;
    /// [`Config`](crate::ErrorKind::Config) for a query without a checkpoint,
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for a checkpoint that no query has used,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a sink whose target keeps no files.
    pub fn repair(self) -> Result<Repair<S, W>>
    where
        S: Source,
        W: StreamWriter,
        C: sealed::Checkpointed,
    {
        let Self {
            source,
            writer,
            settings,
            ..
        } = self;
        Repair::open(source, writer, settings)
    }

    /// Checks everything that can be checked, recovers what an earlier run decided, and starts the
    /// query on a thread of its own.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) for options that make no sense,
    /// [`Guarantee`](crate::ErrorKind::Guarantee) if less holds than was required,
    /// [`Locked`](crate::ErrorKind::Locked) if another driver is alive,
    /// [`Mismatch`](crate::ErrorKind::Mismatch) if checkpoint, source and target do not belong
    /// together, [`Corrupted`](crate::ErrorKind::Corrupted) for a damaged checkpoint,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) and [`Storage`](crate::ErrorKind::Storage)
    /// for what the storage lacks or refuses, and what source and sink refuse.
    pub fn start(self) -> Result<StreamingQuery>
    where
        S: Source,
        W: WriteRows<S::Row>,
        C: sealed::Checkpointed,
    {
        let Self {
            source,
            writer,
            settings,
            ..
        } = self;
        start(source, writer, settings)
    }
}
