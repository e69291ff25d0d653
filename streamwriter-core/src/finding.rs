//! What became of the files that a prepared batch names, and what a person may have done about it
//! (E3).

use std::fmt;

use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::storage::{ObjectIdentity, StagedObject};

/// A file that a commit message names, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFinding {
    /// The file as the message names it.
    pub file: StagedObject,
    /// What is there.
    pub state: FileState,
}

impl FileFinding {
    /// Names a file and what was found of it.
    #[must_use]
    pub fn new(file: StagedObject, state: FileState) -> Self {
        Self { file, state }
    }
}

impl fmt::Display for FileFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.path, self.state)?;
        if let FileState::OtherIdentity { .. } = &self.state {
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
        matches!(self, Self::Missing | Self::OtherIdentity { .. })
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staged => f.write_str("staged"),
            Self::Published => f.write_str("final"),
            Self::Missing => f.write_str("neither staged nor final"),
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
