//! The storage's private errors and their one way into [`Error`].

use std::io;

use crate::error::{Error, ErrorKind};

/// What can go wrong on a storage.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    #[error("cannot {operation}")]
    Io {
        operation: &'static str,
        path: String,
        source: io::Error,
    },
    #[error("a failed sync has stopped all writing to this storage")]
    Poisoned { path: String, first: String },
    #[error("a file stands where a directory is needed")]
    NotADirectory { path: String },
    #[error("the directory was removed or exchanged while it was in use")]
    RootExchanged { path: String },
    #[error("this storage cannot create a file only if it is absent")]
    NoCreateIfAbsent { path: String },
    #[error("the file is neither staged nor published")]
    Vanished { path: String, staged: String },
    #[error("the final file exists with other contents than the commit message names")]
    OtherIdentity {
        path: String,
        expected: String,
        found: String,
    },
    #[error("the staged file was removed or exchanged while it was written")]
    StagedRemoved { path: String },
    #[error("the final file exists although the staged one, {staged}, is not published yet")]
    PublishedBefore { path: String, staged: String },
    #[error("the staged file has other contents than the commit message names")]
    StagedDamaged {
        path: String,
        expected: String,
        found: String,
    },
    #[error("another driver holds the lock: {holder}")]
    Locked { path: String, holder: String },
}

impl StorageError {
    pub(crate) fn io(operation: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            operation,
            path: path.into(),
            source,
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        let message = error.to_string();
        match error {
            StorageError::Io { path, source, .. } => {
                let help = io_help(&source);
                let error = Self::new(ErrorKind::Storage, message).at_path(path);
                let error = match help {
                    Some(help) => error.with_help(help),
                    None => error,
                };
                error.with_source(source)
            }
            StorageError::Poisoned { path, first } => Self::new(ErrorKind::Storage, message)
                .at_path(path)
                .with_help(format!(
                    "the first failure was: {first}; start the query again"
                )),
            StorageError::NotADirectory { path } => Self::new(ErrorKind::Config, message)
                .at_path(path)
                .with_help("choose another directory, or move the file away"),
            StorageError::RootExchanged { path } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help("put it back as it was, then start again; nothing is made anew in it"),
            StorageError::NoCreateIfAbsent { path } => Self::new(ErrorKind::Unsupported, message)
                .at_path(path)
                .with_help(
                    "exactly-once needs hard links or renameat2(RENAME_NOREPLACE); \
                     use a file system that has one of them",
                ),
            StorageError::Vanished { path, staged } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help(format!(
                    "it was staged as {staged}; if a consumer has taken the published file away, \
                     put it back until the batch is committed"
                )),
            StorageError::OtherIdentity {
                path,
                expected,
                found,
            } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help(format!(
                    "expected {expected}, found {found}; move the foreign file away and start again"
                )),
            StorageError::StagedRemoved { path } => Self::new(ErrorKind::Storage, message)
                .at_path(path)
                .with_help("keep other programs away from `_streamwriter`, then start again"),
            StorageError::PublishedBefore { path, .. } => Self::new(ErrorKind::Mismatch, message)
                .at_path(path)
                .with_help(
                    "the batch was published before, and the checkpoint has lost the record of \
                     it: restore the newest copy of the checkpoint; or move all published files \
                     of this batch away and start again, then they are published anew",
                ),
            StorageError::StagedDamaged {
                path,
                expected,
                found,
            } => Self::new(ErrorKind::Corrupted, message)
                .at_path(path)
                .with_help(format!(
                    "expected {expected}, found {found}; restore the file from a copy: it is not \
                     published as it is"
                )),
            StorageError::Locked { path, .. } => Self::new(ErrorKind::Locked, message)
                .at_path(path)
                .with_help(
                    "stop that driver, or start this one with `.take_over(true)` if it hangs (on a \
                     cluster with the option `takeOver`)",
                ),
        }
    }
}

fn io_help(error: &io::Error) -> Option<&'static str> {
    if is_out_of_descriptors(error) {
        return Some(
            "raise the limit of open files (`ulimit -n`) or use fewer executors, then start again",
        );
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied => Some("grant the permission, then start again"),
        io::ErrorKind::ReadOnlyFilesystem => Some("make it writable, then start again"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space, then start again; nothing that was committed is lost")
        }
        io::ErrorKind::IsADirectory => {
            Some("a directory stands in the place of a file: move it away, then put the file back")
        }
        _ => None,
    }
}

/// The standard library has no kind for it.
#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errors = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    errors.contains(&error.raw_os_error())
}

#[cfg(not(unix))]
fn is_out_of_descriptors(_error: &io::Error) -> bool {
    false
}
