//! What makes a file sink exactly-once: stage, publish, remember, clean up.

mod committed;
mod error;
mod file;
#[cfg(feature = "testing")]
pub(crate) mod fuzz;
mod names;
mod owner;
mod spilled;
mod sweep;
mod withdraw;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use streamwriter_core::__private::pass_failpoint;
use streamwriter_core::{
    BatchContext, BatchId, FileFinding, Leftover, LocalStorage, QueryId, Result, Revision, Run,
    SharedStorage, StagedObject, Storage, StorageLock, StorePath, StoredMessage, Sweep, SweepScope,
    Target, TargetClaim, TargetRecord, TaskContext, Withdrawal,
};

pub(crate) use error::write_failed;
pub use file::StagingFile;

use committed::Records;
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
/// _streamwriter/owners/00000000000000000002          the query that took the target over, if any
/// _streamwriter/lock                                 which process does so now
/// _streamwriter/committed/00000000000000000003       the record that batch 3 is committed
/// _streamwriter/staging/{query}/00000000000000000004-r2-p0-a1-f0
///                                                    staged: run 2, partition 0, attempt 1, file 0
/// _streamwriter/withdrawn/…                          what a person's decision took out of sight
/// _streamwriter/journals/{query}/…                   the journal of a query on a cluster
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

/// What `open` leaves behind: whose the target is, since which take-over, and the lock.
#[derive(Debug)]
struct Held {
    query: QueryId,
    generation: u64,
    records: Records,
    leftover_age: Duration,
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
        self.buffered_file(task, directory, number, extension, file::BUFFER_BYTES)
    }

    /// Begins a [`file`](Self::file) that collects so many bytes before it writes them.
    pub(crate) fn buffered_file(
        &self,
        task: &TaskContext,
        directory: Option<&StorePath>,
        number: u32,
        extension: &str,
        buffer_bytes: usize,
    ) -> Result<StagingFile> {
        let name = FinalName::new(task, number, extension)?;
        let target = names::final_path(directory, &name)?;
        let staged = StagedName::new(task, number);
        let staged = names::staged_path(task.query_id(), task.batch_id(), &staged)?;
        let upload = self.storage.stage(&staged, &target)?;
        pass_failpoint("file-begun");
        Ok(StagingFile::new(upload, target, buffer_bytes))
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
    /// lies, unless a person has [accepted](BatchContext::accepts) the file as published, and a
    /// target that belongs to another query;
    /// [`Superseded`](streamwriter_core::ErrorKind::Superseded) if a newer run has taken over, or
    /// another query the target; [`Storage`](streamwriter_core::ErrorKind::Storage).
    pub fn publish(&self, files: &[StagedObject], batch: &BatchContext) -> Result<()> {
        self.expect_owner(batch.query_id())?;
        expect_files_of(files, batch)?;
        for (number, files) in files.chunks(FILES_PER_FENCE).enumerate() {
            // IMPORTANT: a driver that was stopped and comes back may only find out here that
            // its successor has decided otherwise (E5).
            batch.check_current()?;
            if number > 0 {
                self.expect_owner(batch.query_id())?;
            }
            pass_failpoint("publishing");
            self.publish_some(files, batch)?;
        }
        Ok(())
    }

    fn publish_some(&self, files: &[StagedObject], batch: &BatchContext) -> Result<()> {
        if !files.iter().any(|file| batch.accepts(&file.path)) {
            let published = self.storage.publish(files);
            return published
                .map(drop)
                .map_err(|error| withdraw::with_choices(error, batch));
        }
        for file in files {
            let published = self.storage.publish(std::slice::from_ref(file));
            match published {
                Err(error) if batch.accepts(&file.path) && withdraw::is_for_a_person(&error) => {
                    tracing::warn!(
                        batch = %batch.batch_id(), file = %file.path, %error,
                        "counts as published, as a person has decided"
                    );
                    withdraw::keep_staged(&*self.storage, file, batch)?;
                }
                published => {
                    published.map_err(|error| withdraw::with_choices(error, batch))?;
                }
            }
        }
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
        Ok(())
    }

    /// Returns the storage below.
    #[must_use]
    pub fn storage(&self) -> &SharedStorage {
        &self.storage
    }

    /// Makes sure that the target is still this query's, or nobody's (E6).
    ///
    /// A target that was claimed when it was opened and is not claimed any more was emptied or
    /// exchanged underneath; what is published now would lie alone in it.
    fn expect_owner(&self, query: QueryId) -> Result<()> {
        let opened_as = self
            .held()
            .as_ref()
            .filter(|held| held.query == query)
            .map(|held| held.generation);
        match opened_as {
            Some(generation) => owner::expect_generation(&*self.storage, query, generation),
            None => owner::expect_query(&*self.storage, query),
        }
    }

    /// Where the records of a query's commits lie.
    fn records_of(&self, query: QueryId) -> Result<Records> {
        if let Some(held) = self.held().as_ref().filter(|held| held.query == query) {
            return Ok(held.records.clone());
        }
        Records::of(query, owner::read(&*self.storage)?.as_ref())
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

    fn check_claim(&self, claim: &TargetClaim) -> Result<()> {
        owner::check(&*self.storage, claim)
    }

    fn journals(&self) -> Result<Option<SharedStorage>> {
        self.storage.below(&names::journals_directory()?).map(Some)
    }

    /// Locks the directory, proves that files can be created only if absent, and claims it.
    ///
    /// A target that is another query's, or does not know this one, is left as it is, unless the
    /// claim says that it is to be taken over.
    fn open(&self, claim: &TargetClaim) -> Result<()> {
        let storage = &*self.storage;
        // Before anything is made: a directory that is not ours is not to be written to at all.
        owner::check(storage, claim)?;
        // A lock of an earlier run of this very value would refuse the new one.
        self.held().take();
        // Before the probe: its temporary files are cleaned up by whoever has the lock.
        let lock = storage.lock(&names::lock()?, &claim.holder, claim.take_over)?;
        if !claim.reopened {
            // Not in the data directory itself: what lies there may be somebody else's, and very much.
            let own = names::own_directory()?;
            storage.probe(&own)?;
            storage.remove_temporary(&own)?;
        }
        let owners = owner::claim(storage, claim)?;
        committed::expect_owners(storage, &owners)?;
        let records = Records::of(claim.query, Some(&owners))?;
        if !claim.reopened {
            records.purge(storage)?;
        }
        *self.held() = Some(Held {
            query: claim.query,
            generation: owners.generation(),
            records,
            leftover_age: claim.leftover_age,
            _lock: lock,
        });
        Ok(())
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        self.records_of(query)?.last(&*self.storage, query)
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        self.record_revision(record, Revision::FIRST)
    }

    fn record_revision(&self, record: &TargetRecord, revision: Revision) -> Result<()> {
        self.expect_owner(record.query)?;
        // A take-over between the look and this changes nothing: the batch is published, and the
        // record of it meets none of the new owner's.
        self.records_of(record.query)?
            .create(&*self.storage, record, revision)
    }

    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        let mut scope = SweepScope::new(query, run).committed(Some(through));
        if let Some(held) = self.held().as_ref() {
            scope = scope.age(held.leftover_age);
        }
        sweep::sweep(&*self.storage, &scope)
    }

    fn leftovers(&self, scope: &SweepScope) -> Result<Vec<Leftover>> {
        if let Some(owners) = owner::read(&*self.storage)?
            && !owners.know(scope.query)
        {
            return Err(StagingError::NeverOwned {
                location: self.storage.location(),
                query: scope.query,
            }
            .into());
        }
        sweep::look(&*self.storage, scope)
    }

    fn inspect(&self, messages: &[StoredMessage]) -> Result<Vec<FileFinding>> {
        let files = messages.iter().flat_map(StoredMessage::staged_objects);
        let inspect = |file| withdraw::inspect(&*self.storage, &file);
        files.map(inspect).collect()
    }

    fn can_withdraw(&self) -> bool {
        true
    }

    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<u64> {
        self.expect_owner(withdrawal.query)?;
        withdraw::withdraw(&*self.storage, withdrawal)
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
mod sweep_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod ways_out_tests;
