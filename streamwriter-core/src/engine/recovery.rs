//! From what was found in the journal to the batches to enter first (E2, E3, B5).

use std::collections::VecDeque;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::resume::{Facts, Part, Resume, TargetFact, resume};
use super::{Batch, Entry, Prepared, caught};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, QueryId, Revision};
use crate::journal::{Found, OffsetsRecord, Stored};
use crate::message::CommitMessage;
use crate::source::{Plan, PlanOf, Source};
use crate::target::Target;

/// What a run begins with.
pub(crate) struct Recovery<S: Source, M> {
    /// The newest committed batch, of which the source is told once more (S1).
    pub(crate) committed: Option<(BatchId, PlanOf<S>)>,
    /// Batches to enter before any new one is planned.
    pub(crate) entries: VecDeque<Entry<S, M>>,
    /// The id of the next batch to plan.
    pub(crate) next: BatchId,
    /// Where that batch begins.
    pub(crate) start: Option<S::Offset>,
    /// The checksum of the newest `offsets` record.
    pub(crate) offsets_tip: Option<String>,
}

/// The batch that is prepared and not committed, as a person sees it who is to decide about it.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) batch: BatchId,
    pub(crate) revision: Revision,
    /// The checksum of its `prepared` record.
    pub(crate) digest: String,
    /// Whether the target records it already, so that nothing is to decide.
    pub(crate) recorded: bool,
}

impl<S: Source, M: CommitMessage> Recovery<S, M> {
    /// Returns the batch that is prepared and not committed, if there is one.
    pub(crate) fn pending(&self) -> Option<Pending> {
        let Some(Entry::Prepared(batch, prepared)) = self.entries.front() else {
            return None;
        };
        Some(Pending {
            batch: batch.id,
            revision: batch.revision,
            digest: prepared.digest.clone()?,
            recorded: prepared.recorded,
        })
    }

    /// Returns the newest batch that was ever planned.
    pub(crate) fn planned(&self) -> Option<BatchId> {
        self.next.get().checked_sub(1).map(BatchId::new)
    }

    /// The beginning of a query that has no history.
    pub(crate) fn none() -> Self {
        Self {
            committed: None,
            entries: VecDeque::new(),
            next: BatchId::FIRST,
            start: None,
            offsets_tip: None,
        }
    }

    /// Decides what to do first, from the journal and the target's memory.
    pub(crate) fn decide(
        found: &Found,
        query: QueryId,
        target: Option<&dyn Target>,
    ) -> Result<Self> {
        let newest = |keys: Option<&BatchId>| keys.copied();
        let commits = newest(found.commits.keys().next_back());
        let facts = Facts {
            offsets: newest(found.offsets.keys().next_back()),
            prepared: newest(found.prepared.keys().next_back()),
            commits,
            revoked: found.revoked(),
            targets: parts_of(found, query, target)?,
        };
        let mut recovery = Self::none();
        match resume(&facts)? {
            Resume::Plan(_) => {}
            Resume::Write { batch, then_write } => {
                for batch in std::iter::once(batch).chain(then_write) {
                    recovery
                        .entries
                        .push_back(Entry::Found(batch_of(found, batch)?));
                }
            }
            Resume::Commit {
                batch,
                recorded,
                then_write,
            } => {
                recovery
                    .entries
                    .push_back(commit_entry(found, batch, recorded)?);
                if let Some(next) = then_write {
                    recovery
                        .entries
                        .push_back(Entry::Found(batch_of(found, next)?));
                }
            }
        }
        if let Some(batch) = commits {
            recovery.committed = Some((batch, batch_of::<S>(found, batch)?.plan));
        }
        if let Some((newest, stored)) = found.offsets.last_key_value() {
            recovery.next = newest.next();
            recovery.start = Some(batch_of::<S>(found, *newest)?.plan.end);
            recovery.offsets_tip = Some(stored.checksum.clone());
        }
        Ok(recovery)
    }
}

/// Asks every part of a target, also of a part that is several itself.
fn parts_of(found: &Found, query: QueryId, target: Option<&dyn Target>) -> Result<Vec<Part>> {
    let Some(target) = target else {
        return Ok(vec![Part {
            location: None,
            memory: TargetFact::NoMemory,
        }]);
    };
    let parts = caught("the target's parts", || target.parts())?;
    if parts.is_empty() {
        return Ok(vec![Part {
            location: Some(target.location()),
            memory: target_fact(found, query, target)?,
        }]);
    }
    let mut all = Vec::new();
    for part in parts {
        all.extend(parts_of(found, query, part)?);
    }
    Ok(all)
}

fn target_fact(found: &Found, query: QueryId, target: &dyn Target) -> Result<TargetFact> {
    let Some(record) = target.last_committed(query)? else {
        return Ok(TargetFact::Nothing);
    };
    let superseded = found
        .decisions_of(record.batch)
        .map_or(&[][..], |decisions| &decisions.superseded);
    if superseded.iter().any(|old| old.checksum == record.prepared) {
        return Ok(TargetFact::Revoked);
    }
    let prepared = found.prepared.get(&record.batch);
    let same_messages = prepared.is_some_and(|prepared| prepared.checksum == record.prepared);
    // A batch that the journal does not hold any more, or not yet, is refused for its number.
    Ok(TargetFact::Newest {
        batch: record.batch,
        same_messages,
    })
}

fn commit_entry<S: Source, M: CommitMessage>(
    found: &Found,
    id: BatchId,
    recorded: bool,
) -> Result<Entry<S, M>> {
    let batch = batch_of::<S>(found, id)?;
    let stored = found.prepared.get(&id).ok_or_else(|| missing(id))?;
    let before = batch.before_prepared.as_deref().unwrap_or_default();
    let mut prepared = Prepared::from_record(&stored.body, stored.checksum.clone(), before)
        .map_err(|error| error.at_path(&stored.place))?;
    prepared.recorded = recorded;
    if let Some(decisions) = found.decisions_of(id) {
        prepared.accepted = Arc::new(decisions.accepted.clone());
    }
    Ok(Entry::Prepared(batch, prepared))
}

fn batch_of<S: Source>(found: &Found, id: BatchId) -> Result<Batch<S>> {
    let stored = found.offsets.get(&id).ok_or_else(|| missing(id))?;
    let body = &stored.body;
    let start = match &body.start {
        Value::Null => None,
        start => Some(from_json(stored, start)?),
    };
    let partitions = body
        .partitions
        .iter()
        .map(|p| from_json(stored, p))
        .collect::<Result<_>>()?;
    let plan = Plan {
        end: from_json(stored, &body.end)?,
        partitions,
        rows: body.rows,
    };
    Ok(Batch {
        id,
        start,
        plan,
        before_prepared: found.before_prepared(id).map(str::to_owned),
        revision: found.revision_of(id),
        revoked_in: found
            .decisions_of(id)
            .and_then(|decisions| decisions.revoked.last())
            .map(|revoked| revoked.body.run),
        offsets_before: None, // its own record is there
        planning: None,
    })
}

fn from_json<T: DeserializeOwned>(stored: &Stored<OffsetsRecord>, value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        Error::new(
            ErrorKind::Corrupted,
            "the source cannot read the offsets that are recorded for this batch",
        )
        .in_batch(stored.body.batch)
        .at_path(&stored.place)
        .with_help("start the release of the program that recorded them")
        .with_source(error)
    })
}

fn missing(batch: BatchId) -> Error {
    Error::new(ErrorKind::Corrupted, "a record of this batch is missing").in_batch(batch)
}
