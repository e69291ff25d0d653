//! The two halves of a sink on a cluster.

use arrow::record_batch::RecordBatch;

use super::request::ClusterRequest;
use super::work::{ClusterTask, ClusterWork};
use crate::by_name::SinkRegistry;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::ids::{BatchId, QueryId};

/// A sink on a cluster. Every process makes its own (W11).
#[derive(Debug)]
pub struct ClusterSink {}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterCommit {
    /// The batch of these messages is published.
    Published,
    /// Other messages were recorded for the batch before; those are published, these are dropped.
    RolledForward,
    /// The batch was committed before; these messages are dropped.
    Already,
}

impl ClusterSink {
    /// Makes the sink.
    ///
    /// # Errors
    pub fn open(_registry: &SinkRegistry, _request: ClusterRequest) -> Result<Self> {
        Err(not_yet())
    }

    /// Checks on the driver, before the first batch, what can be checked; changes nothing.
    ///
    /// # Errors
    pub fn check(&self) -> Result<()> {
        Err(not_yet())
    }

    /// Returns the id that a job of this request has: that of the option `jobId`, or a new one.
    ///
    /// # Errors
    pub fn job_id(&self) -> Result<QueryId> {
        Err(not_yet())
    }

    /// Writes the rows of one partition, and returns the message for the driver.
    ///
    /// # Errors
    pub fn write(
        &self,
        _task: &ClusterTask,
        _batches: impl Iterator<Item = Result<RecordBatch, BoxError>> + Send,
    ) -> Result<Vec<u8>> {
        Err(not_yet())
    }

    /// Commits a batch.
    ///
    /// # Errors
    pub fn commit(
        &self,
        _work: ClusterWork,
        _messages: &[Option<Vec<u8>>],
    ) -> Result<ClusterCommit> {
        Err(not_yet())
    }

    /// Cleans up after a batch that this run will not commit.
    ///
    /// # Errors
    pub fn abort(&self, _work: ClusterWork, _messages: &[Option<Vec<u8>>]) -> Result<()> {
        Err(not_yet())
    }
}

fn not_yet() -> Error {
    Error::new(ErrorKind::Unsupported, "not built yet")
}
