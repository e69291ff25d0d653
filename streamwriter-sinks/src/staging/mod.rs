//! What makes a file sink exactly-once: stage, publish, remember, clean up.

mod committed;
mod error;
mod file;
#[cfg(feature = "testing")]
pub(crate) mod fuzz;
mod names;
mod owner;
mod sweep;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use streamwriter_core::__private::pass_failpoint;
use streamwriter_core::{
    BatchContext, BatchId, LocalStorage, QueryId, Result, Run, SharedStorage, StagedObject,
    Storage, StorageLock, StorePath, Sweep, Target, TargetClaim, TargetRecord, TaskContext,
};

#[cfg(any(feature = "csv", feature = "jsonl", feature = "parquet"))]
pub(crate) use error::write_failed;
pub use file::StagingFile;

use error::StagingError;
use names::{FinalName, StagedName};

/// How many files are published between two looks for a newer run (E5).
const FILES_PER_FENCE: usize = 64;

/// A target directory in which files become visible with the commit of their batch, once.
///
/// A task writes its rows into a [`file`](Self::file) and puts what
/// [`finish`](StagingFile::finish) returns into its commit message. `commit` gives all of them to
/// [`publish`](Self::publish), `abort` to [`discard`](Self::discard). The staging is the sink's
/// [`Target`] as well: the engine locks it, claims it for the query, has it remember the last
/// committed batch, and sweeps what crashes leave.
///
/// With that the sink may declare [`ExactlyOnce`](streamwriter_core::Guarantee::ExactlyOnce):
/// nothing is visible before `commit`, and `publish` may be repeated, also by another process
/// after a crash in its middle, since a file that is published with the identity of its message
/// counts as done and one that is not is published then.
///
/// # Layout of a target
/// ```text
/// part-b0000000003-p00000-f0000-{query}.parquet     published: batch 3, partition 0, file 0
/// _streamwriter/owner                                which query writes here, and its checkpoint
/// _streamwriter/lock                                 which process does so now
/// _streamwriter/committed/00000000000000000003       the record that batch 3 is committed
/// _streamwriter/staging/{query}/00000000000000000004/r2-p0-a1-f0
///                                                    staged: run 2, partition 0, attempt 1, file 0
/// ```
/// A reader that lists `*.parquet` sees published files only, and each of them is complete.
///
/// # Example
/// A sink of one's own that writes one number per line:
///
/// ```
/// use std::io::Write;
/// use streamwriter_core::{
///     BatchContext, Error, ErrorKind, Guarantee, Rows, StreamWriter, Target, TaskContext,
///     WriteRows,
/// };
/// use streamwriter_sinks::{StagedFiles, Staging};
///
/// struct Numbers {
///     staging: Staging,
/// }
///
/// impl StreamWriter for Numbers {
///     type Message = StagedFiles;
///     type Error = Error;
///
///     fn name(&self) -> &str {
///         "numbers"
///     }
///
///     fn guarantee(&self) -> Guarantee {
///         Guarantee::ExactlyOnce
///     }
///
///     fn target(&self) -> Option<&dyn Target> {
///         Some(&self.staging)
///     }
///
///     fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<(), Error> {
///         self.staging.publish(&StagedFiles::all(messages), batch)
///     }
///
///     fn abort(&self, messages: Vec<Option<StagedFiles>>, batch: &BatchContext) -> Result<(), Error> {
///         let messages = messages.into_iter().flatten();
///         self.staging.discard(&StagedFiles::all(messages), batch)
///     }
/// }
///
/// impl WriteRows<u64> for Numbers {
///     fn write(
///         &self,
///         mut rows: impl Rows<Item = u64> + Send,
///         task: &TaskContext,
///     ) -> Result<StagedFiles, Error> {
///         let mut file = self.staging.file(task, None, 0, "txt")?;
///         for row in rows.by_ref() {
///             writeln!(file, "{row}")
///                 .map_err(|e| Error::new(ErrorKind::Storage, "cannot write").with_source(e))?;
///         }
///         // A source that failed looks like the end of the rows: finish whole partitions only.
///         rows.require_complete()?;
///         Ok(StagedFiles::new(rows.read(), vec![file.finish()?]))
///     }
/// }
/// # let directory = tempfile::tempdir()?;
/// # use streamwriter_core::testing::{Pretend, write_rows};
/// # let sink = Numbers { staging: Staging::new(directory.path())? };
/// # let pretend = Pretend::default();
/// # let message = write_rows(&sink, [1, 2], &pretend.task())?;
/// # sink.commit(vec![message], &pretend.batch())?;
/// # assert_eq!(std::fs::read_dir(directory.path())?.count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Staging {
    storage: SharedStorage,
    held: Mutex<Option<Held>>,
}

/// What `open` leaves behind: whose the target is, and the lock.
#[derive(Debug)]
struct Held {
    query: QueryId,
    _lock: Box<dyn StorageLock>,
}

impl Staging {
    /// Names a local directory; nothing is read or made until the query starts.
    ///
    /// # Errors
    /// [`Storage`](streamwriter_core::ErrorKind::Storage) if a relative path cannot be made
    /// absolute.
    pub fn new(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::over(LocalStorage::shared(path)?))
    }

    /// Uses any storage, such as a bucket, or one that fails on purpose in a test.
    #[must_use]
    pub fn over(storage: SharedStorage) -> Self {
        Self {
            storage,
            held: Mutex::new(None),
        }
    }

    /// Begins a file of a task, invisible to every reader until it is published.
    ///
    /// Called in `write`, on an executor. `directory` is the partition directory below the target
    /// that the file belongs to, if any. `number` counts the files of the task from 0, whatever
    /// their directories. The final name is a function of query, batch, partition, directory and
    /// number; the staged name carries run and attempt as well, so that no try meets the files of
    /// another one (F2).
    ///
    /// # Errors
    /// [`Config`](streamwriter_core::ErrorKind::Config) for an extension that is not of letters,
    /// digits and single dots, or a directory inside `_streamwriter`;
    /// [`Storage`](streamwriter_core::ErrorKind::Storage), also if the task has a file of that
    /// number already.
    pub fn file(
        &self,
        task: &TaskContext,
        directory: Option<&StorePath>,
        number: u32,
        extension: &str,
    ) -> Result<StagingFile> {
        let name = FinalName::new(task, number, extension)?;
        let target = names::final_path(directory, &name)?;
        let staged = names::staging_of_batch(task.query_id(), task.batch_id())?
            .join(&StagedName::new(task, number).to_string())?;
        let upload = self.storage.stage(&staged, &target)?;
        pass_failpoint("file-begun");
        Ok(StagingFile::new(upload, target))
    }

    /// Publishes the files of a batch, durably, in their order.
    ///
    /// Called in `commit`, on the driver thread. After `Ok` every file is visible under its final
    /// name and survives a power cut. It may be called again with the same files, also by another
    /// process: what is published already stays as it is. After `Err` some of the files may be
    /// published; the next call does the rest.
    ///
    /// # Errors
    /// [`Mismatch`](streamwriter_core::ErrorKind::Mismatch) names a file that is not of this
    /// batch, is neither staged nor published, or has a final name under which something else
    /// lies, and a target that belongs to another query;
    /// [`Superseded`](streamwriter_core::ErrorKind::Superseded) if a newer run has taken over;
    /// [`Storage`](streamwriter_core::ErrorKind::Storage).
    pub fn publish(&self, files: &[StagedObject], batch: &BatchContext) -> Result<()> {
        self.expect_query(batch)?;
        expect_files_of(files, batch)?;
        for files in files.chunks(FILES_PER_FENCE) {
            // IMPORTANT: a driver that was stopped and comes back may only find out here that
            // its successor has decided otherwise (E5).
            batch.check_current()?;
            pass_failpoint("publishing");
            self.storage.publish(files)?;
        }
        self.remove_directory_of(batch);
        Ok(())
    }

    /// Drops the staged files of a batch that this run will not commit.
    ///
    /// Called in `abort`, on the driver thread. Published files are never touched. What a failed
    /// call leaves, the sweep of a later run removes.
    ///
    /// # Errors
    /// [`Mismatch`](streamwriter_core::ErrorKind::Mismatch) names a file that is not of this
    /// batch, and nothing is dropped; [`Storage`](streamwriter_core::ErrorKind::Storage).
    pub fn discard(&self, files: &[StagedObject], batch: &BatchContext) -> Result<()> {
        expect_files_of(files, batch)?;
        for file in files {
            self.storage.discard(&file.staged)?;
        }
        self.remove_directory_of(batch);
        Ok(())
    }

    /// Returns the storage below.
    #[must_use]
    pub fn storage(&self) -> &SharedStorage {
        &self.storage
    }

    /// Makes sure that the target is this query's, or nobody's.
    ///
    /// A target that was claimed when it was opened and is not claimed any more was emptied or
    /// exchanged underneath; what is published now would lie alone in it (E6).
    fn expect_query(&self, batch: &BatchContext) -> Result<()> {
        let opened_for = self.held().as_ref().map(|held| held.query);
        owner::expect_query(
            &*self.storage,
            batch.query_id(),
            opened_for == Some(batch.query_id()),
        )
    }

    /// Removes the staging directory of a batch if nothing is left in it.
    fn remove_directory_of(&self, batch: &BatchContext) {
        let removed = names::staging_of_batch(batch.query_id(), batch.batch_id())
            .and_then(|directory| self.storage.remove_directory(&directory));
        if let Err(error) = removed {
            tracing::debug!(batch = %batch.batch_id(), %error, "an empty directory stays");
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target for Staging {
    fn location(&self) -> String {
        self.storage.location()
    }

    fn check(&self) -> Result<()> {
        self.storage.check_location()
    }

    /// Locks the directory, proves that files can be created only if absent, and claims it.
    ///
    /// A target that is another query's, or does not know this one, is left as it is.
    fn open(&self, claim: &TargetClaim) -> Result<()> {
        let storage = &*self.storage;
        // Before anything is made: a directory that is not ours is not to be written to at all.
        owner::check(storage, claim)?;
        // A lock of an earlier run of this very value would refuse the new one.
        self.held().take();
        // Before the probe: its temporary files are cleaned up by whoever has the lock.
        let lock = storage.lock(&names::lock()?, &claim.holder, claim.take_over)?;
        storage.probe()?;
        // Not in the data directory itself: what lies there may be somebody else's.
        storage.remove_temporary(&names::own_directory()?)?;
        owner::claim(storage, claim)?;
        committed::purge(storage)?;
        *self.held() = Some(Held {
            query: claim.query,
            _lock: lock,
        });
        Ok(())
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        committed::last(&*self.storage, query)
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        committed::create(&*self.storage, record)
    }

    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        sweep::sweep(&*self.storage, query, run, through)
    }
}

/// Makes sure that a message names files of this batch only, each final name once.
fn expect_files_of(files: &[StagedObject], batch: &BatchContext) -> Result<()> {
    let mut targets = HashSet::with_capacity(files.len());
    for file in files {
        if let Some(why) = names::foreign_to(batch, file)? {
            let path = file.path.clone();
            return Err(StagingError::NotOfBatch { path, why }.into());
        }
        if !targets.insert(&file.path) {
            let path = file.path.clone();
            return Err(StagingError::Twice { path }.into());
        }
    }
    Ok(())
}

/// Names an object as a person would find it.
fn place(storage: &dyn Storage, path: &StorePath) -> String {
    format!("{}/{path}", storage.location())
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
