//! Writes, syncs and moves: the only place that changes anything, and the poison after a sync has
//! failed (E8).

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use super::directories::DirectoryIdentity;
use super::disk::Disk;
use super::{StorageError, is_absent, parent_of};

/// Makes files and directories durable; refuses everything after one failed sync.
#[derive(Debug)]
pub(super) struct Durable {
    disk: Disk,
    pub(super) root: PathBuf,
    pub(super) known_directories: Mutex<HashMap<PathBuf, DirectoryIdentity>>,
    first_failed_sync: OnceLock<String>,
}

/// What a move that never replaces anything did.
pub(super) enum Moved {
    Done,
    /// The file has both names: this file system cannot do it in one step.
    ///
    /// IMPORTANT: the old name is removed after the directory of the new one is synced. Nothing
    /// says that a power cut takes back the removal too when it takes back the link.
    Linked,
    TargetExists,
    SourceMissing,
}

impl Durable {
    pub(super) fn new(root: PathBuf, disk: Disk) -> Self {
        Self {
            disk,
            root,
            known_directories: Mutex::default(),
            first_failed_sync: OnceLock::new(),
        }
    }

    /// Returns the disk for what needs no promise: looks, reads and removals.
    ///
    /// Removals are open to a poisoned storage too: what it has made and nobody will name is
    /// better gone.
    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Returns the disk for a change that is to last, unless a sync has failed.
    pub(super) fn disk_to_change(&self, path: &Path) -> Result<&Disk, StorageError> {
        match self.first_failed_sync.get() {
            Some(first) => Err(StorageError::Poisoned {
                path: path.display().to_string(),
                first: first.clone(),
            }),
            None => Ok(&self.disk),
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
        let disk = self.disk_to_change(path)?;
        let mut file = disk.create_file(path).map_err(failed)?;
        disk.write_all(&mut file, path, bytes).map_err(failed)?;
        self.sync_file(&file, path)
    }

    pub(super) fn sync_file(&self, file: &File, path: &Path) -> Result<(), StorageError> {
        self.disk_to_change(path)?
            .sync_file(file, path)
            .map_err(|error| self.poison("sync", path, error))
    }

    pub(super) fn sync_directory(&self, directory: &Path) -> Result<(), StorageError> {
        let disk = self.disk_to_change(directory)?;
        let open = disk
            .open(directory)
            .map_err(|error| StorageError::io("open", directory.display().to_string(), error))?;
        disk.sync_directory(&open, directory)
            .map_err(|error| self.poison("sync the directory", directory, error))
    }

    /// Syncs a file that another process made, and its name.
    pub(super) fn sync_found(&self, path: &Path) -> Result<(), StorageError> {
        let file = self
            .disk_to_change(path)?
            .open(path)
            .map_err(|error| StorageError::io("open", path.display().to_string(), error))?;
        self.sync_file(&file, path)?;
        self.sync_directory(parent_of(path))
    }

    /// Gives a file another name unless that name exists.
    pub(super) fn move_without_replacing(
        &self,
        from: &Path,
        to: &Path,
    ) -> Result<Moved, StorageError> {
        let error = match rename_or_link(self.disk_to_change(to)?, from, to) {
            Ok(moved) => return Ok(moved),
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(Moved::TargetExists),
            _ if is_absent(&error) && !self.is_there(from)? => Ok(Moved::SourceMissing),
            _ => Err(StorageError::io("publish", to.display().to_string(), error)),
        }
    }

    /// Tells whether a file exists; a look that fails is an error, not an absence.
    pub(super) fn is_there(&self, path: &Path) -> Result<bool, StorageError> {
        match self.disk.is_there(path) {
            Ok(is_there) => Ok(is_there),
            // A file stands where a directory above it was.
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(StorageError::io(
                "look up",
                path.display().to_string(),
                error,
            )),
        }
    }

    /// Removes a file; returns whether there was one.
    pub(super) fn remove(&self, path: &Path) -> Result<bool, StorageError> {
        match self.disk.unlink(path) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(StorageError::io(
                "delete",
                path.display().to_string(),
                error,
            )),
        }
    }

    /// Removes a file of ours whose absence or presence changes nothing.
    pub(super) fn remove_quietly(&self, path: &Path) {
        if let Err(error) = self.disk.unlink(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %path.display(), %error, "could not remove a temporary file");
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

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_or_link(disk: &Disk, from: &Path, to: &Path) -> io::Result<Moved> {
    use rustix::io::Errno;

    match disk.rename_exclusive(from, to) {
        Ok(()) => Ok(Moved::Done),
        // File systems that do not know the flag say so in one of these ways.
        Err(error)
            if [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP]
                .iter()
                .any(|unknown| error.raw_os_error() == Some(unknown.raw_os_error())) =>
        {
            disk.link(from, to).map(|()| Moved::Linked)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_or_link(disk: &Disk, from: &Path, to: &Path) -> io::Result<Moved> {
    disk.link(from, to).map(|()| Moved::Linked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn e8_after_one_failed_sync_nothing_is_promised_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let durable = Durable::new(directory.path().to_owned(), Disk::default());
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
        let durable = Durable::new(directory.path().to_owned(), Disk::default());
        durable.sync_directory(directory.path()).unwrap();
    }
}
