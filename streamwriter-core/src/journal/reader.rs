//! Reads single records of the journal, found by listing what is there (E9).

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::found::Stored;
use super::layout::{self, Log};
use super::records::{AcceptedRecord, CommitsRecord, OffsetsRecord, PreparedRecord, RevokedRecord};
use crate::error::{Error, Result};
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::record::{self, damaged};
use crate::storage::{Storage, StorePath};

/// The kind of the record that takes the place of `commits` (E3).
pub(crate) const REVOKED: &str = "revoked";
/// The kind of the record of an acceptance (E3).
pub(crate) const ACCEPTED: &str = "accepted";

/// The parts of a record's body that every kind has.
pub(super) trait Body: DeserializeOwned {
    fn belongs_to(&self) -> (QueryId, BatchId);
    fn run(&self) -> Run;
}

macro_rules! bodies {
    ($($body:ty),*) => {$(
        impl Body for $body {
            fn belongs_to(&self) -> (QueryId, BatchId) {
                (self.query, self.batch)
            }

            fn run(&self) -> Run {
                self.run
            }
        }
    )*};
}
bodies!(
    OffsetsRecord,
    PreparedRecord,
    CommitsRecord,
    RevokedRecord,
    AcceptedRecord
);

/// What became of a revision of a batch.
pub(super) enum Outcome {
    Commits(Stored<CommitsRecord>),
    Revoked(Stored<RevokedRecord>),
}

type Names = BTreeSet<(BatchId, Revision)>;

/// The listings of a journal.
pub(super) struct Reader<'s> {
    storage: &'s dyn Storage,
    query: QueryId,
    offsets: Vec<u64>,
    prepared: Names,
    outcomes: Names,
}

impl<'s> Reader<'s> {
    pub(super) fn new(storage: &'s dyn Storage, query: QueryId) -> Result<Self> {
        // IMPORTANT: in this order, for a look without the lock. A driver that goes on meanwhile
        // makes offsets first, so whatever is seen of a batch, its predecessors are seen too.
        let outcomes = names(storage, Log::Commits)?;
        let prepared = names(storage, Log::Prepared)?;
        let offsets = layout::numbers(storage, &Log::Offsets.directory()?)?;
        Ok(Self {
            storage,
            query,
            offsets,
            prepared,
            outcomes,
        })
    }

    /// Finds the newest batch that is committed. One that is to be written again is not.
    pub(super) fn newest_committed(&self) -> Result<Option<BatchId>> {
        let Some((batch, revision)) = self.outcomes.last().copied() else {
            return Ok(None);
        };
        match self.outcome(batch, revision)? {
            Some(Outcome::Commits(_)) => Ok(Some(batch)),
            _ => Ok(batch.previous()),
        }
    }

    /// Checks that each step is at most one batch behind the step before it.
    ///
    /// This comes before the records are read: a newest record that is missing lets older ones
    /// appear to be needed that may have been purged.
    pub(super) fn expect_steps(&self, committed: Option<BatchId>) -> Result<()> {
        let prepared = self.prepared.last().map(|(batch, _)| *batch);
        let offsets = self.offsets.last().copied().map(BatchId::new);
        self.expect_before((Log::Commits, committed), (Log::Prepared, prepared))?;
        self.expect_before((Log::Prepared, prepared), (Log::Offsets, offsets))
    }

    fn expect_before(
        &self,
        (log, newest): (Log, Option<BatchId>),
        (log_before, newest_before): (Log, Option<BatchId>),
    ) -> Result<()> {
        let due = newest_before.and_then(BatchId::previous);
        if due <= newest {
            return Ok(());
        }
        let (Some(due), Some(later)) = (due, newest_before) else {
            return Ok(());
        };
        let path = log.path(due, Revision::FIRST)?;
        let place = format!("{}/{path}", self.storage.location());
        let later = log_before.path(later, Revision::FIRST)?;
        let message = format!("the record is missing, although {later} is there");
        Err(damaged(&place, message).in_batch(due))
    }

    /// Returns the newest run that any record of a batch names, and that record.
    ///
    /// The later a step of a batch, the later its run, so only the last steps need to be read.
    fn newest_run(&self) -> Result<Option<(Run, String)>> {
        let (outcome, prepared) = (self.outcomes.last(), self.prepared.last());
        let mut runs = Vec::new();
        if let Some((batch, revision)) = outcome {
            runs.extend(match self.outcome(*batch, *revision)? {
                Some(Outcome::Commits(found)) => Some((found.body.run(), found.place)),
                Some(Outcome::Revoked(found)) => Some((found.body.run(), found.place)),
                None => None,
            });
        }
        if let Some((batch, revision)) = prepared.filter(|_| prepared > outcome) {
            let found = self.prepared(*batch, *revision)?;
            runs.push((found.body.run(), found.place));
        }
        let newest = self.offsets.last().copied().map(BatchId::new);
        if let Some(batch) = newest.filter(|_| newest > prepared.map(|(batch, _)| *batch)) {
            let found: Stored<OffsetsRecord> = self.record(Log::Offsets, batch, Revision::FIRST)?;
            runs.push((found.body.run(), found.place));
        }
        Ok(runs.into_iter().max())
    }

    /// Reads all offsets from a batch on; one that is missing in between is an error (E9).
    pub(super) fn offsets(
        &self,
        from: BatchId,
    ) -> Result<BTreeMap<BatchId, Stored<OffsetsRecord>>> {
        let Some(to) = self.offsets.last() else {
            return Ok(BTreeMap::new());
        };
        (from.get()..=*to)
            .map(BatchId::new)
            .map(|batch| Ok((batch, self.record(Log::Offsets, batch, Revision::FIRST)?)))
            .collect()
    }

    pub(super) fn prepared(
        &self,
        batch: BatchId,
        revision: Revision,
    ) -> Result<Stored<PreparedRecord>> {
        self.record(Log::Prepared, batch, revision)
    }

    pub(super) fn has_prepared(&self, batch: BatchId, revision: Revision) -> bool {
        self.prepared.contains(&(batch, revision))
    }

    /// All batches from one on up to the newest that has an outcome.
    pub(super) fn outcomes_from(&self, from: BatchId) -> impl Iterator<Item = BatchId> {
        up_to_newest(&self.outcomes, from)
    }

    /// All batches from one on up to the newest that is or was prepared.
    pub(super) fn prepared_from(&self, from: BatchId) -> impl Iterator<Item = BatchId> {
        up_to_newest(&self.prepared, from)
    }

    /// Reads what became of a revision; `None` if nothing did yet.
    pub(super) fn outcome(&self, batch: BatchId, revision: Revision) -> Result<Option<Outcome>> {
        if !self.outcomes.contains(&(batch, revision)) {
            return Ok(None);
        }
        let path = Log::Commits.path(batch, revision)?;
        let bytes = self.bytes(&path, batch)?;
        let outcome = match record::kind_of(&bytes).as_deref() {
            Some(REVOKED) => Outcome::Revoked(self.decode(REVOKED, &path, batch, &bytes)?),
            _ => Outcome::Commits(self.decode(Log::Commits.name(), &path, batch, &bytes)?),
        };
        Ok(Some(outcome))
    }

    /// Reads the acceptances of a batch, in order.
    pub(super) fn acceptances(&self, batch: BatchId) -> Result<Vec<Stored<AcceptedRecord>>> {
        let listed = layout::parts(self.storage, &layout::accepted_directory()?)?;
        let numbers = listed.into_iter().filter(|(of, _)| *of == batch.get());
        let mut acceptances = Vec::new();
        for ((_, number), expected) in numbers.zip(1..) {
            let path = layout::accepted_path(batch, expected)?;
            let bytes = self.bytes(&path, batch)?;
            let found: Stored<AcceptedRecord> = self.decode(ACCEPTED, &path, batch, &bytes)?;
            if number != expected || found.body.number != number {
                return Err(self.broken_acceptance(batch, number));
            }
            acceptances.push(found);
        }
        Ok(acceptances)
    }

    /// Refuses records of a revision that no decision has asked for.
    pub(super) fn expect_revisions(
        &self,
        from: BatchId,
        counts: impl Fn(BatchId) -> Revision,
    ) -> Result<()> {
        for (log, names) in [
            (Log::Prepared, &self.prepared),
            (Log::Commits, &self.outcomes),
        ] {
            for (batch, revision) in names.range((from, Revision::FIRST)..) {
                if *revision > counts(*batch) {
                    let path = log.path(*batch, *revision)?;
                    return Err(does_not_follow(self.storage, &path, *batch));
                }
            }
        }
        Ok(())
    }

    pub(super) fn missing(&self, log: Log, batch: BatchId, revision: Revision) -> Error {
        match log.path(batch, revision) {
            Ok(path) => self.missing_at(&path, batch),
            Err(error) => error,
        }
    }

    pub(super) fn broken_acceptance(&self, batch: BatchId, number: u32) -> Error {
        match layout::accepted_path(batch, number) {
            Ok(path) => does_not_follow(self.storage, &path, batch),
            Err(error) => error,
        }
    }

    fn missing_at(&self, path: &StorePath, batch: BatchId) -> Error {
        let place = format!("{}/{path}", self.storage.location());
        // It may have been purged, if it is the newest records that are missing.
        let message = "the record is missing between others, or newer ones are missing";
        damaged(&place, message).in_batch(batch)
    }

    fn record<B: Body>(&self, log: Log, batch: BatchId, revision: Revision) -> Result<Stored<B>> {
        let path = log.path(batch, revision)?;
        let bytes = self.bytes(&path, batch)?;
        self.decode(log.name(), &path, batch, &bytes)
    }

    fn bytes(&self, path: &StorePath, batch: BatchId) -> Result<Vec<u8>> {
        let bytes = self.storage.read(path)?;
        bytes.ok_or_else(|| self.missing_at(path, batch))
    }

    fn decode<B: Body>(
        &self,
        kind: &str,
        path: &StorePath,
        batch: BatchId,
        bytes: &[u8],
    ) -> Result<Stored<B>> {
        let place = format!("{}/{path}", self.storage.location());
        let (body, checksum) = record::decode::<B>(kind, bytes, &place)?;
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
}

fn names(storage: &dyn Storage, log: Log) -> Result<Names> {
    let parts = layout::parts(storage, &log.directory()?)?;
    let names = parts
        .into_iter()
        .map(|(batch, revision)| (BatchId::new(batch), Revision::new(revision)));
    Ok(names.collect())
}

fn up_to_newest(names: &Names, from: BatchId) -> impl Iterator<Item = BatchId> + use<> {
    let end = names.last().map_or(0, |(newest, _)| newest.get() + 1);
    (from.get()..end).map(BatchId::new)
}

/// Returns the newest run that any record of the journal names.
pub(super) fn newest_run(storage: &dyn Storage, query: QueryId) -> Result<Option<(Run, String)>> {
    Reader::new(storage, query)?.newest_run()
}

/// Names the record and its predecessor: either of the two may be the damaged one.
pub(super) fn broken(place: &str, batch: BatchId, before: Option<StorePath>) -> Error {
    let message = match before {
        Some(before) => format!(
            "the record does not follow the one before it, {before}, which is missing or another's"
        ),
        None => "the record of the first batch names one before it".to_owned(),
    };
    damaged(place, message).in_batch(batch)
}

fn does_not_follow(storage: &dyn Storage, path: &StorePath, batch: BatchId) -> Error {
    let place = format!("{}/{path}", storage.location());
    damaged(
        &place,
        "the record does not follow the one before it, which is missing or another's",
    )
    .in_batch(batch)
}
