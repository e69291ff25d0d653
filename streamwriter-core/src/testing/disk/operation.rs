//! The system calls of a storage as a simulated disk counts, logs and places them.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::storage::DiskCall;

/// The kinds of system calls that a storage makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// Makes a file that was not there.
    CreateFile,
    /// Opens a lock file, and makes it if it is absent.
    OpenLock,
    /// Empties a file.
    Truncate,
    /// Writes bytes to the end of a file.
    Write,
    /// Makes the bytes of a file durable.
    SyncFile,
    /// Makes the names in a directory durable.
    SyncDirectory,
    /// Gives a file another name, unless that name exists.
    Rename,
    /// Gives a file a second name, unless that name exists.
    Link,
    /// Removes a name.
    Unlink,
    /// Makes a directory.
    CreateDirectory,
    /// Removes an empty directory.
    RemoveDirectory,
    /// Opens a file or directory for reading, and reads.
    Read,
    /// Lists a directory.
    List,
    /// Asks what is known of a name: whether it exists, and its size.
    Look,
    /// Asks whether this user may write to a directory.
    MayWrite,
}

impl OperationKind {
    /// Tells whether such a call changes something or makes it durable; the others only look.
    #[must_use]
    pub const fn is_change(self) -> bool {
        !matches!(self, Self::Read | Self::List | Self::Look | Self::MayWrite)
    }

    /// Tells whether such a call makes something durable.
    #[must_use]
    pub const fn is_sync(self) -> bool {
        matches!(self, Self::SyncFile | Self::SyncDirectory)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::CreateFile => "create",
            Self::OpenLock => "open lock",
            Self::Truncate => "truncate",
            Self::Write => "write",
            Self::SyncFile => "sync file",
            Self::SyncDirectory => "sync directory",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::CreateDirectory => "make directory",
            Self::RemoveDirectory => "remove directory",
            Self::Read => "read",
            Self::List => "list",
            Self::Look => "look at",
            Self::MayWrite => "may write to",
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One system call that was begun on a simulated disk.
///
/// Printed, it reads `change 57: rename target/a -> target/b`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskOperation {
    /// Its number in the process, from 0; changes and looks are counted apart.
    pub number: u64,
    /// What it does.
    pub kind: OperationKind,
    /// To what, relative to the disk's directory.
    pub path: PathBuf,
    /// The second name of a rename or a link.
    pub to: Option<PathBuf>,
}

impl fmt::Display for DiskOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = if self.kind.is_change() {
            "change"
        } else {
            "look"
        };
        let path = match self.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.path,
        };
        let (number, kind, path) = (self.number, self.kind, path.display());
        write!(f, "{class} {number}: {kind} {path}")?;
        match &self.to {
            Some(to) => write!(f, " -> {}", to.display()),
            None => Ok(()),
        }
    }
}

/// A call with its paths relative to the disk's directory.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) kind: OperationKind,
    pub(super) path: PathBuf,
    pub(super) to: Option<PathBuf>,
}

impl Placed {
    /// Places a call; `None` if it is none on this disk.
    pub(super) fn new(directory: &Path, call: DiskCall<'_>) -> Option<Self> {
        use OperationKind as Kind;
        let (kind, path, to) = match call {
            DiskCall::CreateFile(path) => (Kind::CreateFile, path, None),
            DiskCall::OpenLock(path) => (Kind::OpenLock, path, None),
            DiskCall::Truncate(path) => (Kind::Truncate, path, None),
            DiskCall::SyncFile(path) => (Kind::SyncFile, path, None),
            DiskCall::SyncDirectory(path) => (Kind::SyncDirectory, path, None),
            DiskCall::Rename { from, to } => (Kind::Rename, from, Some(to)),
            DiskCall::Link { from, to } => (Kind::Link, from, Some(to)),
            DiskCall::Unlink(path) => (Kind::Unlink, path, None),
            DiskCall::CreateDirectory(path) => (Kind::CreateDirectory, path, None),
            DiskCall::RemoveDirectory(path) => (Kind::RemoveDirectory, path, None),
            DiskCall::Read(path) => (Kind::Read, path, None),
            DiskCall::List(path) => (Kind::List, path, None),
            DiskCall::Look(path) => (Kind::Look, path, None),
            DiskCall::MayWrite(path) => (Kind::MayWrite, path, None),
        };
        let to = match to {
            Some(to) => Some(to.strip_prefix(directory).ok()?.to_owned()),
            None => None,
        };
        Self::at(directory, kind, path).map(|placed| Self { to, ..placed })
    }

    /// Places a call of one path.
    pub(super) fn at(directory: &Path, kind: OperationKind, path: &Path) -> Option<Self> {
        Some(Self {
            kind,
            path: path.strip_prefix(directory).ok()?.to_owned(),
            to: None,
        })
    }

    /// The second name of a rename or a link.
    pub(super) fn to(&self) -> &Path {
        self.to.as_deref().unwrap_or(Path::new(""))
    }

    pub(super) fn numbered(&self, number: u64) -> DiskOperation {
        DiskOperation {
            number,
            kind: self.kind,
            path: self.path.clone(),
            to: self.to.clone(),
        }
    }
}
