//! What jobs leave: those that are done, and those that died (E7).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::sink::ClusterSink;
use crate::engine::caught;
use crate::error::Result;
use crate::ids::{BatchId, QueryId, Run};
use crate::journal::{self, Journal};
use crate::storage::{SharedStorage, StorePath};
use crate::target::LEFTOVER_AGE;
use crate::writer::StreamWriter;

/// Removes the staged files of a job that is committed, and its records unless its id was given, by which
/// it may be asked for again; then what dead jobs have left.
pub(super) fn forget(
    cluster: &ClusterSink,
    journal: Option<Journal>,
    job: QueryId,
    run: Run,
) -> Result<()> {
    sweep(cluster, job, run.next());
    match journal {
        Some(journal) if cluster.options.job_id.is_none() => journal.remove()?,
        _ => {}
    }
    if let Err(error) = sweep_dead(cluster, job) {
        tracing::warn!(error = %error.report(), "what dead jobs have left could not be removed");
    }
    Ok(())
}

/// Removes what runs before this one have staged for the one batch of a job. Nothing depends on it.
fn sweep(cluster: &ClusterSink, job: QueryId, run: Run) {
    let Some(target) = cluster.sink.target() else {
        return;
    };
    let swept = caught("the target's sweep", || {
        target.sweep(job, run, BatchId::FIRST)
    });
    if let Err(error) = swept.and_then(|swept| swept) {
        tracing::warn!(error = %error.report(), "leftovers could not be removed");
    }
}

/// Ends jobs that nobody has worked at for a day, and removes what they have staged.
fn sweep_dead(cluster: &ClusterSink, but: QueryId) -> Result<()> {
    let Some(journals) = cluster.journals()? else {
        return Ok(());
    };
    for (job, age) in ages(&journals)? {
        if job == but || age < LEFTOVER_AGE {
            continue;
        }
        let place = journals.below(&StorePath::parse(job.to_string())?)?;
        if let Some(journal) = journal::close_dead_job(place, job)? {
            sweep(cluster, job, journal.run().next());
            journal.remove()?;
        }
    }
    Ok(())
}

/// Returns for how long nothing was changed in each journal.
fn ages(journals: &SharedStorage) -> Result<BTreeMap<QueryId, Duration>> {
    let now = SystemTime::now();
    let mut ages = BTreeMap::new();
    for entry in journals.list(&StorePath::root())? {
        let first = entry.path.as_str().split('/').next().unwrap_or_default();
        let Ok(query) = first.parse() else { continue };
        // A clock that was set back makes nothing old.
        let modified = entry
            .modified
            .and_then(|modified| now.duration_since(modified).ok());
        let age = modified.unwrap_or_default();
        let youngest = ages.entry(query).or_insert(age);
        *youngest = age.min(*youngest);
    }
    Ok(ages)
}
