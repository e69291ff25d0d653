//! A storage that calls a test in front of each creation and each publication.

use std::fmt;
use std::sync::Arc;

use streamwriter::{
    Created, Entry, Error, LockHolder, Publication, SharedStorage, StagedObject, StagedUpload,
    Storage, StorageLock, StorePath, Unlisted,
};

type Hook = dyn Fn(&str) + Send + Sync;

/// Forwards everything; the hook gets the path that is about to be made.
#[derive(Clone)]
pub(super) struct Gated {
    inner: SharedStorage,
    before: Arc<Hook>,
}

impl Gated {
    pub(super) fn shared(
        inner: SharedStorage,
        before: impl Fn(&str) + Send + Sync + 'static,
    ) -> SharedStorage {
        Arc::new(Self {
            inner,
            before: Arc::new(before),
        })
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}

impl Storage for Gated {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn probe(&self, directory: &StorePath) -> Result<(), Error> {
        self.inner.probe(directory)
    }

    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created, Error> {
        (self.before)(path.as_str());
        self.inner.create(path, bytes)
    }

    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>, Error> {
        self.inner.read(path)
    }

    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        self.inner.read_range(path, offset, length)
    }

    fn exists(&self, path: &StorePath) -> Result<bool, Error> {
        self.inner.exists(path)
    }

    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>, Error> {
        self.inner.list(prefix)
    }

    fn unlisted(&self, prefix: &StorePath) -> Result<Vec<Unlisted>, Error> {
        self.inner.unlisted(prefix)
    }

    fn withdraw(&self, path: &StorePath, to: &StorePath) -> Result<bool, Error> {
        (self.before)(to.as_str());
        self.inner.withdraw(path, to)
    }

    fn delete(&self, path: &StorePath) -> Result<bool, Error> {
        self.inner.delete(path)
    }

    fn sync(&self, path: &StorePath) -> Result<(), Error> {
        self.inner.sync(path)
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<(), Error> {
        self.inner.remove_temporary(prefix)
    }

    fn stage(
        &self,
        staged: &StorePath,
        target: &StorePath,
    ) -> Result<Box<dyn StagedUpload>, Error> {
        self.inner.stage(staged, target)
    }

    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>, Error> {
        let mut published = Vec::new();
        for object in objects {
            (self.before)(object.path.as_str());
            published.extend(self.inner.publish(std::slice::from_ref(object))?);
        }
        Ok(published)
    }

    fn discard(&self, staged: &StorePath) -> Result<bool, Error> {
        self.inner.discard(staged)
    }

    fn remove_directory(&self, path: &StorePath) -> Result<bool, Error> {
        self.inner.remove_directory(path)
    }

    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>, Error> {
        self.inner.lock(path, holder, take_over)
    }
}
