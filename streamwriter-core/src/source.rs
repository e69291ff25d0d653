//! Where rows come from: the contract of a source (S1, S2, B2, B3).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::TaskContext;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::gathered::{Enough, Gathered, Measure};
use crate::ids::{BatchId, QueryId};
use crate::storage::{SharedStorage, StorePath};

/// What a source has read so far in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadCounts {
    /// Rows read and handed on.
    pub rows: u64,
    /// Bytes of input read.
    pub bytes: u64,
    /// Rows that did not fit and were dropped by the source's policy (F5).
    pub dropped: u64,
    /// Rows that did not fit and were set aside (F5). The engine counts them.
    pub set_aside: u64,
}

impl ReadCounts {
    /// Makes counts of rows and bytes with nothing dropped.
    #[must_use]
    pub const fn new(rows: u64, bytes: u64) -> Self {
        Self {
            rows,
            bytes,
            dropped: 0,
            set_aside: 0,
        }
    }

    /// Sets the number of dropped rows.
    #[must_use]
    pub const fn with_dropped(mut self, dropped: u64) -> Self {
        self.dropped = dropped;
        self
    }

    /// Sets the number of rows that were set aside.
    #[must_use]
    pub const fn with_set_aside(mut self, set_aside: u64) -> Self {
        self.set_aside = set_aside;
        self
    }

    /// Adds other counts to these.
    pub fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.set_aside = self.set_aside.saturating_add(other.set_aside);
    }
}

/// Reads the rows of one partition, one after another.
pub trait RowReader: Send {
    /// What a row is: a Rust value, or a batch of rows such as an Arrow `RecordBatch`.
    type Row;

    /// Returns the next row, or `None` at the end of the partition.
    ///
    /// After an `Err` or `None` it is not called again. An error fails the task (W8): it is tried
    /// again unless the error is [permanent](crate::Permanent).
    fn next_row(&mut self) -> Option<Result<Self::Row, BoxError>>;

    /// Returns what was read so far. `None` means that every row handed on counts as one.
    fn counts(&self) -> Option<ReadCounts> {
        None
    }
}

/// Whether a source can give the same rows again after a crash (S2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// A logged plan gives the same rows again, also in another process.
    Replayable,
    /// Rows are gone once read: a batch in flight at a crash is lost and recorded as lost.
    Once,
}

/// The rows between two offsets, cut into partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<O, P> {
    /// Where the batch ends; the next one begins here.
    pub end: O,
    /// The partitions: one task each. None at all is a batch without rows (B4).
    pub partitions: Vec<P>,
    /// The number of rows, if known before reading. Must be known if the source cannot replay.
    pub rows: Option<u64>,
}

/// The plan of a source's batch.
pub type PlanOf<S> = Plan<<S as Source>::Offset, <S as Source>::Partition>;

/// The upper size of one batch (Q1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanLimits {
    /// Rows, if bounded. A source that cannot count before reading may exceed it by one unit of
    /// its own, such as a file, and says so in its documentation.
    pub rows: Option<u64>,
    /// Bytes of input, if bounded.
    pub bytes: Option<u64>,
    /// Files, if bounded.
    pub files: Option<u64>,
    /// How much the query waits for before it begins a batch. A bound of the source's own that is
    /// smaller gives way to it; the bounds above never do.
    pub enough: Enough,
    /// How many tasks run at the same time: a good number of partitions, not a bound.
    pub executors: usize,
}

impl PlanLimits {
    /// Makes limits that bound nothing, for this number of executors.
    #[must_use]
    pub const fn unbounded(executors: usize) -> Self {
        Self {
            rows: None,
            bytes: None,
            files: None,
            enough: Enough {
                rows: None,
                bytes: None,
                files: None,
            },
            executors,
        }
    }
}

/// What a source is told at start: which query it feeds, and where it may keep durable state.
#[derive(Clone, Debug)]
pub struct SourceContext {
    query: QueryId,
    state: Option<SourceState>,
}

impl SourceContext {
    /// Makes a context; `state` is `None` for a query without a checkpoint.
    #[must_use]
    pub fn new(query: QueryId, state: Option<SourceState>) -> Self {
        Self { query, state }
    }

    /// Returns the query's id.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        self.query
    }

    /// Returns the place for durable state inside the checkpoint, if there is a checkpoint.
    #[must_use]
    pub fn state(&self) -> Option<&SourceState> {
        self.state.as_ref()
    }
}

/// A directory of the checkpoint that belongs to the source (E10).
#[derive(Clone, Debug)]
pub struct SourceState {
    /// The storage of the checkpoint.
    pub storage: SharedStorage,
    /// The prefix under which the source keeps its objects, and nobody else does.
    pub prefix: StorePath,
}

/// A stream of rows that can be cut into batches.
///
/// All methods except [`open`](Self::open) are called one at a time, on the driver thread (`gathered` and
/// `plan` on another one if the query [overlaps](crate::QueryBuilder::overlap_batches) batches), in
/// this order: [`start`](Self::start) once; then, if the checkpoint has a committed batch,
/// [`committed`](Self::committed) for the newest; then [`resumed`](Self::resumed) for each batch
/// that is planned and not committed; then `plan` and `committed` for each batch, and before each
/// `plan` [`gathered`](Self::gathered), any number of times, if the query lets rows gather.
/// `plan` of a batch, and its `open`, may come before `committed` of the one before it (B5), so a source
/// remembers in memory what it has planned.
pub trait Source: Send + Sync + 'static {
    /// What a row is.
    type Row: Send + 'static;
    /// A position in the stream; stored in the journal as JSON.
    type Offset: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;
    /// One partition of a planned batch; stored in the journal as JSON.
    type Partition: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Reads one partition; may borrow the source and the partition.
    type Reader<'a>: RowReader<Row = Self::Row>
    where
        Self: 'a;

    /// Returns what a person calls this source, with its place, such as `csv directory /in`.
    ///
    /// The checkpoint remembers it: at a restart another description is refused (E6), so it must
    /// not hold anything that may change, and no secret.
    fn description(&self) -> String;

    /// Tells whether a logged plan can be read again after a crash (S2).
    fn replay(&self) -> Replay {
        Replay::Replayable
    }

    /// Tells whether rows that do not fit are set aside, with
    /// [`TaskContext::set_aside`] (F5).
    ///
    /// A query whose source does so and whose sink has no place for such rows is refused at start.
    fn sets_aside(&self) -> bool {
        false
    }

    /// Tells in which units [`gathered`](Self::gathered) counts what waits; none by default.
    ///
    /// A query that waits for rows to gather, in a unit that its source does not measure, is refused
    /// at start.
    fn measures(&self) -> &'static [Measure] {
        &[]
    }

    /// Makes the source ready.
    ///
    /// # Errors
    /// Whatever keeps the source from working, such as a directory that does not exist.
    fn start(&self, context: &SourceContext) -> Result<(), BoxError> {
        let _ = context;
        Ok(())
    }

    /// Fixes what "available now" means: later plans hold only rows that are there at this call.
    ///
    /// Called once, before the first `plan`, for
    /// [`Trigger::AvailableNow`](crate::Trigger::AvailableNow) and not for others.
    ///
    /// # Errors
    /// Whatever keeps the source from looking.
    fn freeze(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Tells how much waits behind `start`: what the next [`plan`](Self::plan) would find, were its
    /// batch not bounded.
    ///
    /// Called before `plan`, at every trigger, if the query waits for rows to gather; never for a batch
    /// that is planned already, and never after [`freeze`](Self::freeze). Whatever it returns, `plan` may
    /// be called next, or it again. It should cost no more than a `plan` that finds nothing, and may stop
    /// counting where [`limits.enough`](PlanLimits::enough) is reached. [`full`](Gathered::full) is what keeps the query
    /// from waiting in vain: set it when the batch cannot become larger within `limits`, and when what
    /// would come is held up until something is planned. Nothing at all means that there is nothing to
    /// plan.
    ///
    /// # Errors
    /// Whatever keeps the source from looking. The query ends with it.
    fn gathered(
        &self,
        start: Option<&Self::Offset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        let _ = (start, limits);
        Ok(Gathered::default().with_full(true))
    }

    /// Plans the batch that begins at `start` (`None`: at the beginning of the stream).
    ///
    /// `Ok(None)` says that there is nothing new; no batch runs then (B3). Once the returned plan
    /// is in the journal, it means exactly the same rows in the same partitions for ever (B2): put
    /// into the partitions whatever is needed to notice that the input has changed since.
    ///
    /// # Errors
    /// Whatever keeps the source from planning. The query ends with it.
    fn plan(
        &self,
        start: Option<&Self::Offset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError>;

    /// Opens one partition for reading; called on executors, again for each attempt.
    ///
    /// # Errors
    /// Whatever keeps the partition from being read. Input that has changed since it was planned
    /// is an error, never a silent difference.
    fn open<'a>(
        &'a self,
        partition: &'a Self::Partition,
        task: &'a TaskContext,
    ) -> Result<Self::Reader<'a>, BoxError>;

    /// Judges what was read of a whole batch, before anything is prepared.
    ///
    /// For limits that hold for the batch, such as the number of dropped rows (F5).
    ///
    /// # Errors
    /// A reason not to go on: the batch is aborted and the query ends.
    fn accept(&self, batch: BatchId, counts: &ReadCounts) -> Result<(), BoxError> {
        let _ = (batch, counts);
        Ok(())
    }

    /// Learns at a restart of a batch that an earlier run planned and did not commit.
    ///
    /// Its `offsets/N` is in the journal and its `commits/N` is not, so it is read or published
    /// again from the logged plan, without another `plan` call. Called once for each such batch,
    /// the oldest first, after `start` and the `committed` of the newest committed batch, and
    /// before `freeze` and the first `plan`: a source that remembers what it has planned would
    /// otherwise plan the same input a second time, for the batch that follows.
    ///
    /// # Errors
    /// Whatever keeps the source from going on after this batch. The query ends with it.
    fn resumed(&self, batch: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        let _ = (batch, plan);
        Ok(())
    }

    /// Learns that a batch is done: `commits/N` is durable (S1).
    ///
    /// It may come late, while tasks read the next batch (B5), and again; the newest batch is told once
    /// more at every restart.
    ///
    /// # Errors
    /// Whatever keeps the source from remembering it. The query ends; the batch stays committed.
    fn committed(&self, batch: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        let _ = (batch, plan);
        Ok(())
    }
}

/// Wraps a source's error of a driver-side call, unless it is one of ours already.
pub(crate) fn source_error(description: &str, doing: &str, error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorKind::Source, format!("{description}: cannot {doing}"))
            .with_source(error),
    }
}
