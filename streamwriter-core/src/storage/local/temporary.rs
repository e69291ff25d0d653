//! Temporary files: what a crash may leave torn, and nothing ever reads.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::durable::Moved;
use super::{LocalStorage, Storage, StorageError, name_of, parent_of};

/// How the names of temporary files begin.
pub(super) const TEMPORARY_PREFIX: &str = ".tmp-";

/// How those of a probe begin, which lie in the root, where foreign files may lie as well.
const PROBE_PREFIX: &str = ".tmp-probe-";

/// How often a probe creates its file. A storage that creates files only if they are absent needs
/// two tries.
const PROBE_TRIES: u32 = 4;

impl LocalStorage {
    /// Writes a file that is to be called `target`, and is in the errors, under a temporary name
    /// beside it, and syncs its bytes.
    pub(super) fn write_temporary(
        &self,
        target: &Path,
        prefix: &str,
        bytes: &[u8],
    ) -> Result<PathBuf, StorageError> {
        // Refused before there is anything to remove.
        self.durable.disk_to_change(target)?;
        let temporary = temporary_name(parent_of(target), prefix);
        match self.durable.write_new(&temporary, bytes, target) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                self.durable.remove_quietly(&temporary);
                Err(error)
            }
        }
    }

    /// Removes temporary files of crashed processes from a directory, at any depth.
    pub(super) fn remove_temporary_files(&self, directory: &Path) -> Result<(), StorageError> {
        for path in self.read_directory(directory)? {
            if name_of(&path).starts_with(TEMPORARY_PREFIX) {
                self.durable.remove_quietly(&path);
            } else if self.is_directory(&path)? {
                self.remove_temporary_files(&path)?;
            }
        }
        Ok(())
    }

    /// Proves that a file is created only if it is absent; removes what a crash has left of
    /// earlier proofs.
    pub(super) fn prove_create_if_absent(&self, directory: &Path) -> Result<(), StorageError> {
        self.durable.disk_to_change(directory)?;
        for path in self.read_directory(directory)? {
            if is_of_a_probe(&name_of(&path)) {
                self.durable.remove_quietly(&path);
            }
        }
        let target = temporary_name(directory, PROBE_PREFIX);
        let outcome = self.prove_at(&target);
        self.durable.remove_quietly(&target);
        outcome
    }

    /// Creates a file of one name again and again: a later creation must find the earlier one.
    fn prove_at(&self, target: &Path) -> Result<(), StorageError> {
        for _ in 0..PROBE_TRIES {
            // Any other outcome is either a storage that replaces files, or a driver that takes the
            // lock over just now and has removed this probe as a leftover: another try tells.
            if let Moved::TargetExists = self.move_new_to(target)? {
                return Ok(());
            }
        }
        Err(StorageError::NoCreateIfAbsent {
            path: self.location(),
        })
    }

    fn move_new_to(&self, target: &Path) -> Result<Moved, StorageError> {
        let new = self.write_temporary(target, PROBE_PREFIX, b"1")?;
        let moved = self.durable.move_without_replacing(&new, target);
        if !matches!(moved, Ok(Moved::Done)) {
            self.durable.remove_quietly(&new);
        }
        moved
    }
}

fn temporary_name(directory: &Path, prefix: &str) -> PathBuf {
    directory.join(format!("{prefix}{}", Uuid::new_v4()))
}

pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_PREFIX)
}

/// Only a name that a probe gives: the root may be a directory with files of other people.
pub(super) fn is_of_a_probe(name: &str) -> bool {
    name.strip_prefix(PROBE_PREFIX)
        .is_some_and(|id| Uuid::try_parse(id).is_ok())
}
