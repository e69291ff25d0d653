//! What a cluster says about the work in hand.

use std::fmt;

use crate::ids::{Attempt, BatchId, PartitionId, QueryId};
use crate::journal;

/// What a batch of tasks belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterWork {
    /// A batch of a streaming query, as `df.writeStream` makes them.
    Batch(BatchId),
    /// The one batch of a job that is no streaming query, as `df.write` makes it.
    Job,
}

impl ClusterWork {
    /// Returns the batch; that of a job is its first.
    pub(super) fn batch(self) -> BatchId {
        match self {
            Self::Batch(batch) => batch,
            Self::Job => BatchId::FIRST,
        }
    }

    /// Returns what the journal says of where the rows come from.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Batch(_) => journal::QUERY,
            Self::Job => journal::JOB,
        }
    }

    /// Returns what a message says: none for a job.
    pub(super) fn in_message(self) -> Option<BatchId> {
        match self {
            Self::Batch(batch) => Some(batch),
            Self::Job => None,
        }
    }
}

impl fmt::Display for ClusterWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(batch) => write!(f, "batch {batch}"),
            Self::Job => f.write_str("the job"),
        }
    }
}

/// One attempt of a task, as a cluster numbers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterTask {
    /// The query: the id in its checkpoint. For a job, the id of the job.
    pub query: QueryId,
    /// The cluster's own name of this start of the query, such as Spark's run id.
    pub run: String,
    /// What the task belongs to.
    pub work: ClusterWork,
    /// The partition that it writes.
    pub partition: PartitionId,
    /// Which try of the task this is, from 0; another try may have the same number.
    pub attempt: Attempt,
    /// Tells this attempt from all others of the same run, such as Spark's task attempt id.
    pub attempt_id: u64,
}
