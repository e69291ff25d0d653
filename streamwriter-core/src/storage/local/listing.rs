//! What is in a directory.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::{Entry, LocalStorage, StorageError, StorePath, is_absent, is_temporary};
use crate::error::Result;

impl LocalStorage {
    /// Lists the paths in a directory; one that is not there has none.
    pub(super) fn read_directory(&self, directory: &Path) -> Result<Vec<PathBuf>, StorageError> {
        match self.durable.disk().list(directory) {
            Ok(entries) => Ok(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            // What lies in it is out of sight, which is not the same as not there.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(StorageError::NotADirectory {
                    path: directory.display().to_string(),
                })
            }
            Err(error) => Err(failed("list", directory, error)),
        }
    }

    /// Lists every file below a directory, but for temporary ones.
    pub(super) fn list_into(
        &self,
        directory: &Path,
        prefix: &StorePath,
        entries: &mut Vec<Entry>,
    ) -> Result<()> {
        for file in self.read_directory(directory)? {
            // A name that is not text is none that this storage gives. Made into text, it could be
            // the name of another file.
            let name = file.file_name().and_then(OsStr::to_str);
            let Some(name) = name.filter(|name| !is_temporary(name)) else {
                continue;
            };
            let path = prefix.join(name)?;
            let Some(metadata) = self.look_at_listed(&file)? else {
                continue;
            };
            if metadata.is_dir() {
                self.list_into(&file, &path, entries)?;
            } else {
                entries.push(Entry::new(path, metadata.len(), metadata.modified().ok()));
            }
        }
        Ok(())
    }

    pub(super) fn is_directory(&self, listed: &Path) -> Result<bool, StorageError> {
        let metadata = self.look_at_listed(listed)?;
        Ok(metadata.is_some_and(|metadata| metadata.is_dir()))
    }

    /// Looks at a file that was listed; `None` if it has gone away since.
    ///
    /// A look that fails is no absence: a record that cannot be looked at is not one that was
    /// never written (E9).
    fn look_at_listed(&self, file: &Path) -> Result<Option<Metadata>, StorageError> {
        match self.durable.disk().look_at_link(file) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed("look up", file, error)),
        }
    }
}

fn failed(operation: &'static str, path: &Path, error: io::Error) -> StorageError {
    StorageError::io(operation, path.display().to_string(), error)
}
