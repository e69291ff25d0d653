//! Positions in a directory of files, as they stand in the journal.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use streamwriter_core::{Error, ErrorKind, Result, StorePath};

use super::content::{Codec, Content};

/// Names a file and the state in which it was planned.
///
/// A file that was rewritten has another size or another modification time, so reading it again
/// for the same batch is an error instead of other rows (B2). A change that keeps both, within the
/// clock tick of the file system, is not noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileIdentity {
    /// The path relative to the directory of the source.
    #[serde(deserialize_with = "below_directory")]
    pub(crate) path: String,
    /// The size in bytes.
    pub(crate) size: u64,
    /// The modification time in nanoseconds since 1970.
    pub(crate) modified_ns: i64,
}

impl FileIdentity {
    /// Returns the path relative to the directory of the source.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the size in bytes when the file was planned.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn of(path: &str, metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            size: metadata.len(),
            modified_ns: nanoseconds(metadata.modified()?),
        })
    }

    /// Opens the file and makes sure that it is the one that was planned.
    pub(crate) fn open(&self, root: &Path) -> Result<File> {
        let full = root.join(&self.path);
        let file = File::open(&full).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.changed(root, "it is gone"),
            _ => read_error(&full, error),
        })?;
        self.check(&file, root)?;
        Ok(file)
    }

    /// Opens the file as [`open`](Self::open), to read what is in it.
    pub(crate) fn open_content(&self, root: &Path) -> Result<Content> {
        let file = self.open(root)?;
        Content::new(file, &self.path).map_err(|error| read_error(&root.join(&self.path), error))
    }

    /// Tells whether the file is read from its beginning to its end only.
    pub(crate) fn is_compressed(&self) -> bool {
        Codec::is_compressed(&self.path)
    }

    /// Makes sure that an open file is still as it was planned.
    pub(crate) fn check(&self, file: &File, root: &Path) -> Result<()> {
        let now = file
            .metadata()
            .and_then(|metadata| Self::of(&self.path, &metadata))
            .map_err(|error| read_error(&root.join(&self.path), error))?;
        if now == *self {
            return Ok(());
        }
        let (was, is) = (self.size, now.size);
        Err(self.changed(
            root,
            &if was == is {
                "it has another modification time".to_owned()
            } else {
                format!("it had {was} bytes and has {is}")
            },
        ))
    }

    pub(crate) fn changed(&self, root: &Path, how: &str) -> Error {
        Error::new(
            ErrorKind::Source,
            format!("an input file has changed since it was planned: {how}"),
        )
        .at_path(root.join(&self.path).display().to_string())
        .with_help(
            "bring the file back as it was, with its modification time, or start anew with another \
             checkpoint and target; put files in under another name and rename them when they are \
             complete",
        )
        .permanent()
    }
}

/// Reads a path out of the journal.
///
/// IMPORTANT: the one place where a path comes from anywhere else than a listing. It must not lead out
/// of the directory.
fn below_directory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = String::deserialize(deserializer)?;
    match StorePath::parse(path.as_str()) {
        Ok(below) if below != StorePath::root() => Ok(path),
        _ => Err(D::Error::custom(format!(
            "{path:?} is not the path of a file below the directory of the source"
        ))),
    }
}

pub(crate) fn read_error(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::PermissionDenied {
        // The message says all that the system's error would say.
        return Error::new(ErrorKind::Source, "an input file may not be read")
            .at_path(path.display().to_string())
            .with_help("allow this user to read it, and start again");
    }
    if error.kind() == io::ErrorKind::InvalidData {
        return Error::new(
            ErrorKind::Source,
            "an input file is damaged or ends too early",
        )
        .at_path(path.display().to_string())
        .with_help(
            "start anew with a whole one, put in under another name and renamed when it is \
                 complete",
        )
        .with_source(error)
        .permanent();
    }
    Error::new(ErrorKind::Source, "cannot read an input file")
        .at_path(path.display().to_string())
        .with_source(error)
}

fn nanoseconds(time: SystemTime) -> i64 {
    let clamp = |nanos: u128| i64::try_from(nanos).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => clamp(after.as_nanos()),
        Err(before) => -clamp(before.duration().as_nanos()),
    }
}

/// A part of one file: the bytes from `start` up to, not including, `end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRange {
    /// Which file.
    pub(crate) file: FileIdentity,
    /// The first byte; the beginning of the file or of a record.
    pub(crate) start: u64,
    /// The byte after the last; the end of the file or of a record.
    pub(crate) end: u64,
}

impl FileRange {
    /// Returns the file.
    #[must_use]
    pub fn file(&self) -> &FileIdentity {
        &self.file
    }

    /// Returns the position of the first byte.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Returns the position after the last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Tells whether nothing of the file is left after this range.
    pub(crate) fn finishes(&self) -> bool {
        self.end == self.file.size
    }
}

/// One partition of a batch of files: ranges of files, read in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesPartition {
    pub(crate) ranges: Vec<FileRange>,
}

impl FilesPartition {
    /// Returns the ranges in the order in which they are read.
    #[must_use]
    pub fn ranges(&self) -> &[FileRange] {
        &self.ranges
    }

    pub(crate) fn bytes(&self) -> u64 {
        let bytes = self.ranges.iter().map(FileRange::bytes);
        bytes.fold(0, u64::saturating_add)
    }
}

/// A position in the stream that a directory of files is.
///
/// Which files are read is kept by the source (E10); the offset says how many they are, so that a
/// record of them that was lost or exchanged is noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesOffset {
    /// How many files have been read to their end.
    pub(crate) files: u64,
    /// The file that has been read in part, if the last batch ended inside of one.
    pub(crate) partial: Option<PartialFile>,
    /// The columns of the first file, if later ones are held to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) columns: Option<Vec<String>>,
}

impl FilesOffset {
    /// Returns how many files have been read to their end.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files
    }
}

/// A file that has been read up to a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartialFile {
    /// Which file.
    pub(crate) file: FileIdentity,
    /// The first byte that has not been read.
    pub(crate) position: u64,
}
