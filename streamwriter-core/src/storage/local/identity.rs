//! Whether a file is the one that a commit message names (E3, E9, F2).

use std::io;
use std::path::Path;

use super::{LocalStorage, StagedObject, StorageError, is_absent, lock, upload};

impl LocalStorage {
    /// Makes sure that a final file is the one that the message names.
    pub(super) fn expect_identity(
        &self,
        target: &Path,
        object: &StagedObject,
    ) -> Result<(), StorageError> {
        match self.other_identity(target, object) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(StorageError::OtherIdentity {
                path: target.display().to_string(),
                expected: text(object.size, &object.checksum),
                found,
            }),
            Err(error) => Err(failed("read", target, error)),
        }
    }

    /// Makes sure that a staged file, if it is still there, is the one that the message names.
    pub(super) fn expect_staged_identity(
        &self,
        staged: &Path,
        object: &StagedObject,
    ) -> Result<(), StorageError> {
        match self.other_identity(staged, object) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(StorageError::StagedDamaged {
                path: staged.display().to_string(),
                expected: text(object.size, &object.checksum),
                found,
            }),
            // It may have been published already, which is found out next.
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(failed("read", staged, error)),
        }
    }

    /// Makes sure that a staged and a final name that are both there are names of one file, as a
    /// crash between `link` and `unlink` leaves them.
    ///
    /// The message names the staged file, so nobody else's is to have the final name. If another
    /// file has it, the batch was published before, from messages that the journal has lost; what
    /// else was published then may be doubled by what these messages name.
    pub(super) fn expect_one_file(&self, staged: &Path, target: &Path) -> Result<(), StorageError> {
        match self.is_one_file(staged, target)? {
            true => Ok(()),
            false => Err(StorageError::PublishedBefore {
                path: target.display().to_string(),
                staged: staged.display().to_string(),
            }),
        }
    }

    /// Tells whether two names are of one file, or the first of none any more.
    pub(super) fn is_one_file(&self, staged: &Path, target: &Path) -> Result<bool, StorageError> {
        let disk = self.durable.disk();
        let open = match disk.open(staged) {
            Ok(open) => open,
            // Another process was quicker, and the final file is the right one.
            Err(error) if is_absent(&error) => return Ok(true),
            Err(error) => return Err(failed("look up", staged, error)),
        };
        lock::is_current(disk, &open, target).map_err(|error| failed("look up", target, error))
    }

    /// Returns what a file holds if it is not what the object names.
    fn other_identity(&self, file: &Path, object: &StagedObject) -> io::Result<Option<String>> {
        let (size, checksum) = upload::identity_of(self.durable.disk(), file)?;
        let same = size == object.size && checksum == object.checksum;
        Ok((!same).then(|| text(size, &checksum)))
    }
}

fn text(size: u64, checksum: &str) -> String {
    format!("{size} bytes with {checksum}")
}

fn failed(operation: &'static str, path: &Path, error: io::Error) -> StorageError {
    StorageError::io(operation, path.display().to_string(), error)
}
