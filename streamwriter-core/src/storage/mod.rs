//! The seam for every durable effect of the journal and of staging (E8).
//!
//! Nothing else in streamwriter creates, publishes or deletes a durable object, so a test can
//! fail any of these steps, and a storage that is not a local file system needs only this trait.
//! The operations are those that object stores have too: create-if-absent, read, list, delete,
//! and a staged upload whose identity travels in a commit message and whose publication makes it
//! visible at once and consumes it.

mod error;
mod identity;
mod local;
mod lock;
mod path;
mod staged;

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

pub use identity::ObjectIdentity;
pub use local::LocalStorage;
pub use lock::{LockHolder, StorageLock};
pub use path::StorePath;
pub use staged::{Publication, StagedObject};

pub(crate) use error::StorageError;
#[cfg(any(test, feature = "testing"))]
pub(crate) use local::{DiskCall, DiskHook};

use crate::error::{ErrorKind, Result};

/// A storage shared by the parts of a query.
pub type SharedStorage = Arc<dyn Storage>;

/// What a create-if-absent did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// The object did not exist; it does now, durably.
    New,
    /// An object of that name was there already, with these bytes. Nothing was changed, and whoever
    /// created it may not have made it durable: [`sync`](Storage::sync) it before acting on it.
    Exists(Vec<u8>),
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it is.
    pub path: StorePath,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last changed, if the storage says so.
    pub modified: Option<SystemTime>,
}

impl Entry {
    /// Makes an entry.
    #[must_use]
    pub fn new(path: StorePath, size: u64, modified: Option<SystemTime>) -> Self {
        Self {
            path,
            size,
            modified,
        }
    }
}

/// Something that a listing does not show (E7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Unlisted {
    /// A temporary object of the storage itself; a crash may have left it torn.
    Temporary(StorePath),
    /// What a [`probe`](Storage::probe) has left that a crash cut short.
    Probe(StorePath),
    /// A directory with nothing in it.
    EmptyDirectory(StorePath),
    /// A name that is not text, made readable for people; no path leads there.
    NotText(String),
}

/// Durable operations on one directory tree or bucket prefix.
///
/// # Contract
/// - *Durable* means that the effect survives a power cut once the call has returned `Ok`: on a
///   file system the bytes, the directory entry and every directory made on the way are synced;
///   on an object store the request was acknowledged.
/// - After an `Err` the effect may or may not have taken place. The callers are written for both.
/// - After a sync that failed, every later operation that promises durability is refused until
///   the storage is opened anew: what the kernel dropped once, a second sync would not report.
/// - Calls come from the driver thread and from executors at the same time.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// Returns where this storage is, as a person would write it, such as `/data/lake`.
    fn location(&self) -> String;

    /// Looks, without changing anything, whether the location is one that can never be used.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if a file stands where a directory is needed;
    /// [`Storage`](crate::ErrorKind::Storage) if this user may not write there.
    fn check_location(&self) -> Result<()> {
        Ok(())
    }

    /// Makes a directory ready and proves that create-if-absent holds there; removes what a crash has left
    /// of earlier proofs.
    ///
    /// Takes as long as that directory is full: a target is proved where its records lie, not where its
    /// data do.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) names what is missing;
    /// [`Config`](crate::ErrorKind::Config) if the location cannot be a directory.
    fn probe(&self, directory: &StorePath) -> Result<()>;

    /// Creates an object with these bytes, durably, unless one of that name exists.
    ///
    /// Never replaces anything, and never shows a part of the bytes under the final name.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage). The object may exist afterwards, whole.
    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created>;

    /// Reads a whole object; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>>;

    /// Reads `length` bytes from `offset`; fewer where the object ends earlier.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage), also if the object does not exist.
    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>>;

    /// Tells whether an object exists.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn exists(&self, path: &StorePath) -> Result<bool>;

    /// Lists every object under a prefix, at any depth, in the order of their paths.
    ///
    /// A prefix that does not exist lists as empty. Temporary objects of the storage itself, which
    /// a crash may leave torn, are not shown, and neither are names that are not text: no path
    /// leads to them. See [`unlisted`](Self::unlisted).
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>>;

    /// Lists what [`list`](Self::list) does not show, at any depth; for people, and for a sweep.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn unlisted(&self, prefix: &StorePath) -> Result<Vec<Unlisted>> {
        let _ = prefix;
        Ok(Vec::new())
    }

    /// Returns a name below a prefix that is not text, if there is one: no listing shows it, so a
    /// directory in which nothing foreign may lie has to be asked for it (E9).
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn name_that_is_not_text(&self, prefix: &StorePath) -> Result<Option<String>> {
        let unlisted = self.unlisted(prefix)?.into_iter();
        Ok(unlisted
            .filter_map(|found| match found {
                Unlisted::NotText(path) => Some(path),
                _ => None,
            })
            .next())
    }

    /// Returns the size and the checksum of an object, as `finish` gives them; `None` if there is
    /// none of that name.
    ///
    /// The default reads the object through. A storage whose checksums are others overrides it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn identity(&self, path: &StorePath) -> Result<Option<ObjectIdentity>> {
        identity::read_through(self, path)
    }

    /// Tells whether a staged and a final name that are both there are what one publication leaves
    /// that was cut short; also if the staged one is gone by now.
    ///
    /// The default says so: whoever publishes by copying leaves both. A storage that moves files
    /// and can tell two files of the same contents apart overrides it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn is_one_object(&self, staged: &StorePath, path: &StorePath) -> Result<bool> {
        let _ = (staged, path);
        Ok(true)
    }

    /// Deletes an object; returns whether there was one.
    ///
    /// The deletion itself need not survive a power cut: everything that is deleted may come back
    /// without harm.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn delete(&self, path: &StorePath) -> Result<bool>;

    /// Makes an object durable that was found, not created, by this process.
    ///
    /// A record that a crashed process left visible may not have reached the disk; recovery calls
    /// this before it acts on the record. Of a directory, the names in it become durable, and so
    /// does the absence of those that were moved out of it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn sync(&self, path: &StorePath) -> Result<()>;

    /// Removes temporary objects that crashed processes left under a prefix, at any depth.
    ///
    /// Called under the lock only, so that no live process loses one.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn remove_temporary(&self, prefix: &StorePath) -> Result<()>;

    /// Begins an upload that no reader sees until it is published at `target`.
    ///
    /// `staged` is the name under which a file system keeps it meanwhile.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage), also if `staged` exists: a staged name is used once.
    fn stage(&self, staged: &StorePath, target: &StorePath) -> Result<Box<dyn StagedUpload>>;

    /// Publishes staged objects, durably, in their order; each is consumed by it.
    ///
    /// An object whose target exists with its identity counts as published, so a repeated call,
    /// or one by another process, does nothing further. Never replaces a target.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) names the first object that is neither staged nor
    /// published, or whose target holds something else. Those before it are published.
    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>>;

    /// Drops a staged object; returns whether there was one. Never touches its target.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    fn discard(&self, staged: &StorePath) -> Result<bool>;

    /// Moves an object to a name where no reader looks, whole and without replacing anything;
    /// returns whether there was one.
    ///
    /// After `Ok` it is gone from its old name, also after a power cut. After an error it may be
    /// at either name, and a further call does the rest.
    ///
    /// The default has [`publish`](Self::publish) do it: on a file system both are a rename. A
    /// storage that publishes nothing but what it has staged overrides it.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) if something lies at the new name;
    /// [`Storage`](crate::ErrorKind::Storage).
    fn withdraw(&self, path: &StorePath, to: &StorePath) -> Result<bool> {
        if !self.exists(path)? {
            return Ok(false);
        }
        let moved = StagedObject {
            staged: path.clone(),
            path: to.clone(),
            size: 0,
            // No object has this identity: whatever lies at the new name is an error.
            checksum: String::new(),
            token: None,
        };
        match self.publish(&[moved]) {
            // A driver that woke up late has moved it on meanwhile.
            Err(error) if error.kind() == ErrorKind::Mismatch && !self.exists(path)? => {
                return Ok(false);
            }
            published => published?,
        };
        // IMPORTANT: without this a power cut could bring the old name back after the decision
        // that took it away was acted on.
        self.sync(&path.parent())?;
        Ok(true)
    }

    /// Removes a directory if nothing is in it; returns whether it did.
    ///
    /// Only a storage that has directories does anything. Called for directories that nothing is
    /// staged into any more, so that they do not pile up; a crash may bring one back.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage). A directory that is absent or not empty is none.
    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        let _ = path;
        Ok(false)
    }

    /// Returns the storage of a directory inside of this one, in which records of another kind lie.
    ///
    /// Both promise the same, and after a sync that failed both refuse what is to last.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the storage has no such thing, as by default.
    fn below(&self, directory: &StorePath) -> Result<SharedStorage> {
        Err(crate::error::Error::new(
            ErrorKind::Unsupported,
            "this storage cannot keep the records of others in a directory of its own",
        )
        .at_path(format!("{}/{directory}", self.location())))
    }

    /// Takes the lock of that name for this process, until the returned guard is dropped.
    ///
    /// With `take_over` a lock that is held, for example by a stopped process, is taken from its
    /// holder; what fences the holder off is the run number, not the lock (E5).
    ///
    /// # Errors
    /// [`Locked`](crate::ErrorKind::Locked) with the holder's process id and host.
    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>>;
}

/// An upload in progress: bytes go in through [`Write`], [`finish`](Self::finish) makes them
/// durable. An error of writing should carry an [`Error`](crate::Error) that names the place, as
/// what [`io::Error::downcast`](std::io::Error::downcast) finds in it. Dropping it without `finish` removes what was written, as far as that is possible.
pub trait StagedUpload: Write + Send {
    /// Makes the staged bytes durable and returns the identity to put into the commit message.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage). Nothing is staged then, or a leftover is, which the
    /// sweep of a later run removes (E7).
    fn finish(self: Box<Self>) -> Result<StagedObject>;
}
