//! What a task hands to the driver of a cluster: the sink's message, and whose it is (W12).

use serde::{Deserialize, Serialize};

use super::work::ClusterWork;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, PartitionId, QueryId, Revision, Run};
use crate::journal::StoredCounts;
use crate::message::EncodedMessage;

/// The version that this release writes.
const VERSION: u32 = 1;

/// The message of one task, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskMessage {
    pub(super) version: u32,
    /// What the sink calls itself in that process: the driver's must be the same.
    pub(super) sink: String,
    pub(super) query: QueryId,
    pub(super) run: Run,
    /// None for the one batch of a job.
    pub(super) batch: Option<BatchId>,
    pub(super) revision: Revision,
    pub(super) partition: PartitionId,
    pub(super) read: StoredCounts,
    pub(super) message: EncodedMessage,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

impl TaskMessage {
    pub(super) const VERSION: u32 = VERSION;

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| {
            Error::new(ErrorKind::Message, "cannot encode the message of a task").with_source(error)
        })
    }

    /// Decodes a message that a task of this work has sent.
    pub(super) fn decode(bytes: &[u8], work: ClusterWork, place: usize) -> Result<Self> {
        let what = format!("the message of partition {place} of {work}");
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|error| unreadable(&what, "is no message of a task").with_source(error))?;
        if head.version != VERSION {
            let version = head.version;
            let why = format!("has version {version}, this program knows version {VERSION}");
            return Err(unreadable(&what, &why)
                .with_help("install the same release on the driver and on all executors"));
        }
        serde_json::from_slice(bytes).map_err(|error| {
            unreadable(&what, "has other fields than it should").with_source(error)
        })
    }
}

fn unreadable(what: &str, why: &str) -> Error {
    Error::new(ErrorKind::Message, format!("{what} {why}")).permanent()
}
