//! Who writes to a target: the claim of the first start, and one record for each take-over (E6).
//!
//! Nothing is ever replaced. `owner` is the first generation; a take-over adds a record that names
//! the one before by its checksum, and the newest generation is the owner. Create-if-absent makes
//! one of two queries that take over at the same time the owner.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use streamwriter_core::{Created, Error, QueryId, Result, Storage, StorePath, TargetClaim, record};

use super::error::StagingError;
use super::{names, place};

/// The kinds of the records.
const OWNER: &str = "owner";
const TAKE_OVER: &str = "take-over";

/// The generation of the first claim.
pub(super) const FIRST: u64 = 1;

/// The record `_streamwriter/owner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    pub(super) query: QueryId,
    pub(super) checkpoint: String,
    pub(super) created: String,
}

/// A record `_streamwriter/owners/N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeOver {
    generation: u64,
    /// The checksum of the generation before.
    previous: String,
    query: QueryId,
    checkpoint: String,
    created: String,
}

/// All owners that a target has had; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owners {
    first: Owner,
    later: Vec<Owner>,
    /// The checksum of the newest record.
    tip: String,
}

impl Owners {
    /// The query of the first claim, whose records of commits lie where they always did.
    pub(super) fn first(&self) -> QueryId {
        self.first.query
    }

    pub(super) fn newest(&self) -> &Owner {
        self.later.last().unwrap_or(&self.first)
    }

    pub(super) fn generation(&self) -> u64 {
        FIRST + self.later.len() as u64
    }

    /// Tells whether a query owns the target, or did once.
    pub(super) fn know(&self, query: QueryId) -> bool {
        self.first.query == query || self.later.iter().any(|owner| owner.query == query)
    }
}

/// Reads who owns the target and who did; `None` if nobody has claimed it.
pub(super) fn read(storage: &dyn Storage) -> Result<Option<Owners>> {
    let newest = newest_generation(storage)?;
    let path = names::owner()?;
    let Some(bytes) = storage.read(&path)? else {
        return match newest {
            None => Ok(None),
            Some(_) => Err(missing(storage, &path)),
        };
    };
    let (first, mut tip) = decode::<Owner>(storage, &path, OWNER, &bytes)?;
    let mut later = Vec::new();
    for generation in FIRST + 1..=newest.unwrap_or(FIRST) {
        let path = names::owner_of_generation(generation)?;
        let Some(bytes) = storage.read(&path)? else {
            return Err(missing(storage, &path));
        };
        let (found, checksum) = decode::<TakeOver>(storage, &path, TAKE_OVER, &bytes)?;
        if found.generation != generation || found.previous != tip {
            let path = place(storage, &path);
            return Err(StagingError::BrokenChain { path }.into());
        }
        later.push(Owner {
            query: found.query,
            checkpoint: found.checkpoint,
            created: found.created,
        });
        tip = checksum;
    }
    Ok(Some(Owners { first, later, tip }))
}

fn newest_generation(storage: &dyn Storage) -> Result<Option<u64>> {
    let directory = names::owners_directory()?;
    let mut newest = None;
    if let Some(path) = storage.name_that_is_not_text(&directory)? {
        return Err(StagingError::ForeignRecord { path }.into());
    }
    for entry in storage.list(&directory)? {
        let name = entry.path.file_name();
        let direct = entry.path.parent() == directory;
        match names::parse_generation(name).filter(|_| direct) {
            Some(generation) => newest = newest.max(Some(generation)),
            // Hidden files are the operating system's, not ours.
            None if name.starts_with('.') => {}
            None => {
                let path = place(storage, &entry.path);
                return Err(StagingError::ForeignRecord { path }.into());
            }
        }
    }
    Ok(newest)
}

/// What a claim has to do.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nobody has the target.
    ClaimFirst,
    /// It is this query's already.
    Keep,
    /// It is to be taken over from its owner, as this generation.
    TakeOver(u64),
}

/// Decides what a claim may do; a pure function of what was found.
fn decide(owners: Option<&Owners>, claim: &TargetClaim, location: String) -> Result<Step> {
    let Some(owners) = owners else {
        return match claim.claimed_before {
            true => Err(StagingError::Unclaimed { location }.into()),
            false => Ok(Step::ClaimFirst),
        };
    };
    let owner = owners.newest();
    if owner.query == claim.query {
        return Ok(Step::Keep);
    }
    // IMPORTANT: a query with batches that this target does not know has written them elsewhere.
    // With the target it would go on behind rows that are not there.
    let stranger = claim.claimed_before && !owners.know(claim.query);
    if claim.take_over_target_from != Some(owner.query) || stranger {
        return Err(StagingError::OtherOwner {
            location,
            owner: Box::new(owner.clone()),
            query: claim.query,
            named: claim.take_over_target_from.filter(|_| !stranger),
            stranger,
        }
        .into());
    }
    Ok(Step::TakeOver(owners.generation() + 1))
}

/// Checks a claim that may be there, and changes nothing.
pub(super) fn check(storage: &dyn Storage, claim: &TargetClaim) -> Result<()> {
    decide(read(storage)?.as_ref(), claim, storage.location()).map(|_| ())
}

/// Claims the target, durably, unless it is this query's already; returns the owners.
///
/// Called under the lock of the target. The lock can be taken over, so it is create-if-absent that
/// decides between two.
pub(super) fn claim(storage: &dyn Storage, claim: &TargetClaim) -> Result<Owners> {
    let owners = read(storage)?;
    let step = decide(owners.as_ref(), claim, storage.location())?;
    // What was found may be visible and not durable: its driver has crashed, or is just about to
    // sync it.
    sync_newest(storage, owners.as_ref())?;
    let created = match step {
        Step::Keep => return owners.ok_or_else(|| unclaimed(storage)),
        Step::ClaimFirst => {
            let owner = Owner {
                query: claim.query,
                checkpoint: claim.checkpoint.clone(),
                created: claim.holder.since.clone(),
            };
            storage.create(&names::owner()?, &record::encode(OWNER, &owner)?.bytes)?
        }
        Step::TakeOver(generation) => {
            let record = TakeOver {
                generation,
                previous: owners.map(|owners| owners.tip).unwrap_or_default(),
                query: claim.query,
                checkpoint: claim.checkpoint.clone(),
                created: claim.holder.since.clone(),
            };
            let path = names::owner_of_generation(generation)?;
            storage.create(&path, &record::encode(TAKE_OVER, &record)?.bytes)?
        }
    };
    // What counts is what is there now: another query may have been quicker.
    let owners = read(storage)?;
    if decide(owners.as_ref(), claim, storage.location())? != Step::Keep {
        let path = storage.location();
        return Err(StagingError::BrokenChain { path }.into());
    }
    if created != Created::New {
        sync_newest(storage, owners.as_ref())?;
    }
    owners.ok_or_else(|| unclaimed(storage))
}

fn unclaimed(storage: &dyn Storage) -> Error {
    let location = storage.location();
    StagingError::Unclaimed { location }.into()
}

fn sync_newest(storage: &dyn Storage, owners: Option<&Owners>) -> Result<()> {
    match owners.map(Owners::generation) {
        None => Ok(()),
        Some(FIRST) => storage.sync(&names::owner()?),
        Some(generation) => storage.sync(&names::owner_of_generation(generation)?),
    }
}

/// Fails if the target belongs to another query; a target without a claim belongs to nobody.
pub(super) fn expect_query(storage: &dyn Storage, query: QueryId) -> Result<()> {
    let owners = read(storage)?;
    match &owners {
        Some(owners) if owners.newest().query != query => {
            let claim = TargetClaim::new(query, "");
            decide(Some(owners), &claim, storage.location()).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Fails if the target has been taken over since it was opened as this generation, or if it is
/// not the one that was opened: emptied, or exchanged for another.
pub(super) fn expect_generation(
    storage: &dyn Storage,
    query: QueryId,
    generation: u64,
) -> Result<()> {
    let Some(owners) = read(storage)? else {
        return Err(unclaimed(storage));
    };
    if owners.newest().query == query && owners.generation() == generation {
        return Ok(());
    }
    Err(StagingError::TakenOver {
        location: storage.location(),
        owner: Box::new(owners.newest().clone()),
        query,
    }
    .into())
}

fn missing(storage: &dyn Storage, path: &StorePath) -> Error {
    let path = place(storage, path);
    StagingError::MissingOwner { path }.into()
}

fn decode<B: DeserializeOwned>(
    storage: &dyn Storage,
    path: &StorePath,
    kind: &str,
    bytes: &[u8],
) -> Result<(B, String)> {
    record::decode(kind, bytes, &place(storage, path))
}
