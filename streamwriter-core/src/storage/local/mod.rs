//! A storage on a local file system: write, sync, link or rename without replacing, sync again.

mod directories;
mod disk;
mod durable;
mod identity;
mod listing;
mod lock;
mod own;
mod temporary;
mod unlisted;
mod upload;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::disk::Disk;
use self::durable::{Durable, Moved};
use self::lock::LocalLock;
use self::own::OwnFiles;
use self::temporary::{TEMPORARY_PREFIX, is_temporary};
pub(super) use self::upload::Identity;
use self::upload::LocalUpload;
use super::{
    Created, Entry, LockHolder, Publication, SharedStorage, StagedObject, StagedUpload, Storage,
    StorageError, StorageLock, StorePath, Unlisted,
};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;

#[cfg(any(test, feature = "testing"))]
pub(crate) use self::disk::{DiskCall, DiskHook};

/// A [`Storage`] in a directory of a local (or mounted) file system.
///
/// Files are synced before they get their final name, the final name is given by
/// `renameat2(RENAME_NOREPLACE)` or `link`, and the directory that holds it is synced afterwards.
#[derive(Debug)]
pub struct LocalStorage {
    root: PathBuf,
    durable: Arc<Durable>,
    own_files: Arc<OwnFiles>,
}

impl LocalStorage {
    /// Names a directory; nothing is read or made until [`probe`](Storage::probe).
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if the path is empty, [`Storage`](crate::ErrorKind::Storage)
    /// if a relative path cannot be made absolute.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        Self::on(root.as_ref(), Disk::default())
    }

    fn on(root: &Path, disk: Disk) -> Result<Self> {
        if root.as_os_str().is_empty() {
            return Err(
                Error::new(ErrorKind::Config, "the path of a directory is empty")
                    .with_help("name one; `.` is the directory in which the program runs"),
            );
        }
        let absolute = std::path::absolute(root).map_err(|error| {
            StorageError::io("make the path absolute", root.display().to_string(), error)
        })?;
        Ok(Self {
            durable: Arc::new(Durable::new(absolute.clone(), disk)),
            root: absolute,
            own_files: Arc::default(),
        })
    }

    /// Names a directory whose system calls go through a hook.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn hooked(root: &Path, hook: Arc<dyn DiskHook>) -> Result<Self> {
        Self::on(root, Disk::hooked(hook))
    }

    /// Names a directory and shares the storage; see [`LocalStorage::new`].
    ///
    /// # Errors
    /// As [`LocalStorage::new`].
    pub fn shared(root: impl AsRef<Path>) -> Result<SharedStorage> {
        Ok(Arc::new(Self::new(root)?))
    }

    /// Returns the file or directory of a path in this storage.
    #[must_use]
    pub fn full_path(&self, path: &StorePath) -> PathBuf {
        if path.as_str().is_empty() {
            self.root.clone()
        } else {
            self.root.join(path.as_str())
        }
    }

    /// Says what a creation has come to, once its temporary file was moved or was not.
    fn created(&self, moved: Moved, target: &Path) -> Result<Created, StorageError> {
        match moved {
            Moved::Done | Moved::Linked => {
                self.durable.sync_directory(parent_of(target))?;
                Ok(Created::New)
            }
            Moved::TargetExists => match self.durable.disk().read(target) {
                Ok(bytes) => Ok(Created::Exists(bytes)),
                Err(error) => Err(StorageError::io(
                    "read",
                    target.display().to_string(),
                    error,
                )),
            },
            Moved::SourceMissing => Err(StorageError::io(
                "create",
                target.display().to_string(),
                io::Error::new(
                    io::ErrorKind::NotFound,
                    "its temporary file was removed, as by a driver that takes over",
                ),
            )),
        }
    }

    /// Gives a staged file its final name; says whether the staged name is still to be removed.
    fn publish_one(&self, object: &StagedObject) -> Result<(Publication, bool), StorageError> {
        let staged = self.full_path(&object.staged);
        let target = self.full_path(&object.path);
        if !self.own_files.remove(&staged) {
            self.expect_staged_identity(&staged, object)?;
        }
        self.durable.ensure_directory(parent_of(&target))?;
        match self.durable.move_without_replacing(&staged, &target)? {
            Moved::Done => Ok((Publication::Published, false)),
            Moved::Linked => Ok((Publication::Published, true)),
            Moved::TargetExists => {
                self.expect_identity(&target, object)?;
                self.expect_one_file(&staged, &target)?;
                Ok((Publication::AlreadyPublished, true))
            }
            Moved::SourceMissing if self.durable.is_there(&target)? => {
                self.expect_identity(&target, object)?;
                Ok((Publication::AlreadyPublished, false))
            }
            Moved::SourceMissing => Err(StorageError::Vanished {
                path: target.display().to_string(),
                staged: staged.display().to_string(),
            }),
        }
    }
}

impl LocalStorage {
    /// Moves a file to another name, durably at both ends; returns whether there was one.
    fn withdraw_one(&self, from: &Path, to: &Path) -> Result<bool, StorageError> {
        if !self.durable.is_there(from)? {
            return Ok(false);
        }
        self.own_files.remove(from);
        self.durable.ensure_directory(parent_of(to))?;
        let has_both_names = match self.durable.move_without_replacing(from, to)? {
            Moved::Done => false,
            Moved::Linked => true,
            // A driver that woke up late has moved it on meanwhile.
            Moved::SourceMissing => return Ok(false),
            // A crash between `link` and `unlink` leaves both names of one file.
            Moved::TargetExists => {
                self.expect_one_file(from, to)?;
                true
            }
        };
        self.durable.sync_directory(parent_of(to))?;
        // IMPORTANT: not before the sync, or a power cut could leave the file without any name.
        if has_both_names {
            self.durable.remove(from)?;
        }
        // IMPORTANT: without this a power cut could bring the old name back after the decision
        // that took it away was acted on.
        self.durable.sync_directory(parent_of(from))?;
        Ok(true)
    }
}

impl Storage for LocalStorage {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn check_location(&self) -> Result<()> {
        Ok(self.durable.check_location(&self.root)?)
    }

    fn probe(&self, directory: &StorePath) -> Result<()> {
        let directory = self.full_path(directory);
        self.durable.ensure_directory(&directory)?;
        Ok(self.prove_create_if_absent(&directory)?)
    }

    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created> {
        let target = self.full_path(path);
        let directory = parent_of(&target);
        self.durable.ensure_directory(directory)?;
        let temporary = self.write_temporary(&target, TEMPORARY_PREFIX, bytes)?;
        failpoint::pass("record-unnamed");
        let moved = self.durable.move_without_replacing(&temporary, &target);
        let is_consumed = matches!(moved, Ok(Moved::Done));
        let created = moved.and_then(|moved| self.created(moved, &target));
        if !is_consumed {
            self.durable.remove_quietly(&temporary);
        }
        Ok(created?)
    }

    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>> {
        let file = self.full_path(path);
        match self.durable.disk().read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(StorageError::io("read", file.display().to_string(), error).into()),
        }
    }

    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>> {
        let file = self.full_path(path);
        self.durable
            .disk()
            .read_range(&file, offset, length)
            .map_err(|error| StorageError::io("read", file.display().to_string(), error).into())
    }

    fn exists(&self, path: &StorePath) -> Result<bool> {
        Ok(self.durable.is_there(&self.full_path(path))?)
    }

    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.list_into(&self.full_path(prefix), prefix, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn delete(&self, path: &StorePath) -> Result<bool> {
        Ok(self.durable.remove(&self.full_path(path))?)
    }

    fn sync(&self, path: &StorePath) -> Result<()> {
        let file = self.full_path(path);
        if file.is_dir() {
            self.durable.sync_directory(&file)?;
        } else {
            self.durable.sync_found(&file)?;
        }
        Ok(())
    }

    fn unlisted(&self, prefix: &StorePath) -> Result<Vec<Unlisted>> {
        let mut found = Vec::new();
        self.unlisted_into(&self.full_path(prefix), prefix, &mut found)?;
        Ok(found)
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<()> {
        Ok(self.remove_temporary_files(&self.full_path(prefix))?)
    }

    fn stage(&self, staged: &StorePath, target: &StorePath) -> Result<Box<dyn StagedUpload>> {
        let file = self.full_path(staged);
        self.durable.ensure_directory(parent_of(&file))?;
        let upload = LocalUpload::create(
            file,
            staged.clone(),
            target.clone(),
            Arc::clone(&self.durable),
            Arc::clone(&self.own_files),
        )?;
        Ok(Box::new(upload))
    }

    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>> {
        let mut published = Vec::with_capacity(objects.len());
        let mut directories = BTreeSet::new();
        let mut to_remove = Vec::new();
        for object in objects {
            let (publication, has_staged_name) = self.publish_one(object)?;
            published.push(publication);
            failpoint::pass("file-published");
            directories.insert(parent_of(&self.full_path(&object.path)).to_owned());
            to_remove.extend(has_staged_name.then(|| self.full_path(&object.staged)));
        }
        // IMPORTANT: the names are durable only now. A caller records the batch as published
        // after this call; without the syncs a power cut could take back what it recorded.
        for directory in directories {
            self.durable.sync_directory(&directory)?;
        }
        // IMPORTANT: not before the syncs, or a power cut could leave a file without any name.
        for staged in to_remove {
            self.durable.remove(&staged)?;
        }
        Ok(published)
    }

    fn discard(&self, staged: &StorePath) -> Result<bool> {
        self.delete(staged)
    }

    fn withdraw(&self, path: &StorePath, to: &StorePath) -> Result<bool> {
        Ok(self.withdraw_one(&self.full_path(path), &self.full_path(to))?)
    }

    fn is_one_object(&self, staged: &StorePath, path: &StorePath) -> Result<bool> {
        Ok(self.is_one_file(&self.full_path(staged), &self.full_path(path))?)
    }

    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        let directory = self.full_path(path);
        Ok(self.durable.remove_empty_directory(&directory)?)
    }

    fn below(&self, directory: &StorePath) -> Result<SharedStorage> {
        Ok(Arc::new(Self {
            root: self.full_path(directory),
            durable: Arc::clone(&self.durable),
            own_files: Arc::clone(&self.own_files),
        }))
    }

    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>> {
        let file = self.full_path(path);
        self.durable.forget_directories();
        self.durable.ensure_directory(&self.root)?;
        self.durable.ensure_directory(parent_of(&file))?;
        Ok(Box::new(LocalLock::acquire(
            &self.durable,
            &file,
            holder,
            take_over,
        )?))
    }
}

fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod power_tests;
#[cfg(test)]
mod tests;
