//! What Spark's own checkpoint says of a query and a batch, where it can be read.
//!
//! Layout: `metadata` is `{"id":"<query id>"}`, and `offsets/N` is written once before batch N begins; see
//! Spark's `StreamMetadata` and `OffsetSeqLog`. Nothing is ever written there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::request::local_checkpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, QueryId};
use crate::record::sha256_of;

/// A checkpoint of Spark that is on a file system.
#[derive(Clone, Debug)]
pub(super) struct SparkCheckpoint {
    root: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    id: String,
}

impl SparkCheckpoint {
    /// Takes the option; `None` if it names another kind of storage, or nothing is there.
    pub(super) fn of(option: Option<&str>) -> Option<Self> {
        let root = PathBuf::from(local_checkpoint(option?)?);
        root.join("metadata").exists().then_some(Self { root })
    }

    /// Returns the query's id.
    pub(super) fn query(&self) -> Result<QueryId> {
        let path = self.root.join("metadata");
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, error.into()))?;
        let found: Metadata =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, error.into()))?;
        found
            .id
            .parse()
            .map_err(|error: uuid::Error| unreadable(&path, error.into()))
    }

    /// Returns the digest of the offsets of a batch; `None` if they are not there.
    pub(super) fn offsets(&self, batch: BatchId) -> Result<Option<String>> {
        let path = self.root.join("offsets").join(batch.to_string());
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(sha256_of(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&path, error.into())),
        }
    }
}

fn unreadable(path: &Path, error: crate::error::BoxError) -> Error {
    let message = "the checkpoint of the query cannot be read";
    Error::new(ErrorKind::Mismatch, message)
        .at_path(path.display().to_string())
        .with_help("mend it, or leave the option `checkpointLocation` out of the sink's options")
        .with_source(error)
}
