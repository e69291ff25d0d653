//! A storage on a local file system: write, sync, link or rename without replacing, sync again.

mod durable;
mod lock;
mod own;
mod upload;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::durable::{Durable, Moved};
use self::own::OwnFiles;
use self::upload::LocalUpload;
use super::{
    Created, Entry, LockHolder, Publication, SharedStorage, StagedObject, StagedUpload, Storage,
    StorageError, StorageLock, StorePath,
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
    own_files: Arc<OwnFiles>,
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
            own_files: Arc::default(),
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

    /// Writes a file that is to be called `target`, and is in the errors, under a temporary name
    /// beside it.
    fn write_temporary(&self, target: &Path, bytes: &[u8]) -> Result<PathBuf, StorageError> {
        let name = format!("{TEMPORARY_PREFIX}{}", uuid::Uuid::new_v4());
        let temporary = parent_of(target).join(name);
        match self.durable.write_new(&temporary, bytes, target) {
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
        if !self.own_files.remove(&staged) {
            expect_staged_identity(&staged, object)?;
        }
        self.durable.ensure_directory(parent_of(&target))?;
        match durable::move_without_replacing(&staged, &target)? {
            Moved::Done => Ok(Publication::Published),
            Moved::TargetExists => {
                expect_identity(&target, object)?;
                expect_one_file(&staged, &target)?;
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
        let temporary = self.write_temporary(&target, bytes)?;
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
        self.durable.sync_found(&file)?;
        Ok(())
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<()> {
        let directory = self.full_path(prefix);
        for entry in read_directory(&directory)? {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(TEMPORARY_PREFIX)
            {
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
            Arc::clone(&self.own_files),
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
        self.own_files.remove(&self.full_path(staged));
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
        self.durable.forget_directories();
        self.durable.ensure_directory(&self.root)?;
        self.durable.ensure_directory(parent_of(&file))?;
        Ok(Box::new(lock::LocalLock::acquire(
            &file, holder, take_over,
        )?))
    }
}

impl LocalStorage {
    fn probe_create_if_absent(&self, probe: &Path) -> Result<(), StorageError> {
        let first = self.write_temporary(probe, b"1")?;
        let moved = durable::move_without_replacing(&first, probe);
        remove_quietly(&first);
        moved?;
        let second = self.write_temporary(probe, b"2")?;
        let moved = durable::move_without_replacing(&second, probe);
        remove_quietly(&second);
        match moved? {
            Moved::TargetExists => Ok(()),
            Moved::Done | Moved::SourceMissing => Err(StorageError::NoCreateIfAbsent {
                path: self.location(),
            }),
        }
    }
}

/// Tells whether a file exists; a look that fails is an error, not an absence.
fn is_there(path: &Path) -> Result<bool, StorageError> {
    path.try_exists()
        .map_err(|error| StorageError::io("look up", path.display().to_string(), error))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Tells whether the path still names the file that was opened.
#[cfg(unix)]
fn is_current(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(opened), Ok(named)) => opened.ino() == named.ino() && opened.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_current(_file: &fs::File, path: &Path) -> bool {
    fs::metadata(path).is_ok()
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
    match other_identity(target, object) {
        Ok(None) => Ok(()),
        Ok(Some(found)) => Err(StorageError::OtherIdentity {
            path: target.display().to_string(),
            expected: identity_text(object.size, &object.checksum),
            found,
        }),
        Err(error) => Err(StorageError::io(
            "read",
            target.display().to_string(),
            error,
        )),
    }
}

/// Makes sure that a staged file, if it is still there, is the one that the message names.
fn expect_staged_identity(staged: &Path, object: &StagedObject) -> Result<(), StorageError> {
    match other_identity(staged, object) {
        Ok(None) => Ok(()),
        Ok(Some(found)) => Err(StorageError::StagedDamaged {
            path: staged.display().to_string(),
            expected: identity_text(object.size, &object.checksum),
            found,
        }),
        // It may have been published already, which is found out next.
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(StorageError::io(
            "read",
            staged.display().to_string(),
            error,
        )),
    }
}

/// Makes sure that a staged and a final name that are both there are names of one file, as a crash
/// between `link` and `unlink` leaves them.
///
/// The message names the staged file, so nobody else's is to have the final name. If another file
/// has it, the batch was published before, from messages that the journal has lost; what else was
/// published then may be doubled by what these messages name.
#[cfg(unix)]
fn expect_one_file(staged: &Path, target: &Path) -> Result<(), StorageError> {
    use std::os::unix::fs::MetadataExt;
    let look_up = |path: &Path| {
        fs::metadata(path)
            .map_err(|error| StorageError::io("look up", path.display().to_string(), error))
    };
    let (from, to) = (look_up(staged)?, look_up(target)?);
    if (from.dev(), from.ino()) == (to.dev(), to.ino()) {
        return Ok(());
    }
    Err(StorageError::PublishedBefore {
        path: target.display().to_string(),
        staged: staged.display().to_string(),
    })
}

#[cfg(not(unix))]
fn expect_one_file(_staged: &Path, _target: &Path) -> Result<(), StorageError> {
    Ok(())
}

/// Returns what a file holds if it is not what the object names.
fn other_identity(file: &Path, object: &StagedObject) -> io::Result<Option<String>> {
    let (size, checksum) = upload::identity_of(file)?;
    let same = size == object.size && checksum == object.checksum;
    Ok((!same).then(|| identity_text(size, &checksum)))
}

fn identity_text(size: u64, checksum: &str) -> String {
    format!("{size} bytes with {checksum}")
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        // What lies in it is out of sight, which is not the same as not there.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(StorageError::NotADirectory {
                path: directory.display().to_string(),
            })
        }
        Err(error) => Err(failed(error)),
    }
}

fn list_into(directory: &Path, prefix: &StorePath, entries: &mut Vec<Entry>) -> Result<()> {
    for entry in read_directory(directory)? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY_PREFIX) {
            continue;
        }
        let path = prefix.join(&name)?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // It went away between the listing and the look at it.
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                let path = entry.path().display().to_string();
                return Err(StorageError::io("look up", path, error).into());
            }
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
