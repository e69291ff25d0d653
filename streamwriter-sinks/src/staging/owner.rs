//! Who writes to a target: the claim that the first start leaves there (E6).

use serde::{Deserialize, Serialize};
use streamwriter_core::{Created, QueryId, Result, Storage, TargetClaim, record};

use super::error::StagingError;
use super::{names, place};

/// The kind of the record.
const OWNER: &str = "owner";

/// The record `_streamwriter/owner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    pub(super) query: QueryId,
    pub(super) checkpoint: String,
    pub(super) created: String,
}

/// Reads the claim; `None` if nobody has claimed the target.
pub(super) fn read(storage: &dyn Storage) -> Result<Option<Owner>> {
    match storage.read(&names::owner()?)? {
        Some(bytes) => Ok(Some(decode(storage, &bytes)?)),
        None => Ok(None),
    }
}

/// Checks a claim that may be there, and changes nothing.
pub(super) fn check(storage: &dyn Storage, claim: &TargetClaim) -> Result<()> {
    match read(storage)? {
        Some(owner) => expect(storage, owner, claim.query),
        None if claim.claimed_before => Err(StagingError::Unclaimed {
            location: storage.location(),
        }
        .into()),
        None => Ok(()),
    }
}

/// Claims the target, durably, unless it is claimed; another query's claim is an error.
pub(super) fn claim(storage: &dyn Storage, claim: &TargetClaim) -> Result<()> {
    let path = names::owner()?;
    let owner = Owner {
        query: claim.query,
        checkpoint: claim.checkpoint.clone(),
        created: claim.holder.since.clone(),
    };
    match storage.create(&path, &record::encode(OWNER, &owner)?.bytes)? {
        Created::New => Ok(()),
        Created::Exists(bytes) => {
            expect(storage, decode(storage, &bytes)?, claim.query)?;
            // A crashed start may have left it visible and not durable.
            storage.sync(&path)
        }
    }
}

/// Fails if the target belongs to another query, or to nobody although it was `claimed`.
pub(super) fn expect_query(storage: &dyn Storage, query: QueryId, claimed: bool) -> Result<()> {
    match read(storage)? {
        Some(owner) => expect(storage, owner, query),
        None if claimed => Err(StagingError::Unclaimed {
            location: storage.location(),
        }
        .into()),
        None => Ok(()),
    }
}

fn expect(storage: &dyn Storage, owner: Owner, query: QueryId) -> Result<()> {
    if owner.query == query {
        return Ok(());
    }
    Err(StagingError::OtherOwner {
        location: storage.location(),
        owner: Box::new(owner),
        query,
    }
    .into())
}

fn decode(storage: &dyn Storage, bytes: &[u8]) -> Result<Owner> {
    let (owner, _) = record::decode(OWNER, bytes, &place(storage, &names::owner()?))?;
    Ok(owner)
}
