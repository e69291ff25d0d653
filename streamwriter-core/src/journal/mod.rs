//! The durable record of what was decided: create once, read at start, purge when old (E9, E10).
//!
//! The journal knows nothing of the order of the steps; it keeps each record's form, chain and
//! run, and tells a driver after each record whether a newer run has taken over (E5).

mod decide;
mod found;
#[cfg(feature = "arrow")]
mod joined;
mod layout;
mod reader;
mod records;
mod runs;

use std::sync::Arc;

use serde::Serialize;

pub(crate) use found::{Found, Stored};
#[cfg(feature = "arrow")]
pub(crate) use joined::{JOB, QUERY, close_dead_job, join, revision_of};
pub(crate) use layout::{Log, source_prefix};
#[cfg(feature = "testing")]
pub(crate) use records::RunRecord;
pub(crate) use records::{
    CommitsRecord, DecidedFile, Lost, OffsetsRecord, PreparedRecord, QueryRecord, StoredCounts,
};
use runs::RunFence;

use crate::context::Fence;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::record::{self, EncodedRecord};
use crate::storage::{Created, LockHolder, SharedStorage, StorageLock, StorePath};

/// How many batches' records are kept by default (E10).
pub(crate) const BATCHES_KEPT: u64 = 100;

/// A checkpoint that is locked and identified; no run has begun yet.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    storage: SharedStorage,
    lock: Box<dyn StorageLock>,
    query: QueryId,
}

impl Checkpoint {
    /// Locks and probes the checkpoint, and reads or makes its `query.json` (E5, E6).
    pub(crate) fn open(
        storage: SharedStorage,
        source: &str,
        target: &str,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Self> {
        // IMPORTANT: the lock comes before the probe, whose temporary files another driver that
        // holds the lock would take for leftovers.
        let lock = storage.lock(&layout::lock_path()?, holder, take_over)?;
        storage.probe(&StorePath::root())?;
        storage.remove_temporary(&StorePath::root())?;
        let query = identify(&storage, source, target)?;
        Ok(Self {
            storage,
            lock,
            query,
        })
    }

    /// Locks a checkpoint that must be there already, and changes nothing else; the target and the
    /// source are not asked for.
    pub(crate) fn open_existing(
        storage: SharedStorage,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Self> {
        let query = look(&storage)?.query;
        let lock = storage.lock(&layout::lock_path()?, holder, take_over)?;
        Ok(Self {
            storage,
            lock,
            query,
        })
    }

    /// Refuses a source or a target that is not the query's (E6).
    pub(crate) fn expect(&self, source: &str, target: &str) -> Result<()> {
        let place = format!("{}/{}", self.storage.location(), layout::query_path()?);
        let found = look(&self.storage)?;
        expect_same("source", &found.source, source, &place)?;
        expect_same("target", &found.target, target, &place)
    }

    pub(crate) fn query(&self) -> QueryId {
        self.query
    }

    /// Reads what earlier runs left, and changes nothing.
    pub(crate) fn look(&self) -> Result<Found> {
        Found::look(&*self.storage, self.query)
    }

    /// Reads what earlier runs left and makes it durable, so that it can be acted on (E8).
    pub(crate) fn find(&self) -> Result<Found> {
        Found::read(&*self.storage, self.query, self.next_run()?)
    }

    /// Returns the number that the next run will have.
    pub(crate) fn next_run(&self) -> Result<Run> {
        runs::next(&self.storage)
    }

    pub(crate) fn location(&self) -> String {
        self.storage.location()
    }

    /// Tells whether a batch was ever planned, which comes after the claim on the target.
    pub(crate) fn has_batches(&self) -> Result<bool> {
        Ok(!layout::numbers(&*self.storage, &Log::Offsets.directory()?)?.is_empty())
    }

    /// Begins a run: from its record on, every earlier run is fenced off (E5).
    pub(crate) fn begin_run(self, holder: &LockHolder, retain: u64) -> Result<Journal> {
        let named = reader::newest_run(&*self.storage, self.query)?;
        let run = runs::begin(&self.storage, self.query, holder, named)?;
        let fence = Arc::new(RunFence::new(Arc::clone(&self.storage), run));
        Ok(Journal {
            storage: self.storage,
            _lock: self.lock,
            query: self.query,
            run,
            fence,
            retain,
        })
    }
}

/// Reads `query.json` of a checkpoint that must be there already.
pub(crate) fn look(storage: &SharedStorage) -> Result<QueryRecord> {
    let path = layout::query_path()?;
    let place = format!("{}/{path}", storage.location());
    let Some(bytes) = storage.read(&path)? else {
        return Err(Error::new(
            ErrorKind::Mismatch,
            "there is no checkpoint of a query here",
        )
        .at_path(storage.location())
        .with_help("give the directory that the query was started with"));
    };
    let (found, _) = record::decode("query", &bytes, &place)?;
    Ok(found)
}

/// Reads what earlier runs left, without the lock: a live driver may go on meanwhile.
pub(crate) fn look_at_found(storage: &SharedStorage, query: QueryId) -> Result<Found> {
    Found::look(&**storage, query)
}

/// Returns the number that the next run of a query will have.
pub(crate) fn next_run(storage: &SharedStorage) -> Result<Run> {
    runs::next(storage)
}

/// Reads `query.json`, or makes it for a new query.
fn identify(storage: &SharedStorage, source: &str, target: &str) -> Result<QueryId> {
    let path = layout::query_path()?;
    let place = format!("{}/{path}", storage.location());
    if let Some(bytes) = storage.read(&path)? {
        let (found, _): (QueryRecord, _) = record::decode("query", &bytes, &place)?;
        expect_same("source", &found.source, source, &place)?;
        expect_same("target", &found.target, target, &place)?;
        storage.sync(&path)?;
        return Ok(found.query);
    }
    for log in Log::ALL {
        if !storage.list(&log.directory()?)?.is_empty() {
            return Err(record::damaged(
                &place,
                "the checkpoint has batches but no query.json",
            ));
        }
    }
    let query = QueryId::random();
    let body = QueryRecord {
        query,
        created: now(),
        source: source.to_owned(),
        target: target.to_owned(),
    };
    match storage.create(&path, &record::encode("query", &body)?.bytes)? {
        Created::New => Ok(query),
        Created::Exists(_) => Err(Error::new(
            ErrorKind::Locked,
            "another driver started on this checkpoint at the same time",
        )
        .at_path(place)
        .with_help("start again when it has ended")),
    }
}

fn expect_same(what: &str, found: &str, given: &str, place: &str) -> Result<()> {
    if found == given {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Mismatch,
        format!("the checkpoint belongs to a query with the {what} {found:?}, not {given:?}"),
    )
    .at_path(place)
    .with_help(format!(
        "to resume that query give it its {what} back; to start anew choose an empty checkpoint"
    )))
}

/// The current time in UTC, for people.
pub(crate) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}

/// What a create-if-absent of a record found.
#[derive(Debug)]
pub(crate) enum Recorded {
    /// The record is ours, under this checksum.
    Ours(String),
    /// Another run's record was there first.
    Theirs(Vec<u8>),
}

/// The journal of one run.
#[derive(Debug)]
pub(crate) struct Journal {
    storage: SharedStorage,
    _lock: Box<dyn StorageLock>,
    query: QueryId,
    run: Run,
    fence: Arc<RunFence>,
    retain: u64,
}

impl Journal {
    pub(crate) fn query(&self) -> QueryId {
        self.query
    }

    pub(crate) fn run(&self) -> Run {
        self.run
    }

    pub(crate) fn storage(&self) -> &SharedStorage {
        &self.storage
    }

    pub(crate) fn fence(&self) -> Arc<dyn Fence> {
        Arc::clone(&self.fence) as Arc<dyn Fence>
    }

    /// Reads what earlier runs left.
    ///
    /// # Errors
    /// `Superseded` if a newer run has begun, which changes what is being read.
    pub(crate) fn find(&self) -> Result<Found> {
        let found = Found::read(&*self.storage, self.query, self.run)?;
        self.fence.check()?;
        Ok(found)
    }

    /// Puts a newer run before an error: what a superseded driver trips over, such as files that
    /// are gone, is what its successor has done, and nothing to repair (E5).
    pub(crate) fn superseded_or(&self, error: Error) -> Error {
        match self.fence.check() {
            Err(superseded)
                if superseded.kind() == ErrorKind::Superseded
                    && error.kind() != ErrorKind::Superseded =>
            {
                superseded.and_also(error)
            }
            _ => error,
        }
    }

    /// Creates `offsets/N`, `prepared/N` or `commits/N`, durably, unless it exists.
    ///
    /// # Errors
    /// `Superseded` if a newer run has begun. Whatever the error, the record may exist afterwards.
    pub(crate) fn record<B: Serialize>(
        &self,
        log: Log,
        batch: BatchId,
        revision: Revision,
        body: &B,
    ) -> Result<Recorded> {
        let path = log.path(batch, revision)?;
        self.create(log.name(), &path, body, Some(log.unfenced()))
            .map_err(|error| error.in_batch(batch))
    }

    /// Creates a record, and passes the failpoint, if there is one, before the look for a newer run.
    fn create<B: Serialize>(
        &self,
        kind: &str,
        path: &StorePath,
        body: &B,
        unfenced: Option<&'static str>,
    ) -> Result<Recorded> {
        let EncodedRecord { bytes, checksum } = record::encode(kind, body)?;
        let created = self.storage.create(path, &bytes)?;
        if let Some(unfenced) = unfenced {
            failpoint::pass(unfenced);
        }
        // IMPORTANT: the look for a newer run comes after the creation. A driver that slept
        // through its succession may have created a record that its successor had purged; it must
        // find that out before it acts on the record.
        self.fence.check()?;
        let Created::Exists(found) = created else {
            return Ok(Recorded::Ours(checksum));
        };
        // Whoever made it may not have come to its sync (E8).
        self.storage.sync(path)?;
        // The same bytes hold the same run: the creation took effect and its answer was lost.
        if found == bytes {
            Ok(Recorded::Ours(checksum))
        } else {
            Ok(Recorded::Theirs(found))
        }
    }

    /// Decodes a record of this query that was found under its final name.
    pub(crate) fn decode<B: serde::de::DeserializeOwned>(
        &self,
        log: Log,
        batch: BatchId,
        revision: Revision,
        bytes: &[u8],
    ) -> Result<(B, String)> {
        let path = log.path(batch, revision)?;
        let place = format!("{}/{path}", self.storage.location());
        if log == Log::Commits && record::kind_of(bytes).as_deref() == Some(reader::REVOKED) {
            return Err(decide::revoked_meanwhile(batch, &place));
        }
        record::decode(log.name(), bytes, &place)
    }

    /// Removes the records that are older than the newest batches to keep (E10).
    ///
    /// `committed` is the newest batch with a `commits` record; it and the one before always stay.
    pub(crate) fn purge(&self, committed: BatchId) -> Result<()> {
        let Some(oldest_to_remove) = committed.get().checked_sub(self.retain) else {
            return Ok(());
        };
        // What a person's decisions have added to the batch, the next start removes.
        for log in Log::ALL {
            self.storage
                .delete(&log.path(BatchId::new(oldest_to_remove), Revision::FIRST)?)?;
            failpoint::pass("record-purged");
        }
        Ok(())
    }

    /// Removes everything that is older than the newest batches and runs to keep, in any state:
    /// what an interrupted purge or a driver that woke up late left behind.
    pub(crate) fn purge_strays(&self, committed: Option<BatchId>) -> Result<()> {
        runs::purge(&self.storage, self.run)?;
        let Some(keep_from) =
            committed.and_then(|batch| (batch.get() + 1).checked_sub(self.retain))
        else {
            return Ok(());
        };
        for log in Log::ALL {
            for (number, part) in layout::parts(&*self.storage, &log.directory()?)? {
                if number < keep_from {
                    let path = log.path(BatchId::new(number), Revision::new(part))?;
                    self.storage.delete(&path)?;
                }
            }
        }
        for (number, part) in layout::parts(&*self.storage, &layout::accepted_directory()?)? {
            if number < keep_from {
                let path = layout::accepted_path(BatchId::new(number), part)?;
                self.storage.delete(&path)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod decide_tests;
#[cfg(test)]
mod tests;
