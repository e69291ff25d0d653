//! Which batches a target has committed: one small record each, the newest ones kept (E6, E10).
//!
//! The records of the query that claimed the target first lie in `committed/`; those of a query
//! that took it over, in a directory of its own below. So batches of two queries with the same
//! number do not meet, and each query finds its own newest record, also when it comes back.

use streamwriter_core::{
    BatchId, Created, Error, QueryId, Result, Revision, Storage, StorePath, TargetRecord, record,
};

use super::error::StagingError;
use super::owner::Owners;
use super::{names, place};

/// The kind of the records.
const COMMITTED: &str = "committed";

/// How many batches' records are kept of each query. Two would do; the rest is for the person who
/// looks.
pub(super) const KEPT: u64 = 100;

/// Where the records of one query lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records {
    directory: StorePath,
}

/// A record of a listing.
struct Listed {
    /// The directory of a query that took the target over; none for the one that claimed it first.
    of: Option<QueryId>,
    batch: BatchId,
    revision: Revision,
    path: StorePath,
}

impl Records {
    /// The records of a query in a target with these owners.
    pub(super) fn of(query: QueryId, owners: Option<&Owners>) -> Result<Self> {
        let directory = names::committed_directory()?;
        let directory = match owners {
            Some(owners) if owners.first() != query => directory.join(&query.to_string())?,
            _ => directory,
        };
        Ok(Self { directory })
    }

    fn path(&self, batch: BatchId, revision: Revision) -> Result<StorePath> {
        self.directory.join(&names::record_name(batch, revision))
    }

    /// Reads the record of the newest batch and makes it durable; of a batch that was written
    /// again, the one of its last revision.
    pub(super) fn last(
        &self,
        storage: &dyn Storage,
        query: QueryId,
    ) -> Result<Option<TargetRecord>> {
        let Some(newest) = self.listed(storage)?.pop() else {
            return Ok(None);
        };
        let path = newest.path;
        let Some(bytes) = storage.read(&path)? else {
            return Ok(None);
        };
        let found = decode(storage, &path, newest.batch, &bytes)?;
        if found.query != query {
            return Err(StagingError::OtherQuery {
                path: place(storage, &path),
                found: found.query,
                query,
            }
            .into());
        }
        storage.sync(&path)?;
        Ok(Some(found))
    }

    /// Creates the record of a batch; the same one again is no error.
    pub(super) fn create(
        &self,
        storage: &dyn Storage,
        new: &TargetRecord,
        revision: Revision,
    ) -> Result<()> {
        let path = self.path(new.batch, revision)?;
        match storage.create(&path, &record::encode(COMMITTED, new)?.bytes)? {
            Created::New => {
                self.forget(storage, new.batch);
                Ok(())
            }
            Created::Exists(bytes) => {
                expect_same(storage, &path, new, &bytes)?;
                // A crashed start may have left it visible and not durable.
                storage.sync(&path)
            }
        }
    }

    /// Removes all records but the newest ones; for what a crash left behind.
    pub(super) fn purge(&self, storage: &dyn Storage) -> Result<()> {
        let records = self.listed(storage)?;
        let Some(newest) = records.last() else {
            return Ok(());
        };
        let first_kept = (newest.batch.get() + 1).saturating_sub(KEPT);
        for record in &records {
            if record.batch.get() < first_kept {
                storage.delete(&record.path)?;
            }
        }
        Ok(())
    }

    /// Removes the one record that a new batch makes superfluous.
    fn forget(&self, storage: &dyn Storage, newest: BatchId) {
        let Some(old) = newest.get().checked_sub(KEPT) else {
            return;
        };
        let deleted = self
            .path(BatchId::new(old), Revision::FIRST)
            .and_then(|path| storage.delete(&path));
        if let Err(error) = deleted {
            // The next start removes it; the batch is recorded all the same.
            tracing::warn!(batch = old, %error, "could not remove an old record of the target");
        }
    }

    /// Lists the records of this query, oldest first.
    fn listed(&self, storage: &dyn Storage) -> Result<Vec<Listed>> {
        let mut records = listed_below(storage, &self.directory)?;
        records.retain(|record| record.path.parent() == self.directory);
        records.sort_by_key(|record| (record.batch, record.revision));
        Ok(records)
    }
}

/// Makes sure that the records are those of known owners: if they are of another query, the record
/// of its claim or of its take-over is missing (E9).
pub(super) fn expect_owners(storage: &dyn Storage, owners: &Owners) -> Result<()> {
    let directory = names::committed_directory()?;
    let unknown = |query: QueryId, path: &StorePath| {
        let path = place(storage, path);
        Error::from(StagingError::NotAnOwner { path, query })
    };
    let mut newest_of_first = None;
    for record in listed_below(storage, &directory)? {
        match record.of {
            Some(query) if !owners.know(query) || query == owners.first() => {
                return Err(unknown(query, &record.path));
            }
            Some(_) => {}
            None => newest_of_first = Some(record),
        }
    }
    let Some(newest) = newest_of_first else {
        return Ok(());
    };
    let Some(bytes) = storage.read(&newest.path)? else {
        return Ok(());
    };
    let found = decode(storage, &newest.path, newest.batch, &bytes)?;
    match found.query == owners.first() {
        true => Ok(()),
        false => Err(unknown(found.query, &newest.path)),
    }
}

fn expect_same(
    storage: &dyn Storage,
    path: &StorePath,
    new: &TargetRecord,
    bytes: &[u8],
) -> Result<()> {
    let found = decode(storage, path, new.batch, bytes)?;
    if found.query != new.query {
        return Err(StagingError::OtherQuery {
            path: place(storage, path),
            found: found.query,
            query: new.query,
        }
        .into());
    }
    if found.prepared != new.prepared {
        return Err(Error::from(StagingError::OtherDigest {
            path: place(storage, path),
            found: found.prepared,
            expected: new.prepared.clone(),
        })
        .in_batch(new.batch));
    }
    Ok(())
}

fn decode(
    storage: &dyn Storage,
    path: &StorePath,
    batch: BatchId,
    bytes: &[u8],
) -> Result<TargetRecord> {
    let path = place(storage, path);
    let (found, _): (TargetRecord, _) = record::decode(COMMITTED, bytes, &path)?;
    if found.batch != batch {
        return Err(StagingError::OtherBatch {
            path,
            found: found.batch,
        }
        .into());
    }
    Ok(found)
}

/// Lists records at any depth below a directory. Hidden files are the operating system's, not ours.
fn listed_below(storage: &dyn Storage, directory: &StorePath) -> Result<Vec<Listed>> {
    let mut records = Vec::new();
    if let Some(path) = storage.name_that_is_not_text(directory)? {
        return Err(StagingError::ForeignRecord { path }.into());
    }
    for entry in storage.list(directory)? {
        match parse(&entry.path)? {
            Some(record) => records.push(record),
            None if entry.path.file_name().starts_with('.') => {}
            None => {
                let path = place(storage, &entry.path);
                return Err(StagingError::ForeignRecord { path }.into());
            }
        }
    }
    Ok(records)
}

/// Reads the place of a record: directly in `committed/`, or in the directory of a query there.
fn parse(path: &StorePath) -> Result<Option<Listed>> {
    let Some((batch, revision)) = names::parse_record_name(path.file_name()) else {
        return Ok(None);
    };
    let (root, parent) = (names::committed_directory()?, path.parent());
    let of = if parent == root {
        None
    } else if parent.parent() == root
        && let Ok(query) = parent.file_name().parse::<QueryId>()
        && query.to_string() == parent.file_name()
    {
        Some(query)
    } else {
        return Ok(None);
    };
    Ok(Some(Listed {
        of,
        batch,
        revision,
        path: path.clone(),
    }))
}
