//! What can be wrong with a target, and the one way from there into [`Error`].

use streamwriter_core::{BatchId, Error, ErrorKind, QueryId, StorePath};

use super::owner::Owner;

#[derive(Debug, thiserror::Error)]
pub(super) enum StagingError {
    #[error("the target belongs to query {}, and this is query {query}", owner.query)]
    OtherOwner {
        location: String,
        owner: Box<Owner>,
        query: QueryId,
    },
    #[error("this query has written to the target before, and the target does not know it")]
    Unclaimed { location: String },
    #[error("the staged file is not one of this batch: {why}")]
    NotOfBatch { path: StorePath, why: &'static str },
    #[error("two staged files have the same final name")]
    Twice { path: StorePath },
    #[error("not an extension of a data file: {0:?}")]
    Extension(String),
    #[error("data cannot be written to the directory for what is not data")]
    OwnDirectory(StorePath),
    #[error("a record of the target cannot be trusted: it is the record of batch {found}")]
    OtherBatch { path: String, found: BatchId },
    #[error("a record of the target is of another query ({found}, and this is {query})")]
    OtherQuery {
        path: String,
        found: QueryId,
        query: QueryId,
    },
    #[error("the target has committed this batch as {found}, and now it is {expected}")]
    OtherDigest {
        path: String,
        found: String,
        expected: String,
    },
    #[error("a foreign file lies among the records of the target")]
    ForeignRecord { path: String },
}

impl From<StagingError> for Error {
    fn from(error: StagingError) -> Self {
        let message = error.to_string();
        match error {
            StagingError::OtherOwner {
                location, owner, ..
            } => Self::new(ErrorKind::Mismatch, message)
                .at_path(location)
                .with_help(format!(
                    "to resume that query use its checkpoint {}; to start anew choose another \
                     directory (this release cannot hand a target from one query to another)",
                    owner.checkpoint
                )),
            StagingError::Unclaimed { location } => Self::new(ErrorKind::Mismatch, message)
                .at_path(location)
                .with_help(
                    "it was emptied or exchanged: put the old target back, or start anew with \
                     another checkpoint",
                ),
            StagingError::NotOfBatch { path, .. } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path.to_string())
                .with_help("publish and discard only what `file` of the same batch has staged"),
            StagingError::Twice { path } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path.to_string())
                .with_help("give each file of a task a number of its own"),
            StagingError::Extension(_) => Self::new(ErrorKind::Config, message)
                .with_help("use ASCII letters and digits, in parts separated by single dots"),
            StagingError::OwnDirectory(path) => {
                Self::new(ErrorKind::Config, message).at_path(path.to_string())
            }
            StagingError::OtherBatch { path, .. } => Self::new(ErrorKind::Corrupted, message)
                .at_path(path)
                .with_help("restore the file from a copy that is as new as the last run"),
            StagingError::OtherQuery { path, .. } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help("use the checkpoint of that query, or another directory"),
            StagingError::OtherDigest { path, .. } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help(
                    "the checkpoint is a reset or older copy: put the right one back, or start \
                     anew with another checkpoint and another directory",
                ),
            StagingError::ForeignRecord { path } => Self::new(ErrorKind::Corrupted, message)
                .at_path(path)
                .with_help("move it away, then start again"),
        }
    }
}

/// Makes the error of a staged file that cannot be written.
///
/// The storage has put its own error into the other one, with the place and the way out.
pub(crate) fn write_failed(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => {
            Error::new(ErrorKind::Storage, "cannot write the staged file").with_source(error)
        }
    }
}
