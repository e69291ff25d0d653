//! Relative names of objects in a storage.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// A relative path inside a [`Storage`](super::Storage): segments separated by `/`.
///
/// It cannot leave the storage: no segment is empty, `.` or `..`, and none holds a `/` or a NUL.
/// The empty path names the storage's root.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct StorePath(String);

impl StorePath {
    /// Returns the path of the storage's root.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Checks and takes a path.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if it is absolute or a segment is empty, `.` or `..`.
    pub fn parse(path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        if path.is_empty() || path.split('/').all(is_plain_segment) {
            return Ok(Self(path));
        }
        Err(
            Error::new(ErrorKind::Config, "not a relative path inside the storage")
                .at_path(format!("{path:?}"))
                .with_help("use segments separated by '/', none of them empty, '.' or '..'"),
        )
    }

    /// Appends one segment.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if the segment is empty, `.`, `..` or holds a `/` or a NUL.
    pub fn join(&self, segment: &str) -> Result<Self> {
        if segment.contains('/') || !is_plain_segment(segment) {
            return Err(
                Error::new(ErrorKind::Config, "not one plain segment of a path")
                    .at_path(format!("{segment:?}")),
            );
        }
        if self.0.is_empty() {
            return Ok(Self(segment.to_owned()));
        }
        Ok(Self(format!("{}/{segment}", self.0)))
    }

    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last segment; empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the path without its last segment.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some((parent, _)) => Self(parent.to_owned()),
            None => Self::root(),
        }
    }
}

fn is_plain_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.contains('\0')
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StorePath> for String {
    fn from(path: StorePath) -> Self {
        path.0
    }
}

impl TryFrom<String> for StorePath {
    type Error = Error;

    fn try_from(path: String) -> Result<Self> {
        Self::parse(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leaves_the_storage() {
        for bad in ["/etc", "a//b", "..", "a/../b", "./a", "a/", "a\0b"] {
            assert!(StorePath::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", ".", "..", "a/b"] {
            assert!(StorePath::root().join(bad).is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<StorePath>("\"../x\"").is_err());
    }

    #[test]
    fn join_parent_and_file_name_agree() {
        let path = StorePath::parse("runs").unwrap().join("1.json").unwrap();
        assert_eq!(path.as_str(), "runs/1.json");
        assert_eq!(path.file_name(), "1.json");
        assert_eq!(path.parent().as_str(), "runs");
        assert_eq!(path.parent().parent(), StorePath::root());
    }
}
