//! The durable record of what was decided: create once, read at start, purge when old (E9, E10).
//!
//! The journal knows nothing of the order of the steps; it keeps each record's form, chain and
//! run, and tells a driver after each record whether a newer run has taken over (E5).

mod found;
mod layout;
mod records;
mod runs;

use std::sync::Arc;

use serde::Serialize;

pub(crate) use found::{Found, Stored};
pub(crate) use layout::{Log, source_prefix};
#[cfg(feature = "testing")]
pub(crate) use records::RunRecord;
pub(crate) use records::{
    CommitsRecord, Lost, OffsetsRecord, PreparedRecord, QueryRecord, StoredCounts,
};
use runs::RunFence;

use crate::context::Fence;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::ids::{BatchId, QueryId, Run};
use crate::record::{self, EncodedRecord};
use crate::storage::{Created, LockHolder, SharedStorage, StorageLock, StorePath};

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
        storage.probe()?;
        storage.remove_temporary(&StorePath::root())?;
        let query = identify(&storage, source, target)?;
        Ok(Self {
            storage,
            lock,
            query,
        })
    }

    pub(crate) fn query(&self) -> QueryId {
        self.query
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
        let named = found::newest_run(&*self.storage, self.query)?;
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
        body: &B,
    ) -> Result<Recorded> {
        self.create(log, batch, body)
            .map_err(|error| error.in_batch(batch))
    }

    fn create<B: Serialize>(&self, log: Log, batch: BatchId, body: &B) -> Result<Recorded> {
        let EncodedRecord { bytes, checksum } = record::encode(log.name(), body)?;
        let path = log.path(batch)?;
        let created = self.storage.create(&path, &bytes)?;
        failpoint::pass(log.unfenced());
        // IMPORTANT: the look for a newer run comes after the creation. A driver that slept
        // through its succession may have created a record that its successor had purged; it must
        // find that out before it acts on the record.
        self.fence.check()?;
        let Created::Exists(found) = created else {
            return Ok(Recorded::Ours(checksum));
        };
        // Whoever made it may not have come to its sync (E8).
        self.storage.sync(&path)?;
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
        bytes: &[u8],
    ) -> Result<(B, String)> {
        let place = format!("{}/{}", self.storage.location(), log.path(batch)?);
        record::decode(log.name(), bytes, &place)
    }

    /// Removes the records that are older than the newest batches to keep (E10).
    ///
    /// `committed` is the newest batch with a `commits` record; it and the one before always stay.
    pub(crate) fn purge(&self, committed: BatchId) -> Result<()> {
        let Some(oldest_to_remove) = committed.get().checked_sub(self.retain) else {
            return Ok(());
        };
        for log in Log::ALL {
            self.storage
                .delete(&log.path(BatchId::new(oldest_to_remove))?)?;
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
            for number in layout::numbers(&*self.storage, &log.directory()?)? {
                if number < keep_from {
                    self.storage.delete(&log.path(BatchId::new(number))?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
