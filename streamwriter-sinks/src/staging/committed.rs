//! Which batches a target has committed: one small record each, the newest ones kept (E6, E10).

use streamwriter_core::{
    BatchId, Created, Error, QueryId, Result, Storage, StorePath, TargetRecord, record,
};

use super::error::StagingError;
use super::{names, place};

/// The kind of the records.
const COMMITTED: &str = "committed";

/// How many records are kept. Two would do; the rest is for the person who looks.
pub(super) const KEPT: u64 = 100;

/// Reads the record of the newest batch and makes it durable.
pub(super) fn last(storage: &dyn Storage, query: QueryId) -> Result<Option<TargetRecord>> {
    let Some((batch, path)) = listed(storage)?.pop() else {
        return Ok(None);
    };
    let Some(bytes) = storage.read(&path)? else {
        return Ok(None);
    };
    let found = decode(storage, &path, batch, &bytes)?;
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
pub(super) fn create(storage: &dyn Storage, new: &TargetRecord) -> Result<()> {
    let path = names::committed(new.batch)?;
    match storage.create(&path, &record::encode(COMMITTED, new)?.bytes)? {
        Created::New => {
            forget(storage, new.batch);
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
pub(super) fn purge(storage: &dyn Storage) -> Result<()> {
    let records = listed(storage)?;
    let Some((newest, _)) = records.last() else {
        return Ok(());
    };
    let first_kept = (newest.get() + 1).saturating_sub(KEPT);
    for (batch, path) in &records {
        if batch.get() < first_kept {
            storage.delete(path)?;
        }
    }
    Ok(())
}

/// Removes the one record that a new batch makes superfluous.
fn forget(storage: &dyn Storage, newest: BatchId) {
    let Some(old) = newest.get().checked_sub(KEPT) else {
        return;
    };
    let deleted = names::committed(BatchId::new(old)).and_then(|path| storage.delete(&path));
    if let Err(error) = deleted {
        // The next start removes it; the batch is recorded all the same.
        tracing::warn!(batch = old, %error, "could not remove an old record of the target");
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

/// Lists the records, oldest first. Hidden files are the operating system's, not ours.
fn listed(storage: &dyn Storage) -> Result<Vec<(BatchId, StorePath)>> {
    let directory = names::committed_directory()?;
    let mut records = Vec::new();
    for entry in storage.list(&directory)? {
        let direct = entry.path.parent() == directory;
        match names::parse_batch_name(entry.path.file_name()) {
            Some(batch) if direct => records.push((batch, entry.path)),
            _ if entry.path.file_name().starts_with('.') => {}
            _ => {
                let path = place(storage, &entry.path);
                return Err(StagingError::ForeignRecord { path }.into());
            }
        }
    }
    records.sort();
    Ok(records)
}
