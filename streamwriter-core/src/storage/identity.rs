//! The identity of an object that is there: what tells a file of ours from another one (F2).

use std::fmt;

use super::local::Identity;
use super::{Storage, StorePath};
use crate::error::Result;

/// How many bytes are read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Size and checksum of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectIdentity {
    /// The size in bytes.
    pub size: u64,
    /// The checksum of the bytes, as in [`StagedObject`](super::StagedObject).
    pub checksum: String,
}

impl ObjectIdentity {
    /// Names what an object is.
    #[must_use]
    pub fn new(size: u64, checksum: impl Into<String>) -> Self {
        let checksum = checksum.into();
        Self { size, checksum }
    }
}

impl fmt::Display for ObjectIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with {}", self.size, self.checksum)
    }
}

pub(super) fn read_through<S: Storage + ?Sized>(
    storage: &S,
    path: &StorePath,
) -> Result<Option<ObjectIdentity>> {
    if !storage.exists(path)? {
        return Ok(None);
    }
    let mut identity = Identity::default();
    loop {
        let bytes = storage.read_range(path, identity.size(), CHUNK_BYTES)?;
        if bytes.is_empty() {
            return Ok(Some(ObjectIdentity::new(
                identity.size(),
                identity.checksum(),
            )));
        }
        identity.update(&bytes);
    }
}
