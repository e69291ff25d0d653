//! What a staged upload is called in a commit message.

use serde::{Deserialize, Serialize};

use super::StorePath;

/// The identity of a finished staged upload: enough for another process to publish it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedObject {
    /// Where a file system keeps the bytes until publication.
    pub staged: StorePath,
    /// The final name.
    pub path: StorePath,
    /// The size in bytes.
    pub size: u64,
    /// The checksum of the bytes, as `xxh3:` and 16 hexadecimal digits on a file system.
    pub checksum: String,
    /// What an object store needs besides to complete the upload, such as upload id and parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What the publication of one staged object found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Publication {
    /// It was staged, and this call published it.
    Published,
    /// It had been published before, with the same identity.
    AlreadyPublished,
}
