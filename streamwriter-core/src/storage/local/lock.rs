//! Advisory file locks that name their holder (E5).

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::durable::Durable;
use super::{LockHolder, StorageError, StorageLock};

/// How often a lock is tried when its file is exchanged under us by drivers that take over.
const TRIES_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct LocalLock {
    /// Open for as long as the lock is held: the operating system frees it when the process ends.
    file: File,
    path: PathBuf,
}

impl Drop for LocalLock {
    /// Unlocks, rather than leave it to the closing of the file: a child that another thread is
    /// just starting shares the open file until it runs its own program, and would hold the lock.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(path = %self.path.display(), %error, "the lock could not be released");
        }
    }
}

impl StorageLock for LocalLock {}

impl LocalLock {
    /// Returns another handle of the same open file.
    #[cfg(test)]
    pub(super) fn share(&self) -> File {
        self.file.try_clone().unwrap()
    }

    pub(super) fn acquire(
        durable: &Durable,
        path: &Path,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Self, StorageError> {
        let failed = |error| StorageError::io("lock", path.display().to_string(), error);
        for _ in 0..TRIES_MAX {
            let disk = durable.disk_to_change(path)?;
            let mut file = disk.open_lock(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_current(disk, &file, path).map_err(failed)? => {
                    write_holder(disk, &mut file, path, holder).map_err(failed)?;
                    return Ok(Self {
                        file,
                        path: path.to_owned(),
                    });
                }
                // The file was removed by a driver that takes over: ours locks nothing.
                Ok(()) => {}
                // A stopped process keeps its lock for ever, so a take-over gives the name to a
                // new file. The old holder is fenced off by the run number, not by this.
                Err(TryLockError::WouldBlock) if take_over => durable.remove_quietly(path),
                Err(TryLockError::WouldBlock) => return Err(locked(&mut file, path)),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(StorageError::Locked {
            path: path.display().to_string(),
            holder: "drivers that keep taking over from each other".to_owned(),
        })
    }
}

/// Tells whether the path still names the file that was opened.
pub(super) fn is_current(disk: &Disk, file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match disk.look(path) {
        Ok(named) => Ok(is_same(&opened, &named)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.ino() == other.ino() && one.dev() == other.dev()
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn write_holder(disk: &Disk, file: &mut File, path: &Path, holder: &LockHolder) -> io::Result<()> {
    let text = serde_json::to_string(holder)?;
    disk.truncate(file, path)?;
    disk.write_all(file, path, text.as_bytes())
}

fn locked(file: &mut File, path: &Path) -> StorageError {
    let mut text = String::new();
    let holder = file
        .read_to_string(&mut text)
        .ok()
        .and_then(|_| serde_json::from_str::<LockHolder>(&text).ok())
        .map_or_else(
            || "a process that has not said its name".to_owned(),
            |h| h.to_string(),
        );
    StorageError::Locked {
        path: path.display().to_string(),
        holder,
    }
}
