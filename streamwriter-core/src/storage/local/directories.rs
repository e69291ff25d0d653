//! Directories that are durable in their parents, made where they are missing (E8).

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::SystemTime;

use super::disk::Disk;
use super::durable::Durable;
use super::{StorageError, is_absent};

/// How many directories are remembered as durable before the memory starts afresh.
const KNOWN_DIRECTORIES_MAX: usize = 16 * 1024;

impl Durable {
    /// Makes a directory and every missing one above it, each durable in its parent.
    ///
    /// A directory that is there already may have been made by a process that was killed before it
    /// synced the parent, also one above the root. So each is synced in its parent once per
    /// process all the same, up to where no process of this user can have made one. One that was
    /// removed and made again by somebody else is another directory, and synced like one. A root
    /// that is removed while it is in use is not made again: what was in it is gone, and a new one
    /// must not look like it (E6).
    ///
    /// # Errors
    /// [`StorageError::RootExchanged`], [`StorageError::NotADirectory`], [`StorageError::Io`].
    pub(super) fn ensure_directory(&self, directory: &Path) -> Result<(), StorageError> {
        let found = look_at(self.disk(), directory)?;
        let known = self.known_directories().get(directory).copied();
        if known.is_some() && known == found.as_ref().map(DirectoryIdentity::of) {
            return Ok(());
        }
        if known.is_some() && directory == self.root {
            return Err(StorageError::RootExchanged {
                path: directory.display().to_string(),
            });
        }
        if let Some(parent) = directory.parent() {
            let is_ours = match &found {
                Some(_) if directory.starts_with(&self.root) => true,
                Some(found) => may_be_ours(self.disk(), found, parent)?,
                None => true,
            };
            if is_ours {
                self.ensure_directory(parent)?;
                if found.is_none() {
                    self.create_directory(directory)?;
                }
                self.sync_directory(parent)?;
            }
        }
        if let Some(now) = look_at(self.disk(), directory)? {
            self.remember(directory, DirectoryIdentity::of(&now));
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
        let found = look_at(self.disk(), directory).unwrap();
        known.is_some() && known == found.as_ref().map(DirectoryIdentity::of)
    }

    fn remember(&self, directory: &Path, identity: DirectoryIdentity) {
        let mut known = self.known_directories();
        if known.len() >= KNOWN_DIRECTORIES_MAX {
            // The root stays: it alone must not be exchanged.
            known.retain(|path, _| *path == self.root);
        }
        known.insert(directory.to_owned(), identity);
    }

    fn create_directory(&self, directory: &Path) -> Result<(), StorageError> {
        match self.disk_to_change(directory)?.create_directory(directory) {
            // Another thread was quicker.
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && look_at(self.disk(), directory)?.is_some() =>
            {
                Ok(())
            }
            Err(error) => Err(StorageError::io(
                "create the directory",
                directory.display().to_string(),
                error,
            )),
            Ok(()) => Ok(()),
        }
    }

    /// Removes a directory unless something is in it.
    pub(super) fn remove_empty_directory(&self, directory: &Path) -> Result<bool, StorageError> {
        // IMPORTANT: the memory goes first. A file made between the two steps sees a directory
        // that is unknown and checks for it; the other order would let it trust a stale memory.
        self.known_directories().remove(directory);
        match self.disk().remove_directory(directory) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Ok(false)
            }
            Err(error) => Err(StorageError::io(
                "remove the directory",
                directory.display().to_string(),
                error,
            )),
        }
    }

    /// Looks whether a directory is there or could be made, and written to.
    pub(super) fn check_location(&self, directory: &Path) -> Result<(), StorageError> {
        let mut nearest = directory;
        while look_at(self.disk(), nearest)?.is_none() {
            let Some(above) = nearest.parent() else { break };
            nearest = above;
        }
        self.disk().may_write(nearest).map_err(|error| {
            StorageError::io(
                "write to the directory",
                nearest.display().to_string(),
                error,
            )
        })
    }

    fn known_directories(&self) -> MutexGuard<'_, HashMap<PathBuf, DirectoryIdentity>> {
        self.known_directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which directory a path names: a file system may give the number of a removed one to the next,
/// so the time at which it was made belongs to it, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirectoryIdentity {
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

/// Looks at a directory; `None` if it is missing.
fn look_at(disk: &Disk, directory: &Path) -> Result<Option<Metadata>, StorageError> {
    let not_a_directory = |path: &Path| StorageError::NotADirectory {
        path: path.display().to_string(),
    };
    match disk.look(directory) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(metadata)),
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

/// Tells whether a process of this user may have made a directory that was found in its parent:
/// not the root of a file system, and none where this user may not write.
fn may_be_ours(disk: &Disk, found: &Metadata, parent: &Path) -> Result<bool, StorageError> {
    let failed = |error| StorageError::io("look up", parent.display().to_string(), error);
    if !is_on_one_device(found, &disk.look(parent).map_err(failed)?) {
        return Ok(false);
    }
    match disk.may_write(parent) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}

fn is_on_one_device(one: &Metadata, other: &Metadata) -> bool {
    device_and_inode(one).0 == device_and_inode(other).0
}

#[cfg(unix)]
fn device_and_inode(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn device_and_inode(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
