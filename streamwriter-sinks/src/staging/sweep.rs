//! The removal of what crashed runs have staged and nobody will publish (E7).

use std::collections::BTreeSet;

use streamwriter_core::__private::pass_failpoint;
use streamwriter_core::{BatchId, QueryId, Result, Run, Storage, Sweep};

use super::names;

/// Removes what runs before `run` have staged for batches up to `through`.
///
/// Only names that staging itself gives are looked at, below the query's own staging directory.
pub(super) fn sweep(
    storage: &dyn Storage,
    query: QueryId,
    run: Run,
    through: BatchId,
) -> Result<Sweep> {
    let below = names::staging_of_query(query)?;
    // The newest committed batch may have left an empty directory at a crash.
    let mut emptied = BTreeSet::from([through]);
    let mut found = Sweep::default();
    for entry in storage.list(&below)? {
        let Some((batch, name)) = names::parse_staged(&below, &entry.path) else {
            continue;
        };
        if name.run >= run {
            continue;
        }
        if batch > through {
            found.remaining += 1;
            continue;
        }
        if storage.discard(&entry.path)? {
            found.removed += 1;
            pass_failpoint("leftover-swept");
        }
        emptied.insert(batch);
    }
    for batch in emptied {
        storage.remove_directory(&names::staging_of_batch(query, batch)?)?;
    }
    Ok(found)
}
