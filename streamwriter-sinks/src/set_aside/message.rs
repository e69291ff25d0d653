//! The message of the place for rows that do not fit.

use serde::{Deserialize, Serialize};
use streamwriter_core::{MessageMetrics, StagedObject};

use crate::message::commit_message;

/// The half of a [`SetAside`](crate::SetAside)'s commit message that is about the rows set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SetAsideFiles {
    /// How many rows were set aside.
    pub rows: u64,
    /// The staged files, those with the rows before the one with the reasons; none without rows.
    pub files: Vec<StagedObject>,
}

commit_message!(
    SetAsideFiles,
    "streamwriter.set-aside-files",
    // Not as rows, bytes and files: those are of the data.
    |message| { MessageMetrics::default().with_set_aside(message.rows) }
);
