//! Advisory file locks that name their holder (E5).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{LockHolder, StorageError, StorageLock, is_current, remove_quietly};

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
        path: &Path,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Self, StorageError> {
        let failed = |error| StorageError::io("lock", path.display().to_string(), error);
        for _ in 0..TRIES_MAX {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_current(&file, path) => {
                    write_holder(&mut file, holder).map_err(failed)?;
                    return Ok(Self {
                        file,
                        path: path.to_owned(),
                    });
                }
                // The file was removed by a driver that takes over: ours locks nothing.
                Ok(()) => {}
                // A stopped process keeps its lock for ever, so a take-over gives the name to a
                // new file. The old holder is fenced off by the run number, not by this.
                Err(TryLockError::WouldBlock) if take_over => remove_quietly(path),
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

fn write_holder(file: &mut File, holder: &LockHolder) -> std::io::Result<()> {
    let text = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.flush()
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
