//! A storage whose durable operations can be counted, and made to fail one by one (E8).

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::storage::{
    Created, Entry, LockHolder, Publication, SharedStorage, StagedObject, StagedUpload, Storage,
    StorageLock, StorePath,
};

/// Whether a failing operation has its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It fails and nothing was done.
    Before,
    /// It was done, and its answer is lost.
    After,
}

#[derive(Debug)]
struct Plan {
    at: Option<(u64, When)>,
    passed: AtomicU64,
    dead: AtomicBool,
    log: Mutex<Vec<String>>,
}

/// Wraps a storage, counts its durable operations, and fails one of them on request.
///
/// Clones share the count, so one plan can strike in checkpoint and target alike. After the
/// operation that fails, every further one fails too: to the storage the process is dead.
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
        Self::with_plan(inner, None)
    }

    /// Fails the `at`-th durable operation, from 0, and all that follow.
    #[must_use]
    pub fn failing(inner: SharedStorage, at: u64, when: When) -> Self {
        Self::with_plan(inner, Some((at, when)))
    }

    fn with_plan(inner: SharedStorage, at: Option<(u64, When)>) -> Self {
        let plan = Plan {
            at,
            passed: AtomicU64::new(0),
            dead: AtomicBool::new(false),
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
        name: &str,
        path: &StorePath,
        effect: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if self.plan.dead.load(Ordering::SeqCst) {
            return Err(struck(name, path));
        }
        let number = self.plan.passed.fetch_add(1, Ordering::SeqCst);
        self.plan
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{number} {name} {path}"));
        match self.plan.at {
            Some((at, when)) if at == number => {
                self.plan.dead.store(true, Ordering::SeqCst);
                if when == When::After {
                    effect()?;
                }
                Err(struck(name, path))
            }
            _ => effect(),
        }
    }
}

fn struck(name: &str, path: &StorePath) -> Error {
    Error::new(
        ErrorKind::Storage,
        format!("the fault plan strikes at {name}"),
    )
    .at_path(path.as_str())
}

impl Storage for FaultStorage {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn check_location(&self) -> Result<()> {
        self.inner.check_location()
    }

    fn probe(&self) -> Result<()> {
        self.inner.probe()
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

    /// Not counted: nothing depends on whether an empty directory stays.
    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        self.inner.remove_directory(path)
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
