//! Directories that are durable in their parents, made where they are missing (E8).

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use super::disk::Disk;
use super::durable::Durable;
use super::{StorageError, is_absent};

/// How many directories are remembered as durable before the memory starts afresh.
const KNOWN_DIRECTORIES_MAX: usize = 16 * 1024;

impl Durable {
    /// Makes a directory and every missing one above it, each durable in its parent.
    ///
    /// A directory that is there already may have been made by a process that crashed before it
    /// synced the parent, so each directory inside the root is synced once per process all the
    /// same.
    pub(super) fn ensure_directory(&self, directory: &Path) -> Result<(), StorageError> {
        if self.known_directories().contains(directory) {
            return Ok(());
        }
        let missing = is_missing(self.disk(), directory)?;
        if let Some(parent) = directory.parent() {
            if missing || parent.starts_with(&self.root) {
                self.ensure_directory(parent)?;
            }
            if missing {
                self.create_directory(directory)?;
            }
            if missing || directory.starts_with(&self.root) {
                self.sync_directory(parent)?;
            }
        }
        let mut known = self.known_directories();
        if known.len() >= KNOWN_DIRECTORIES_MAX {
            known.clear();
        }
        known.insert(directory.to_owned());
        Ok(())
    }

    fn create_directory(&self, directory: &Path) -> Result<(), StorageError> {
        match self.disk_to_change(directory)?.create_directory(directory) {
            // Another thread was quicker.
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && !is_missing(self.disk(), directory)? =>
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
        while is_missing(self.disk(), nearest)? {
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

    fn known_directories(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.known_directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_missing(disk: &Disk, directory: &Path) -> Result<bool, StorageError> {
    let not_a_directory = |path: &Path| StorageError::NotADirectory {
        path: path.display().to_string(),
    };
    match disk.look(directory) {
        Ok(metadata) if metadata.is_dir() => Ok(false),
        Ok(_) => Err(not_a_directory(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
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
