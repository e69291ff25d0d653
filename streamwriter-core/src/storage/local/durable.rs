//! Syncs and moves: the only place that calls them, and the poison after one has failed (E8).

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use super::StorageError;

/// How many directories are remembered as durable before the memory starts afresh.
const KNOWN_DIRECTORIES_MAX: usize = 16 * 1024;

/// Makes files and directories durable; refuses everything after one failed sync.
#[derive(Debug)]
pub(super) struct Durable {
    root: PathBuf,
    known_directories: Mutex<HashMap<PathBuf, DirectoryIdentity>>,
    first_failed_sync: OnceLock<String>,
}

/// What a move that never replaces anything did.
pub(super) enum Moved {
    Done,
    TargetExists,
    SourceMissing,
}

impl Durable {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            known_directories: Mutex::default(),
            first_failed_sync: OnceLock::new(),
        }
    }

    /// Writes a new file and syncs its bytes; its name is not durable yet. Errors of writing name
    /// what it is to become.
    pub(super) fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        target: &Path,
    ) -> Result<(), StorageError> {
        let failed = |error| StorageError::io("write", target.display().to_string(), error);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        self.sync_file(&file, path)
    }

    pub(super) fn sync_file(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        self.refuse_if_poisoned(path)?;
        file.sync_all()
            .map_err(|error| self.poison("sync", path, error))
    }

    pub(super) fn sync_directory(&self, directory: &Path) -> Result<(), StorageError> {
        self.refuse_if_poisoned(directory)?;
        File::open(directory)
            .map_err(|error| StorageError::io("open", directory.display().to_string(), error))?
            .sync_all()
            .map_err(|error| self.poison("sync the directory", directory, error))
    }

    /// Syncs a file that another process made, and its name.
    pub(super) fn sync_found(&self, path: &Path) -> Result<(), StorageError> {
        let file = File::open(path)
            .map_err(|error| StorageError::io("open", path.display().to_string(), error))?;
        self.sync_file(&file, path)?;
        self.sync_directory(super::parent_of(path))
    }

    /// Makes a directory and every missing one above it, each durable in its parent.
    ///
    /// A directory that is there already may have been made by a process that crashed before it
    /// synced the parent, so each directory inside the root is synced once per process all the
    /// same. One that was removed and made again by somebody else is another directory, and synced
    /// like one. A root that is removed while it is in use is not made again: what was in it is
    /// gone, and a new one must not look like it (E6).
    ///
    /// # Errors
    /// [`StorageError::RootExchanged`], [`StorageError::NotADirectory`], [`StorageError::Io`].
    pub(super) fn ensure_directory(&self, directory: &Path) -> Result<(), StorageError> {
        let found = identity_of(directory)?;
        let known = self.known_directories().get(directory).copied();
        if known.is_some() && known == found {
            return Ok(());
        }
        if known.is_some() && directory == self.root {
            return Err(StorageError::RootExchanged {
                path: directory.display().to_string(),
            });
        }
        let is_missing = found.is_none();
        if let Some(parent) = directory.parent() {
            if is_missing || parent.starts_with(&self.root) {
                self.ensure_directory(parent)?;
            }
            if is_missing {
                create_directory(directory)?;
            }
            if is_missing || directory.starts_with(&self.root) {
                self.sync_directory(parent)?;
            }
        }
        if let Some(identity) = identity_of(directory)? {
            self.remember(directory, identity);
        }
        Ok(())
    }

    /// Begins anew: the directories that are there when a lock is taken are those that count.
    pub(super) fn forget_directories(&self) {
        self.known_directories().clear();
    }

    /// Whether a directory is the one that was made durable.
    #[cfg(test)]
    pub(super) fn knows(&self, directory: &Path) -> bool {
        let known = self.known_directories().get(directory).copied();
        known.is_some() && known == identity_of(directory).unwrap()
    }

    fn remember(&self, directory: &Path, identity: DirectoryIdentity) {
        let mut known = self.known_directories();
        if known.len() >= KNOWN_DIRECTORIES_MAX {
            // The root stays: it alone must not be exchanged.
            known.retain(|path, _| *path == self.root);
        }
        known.insert(directory.to_owned(), identity);
    }

    /// Removes a directory unless something is in it.
    pub(super) fn remove_empty_directory(&self, directory: &Path) -> Result<bool, StorageError> {
        // IMPORTANT: the memory goes first. A file made between the two steps sees a directory
        // that is unknown and checks for it; the other order would let it trust a stale memory.
        self.known_directories().remove(directory);
        match fs::remove_dir(directory) {
            Ok(()) => Ok(true),
            Err(error)
                if super::is_absent(&error) || error.kind() == io::ErrorKind::DirectoryNotEmpty =>
            {
                Ok(false)
            }
            Err(error) => Err(StorageError::io(
                "remove the directory",
                directory.display().to_string(),
                error,
            )),
        }
    }

    fn known_directories(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, DirectoryIdentity>> {
        self.known_directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse_if_poisoned(&self, path: &Path) -> Result<(), StorageError> {
        match self.first_failed_sync.get() {
            Some(first) => Err(StorageError::Poisoned {
                path: path.display().to_string(),
                first: first.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Remembers a failed sync: the kernel may have dropped the dirty pages, and a second sync of
    /// them would report success.
    fn poison(&self, operation: &'static str, path: &Path, error: io::Error) -> StorageError {
        let first = format!("{operation} {}: {error}", path.display());
        // A later failure keeps the first one's text.
        let _ = self.first_failed_sync.set(first);
        StorageError::io(operation, path.display().to_string(), error)
    }
}

/// Which directory a path names: a file system may give the number of a removed one to the next,
/// so the time at which it was made belongs to it, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DirectoryIdentity {
    device_and_inode: (u64, u64),
    made: Option<SystemTime>,
}

impl DirectoryIdentity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device_and_inode: device_and_inode(metadata),
            made: metadata.created().ok(),
        }
    }
}

#[cfg(unix)]
fn device_and_inode(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn device_and_inode(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// Returns which directory a path names; `None` if there is none.
fn identity_of(directory: &Path) -> Result<Option<DirectoryIdentity>, StorageError> {
    let not_a_directory = |path: &Path| StorageError::NotADirectory {
        path: path.display().to_string(),
    };
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(DirectoryIdentity::of(&metadata))),
        Ok(_) => Err(not_a_directory(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A file stands somewhere above: the nearest one that exists is it.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(not_a_directory(
            directory
                .ancestors()
                .find(|above| above.exists())
                .unwrap_or(directory),
        )),
        Err(error) => Err(StorageError::io(
            "look up",
            directory.display().to_string(),
            error,
        )),
    }
}

/// Looks whether a directory is there or could be made, and written to.
pub(super) fn check_location(directory: &Path) -> Result<(), StorageError> {
    let mut nearest = directory;
    while identity_of(nearest)?.is_none() {
        let Some(above) = nearest.parent() else { break };
        nearest = above;
    }
    rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK).map_err(|error| {
        StorageError::io(
            "write to the directory",
            nearest.display().to_string(),
            error.into(),
        )
    })
}

fn create_directory(directory: &Path) -> Result<(), StorageError> {
    match fs::create_dir(directory) {
        // Another thread was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(error) => Err(StorageError::io(
            "create the directory",
            directory.display().to_string(),
            error,
        )),
        Ok(()) => Ok(()),
    }
}

/// Moves a file in one step unless the target exists.
pub(super) fn move_without_replacing(from: &Path, to: &Path) -> Result<Moved, StorageError> {
    match rename_without_replacing(from, to) {
        Ok(()) => Ok(Moved::Done),
        Err(error) => match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(Moved::TargetExists),
            _ if super::is_absent(&error) && !from.exists() => Ok(Moved::SourceMissing),
            _ => Err(StorageError::io("publish", to.display().to_string(), error)),
        },
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // File systems that do not know the flag say so in one of these ways.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_then_unlink(from, to),
        other => Ok(other?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    link_then_unlink(from, to)
}

/// `link` refuses an existing target as well. A crash between its two steps leaves both names of
/// one file; whoever finds that removes the first name.
fn link_then_unlink(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn e8_after_one_failed_sync_nothing_is_promised_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let durable = Durable::new(directory.path().to_owned());
        let write_new = |name: &str, bytes| {
            let path = directory.path().join(name);
            durable.write_new(&path, bytes, &path)
        };
        write_new("a", b"1").unwrap();
        let failed = io::Error::other("the disk is gone");
        let first = durable.poison("sync", &directory.path().join("a"), failed);
        assert!(
            Error::from(first)
                .report()
                .to_string()
                .contains("disk is gone")
        );
        let file = File::open(directory.path().join("a")).unwrap();
        let refusals = [
            write_new("b", b"2"),
            durable.sync_file(&file, directory.path()),
            durable.sync_directory(directory.path()),
            durable.sync_found(&directory.path().join("a")),
        ];
        for refused in refusals {
            let error = Error::from(refused.unwrap_err());
            assert!(error.to_string().contains("the disk is gone"), "{error}");
        }
        // Opened anew, it works again.
        let durable = Durable::new(directory.path().to_owned());
        durable.sync_directory(directory.path()).unwrap();
    }
}
