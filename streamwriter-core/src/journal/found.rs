//! What earlier runs left: the newest records, each verified with its chain (E9).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::layout::{self, Log};
use super::records::{CommitsRecord, OffsetsRecord, PreparedRecord};
use crate::error::Result;
use crate::ids::{BatchId, QueryId, Run};
use crate::record::{self, damaged};
use crate::storage::{Storage, StorePath};

/// A record with its checksum.
#[derive(Clone, Debug)]
pub(crate) struct Stored<B> {
    pub(crate) body: B,
    pub(crate) checksum: String,
    /// Where it is, as a person would find it.
    pub(crate) place: String,
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
    /// Reads them for a run that has begun: every record is of an earlier one.
    pub(super) fn read(storage: &dyn Storage, query: QueryId, run: Run) -> Result<Self> {
        let (offsets, prepared, committed) = (
            newest_number(storage, Log::Offsets)?,
            newest_number(storage, Log::Prepared)?,
            newest_number(storage, Log::Commits)?,
        );
        expect_before(
            storage,
            (Log::Commits, committed),
            (Log::Prepared, prepared),
        )?;
        expect_before(storage, (Log::Prepared, prepared), (Log::Offsets, offsets))?;
        let from = committed.map_or(0, |batch| batch.saturating_sub(1));
        let reader = Reader { storage, query };
        let found = Self {
            offsets: reader.read(Log::Offsets, from, offsets)?,
            prepared: reader.read(Log::Prepared, from, prepared)?,
            commits: reader.read(Log::Commits, from, committed)?,
        };
        found.verify_runs(run)?;
        found.verify_chain()?;
        found.sync(storage)?;
        Ok(found)
    }

    /// Checks that no record names a run that has not begun before this one.
    fn verify_runs(&self, run: Run) -> Result<()> {
        let offsets = self.offsets.values().map(|one| (one.body.run, &one.place));
        let prepared = self.prepared.values().map(|one| (one.body.run, &one.place));
        let commits = self.commits.values().map(|one| (one.body.run, &one.place));
        match offsets
            .chain(prepared)
            .chain(commits)
            .find(|(of, _)| *of >= run)
        {
            None => Ok(()),
            Some((of, place)) => Err(damaged(
                place,
                format!("the record is of run {of}, and run {run} has only just begun"),
            )),
        }
    }

    /// Checks that every record names its predecessor.
    fn verify_chain(&self) -> Result<()> {
        let first = self.offsets.keys().next().copied();
        for (batch, offsets) in &self.offsets {
            let Some(before) = batch.previous() else {
                if offsets.body.previous.is_some() {
                    return Err(broken(&offsets.place, *batch, None));
                }
                continue;
            };
            let known = self.offsets.get(&before).map(|before| &before.checksum);
            // The predecessor of the oldest record read may have been purged.
            if Some(*batch) != first && offsets.body.previous.as_ref() != known {
                return Err(broken(
                    &offsets.place,
                    *batch,
                    Some(Log::Offsets.path(before)?),
                ));
            }
        }
        for (batch, prepared) in &self.prepared {
            let before = self.offsets.get(batch).map(|before| &before.checksum);
            if before != Some(&prepared.body.previous) {
                return Err(broken(
                    &prepared.place,
                    *batch,
                    Some(Log::Offsets.path(*batch)?),
                ));
            }
        }
        for (batch, commits) in &self.commits {
            let before = self.prepared.get(batch).map(|before| &before.checksum);
            if before != Some(&commits.body.previous) {
                return Err(broken(
                    &commits.place,
                    *batch,
                    Some(Log::Prepared.path(*batch)?),
                ));
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

/// Checks that a step is at most one batch behind the step before it.
///
/// This comes before the records are read: a newest record that is missing lets older ones appear
/// to be needed that may have been purged.
fn expect_before(
    storage: &dyn Storage,
    (log, newest): (Log, Option<u64>),
    (log_before, newest_before): (Log, Option<u64>),
) -> Result<()> {
    let due = newest_before.and_then(|batch| batch.checked_sub(1));
    if due <= newest {
        return Ok(());
    }
    let (Some(due), Some(later)) = (due, newest_before) else {
        return Ok(());
    };
    let (due, later) = (BatchId::new(due), BatchId::new(later));
    let place = format!("{}/{}", storage.location(), log.path(due)?);
    let later = log_before.path(later)?;
    let message = format!("the record is missing, although {later} is there");
    Err(damaged(&place, message).in_batch(due))
}

/// Names the record and its predecessor: either of the two may be the damaged one.
fn broken(place: &str, batch: BatchId, before: Option<StorePath>) -> crate::Error {
    let message = match before {
        Some(before) => format!(
            "the record does not follow the one before it, {before}, which is missing or another's"
        ),
        None => "the record of the first batch names one before it".to_owned(),
    };
    damaged(place, message).in_batch(batch)
}

/// Returns the newest run that any record of the journal names.
///
/// The later a step of a batch, the later its run, so only the last steps need to be read.
pub(super) fn newest_run(storage: &dyn Storage, query: QueryId) -> Result<Option<(Run, String)>> {
    let reader = Reader { storage, query };
    let (offsets, prepared, commits) = (
        newest_number(storage, Log::Offsets)?,
        newest_number(storage, Log::Prepared)?,
        newest_number(storage, Log::Commits)?,
    );
    let mut runs = Vec::new();
    if let Some(batch) = commits {
        runs.push(reader.run_of::<CommitsRecord>(Log::Commits, batch)?);
    }
    if let Some(batch) = prepared.filter(|_| prepared > commits) {
        runs.push(reader.run_of::<PreparedRecord>(Log::Prepared, batch)?);
    }
    if let Some(batch) = offsets.filter(|_| offsets > prepared) {
        runs.push(reader.run_of::<OffsetsRecord>(Log::Offsets, batch)?);
    }
    Ok(runs.into_iter().max())
}

fn newest_number(storage: &dyn Storage, log: Log) -> Result<Option<u64>> {
    Ok(layout::numbers(storage, &log.directory()?)?.pop())
}

/// The parts of a record's body that every kind has.
trait Body: DeserializeOwned {
    fn belongs_to(&self) -> (QueryId, BatchId);
    fn run(&self) -> Run;
}

impl Body for OffsetsRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }

    fn run(&self) -> Run {
        self.run
    }
}

impl Body for PreparedRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }

    fn run(&self) -> Run {
        self.run
    }
}

impl Body for CommitsRecord {
    fn belongs_to(&self) -> (QueryId, BatchId) {
        (self.query, self.batch)
    }

    fn run(&self) -> Run {
        self.run
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
            // It may have been purged, if it is the newest records that are missing.
            let message = "the record is missing between others, or newer ones are missing";
            damaged(&place, message).in_batch(batch)
        })?;
        let (body, checksum) = record::decode::<B>(log.name(), &bytes, &place)?;
        if body.belongs_to() != (self.query, batch) {
            return Err(damaged(
                &place,
                "the record belongs to another query or batch",
            ));
        }
        Ok(Stored {
            body,
            checksum,
            place,
        })
    }

    fn run_of<B: Body>(&self, log: Log, batch: u64) -> Result<(Run, String)> {
        let stored = self.one::<B>(log, BatchId::new(batch))?;
        Ok((stored.body.run(), stored.place))
    }
}
