//! What can be wrong with a target, and the one way from there into [`Error`].

use streamwriter_core::{BatchId, Error, ErrorKind, QueryId, StorePath};

use super::owner::Owner;

/// Names the three ways out of a target that is another query's (E6).
fn ways_out(owner: &Owner, named: Option<QueryId>, stranger: bool) -> String {
    let Owner {
        query, checkpoint, ..
    } = owner;
    let not_its = named.map_or(String::new(), |named| {
        format!("it is not query {named}'s, from which it was to be taken over; ")
    });
    let take_over = if stranger {
        "to take the target over start with an empty checkpoint: this one has batches that the \
         target does not know; then add"
    } else {
        "to take the target over add"
    };
    format!(
        "{not_its}to resume query {query} start it with its checkpoint {checkpoint}; {take_over} \
         .take_over_target_from(\"{query}\") to this query (on a cluster the option \
         `takeOverTargetFrom`): what is published stays, and query \
         {query} can publish no more; to start anew choose another directory and an empty \
         checkpoint"
    )
}

/// Says who has the target now.
fn by(owner: &Owner, query: QueryId) -> String {
    if owner.query == query {
        return "and back by a newer run of it".to_owned();
    }
    format!("by query {}", owner.query)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum StagingError {
    #[error("the target belongs to query {}, and this is query {query}", owner.query)]
    OtherOwner {
        location: String,
        owner: Box<Owner>,
        query: QueryId,
        /// The query that the target was to be taken over from, and that is not its owner.
        named: Option<QueryId>,
        /// Whether this query has batches that the target does not know.
        stranger: bool,
    },
    #[error("the target was taken over from query {query} {}", by(owner, *query))]
    TakenOver {
        location: String,
        owner: Box<Owner>,
        query: QueryId,
    },
    #[error("a record of who owns the target is missing, and later ones are there")]
    MissingOwner { path: String },
    #[error("a record of who owns the target does not follow the one before it")]
    BrokenChain { path: String },
    #[error("the target has committed batches of query {query}, which is not among its owners")]
    NotAnOwner { path: String, query: QueryId },
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
    #[error("too many files of this name are out of sight already")]
    TooManyWithdrawn { path: StorePath },
    #[error("query {query} has never written to this target")]
    NeverOwned { location: String, query: QueryId },
}

impl From<StagingError> for Error {
    fn from(error: StagingError) -> Self {
        let message = error.to_string();
        match error {
            StagingError::OtherOwner {
                location,
                owner,
                named,
                stranger,
                ..
            } => Self::new(ErrorKind::Mismatch, message)
                .at_path(location)
                .with_help(ways_out(&owner, named, stranger)),
            StagingError::TakenOver {
                location, owner, ..
            } => Self::new(ErrorKind::Superseded, message)
                .at_path(location)
                .with_help(format!(
                    "what it had prepared and not committed stays staged; {}",
                    ways_out(&owner, None, false)
                )),
            StagingError::MissingOwner { path }
            | StagingError::BrokenChain { path }
            | StagingError::NotAnOwner { path, .. } => Self::new(ErrorKind::Corrupted, message)
                .at_path(path)
                .with_help(
                    "restore the records `owner` and `owners/` from a copy that is as new as the \
                     last start of a query; do not delete any of them",
                ),
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
            StagingError::TooManyWithdrawn { path } => Self::new(ErrorKind::Storage, message)
                .at_path(path.to_string())
                .with_help("move those below `_streamwriter/withdrawn/` away"),
            StagingError::NeverOwned { location, .. } => Self::new(ErrorKind::Mismatch, message)
                .at_path(location)
                .with_help("give the checkpoint and the target of one query"),
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
