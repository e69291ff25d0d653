//! The bodies of the journal's records; `docs/checkpoint-format.md` describes them byte by byte.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::message::EncodedMessage;
use crate::source::ReadCounts;
use crate::storage::StorePath;

/// `query.json`: which query this checkpoint belongs to, with its source and its target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryRecord {
    pub(crate) query: QueryId,
    pub(crate) created: String,
    pub(crate) source: String,
    pub(crate) target: String,
}

/// `runs/G.json`: one start of the query.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) previous: Option<String>,
    /// What a cluster calls the run; none for a run of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    pub(crate) started: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
}

/// `offsets/N.json`: which rows batch N is, and how they are cut into partitions (B2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffsetsRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    /// The checksum of `offsets/N-1`; none for the first batch.
    pub(crate) previous: Option<String>,
    pub(crate) start: Value,
    pub(crate) end: Value,
    pub(crate) rows: Option<u64>,
    pub(crate) partitions: Vec<Value>,
}

/// `prepared/N.json`: the messages; from here on the batch only goes forward (E3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreparedRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    /// The checksum of `offsets/N`.
    pub(crate) previous: String,
    pub(crate) read: StoredCounts,
    /// Set for a batch of a source that cannot replay, whose rows a crash has lost (S2).
    pub(crate) lost: Option<Lost>,
    pub(crate) messages: Vec<EncodedMessage>,
}

/// What was read for a batch.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredCounts {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) dropped: u64,
    pub(crate) skipped: u64,
}

impl StoredCounts {
    pub(crate) fn new(counts: ReadCounts, skipped: u64) -> Self {
        let ReadCounts {
            rows,
            bytes,
            dropped,
            // The messages say it, and those are in the record.
            set_aside: _,
        } = counts;
        Self {
            rows,
            bytes,
            dropped,
            skipped,
        }
    }
}

/// How many rows a lost batch had, if its plan said so.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lost {
    pub(crate) rows: Option<u64>,
}

/// `commits/N.json`: batch N is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommitsRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    /// The checksum of `prepared/N`, which the target has recorded too.
    pub(crate) previous: String,
}

/// In the place of `commits/N`: a person has batch N written again (E3).
///
/// It has the name that `commits/N` would have, so that create-if-absent makes one of the two true,
/// whoever wakes up late.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokedRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    /// The revision that does not count any more.
    pub(crate) revision: Revision,
    /// The checksum of its `prepared` record.
    pub(crate) previous: String,
    /// What was wrong, for people.
    pub(crate) files: Vec<DecidedFile>,
    pub(crate) decided: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
}

/// `accepted/N-K`: files of batch N that a person has accepted as published (E3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptedRecord {
    pub(crate) query: QueryId,
    pub(crate) run: Run,
    pub(crate) batch: BatchId,
    /// Counts the acceptances of the batch, from 1.
    pub(crate) number: u32,
    /// The checksum of the `prepared` record that names the files.
    pub(crate) previous: String,
    pub(crate) files: Vec<DecidedFile>,
    pub(crate) decided: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
}

/// A file about which a person has decided, and what was found of it then.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecidedFile {
    pub(crate) path: StorePath,
    pub(crate) found: String,
}
