//! What earlier runs left: the newest records, each verified with its chain (E9).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::layout::{self, Log};
use super::records::{CommitsRecord, OffsetsRecord, PreparedRecord};
use crate::error::Result;
use crate::ids::{BatchId, QueryId};
use crate::record::{self, damaged};
use crate::storage::Storage;

/// A record with its checksum.
#[derive(Clone, Debug)]
pub(crate) struct Stored<B> {
    pub(crate) body: B,
    pub(crate) checksum: String,
}

/// The records of the newest two committed batches and of everything after them.
///
/// Older records are never acted on (E5), so they are not read.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) offsets: BTreeMap<BatchId, Stored<OffsetsRecord>>,
    pub(crate) prepared: BTreeMap<BatchId, Stored<PreparedRecord>>,
    pub(crate) commits: BTreeMap<BatchId, Stored<CommitsRecord>>,
}

impl Found {
    pub(super) fn read(storage: &dyn Storage, query: QueryId) -> Result<Self> {
        let newest = |log: Log| -> Result<Option<u64>> {
            Ok(layout::numbers(storage, &log.directory()?)?.pop())
        };
        let committed = newest(Log::Commits)?;
        let from = committed.map_or(0, |batch| batch.saturating_sub(1));
        let reader = Reader { storage, query };
        let found = Self {
            offsets: reader.read(Log::Offsets, from, newest(Log::Offsets)?)?,
            prepared: reader.read(Log::Prepared, from, newest(Log::Prepared)?)?,
            commits: reader.read(Log::Commits, from, committed)?,
        };
        found.verify_chain(storage)?;
        found.sync(storage)?;
        Ok(found)
    }

    /// Checks that every record names its predecessor.
    fn verify_chain(&self, storage: &dyn Storage) -> Result<()> {
        let first = self.offsets.keys().next().copied();
        for (batch, offsets) in &self.offsets {
            let before = batch
                .previous()
                .and_then(|before| self.offsets.get(&before));
            let known = before.map(|before| before.checksum.as_str());
            // The predecessor of the oldest record read may have been purged.
            if (Some(*batch) != first || *batch == BatchId::FIRST)
                && offsets.body.previous.as_deref() != known
            {
                return Err(broken(storage, Log::Offsets, *batch));
            }
        }
        for (batch, prepared) in &self.prepared {
            let before = self.offsets.get(batch);
            if before.is_none_or(|before| before.checksum != prepared.body.previous) {
                return Err(broken(storage, Log::Prepared, *batch));
            }
        }
        for (batch, commits) in &self.commits {
            let before = self.prepared.get(batch);
            if before.is_none_or(|before| before.checksum != commits.body.previous) {
                return Err(broken(storage, Log::Commits, *batch));
            }
        }
        Ok(())
    }

    /// Makes durable what a crashed driver may have left visible but not synced (E8).
    fn sync(&self, storage: &dyn Storage) -> Result<()> {
        let newest = [
            (Log::Offsets, self.offsets.keys().next_back()),
            (Log::Prepared, self.prepared.keys().next_back()),
            (Log::Commits, self.commits.keys().next_back()),
        ];
        for (log, batch) in newest {
            if let Some(batch) = batch {
                storage.sync(&log.path(*batch)?)?;
            }
        }
        Ok(())
    }
}

fn broken(storage: &dyn Storage, log: Log, batch: BatchId) -> crate::Error {
    let place = match log.path(batch) {
        Ok(path) => format!("{}/{path}", storage.location()),
        Err(error) => return error,
    };
    damaged(
        &place,
        "the record does not follow the one before it, which is missing or another's",
    )
    .in_batch(batch)
}

/// The parts of a record's body that every kind has.
trait Body: DeserializeOwned {
    fn belongs_to(&self) -> (QueryId, BatchId);
}

impl Body for OffsetsRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }
}

impl Body for PreparedRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }
}

impl Body for CommitsRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }
}

struct Reader<'s> {
    storage: &'s dyn Storage,
    query: QueryId,
}

impl Reader<'_> {
    /// Reads the records `from..=to`; one that is missing in between is an error (E9).
    fn read<B: Body>(
        &self,
        log: Log,
        from: u64,
        to: Option<u64>,
    ) -> Result<BTreeMap<BatchId, Stored<B>>> {
        let Some(to) = to else {
            return Ok(BTreeMap::new());
        };
        (from..=to)
            .map(BatchId::new)
            .map(|batch| Ok((batch, self.one(log, batch)?)))
            .collect()
    }

    fn one<B: Body>(&self, log: Log, batch: BatchId) -> Result<Stored<B>> {
        let path = log.path(batch)?;
        let place = format!("{}/{path}", self.storage.location());
        let bytes = self.storage.read(&path)?.ok_or_else(|| {
            damaged(&place, "the record is missing between others").in_batch(batch)
        })?;
        let (body, checksum) = record::decode::<B>(log.name(), &bytes, &place)?;
        if body.belongs_to() != (self.query, batch) {
            return Err(damaged(
                &place,
                "the record belongs to another query or batch",
            ));
        }
        Ok(Stored { body, checksum })
    }
}
