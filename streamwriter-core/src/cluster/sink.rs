//! A sink on a cluster: how it is made, and what is checked before the first batch.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::driver;
use super::request::{BridgeOptions, ClusterRequest};
use super::spark::SparkCheckpoint;
use super::task;
use super::work::{ClusterTask, ClusterWork};
use crate::by_name::{AnySink, SinkRegistry};
use crate::engine::caught;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::guarantee::Guarantee;
use crate::ids::QueryId;
use crate::options::OptionMap;
use crate::storage::{LocalStorage, SharedStorage, StorePath};
use crate::target::TargetClaim;
use crate::writer::StreamWriter;

/// A sink on a cluster. Every process makes its own (W11), and a driver makes one for each commit: it holds
/// the target's lock from then on until it is dropped, clones included.
#[derive(Clone, Debug)]
pub struct ClusterSink {
    pub(super) sink: Arc<AnySink>,
    pub(super) options: BridgeOptions,
    /// What the sink calls itself; the same in all processes.
    pub(super) description: String,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterCommit {
    /// These messages are recorded, and what they name is published.
    Published,
    /// Other messages were recorded for the batch before; what those name is published, and what these
    /// name is dropped.
    RolledForward,
    /// The batch was committed before; what these messages name is dropped.
    Already,
}

impl ClusterSink {
    /// Makes the sink.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): an option of the sink or of the bridge is unknown, missing, or
    /// makes no sense, or the schema does not fit; the error names every column that does not.
    /// [`Unsupported`](ErrorKind::Unsupported): the sink cannot overwrite.
    pub fn open(registry: &SinkRegistry, request: ClusterRequest) -> Result<Self> {
        let (_, of_sink) = BridgeOptions::split(&request.options)?;
        let pairs = of_sink
            .names()
            .map(|name| (name, of_sink.get(name).unwrap_or_default()));
        let sink = registry
            .format(&request.sink)
            .options(pairs)
            .schema(request.schema)
            .overwrite(request.overwrite)
            .build()?;
        Self::new(sink, &request.options)
    }

    /// Takes a sink that is made already; of the options, those of the bridge count.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): an option of the bridge makes no sense.
    pub fn new(sink: AnySink, options: &OptionMap) -> Result<Self> {
        if cfg!(panic = "abort") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this program is built with panic = \"abort\", so a panic in a sink would end it",
            )
            .with_help("build it with panic = \"unwind\""));
        }
        crate::failpoint::check()?;
        let (options, _) = BridgeOptions::split(options)?;
        let description = caught("the sink's description", || sink.description())?;
        Ok(Self {
            sink: Arc::new(sink),
            options,
            description,
        })
    }

    /// Returns what the sink guarantees on a cluster (E4): exactly-once only with a journal.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn guarantee(&self) -> Result<Guarantee> {
        let of_sink = self.sink.guarantee();
        match self.journals()? {
            Some(_) => Ok(of_sink),
            None => Ok(of_sink.min(Guarantee::AtLeastOnce)),
        }
    }

    /// Checks on the driver, before the first batch, what can be checked; changes nothing.
    ///
    /// May be called any number of times.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): the target can never be used, or there is no place for the journal
    /// that an exactly-once sink needs. [`Mismatch`](ErrorKind::Mismatch): the target is another
    /// query's, as far as the checkpoint tells whose this one is.
    pub fn check(&self) -> Result<()> {
        if let Some(target) = self.sink.target() {
            caught("the target's check", || target.check())??;
        }
        if let Some(path) = &self.options.journal {
            LocalStorage::shared(path)?.check_location()?;
        }
        if self.journals()?.is_none() && self.sink.guarantee() == Guarantee::ExactlyOnce {
            let message = format!(
                "{} is exactly-once, and there is no place for the journal that this needs",
                self.description
            );
            return Err(Error::new(ErrorKind::Config, message).with_help(
                "name a directory that all nodes reach, in the option `journalLocation`",
            ));
        }
        match SparkCheckpoint::of(self.options.checkpoint.as_deref()) {
            Some(checkpoint) => self.check_claim(checkpoint.query()?),
            None => Ok(()),
        }
    }

    /// Returns the id of a job of this request: that of the option `jobId`, or a new one.
    ///
    /// The same text gives the same id.
    #[must_use]
    pub fn job_id(&self) -> QueryId {
        match &self.options.job_id {
            Some(text) => QueryId::named(text),
            None => QueryId::random(),
        }
    }

    /// Writes the rows of one partition, and returns the message for the driver.
    ///
    /// Called on an executor, once per task attempt. Everything that it makes is staged.
    ///
    /// # Errors
    /// As those of the sink; [`Superseded`](ErrorKind::Superseded) if a later run of the query has begun;
    /// [`Mismatch`](ErrorKind::Mismatch) if the target is another query's. The task is tried again by
    /// the cluster, whatever the error.
    pub fn write(
        &self,
        task: &ClusterTask,
        batches: impl Iterator<Item = Result<RecordBatch, BoxError>> + Send,
    ) -> Result<Vec<u8>> {
        task::write(self, task, batches).map_err(|error| self.of_sink(error))
    }

    /// Commits a batch: records the messages, publishes, and records that (E3).
    ///
    /// Called on the driver, when every task has succeeded, with one message per partition in partition
    /// order. May be called again, by any process, with other messages of the same rows: the messages
    /// that were recorded first count.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch): the batch is of other rows than recorded, or not the next one;
    /// [`Superseded`](ErrorKind::Superseded): a later run has begun; and those of the sink. The messages
    /// may be recorded, and the next call decides.
    pub fn commit(&self, work: ClusterWork, messages: &[Option<Vec<u8>>]) -> Result<ClusterCommit> {
        driver::commit(self, work, messages)
            .map_err(|error| self.of_sink(error.in_batch(work.batch())))
    }

    /// Cleans up after a batch that this run will not commit (W3).
    ///
    /// Called on the driver. If every message is there, a commit has failed, which may have taken effect:
    /// nothing is done (W5). Otherwise the run is ended by a record, and then what the messages name is
    /// dropped, unless a record names it. Tasks may still be running; what they leave, a later commit
    /// sweeps (E7).
    ///
    /// # Errors
    /// Those of the sink's `abort`. Nothing is lost by them but space.
    pub fn abort(&self, work: ClusterWork, messages: &[Option<Vec<u8>>]) -> Result<()> {
        driver::abort(self, work, messages)
            .map_err(|error| self.of_sink(error.in_batch(work.batch())))
    }

    /// Returns where the journals are; none for a sink that has no place for them.
    pub(super) fn journals(&self) -> Result<Option<SharedStorage>> {
        if let Some(path) = &self.options.journal {
            return LocalStorage::shared(path).map(Some);
        }
        match self.sink.target() {
            Some(target) => caught("the target's journals", || target.journals())?,
            None => Ok(None),
        }
    }

    /// Returns where the journal of a query is; none for a sink that has no place for it.
    pub(super) fn journal_of(&self, query: QueryId) -> Result<Option<SharedStorage>> {
        let directory = StorePath::parse(query.to_string())?;
        let journals = self.journals()?;
        journals
            .map(|journals| journals.below(&directory))
            .transpose()
    }

    /// Refuses a target that is another query's, before anything is made in it (E6).
    pub(super) fn check_claim(&self, query: QueryId) -> Result<()> {
        match self.sink.target() {
            Some(target) => {
                let claim = self.claim(query, String::new());
                caught("the target's look at its owner", || {
                    target.check_claim(&claim)
                })?
            }
            None => Ok(()),
        }
    }

    pub(super) fn claim(&self, query: QueryId, journal: String) -> TargetClaim {
        TargetClaim::new(query, journal)
            .take_over(self.options.take_over)
            .take_over_target_from(self.options.take_over_target_from)
    }

    pub(super) fn of_sink(&self, error: Error) -> Error {
        error.of_sink(self.sink.name())
    }
}
