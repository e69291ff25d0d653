//! What became of the files that a prepared batch names, and what a person may have done about it
//! (E3).

use std::fmt;

use serde_json::Value;

use crate::error::Result;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::message::{CommitMessage, staged_objects, to_value};
use crate::storage::{ObjectIdentity, StagedObject};

/// A commit message as the journal keeps it, for a target that is asked what became of its files.
///
/// Its type stays closed: the sink that made it may not be there. What staging has put into it is
/// found all the same.
#[derive(Clone, Debug)]
pub struct StoredMessage(Value);

impl StoredMessage {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// Encodes a message as the journal would keep it.
    ///
    /// # Errors
    /// [`Message`](crate::ErrorKind::Message) names the field that cannot be encoded.
    pub fn of<M: CommitMessage>(message: &M) -> Result<Self> {
        to_value(message).map(Self)
    }

    /// Returns the staged files that the message names, wherever it holds them.
    #[must_use]
    pub fn staged_objects(&self) -> Vec<StagedObject> {
        staged_objects(&self.0)
    }

    /// Returns the messages of which this one is made, in their order, if it is that of a sink
    /// which is several sinks; none otherwise.
    #[must_use]
    pub fn parts(&self) -> Vec<StoredMessage> {
        #[cfg(feature = "arrow")]
        if let Some(inner) = crate::by_name::inner_of(&self.0) {
            return Self(inner.clone()).parts();
        }
        let parts = self.0.get("body").and_then(Value::as_array);
        let parts = parts.into_iter().flatten().cloned();
        parts.map(StoredMessage).collect()
    }
}

/// A file that a commit message names, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFinding {
    /// The target, as [`Target::location`](crate::Target::location) names it.
    pub location: String,
    /// The file as the message names it.
    pub file: StagedObject,
    /// What is there.
    pub state: FileState,
}

impl FileFinding {
    /// Names a file and what was found of it.
    #[must_use]
    pub fn new(location: impl Into<String>, file: StagedObject, state: FileState) -> Self {
        let location = location.into();
        Self {
            location,
            file,
            state,
        }
    }
}

impl fmt::Display for FileFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.location, self.file.path, self.state)?;
        if let FileState::OtherIdentity { .. } | FileState::StagedDamaged { .. } = &self.state {
            let expected = ObjectIdentity::new(self.file.size, self.file.checksum.clone());
            write!(f, ", not {expected}")?;
        }
        Ok(())
    }
}

/// What was found of a file that a commit message names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileState {
    /// It waits for its publication.
    Staged,
    /// It lies under its final name, with its identity.
    Published,
    /// It is neither staged nor final: somebody has taken it away.
    Missing,
    /// It waits for its publication, and is not what was written.
    StagedDamaged {
        /// What lies there.
        found: ObjectIdentity,
    },
    /// It waits for its publication, and another file with its identity has its final name: the
    /// batch was published before, from messages that the checkpoint has lost.
    PublishedBefore,
    /// Its final name holds something else.
    OtherIdentity {
        /// What lies there.
        found: ObjectIdentity,
        /// Whether the file itself is still staged: then moving the foreign one away is enough.
        staged: bool,
    },
}

impl FileState {
    /// Tells whether a commit cannot go on without a person's decision.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        !matches!(self, Self::Staged | Self::Published)
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staged => f.write_str("staged"),
            Self::Published => f.write_str("final"),
            Self::Missing => f.write_str("neither staged nor final"),
            Self::StagedDamaged { found } => write!(f, "staged, and damaged: {found}"),
            Self::PublishedBefore => f.write_str("final, and still staged as another file"),
            Self::OtherIdentity { found, staged } => {
                let still = if *staged { ", and still staged" } else { "" };
                write!(f, "final with another identity{still}: {found}")
            }
        }
    }
}

/// Which files of a batch are to leave the readers' sight, since a person has the batch written
/// again (E3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Withdrawal {
    /// The query.
    pub query: QueryId,
    /// The batch.
    pub batch: BatchId,
    /// The revision that is written next: files of earlier ones go.
    pub revision: Revision,
    /// The run of the decision: what earlier runs have staged for the batch goes too.
    pub decided_in: Run,
}

impl Withdrawal {
    /// Names what is to go.
    #[must_use]
    pub const fn new(query: QueryId, batch: BatchId, revision: Revision, decided_in: Run) -> Self {
        Self {
            query,
            batch,
            revision,
            decided_in,
        }
    }
}
