//! What earlier runs left: the newest records, each verified with its chain (E9).

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{self, Log};
use super::reader::{Outcome, Reader, broken};
use super::records::{AcceptedRecord, CommitsRecord, OffsetsRecord, PreparedRecord, RevokedRecord};
use crate::error::Result;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::record::damaged;
use crate::storage::{Storage, StorePath};

/// A record with its checksum.
#[derive(Clone, Debug)]
pub(crate) struct Stored<B> {
    pub(crate) body: B,
    pub(crate) checksum: String,
    /// Where it is, as a person would find it.
    pub(crate) place: String,
}

/// What persons have decided about a batch (E3).
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// One for each time that the batch is written again, in order.
    pub(crate) revoked: Vec<Stored<RevokedRecord>>,
    /// The `prepared` records that do not count any more, in order.
    pub(crate) superseded: Vec<Stored<PreparedRecord>>,
    /// How many acceptances there are; the next one has the number after.
    pub(crate) acceptances: u32,
    /// Files of the current revision that count as published.
    pub(crate) accepted: BTreeSet<StorePath>,
}

impl Decisions {
    /// The revision that counts.
    pub(crate) fn revision(&self) -> Revision {
        Revision::new(u32::try_from(self.revoked.len()).unwrap_or(u32::MAX))
    }
}

/// The records of the newest two committed batches and of everything after them.
///
/// Older records are never acted on (E5), so they are not read. Of a batch that was written again,
/// `prepared` and `commits` hold the records of the last revision.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) offsets: BTreeMap<BatchId, Stored<OffsetsRecord>>,
    pub(crate) prepared: BTreeMap<BatchId, Stored<PreparedRecord>>,
    pub(crate) commits: BTreeMap<BatchId, Stored<CommitsRecord>>,
    pub(crate) decisions: BTreeMap<BatchId, Decisions>,
}

impl Found {
    /// Reads what is there and makes it durable, so that it can be acted on (E8).
    ///
    /// `run` is the run that has begun, or would begin next: every record is of an earlier one.
    pub(super) fn read(storage: &dyn Storage, query: QueryId, run: Run) -> Result<Self> {
        let found = Self::look(storage, query)?;
        found.verify_runs(run)?;
        found.sync(storage)?;
        Ok(found)
    }

    /// Reads what is there, and changes nothing.
    pub(super) fn look(storage: &dyn Storage, query: QueryId) -> Result<Self> {
        let reader = Reader::new(storage, query)?;
        let committed = reader.newest_committed()?;
        reader.expect_steps(committed)?;
        let from = BatchId::new(committed.map_or(0, |batch| batch.get().saturating_sub(1)));
        let mut found = Self {
            offsets: reader.offsets(from)?,
            ..Self::default()
        };
        for batch in reader.outcomes_from(from) {
            found.take_outcome(&reader, batch, committed)?;
        }
        for batch in reader.prepared_from(from) {
            found.take_prepared(&reader, batch)?;
        }
        reader.expect_revisions(from, |batch| found.revision_of(batch))?;
        found.verify_chain()?;
        let pending = committed.map_or(BatchId::FIRST, BatchId::next);
        found.take_acceptances(&reader, pending)?;
        Ok(found)
    }

    /// The decisions about a batch, if there are any.
    pub(crate) fn decisions_of(&self, batch: BatchId) -> Option<&Decisions> {
        self.decisions.get(&batch)
    }

    /// The revision of a batch that counts.
    pub(crate) fn revision_of(&self, batch: BatchId) -> Revision {
        self.decisions_of(batch)
            .map_or(Revision::FIRST, Decisions::revision)
    }

    /// The batch that is to be written again, if there is one.
    pub(crate) fn revoked(&self) -> Option<BatchId> {
        let (batch, decisions) = self.decisions.last_key_value()?;
        let is_pending = !decisions.revoked.is_empty() && !self.prepared.contains_key(batch);
        is_pending.then_some(*batch)
    }

    /// What `prepared` of a batch follows: its offsets, or the decision that it is written again.
    pub(crate) fn before_prepared(&self, batch: BatchId) -> Option<&str> {
        let revoked = self.decisions_of(batch).and_then(|d| d.revoked.last());
        revoked
            .map(|revoked| revoked.checksum.as_str())
            .or_else(|| self.offsets.get(&batch).map(|o| o.checksum.as_str()))
    }

    fn take_outcome(
        &mut self,
        reader: &Reader<'_>,
        batch: BatchId,
        committed: Option<BatchId>,
    ) -> Result<()> {
        let mut decisions = Decisions::default();
        loop {
            let revision = decisions.revision();
            match reader.outcome(batch, revision)? {
                Some(Outcome::Revoked(revoked)) => {
                    decisions.superseded.push(reader.prepared(batch, revision)?);
                    decisions.revoked.push(revoked);
                }
                Some(Outcome::Commits(commits)) => {
                    self.commits.insert(batch, commits);
                    break;
                }
                None if committed.is_some_and(|committed| batch <= committed) => {
                    return Err(reader.missing(Log::Commits, batch, revision));
                }
                None => break,
            }
        }
        if !decisions.revoked.is_empty() {
            self.decisions.insert(batch, decisions);
        }
        Ok(())
    }

    /// Reads the `prepared` record that counts; only a batch that is to be written again has none.
    fn take_prepared(&mut self, reader: &Reader<'_>, batch: BatchId) -> Result<()> {
        let revision = self.revision_of(batch);
        let is_pending = revision > Revision::FIRST && !self.commits.contains_key(&batch);
        if is_pending && !reader.has_prepared(batch, revision) {
            return Ok(());
        }
        self.prepared
            .insert(batch, reader.prepared(batch, revision)?);
        Ok(())
    }

    /// Reads which files of the batch in hand a person has accepted. An acceptance of an earlier
    /// revision says nothing of the current one.
    fn take_acceptances(&mut self, reader: &Reader<'_>, batch: BatchId) -> Result<()> {
        let acceptances = reader.acceptances(batch)?;
        if acceptances.is_empty() {
            return Ok(());
        }
        let current = self
            .prepared
            .get(&batch)
            .map(|found| found.checksum.clone());
        let decisions = self.decisions.entry(batch).or_default();
        for Stored { body, .. } in acceptances {
            let AcceptedRecord {
                number,
                previous,
                files,
                ..
            } = body;
            decisions.acceptances = number;
            let superseded = decisions.superseded.iter();
            let is_known = Some(&previous) == current.as_ref()
                || superseded.into_iter().any(|old| old.checksum == previous);
            if !is_known {
                return Err(reader.broken_acceptance(batch, number));
            }
            if Some(&previous) == current.as_ref() {
                let paths = files.into_iter().map(|file| file.path);
                decisions.accepted.extend(paths);
            }
        }
        Ok(())
    }

    /// Checks that no record names a run that has not begun before this one.
    fn verify_runs(&self, run: Run) -> Result<()> {
        let offsets = self.offsets.values().map(|one| (one.body.run, &one.place));
        let prepared = self.prepared.values().map(|one| (one.body.run, &one.place));
        let commits = self.commits.values().map(|one| (one.body.run, &one.place));
        let decided = self.decisions.values().flat_map(|decisions| {
            let superseded = decisions.superseded.iter();
            let revoked = decisions.revoked.iter();
            superseded
                .map(|one| (one.body.run, &one.place))
                .chain(revoked.map(|one| (one.body.run, &one.place)))
        });
        match offsets
            .chain(prepared)
            .chain(commits)
            .chain(decided)
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
                    Some(Log::Offsets.path(before, Revision::FIRST)?),
                ));
            }
        }
        for (batch, decisions) in &self.decisions {
            self.verify_decisions(*batch, decisions)?;
        }
        for (batch, prepared) in &self.prepared {
            if self.before_prepared(*batch) != Some(&prepared.body.previous) {
                let before = self.path_before_prepared(*batch)?;
                return Err(broken(&prepared.place, *batch, Some(before)));
            }
        }
        for (batch, commits) in &self.commits {
            let before = self.prepared.get(batch).map(|before| &before.checksum);
            if before != Some(&commits.body.previous) {
                let before = Log::Prepared.path(*batch, self.revision_of(*batch))?;
                return Err(broken(&commits.place, *batch, Some(before)));
            }
        }
        Ok(())
    }

    /// Where the record is that `prepared` of a batch follows.
    fn path_before_prepared(&self, batch: BatchId) -> Result<StorePath> {
        let revoked = self.decisions_of(batch).and_then(|d| d.revoked.last());
        match revoked {
            Some(revoked) => Log::Commits.path(batch, revoked.body.revision),
            None => Log::Offsets.path(batch, Revision::FIRST),
        }
    }

    /// Each revision follows the decision before it, and each decision the revision it revokes.
    fn verify_decisions(&self, batch: BatchId, decisions: &Decisions) -> Result<()> {
        let mut before = self.offsets.get(&batch).map(|o| o.checksum.as_str());
        let mut before_at = Log::Offsets.path(batch, Revision::FIRST)?;
        let mut revision = Revision::FIRST;
        for (prepared, revoked) in decisions.superseded.iter().zip(&decisions.revoked) {
            if before != Some(&prepared.body.previous) {
                return Err(broken(&prepared.place, batch, Some(before_at)));
            }
            if revoked.body.previous != prepared.checksum || revoked.body.revision != revision {
                let before = Log::Prepared.path(batch, revision)?;
                return Err(broken(&revoked.place, batch, Some(before)));
            }
            before = Some(&revoked.checksum);
            before_at = Log::Commits.path(batch, revision)?;
            revision = revision.next();
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
                let revision = match log {
                    Log::Offsets => Revision::FIRST,
                    Log::Prepared | Log::Commits => self.revision_of(*batch),
                };
                storage.sync(&log.path(*batch, revision)?)?;
            }
        }
        let Some((batch, decisions)) = self.decisions.last_key_value() else {
            return Ok(());
        };
        if let Some(revoked) = decisions.revoked.last() {
            storage.sync(&Log::Commits.path(*batch, revoked.body.revision)?)?;
        }
        for number in 1..=decisions.acceptances {
            storage.sync(&layout::accepted_path(*batch, number)?)?;
        }
        Ok(())
    }
}
