//! A storage on a local file system: write, sync, link or rename without replacing, sync again.

mod durable;
mod lock;
mod unlisted;
mod upload;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::durable::{Durable, Moved};
pub(super) use self::upload::Identity;
use self::upload::LocalUpload;
use super::{
    Created, Entry, LockHolder, Publication, SharedStorage, StagedObject, StagedUpload, Storage,
    StorageError, StorageLock, StorePath, Unlisted,
};
use crate::error::Result;

/// Names that a crash may leave torn start like this; nothing ever reads them.
const TEMPORARY_PREFIX: &str = ".tmp-";

/// A [`Storage`] in a directory of a local (or mounted) file system.
///
/// Files are synced before they get their final name, the final name is given by
/// `renameat2(RENAME_NOREPLACE)` or `link`, and the directory that holds it is synced afterwards.
#[derive(Debug)]
pub struct LocalStorage {
    root: PathBuf,
    durable: Arc<Durable>,
}

impl LocalStorage {
    /// Names a directory; nothing is read or made until [`probe`](Storage::probe).
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) if a relative path cannot be made absolute.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let absolute = std::path::absolute(root).map_err(|error| {
            StorageError::io("make the path absolute", root.display().to_string(), error)
        })?;
        Ok(Self {
            durable: Arc::new(Durable::new(absolute.clone())),
            root: absolute,
        })
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

    fn write_temporary(&self, directory: &Path, bytes: &[u8]) -> Result<PathBuf, StorageError> {
        let temporary = directory.join(format!("{TEMPORARY_PREFIX}{}", uuid::Uuid::new_v4()));
        match self.durable.write_new(&temporary, bytes) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                remove_quietly(&temporary);
                Err(error)
            }
        }
    }

    fn publish_one(&self, object: &StagedObject) -> Result<Publication, StorageError> {
        let staged = self.full_path(&object.staged);
        let target = self.full_path(&object.path);
        self.durable.ensure_directory(parent_of(&target))?;
        match durable::move_without_replacing(&staged, &target)? {
            Moved::Done => Ok(Publication::Published),
            Moved::TargetExists => {
                expect_identity(&target, object)?;
                remove_quietly(&staged);
                Ok(Publication::AlreadyPublished)
            }
            Moved::SourceMissing if is_there(&target)? => {
                expect_identity(&target, object)?;
                Ok(Publication::AlreadyPublished)
            }
            Moved::SourceMissing => Err(StorageError::Vanished {
                path: target.display().to_string(),
                staged: staged.display().to_string(),
            }),
        }
    }
}

impl Storage for LocalStorage {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn check_location(&self) -> Result<()> {
        Ok(durable::check_location(&self.root)?)
    }

    fn probe(&self) -> Result<()> {
        self.durable.ensure_directory(&self.root)?;
        // What an earlier probe left that a crash cut short: the caller holds the lock.
        for left in unlisted::probes(&self.root)? {
            remove_quietly(&left);
        }
        let probe = self
            .root
            .join(format!("{TEMPORARY_PREFIX}probe-{}", uuid::Uuid::new_v4()));
        let outcome = self.probe_create_if_absent(&probe);
        remove_quietly(&probe);
        Ok(outcome?)
    }

    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created> {
        let target = self.full_path(path);
        let directory = parent_of(&target);
        self.durable.ensure_directory(directory)?;
        let temporary = self.write_temporary(directory, bytes)?;
        let moved = durable::move_without_replacing(&temporary, &target);
        if !matches!(moved, Ok(Moved::Done)) {
            remove_quietly(&temporary);
        }
        match moved? {
            Moved::Done => {
                self.durable.sync_directory(directory)?;
                Ok(Created::New)
            }
            Moved::TargetExists => {
                let bytes = fs::read(&target).map_err(|error| {
                    StorageError::io("read", target.display().to_string(), error)
                })?;
                Ok(Created::Exists(bytes))
            }
            Moved::SourceMissing => Err(StorageError::io(
                "create",
                target.display().to_string(),
                io::Error::new(io::ErrorKind::NotFound, "its temporary file was removed"),
            )
            .into()),
        }
    }

    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>> {
        let file = self.full_path(path);
        match fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(StorageError::io("read", file.display().to_string(), error).into()),
        }
    }

    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>> {
        let file = self.full_path(path);
        read_part(&file, offset, length)
            .map_err(|error| StorageError::io("read", file.display().to_string(), error).into())
    }

    fn exists(&self, path: &StorePath) -> Result<bool> {
        Ok(is_there(&self.full_path(path))?)
    }

    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        list_into(&self.full_path(prefix), prefix, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn delete(&self, path: &StorePath) -> Result<bool> {
        let file = self.full_path(path);
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(StorageError::io("delete", file.display().to_string(), error).into()),
        }
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
        unlisted::below(&self.full_path(prefix), prefix)
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<()> {
        let directory = self.full_path(prefix);
        for entry in read_directory(&directory)? {
            if is_temporary(&entry.file_name().to_string_lossy()) {
                remove_quietly(&entry.path());
            }
        }
        Ok(())
    }

    fn stage(&self, staged: &StorePath, target: &StorePath) -> Result<Box<dyn StagedUpload>> {
        let file = self.full_path(staged);
        self.durable.ensure_directory(parent_of(&file))?;
        let upload = LocalUpload::create(
            file,
            staged.clone(),
            target.clone(),
            Arc::clone(&self.durable),
        )?;
        Ok(Box::new(upload))
    }

    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>> {
        let mut published = Vec::with_capacity(objects.len());
        let mut directories = BTreeSet::new();
        for object in objects {
            published.push(self.publish_one(object)?);
            directories.insert(parent_of(&self.full_path(&object.path)).to_owned());
        }
        // IMPORTANT: the names are durable only now. A caller records the batch as published
        // after this call; without the syncs a power cut could take back what it recorded.
        for directory in directories {
            self.durable.sync_directory(&directory)?;
        }
        Ok(published)
    }

    fn discard(&self, staged: &StorePath) -> Result<bool> {
        self.delete(staged)
    }

    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        let directory = self.full_path(path);
        Ok(self.durable.remove_empty_directory(&directory)?)
    }

    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>> {
        let file = self.full_path(path);
        self.durable.ensure_directory(parent_of(&file))?;
        Ok(Box::new(lock::LocalLock::acquire(
            &file, holder, take_over,
        )?))
    }
}

impl LocalStorage {
    /// Creates a file of one name again and again: a later creation must find the earlier one.
    fn probe_create_if_absent(&self, probe: &Path) -> Result<(), StorageError> {
        for suffix in unlisted::PROBE_SUFFIXES {
            // Any other outcome is either a storage that replaces files, or a driver that takes the
            // lock over just now and has removed this probe as a leftover: another try tells.
            if let Moved::TargetExists = self.move_new_file(probe, suffix)? {
                return Ok(());
            }
        }
        Err(StorageError::NoCreateIfAbsent {
            path: self.location(),
        })
    }

    /// Writes a file and moves it to the probe's name; it is named after the probe, so that what a
    /// crash leaves of it is known for ours.
    fn move_new_file(&self, probe: &Path, suffix: &str) -> Result<Moved, StorageError> {
        let mut name = probe.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        let moved = self
            .durable
            .write_new(&file, suffix.as_bytes())
            .and_then(|()| durable::move_without_replacing(&file, probe));
        remove_quietly(&file);
        moved
    }
}

/// Tells whether a file exists; a look that fails is an error, not an absence.
fn is_there(path: &Path) -> Result<bool, StorageError> {
    path.try_exists()
        .map_err(|error| StorageError::io("look up", path.display().to_string(), error))
}

fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_PREFIX)
}

fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Removes a file of ours whose absence or presence changes nothing.
fn remove_quietly(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "could not remove a temporary file");
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn expect_identity(target: &Path, object: &StagedObject) -> Result<(), StorageError> {
    let failed = |error| StorageError::io("read", target.display().to_string(), error);
    let (size, checksum) = upload::identity_of(target).map_err(failed)?;
    if size == object.size && checksum == object.checksum {
        return Ok(());
    }
    Err(StorageError::OtherIdentity {
        path: target.display().to_string(),
        expected: format!("{} bytes with {}", object.size, object.checksum),
        found: format!("{size} bytes with {checksum}"),
    })
}

fn read_part(file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(file)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_directory(directory: &Path) -> Result<Vec<fs::DirEntry>, StorageError> {
    let failed = |error| StorageError::io("list", directory.display().to_string(), error);
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<io::Result<_>>().map_err(failed),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

fn list_into(directory: &Path, prefix: &StorePath, entries: &mut Vec<Entry>) -> Result<()> {
    for entry in read_directory(directory)? {
        let name = entry.file_name();
        // A name that is not text is none that this storage gives. Made into text, it could be the
        // name of another file.
        let Some(name) = name.to_str().filter(|name| !is_temporary(name)) else {
            continue;
        };
        let path = prefix.join(name)?;
        // A file that goes away between the listing and the look at it is simply not there.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            list_into(&entry.path(), &path, entries)?;
        } else {
            entries.push(Entry::new(path, metadata.len(), metadata.modified().ok()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
