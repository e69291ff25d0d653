//! A storage whose durable operations can be counted, watched, and made to fail one by one (E8).

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::storage::{
    Created, Entry, LockHolder, ObjectIdentity, Publication, SharedStorage, StagedObject,
    StagedUpload, Storage, StorageError, StorageLock, StorePath, Unlisted,
};

/// On which side of its effect a step is struck.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum When {
    /// Nothing was done.
    Before,
    /// It was done, and its answer is lost.
    After,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// A durable operation that passes through a [`FaultStorage`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FaultPoint<'a> {
    /// How many durable operations began before this one.
    pub number: u64,
    /// The method: `create`, `stage`, `finish`, `publish`, `delete`, `discard` or `sync`.
    pub operation: &'static str,
    /// The object. A publication passes once for each of its objects.
    pub path: &'a StorePath,
    /// Whether its effect is still to come.
    pub when: When,
}

impl fmt::Display for FaultPoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            operation,
            path,
            when,
        } = self;
        write!(f, "{when} {operation} {path} (operation {number})")
    }
}

impl FaultPoint<'_> {
    /// Makes the error of an operation that is struck here.
    #[must_use]
    pub fn error(&self) -> Error {
        Error::new(ErrorKind::Storage, format!("the fault plan strikes {self}"))
            .at_path(self.path.as_str())
    }
}

/// Decides at each durable operation, before and after its effect, whether it fails.
///
/// An `Err` is what the caller gets instead of the answer: before the effect nothing was done, after
/// it everything was. A hook may also panic, end the process, wait, or look at what is visible.
type Hook = dyn Fn(&FaultPoint<'_>) -> Result<()> + Send + Sync;

struct Plan {
    hook: Box<Hook>,
    passed: AtomicU64,
    log: Mutex<Vec<String>>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

/// Wraps a storage, counts its durable operations, and fails some of them on request.
///
/// It strikes at the steps of the protocol, as they pass through the [`Storage`] of journal and
/// staging. Clones, and storages wrapped with [`and`](Self::and), share one count and one plan, so
/// that a plan can strike in checkpoint and target alike.
///
/// ```
/// use std::sync::Arc;
/// use streamwriter_core::testing::{FaultStorage, When};
/// use streamwriter_core::{LocalStorage, Storage, StorePath};
///
/// let directory = tempfile::tempdir().unwrap();
/// let storage = FaultStorage::failing(LocalStorage::shared(directory.path()).unwrap(), 0, When::After);
/// let path = StorePath::parse("a").unwrap();
/// assert!(storage.create(&path, b"x").is_err());
/// assert_eq!(storage.read(&path).unwrap().unwrap(), b"x"); // done, but the answer was lost
/// ```
#[derive(Clone, Debug)]
pub struct FaultStorage {
    inner: SharedStorage,
    plan: Arc<Plan>,
}

impl FaultStorage {
    /// Counts the durable operations and fails none.
    #[must_use]
    pub fn counting(inner: SharedStorage) -> Self {
        Self::watched(inner, |_| Ok(()))
    }

    /// Fails the `at`-th durable operation, from 0, and all that follow: to the storage the process
    /// is dead from then on.
    #[must_use]
    pub fn failing(inner: SharedStorage, at: u64, when: When) -> Self {
        let dead = AtomicBool::new(false);
        Self::watched(inner, move |point| {
            if dead.load(Ordering::SeqCst) {
                return Err(point.error());
            }
            if (point.number, point.when) == (at, when) {
                dead.store(true, Ordering::SeqCst);
                return Err(point.error());
            }
            Ok(())
        })
    }

    /// Fails the `at`-th durable operation, from 0, with this error of the operating system, such
    /// as [`StorageFull`](io::ErrorKind::StorageFull); the process goes on, and so does what follows.
    #[must_use]
    pub fn failing_once(inner: SharedStorage, at: u64, when: When, error: io::ErrorKind) -> Self {
        Self::watched(inner, move |point| {
            if (point.number, point.when) == (at, when) {
                let path = point.path.as_str();
                return Err(StorageError::io(point.operation, path, error.into()).into());
            }
            Ok(())
        })
    }

    /// Asks a closure before and after each durable operation; its error is the operation's.
    ///
    /// The closure runs on whatever thread uses the storage. It may also panic, end the process,
    /// wait, or look at what is visible at this instant.
    #[must_use]
    pub fn watched(
        inner: SharedStorage,
        hook: impl Fn(&FaultPoint<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let plan = Plan {
            hook: Box::new(hook),
            passed: AtomicU64::new(0),
            log: Mutex::new(Vec::new()),
        };
        Self {
            inner,
            plan: Arc::new(plan),
        }
    }

    /// Wraps another storage under the same plan and the same count.
    #[must_use]
    pub fn and(&self, other: SharedStorage) -> Self {
        Self {
            inner: other,
            plan: Arc::clone(&self.plan),
        }
    }

    /// Returns this storage in the form that queries and sinks take.
    #[must_use]
    pub fn shared(&self) -> SharedStorage {
        Arc::new(self.clone())
    }

    /// Returns how many durable operations were begun.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.plan.passed.load(Ordering::SeqCst)
    }

    /// Returns the operations that were begun, in order, as text for failure messages.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.plan
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs one durable operation under the plan.
    fn operation<T>(
        &self,
        operation: &'static str,
        path: &StorePath,
        effect: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let number = self.plan.passed.fetch_add(1, Ordering::SeqCst);
        self.plan
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{number} {operation} {path}"));
        let point = |when| FaultPoint {
            number,
            operation,
            path,
            when,
        };
        (self.plan.hook)(&point(When::Before))?;
        let answer = effect()?;
        (self.plan.hook)(&point(When::After))?;
        Ok(answer)
    }
}

impl Storage for FaultStorage {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn check_location(&self) -> Result<()> {
        self.inner.check_location()
    }

    fn probe(&self, directory: &StorePath) -> Result<()> {
        self.inner.probe(directory)
    }

    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created> {
        self.operation("create", path, || self.inner.create(path, bytes))
    }

    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>> {
        self.inner.read(path)
    }

    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>> {
        self.inner.read_range(path, offset, length)
    }

    fn exists(&self, path: &StorePath) -> Result<bool> {
        self.inner.exists(path)
    }

    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>> {
        self.inner.list(prefix)
    }

    fn unlisted(&self, prefix: &StorePath) -> Result<Vec<Unlisted>> {
        self.inner.unlisted(prefix)
    }

    fn identity(&self, path: &StorePath) -> Result<Option<ObjectIdentity>> {
        self.inner.identity(path)
    }

    fn is_one_object(&self, staged: &StorePath, path: &StorePath) -> Result<bool> {
        self.inner.is_one_object(staged, path)
    }

    fn delete(&self, path: &StorePath) -> Result<bool> {
        self.operation("delete", path, || self.inner.delete(path))
    }

    fn sync(&self, path: &StorePath) -> Result<()> {
        self.operation("sync", path, || self.inner.sync(path))
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<()> {
        self.inner.remove_temporary(prefix)
    }

    fn stage(&self, staged: &StorePath, target: &StorePath) -> Result<Box<dyn StagedUpload>> {
        let upload = self.operation("stage", staged, || self.inner.stage(staged, target))?;
        Ok(Box::new(FaultUpload {
            upload,
            storage: self.clone(),
            path: staged.clone(),
        }))
    }

    /// Publishes one object after another, so that a fault can strike between them.
    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>> {
        let mut published = Vec::with_capacity(objects.len());
        for object in objects {
            let one = std::slice::from_ref(object);
            published.extend(self.operation("publish", &object.path, || self.inner.publish(one))?);
        }
        Ok(published)
    }

    fn discard(&self, staged: &StorePath) -> Result<bool> {
        self.operation("discard", staged, || self.inner.discard(staged))
    }

    fn withdraw(&self, path: &StorePath, to: &StorePath) -> Result<bool> {
        self.operation("withdraw", path, || self.inner.withdraw(path, to))
    }

    /// Not counted: nothing depends on whether an empty directory stays.
    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        self.inner.remove_directory(path)
    }

    fn below(&self, directory: &StorePath) -> Result<SharedStorage> {
        Ok(self.and(self.inner.below(directory)?).shared())
    }

    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>> {
        self.inner.lock(path, holder, take_over)
    }
}

struct FaultUpload {
    upload: Box<dyn StagedUpload>,
    storage: FaultStorage,
    path: StorePath,
}

impl Write for FaultUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.upload.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.upload.flush()
    }
}

impl StagedUpload for FaultUpload {
    fn finish(self: Box<Self>) -> Result<StagedObject> {
        let Self {
            upload,
            storage,
            path,
        } = *self;
        storage.operation("finish", &path, || upload.finish())
    }
}
