//! What is staged and nobody will publish: found by proof and age, listed or removed (E7).

use std::collections::BTreeSet;
use std::time::SystemTime;

use streamwriter_core::__private::pass_failpoint;
use streamwriter_core::{
    BatchId, Fate, Leftover, QueryId, Result, Run, Storage, StorePath, Sweep, SweepScope, Unlisted,
};

use super::names::{self, StagedName};

/// Something below the staging directory of the query, with its fate.
struct Found {
    path: StorePath,
    bytes: u64,
    /// None for a name that staging does not give.
    staged: Option<(BatchId, StagedName)>,
    fate: Fate,
}

/// Removes what goes; only names that staging itself gives, below the query's own directory.
pub(super) fn sweep(storage: &dyn Storage, scope: &SweepScope) -> Result<Sweep> {
    let own = names::staging_of_query(scope.query)?;
    let mut emptied = BTreeSet::new();
    let mut swept = Sweep::default();
    for found in staged_of(storage, scope)? {
        let Some((_, name)) = found.staged else {
            continue;
        };
        if found.fate.goes() {
            if storage.discard(&found.path)? {
                swept.removed += 1;
                pass_failpoint("leftover-swept");
            }
            emptied.insert(found.path.parent());
        } else if waits(&found.fate, name.run, scope.run) {
            swept.remaining += 1;
        }
    }
    emptied.extend(empty_directories(storage, scope)?);
    for directory in emptied.iter().filter(|directory| **directory != own) {
        storage.remove_directory(directory)?;
    }
    Ok(swept)
}

/// Tells whether something stays for now and goes later. What the current run has staged for a
/// batch in hand is no leftover.
fn waits(fate: &Fate, run: Run, current: Run) -> bool {
    match fate {
        Fate::Young { .. } => true,
        _ => run < current,
    }
}

/// Lists everything below our own directory that is neither a record nor published.
pub(super) fn look(storage: &dyn Storage, scope: &SweepScope) -> Result<Vec<Leftover>> {
    let mut leftovers = Vec::new();
    for found in staged_of(storage, scope)? {
        leftovers.push(Leftover::new(found.path, Some(found.bytes), found.fate));
    }
    let own = names::staging_of_query(scope.query)?;
    for entry in storage.list(&names::staging_directory()?)? {
        if below(&own, &entry.path).is_none() {
            let fate =
                owner_of(&entry.path)?.map_or(Fate::Foreign, |query| Fate::OfOtherQuery { query });
            leftovers.push(Leftover::new(entry.path, Some(entry.size), fate));
        }
    }
    for entry in storage.list(&names::withdrawn_directory()?)? {
        leftovers.push(Leftover::new(entry.path, Some(entry.size), Fate::Withdrawn));
    }
    for path in empty_directories(storage, scope)? {
        leftovers.push(Leftover::new(path, None, Fate::EmptyDirectory));
    }
    for unlisted in storage.unlisted(&names::own_directory()?)? {
        match unlisted {
            Unlisted::Temporary(path) | Unlisted::Probe(path) => {
                leftovers.push(Leftover::new(path, None, Fate::Temporary));
            }
            Unlisted::NotText(path) => leftovers.push(Leftover::new(path, None, Fate::Foreign)),
            _ => {}
        }
    }
    leftovers.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(leftovers)
}

/// Finds what is staged for the query.
fn staged_of(storage: &dyn Storage, scope: &SweepScope) -> Result<Vec<Found>> {
    let own = names::staging_of_query(scope.query)?;
    let entries = storage.list(&own)?.into_iter();
    let found = entries.map(|entry| {
        let staged = names::parse_staged(&own, &entry.path);
        let fate = match staged {
            Some((batch, name)) => fate_of(scope, batch, name.run, &entry.path, entry.modified),
            None => Fate::Foreign,
        };
        Found {
            path: entry.path,
            bytes: entry.size,
            staged,
            fate,
        }
    });
    Ok(found.collect())
}

/// Decides on a staged file of the query: the whole of E7, as a pure function.
pub(super) fn fate_of(
    scope: &SweepScope,
    batch: BatchId,
    run: Run,
    path: &StorePath,
    modified: Option<SystemTime>,
) -> Fate {
    // IMPORTANT: comes before everything else. What is prepared and not committed exists nowhere
    // but here, whatever its run and its age.
    if let Some((prepared, names)) = &scope.prepared
        && *prepared == batch
    {
        return match names.contains(path) {
            true => Fate::NamedByPrepared { batch },
            false => Fate::NotCommitted { batch },
        };
    }
    if scope.committed.is_none_or(|committed| batch > committed) {
        return Fate::NotCommitted { batch };
    }
    if run < scope.run {
        return Fate::Superfluous { batch, run };
    }
    // A clock that was set back makes nothing old.
    let age = modified.and_then(|modified| scope.now.duration_since(modified).ok());
    match age {
        Some(age) if age >= scope.age => Fate::Old { batch, run },
        _ => Fate::Young { batch, run },
    }
}

/// Finds the empty directories of committed batches of the query, which earlier versions made.
fn empty_directories(storage: &dyn Storage, scope: &SweepScope) -> Result<Vec<StorePath>> {
    let own = names::staging_of_query(scope.query)?;
    let mut empty = Vec::new();
    for unlisted in storage.unlisted(&own)? {
        if let Unlisted::EmptyDirectory(path) = unlisted
            && path.parent() == own
            && let Some(batch) = names::parse_batch_name(path.file_name())
            && scope.committed.is_some_and(|committed| batch <= committed)
        {
            empty.push(path);
        }
    }
    Ok(empty)
}

/// Tells which query has staged something.
fn owner_of(path: &StorePath) -> Result<Option<QueryId>> {
    let staging = names::staging_directory()?;
    let query = below(&staging, path).and_then(|rest| rest.split('/').next());
    Ok(query.and_then(|query| query.parse().ok()))
}

/// Returns the rest of a path that lies below a directory.
fn below<'p>(directory: &StorePath, path: &'p StorePath) -> Option<&'p str> {
    let rest = path.as_str().strip_prefix(directory.as_str())?;
    rest.strip_prefix('/')
}
