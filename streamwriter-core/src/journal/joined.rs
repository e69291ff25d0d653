//! The journal of a query on a cluster: the query and its runs are named by the cluster, and every
//! process that works for it joins (E5, E6).

use std::sync::Arc;

use super::layout::{self, Log};
use super::records::{OffsetsRecord, QueryRecord};
use super::runs::{self, RunFence};
use super::{Checkpoint, Found, Journal, expect_same, now};
use crate::context::Fence;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::record::{self, damaged};
use crate::storage::{Created, LockHolder, SharedStorage, StorePath};

/// What `query.json` says of the source: the cluster knows it, and checks it.
pub(crate) const QUERY: &str = "a query on a cluster";
/// The same for the one batch of a job that is no streaming query.
pub(crate) const JOB: &str = "a job on a cluster";

/// How often a creation is tried that others are quicker at.
const TRIES_MAX: usize = 1000;

/// Joins a run of a query, from any process: the first one records the query and the run.
///
/// A second call, by whomever, returns the same number.
///
/// # Errors
/// `Superseded` if a later run has begun; `Mismatch` if the journal is that of another target.
pub(crate) fn join(
    storage: &SharedStorage,
    query: QueryId,
    source: &str,
    target: &str,
    cluster_run: &str,
) -> Result<Run> {
    identify_as(storage, query, source, target)?;
    let holder = LockHolder::this_process();
    for _ in 0..TRIES_MAX {
        if let Some(run) = runs::try_join(storage, query, cluster_run, &holder)? {
            return Ok(run);
        }
    }
    Err(Error::new(
        ErrorKind::Locked,
        "other processes keep beginning runs of this query",
    )
    .at_path(storage.location())
    .with_help("see which other drivers run it, and end all but one"))
}

/// Returns the revision that a batch is to be written as: 0 unless a person has had it written again.
pub(crate) fn revision_of(
    storage: &SharedStorage,
    query: QueryId,
    batch: BatchId,
) -> Result<Revision> {
    // A decision has the name that `commits/N` would have.
    if !storage.exists(&Log::Commits.path(batch, Revision::FIRST)?)? {
        return Ok(Revision::FIRST);
    }
    Ok(super::look_at_found(storage, query)?.revision_of(batch))
}

/// Ends a job that nobody works at any more, durably, and hands its journal over; `None` if it is at work,
/// if it is no job, or if its messages are recorded.
///
/// # Errors
/// `Corrupted`: the journal cannot be trusted, and nothing is done.
pub(crate) fn close_dead_job(storage: SharedStorage, query: QueryId) -> Result<Option<Journal>> {
    let path = layout::query_path()?;
    let Some(bytes) = storage.read(&path)? else {
        return Ok(None);
    };
    let place = format!("{}/{path}", storage.location());
    let (found, _): (QueryRecord, _) = record::decode("query", &bytes, &place)?;
    if found.query != query || found.source != JOB {
        return Ok(None);
    }
    let holder = LockHolder::this_process();
    let lock = match storage.lock(&layout::lock_path()?, &holder, false) {
        Err(error) if error.kind() == ErrorKind::Locked => return Ok(None),
        lock => lock?,
    };
    let newest = runs::next(&storage)?.get().saturating_sub(1);
    let checkpoint = Checkpoint {
        storage,
        lock,
        query,
    };
    let prepared = Log::Prepared.path(BatchId::FIRST, Revision::FIRST)?;
    if newest == 0 || checkpoint.storage.exists(&prepared)? {
        return Ok(None);
    }
    let journal = checkpoint.in_run(Run::new(newest), 2);
    journal.close("the job was dead")?;
    // IMPORTANT: after the end of its run. A commit of it can have recorded its messages until then.
    if journal.storage.exists(&prepared)? {
        return Ok(None);
    }
    Ok(Some(journal))
}

impl Checkpoint {
    /// Locks the journal of a query that a task of it has joined.
    pub(crate) fn open_joined(
        storage: SharedStorage,
        query: QueryId,
        source: &str,
        target: &str,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Self> {
        let lock = storage.lock(&layout::lock_path()?, holder, take_over)?;
        storage.remove_temporary(&StorePath::root())?;
        identify_as(&storage, query, source, target)?;
        Ok(Self {
            storage,
            lock,
            query,
        })
    }

    /// Goes on in a run that has begun.
    pub(crate) fn in_run(self, run: Run, retain: u64) -> Journal {
        let fence = Arc::new(RunFence::new(Arc::clone(&self.storage), run));
        Journal {
            storage: self.storage,
            _lock: self.lock,
            query: self.query,
            run,
            fence,
            retain,
        }
    }
}

impl Journal {
    /// Reads what is there, which this run may have written itself, and makes it durable (E8).
    ///
    /// # Errors
    /// `Superseded` if a newer run has begun.
    pub(crate) fn find_joined(&self) -> Result<Found> {
        self.fence.check()?;
        let found = Found::read(&*self.storage, self.query, self.run.next())?;
        self.fence.check()?;
        Ok(found)
    }

    /// Tells whether a batch was ever recorded, which comes after the claim on the target.
    pub(crate) fn has_batches(&self) -> Result<bool> {
        Ok(!layout::numbers(&*self.storage, &Log::Offsets.directory()?)?.is_empty())
    }

    /// Returns which rows a batch was, however long ago, if its record is kept.
    pub(crate) fn offsets_of(&self, batch: BatchId) -> Result<Option<OffsetsRecord>> {
        let path = Log::Offsets.path(batch, Revision::FIRST)?;
        let Some(bytes) = self.storage.read(&path)? else {
            return Ok(None);
        };
        let (found, _) = self.decode(Log::Offsets, batch, Revision::FIRST, &bytes)?;
        Ok(Some(found))
    }

    /// Ends this run, durably: from now on nothing of it is recorded or published any more.
    pub(crate) fn close(&self, why: &str) -> Result<()> {
        runs::close(&self.storage, self.query, self.run, why)
    }

    /// Removes everything, once nobody will ever ask for it.
    pub(crate) fn remove(self) -> Result<()> {
        let mut directories = std::collections::BTreeSet::new();
        for entry in self.storage.list(&StorePath::root())? {
            directories.insert(entry.path.parent());
            self.storage.delete(&entry.path)?;
        }
        drop(self._lock);
        for directory in directories.iter().rev() {
            self.storage.remove_directory(directory)?;
        }
        Ok(())
    }
}

/// Makes sure that the journal is that of the query and its target, or makes it.
fn identify_as(storage: &SharedStorage, query: QueryId, source: &str, target: &str) -> Result<()> {
    let path = layout::query_path()?;
    let place = format!("{}/{path}", storage.location());
    for _ in 0..TRIES_MAX {
        if let Some(bytes) = storage.read(&path)? {
            let (found, _): (QueryRecord, _) = record::decode("query", &bytes, &place)?;
            if found.query != query {
                return Err(damaged(&place, "it is the journal of another query"));
            }
            expect_same("source", &found.source, source, &place)?;
            expect_same("target", &found.target, target, &place)?;
            return storage.sync(&path);
        }
        for log in Log::ALL {
            if !storage.list(&log.directory()?)?.is_empty() {
                return Err(damaged(&place, "the journal has batches but no query.json"));
            }
        }
        let body = QueryRecord {
            query,
            created: now(),
            source: source.to_owned(),
            target: target.to_owned(),
        };
        if let Created::New = storage.create(&path, &record::encode("query", &body)?.bytes)? {
            return Ok(());
        }
    }
    Err(damaged(&place, "it comes and goes"))
}
