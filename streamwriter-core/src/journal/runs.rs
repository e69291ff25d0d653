//! The runs of a query: each start creates `runs/G`, and who sees a newer one stops (E5).

#[cfg(feature = "arrow")]
use std::sync::Arc;

use super::layout;
use super::records::RunRecord;
use crate::context::Fence;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{QueryId, Run};
use crate::record::{self, damaged};
use crate::storage::{Created, LockHolder, SharedStorage, StorePath};

/// How many run records are kept.
const RUNS_KEPT: u64 = 100;

/// Returns the number that the next run will have.
pub(super) fn next(storage: &SharedStorage) -> Result<Run> {
    let newest = layout::numbers(&**storage, &StorePath::parse(layout::RUNS)?)?.pop();
    Ok(newest.map_or(Run::FIRST, |newest| Run::new(newest).next()))
}

/// Creates the record of the next run.
///
/// `named` is the newest run that a record of the journal names, and that record.
pub(super) fn begin(
    storage: &SharedStorage,
    query: QueryId,
    holder: &LockHolder,
    named: Option<(Run, String)>,
) -> Result<Run> {
    let newest = newest(storage)?;
    if let Some((run, by)) = named.filter(|(run, _)| newest.is_none_or(|newest| newest < *run)) {
        let message = format!("the run record is missing, and {by} names it");
        return Err(damaged(&place(storage, run)?, message));
    }
    let (run, previous) = match newest {
        Some(newest) => (newest.next(), Some(checksum_of(storage, query, newest)?)),
        None => (Run::FIRST, None),
    };
    let body = RunRecord {
        query,
        run,
        previous,
        cluster: None,
        started: super::now(),
        pid: holder.pid,
        host: holder.host.clone(),
    };
    let path = layout::run_path(run)?;
    match storage.create(&path, &record::encode("run", &body)?.bytes)? {
        Created::New => Ok(run),
        Created::Exists(_) => Err(Error::new(
            ErrorKind::Locked,
            format!("another driver began run {run} at the same time"),
        )
        .at_path(format!("{}/{path}", storage.location()))
        .with_help("start again when it has ended")),
    }
}

/// Returns the newest run that has begun.
///
/// A gap among the runs that are kept would hide from a driver that its successor has begun (E5),
/// so it is an error. Behind those kept, a deletion that was not synced may have come back.
fn newest(storage: &SharedStorage) -> Result<Option<Run>> {
    let numbers = layout::numbers(&**storage, &StorePath::parse(layout::RUNS)?)?;
    let Some(&newest) = numbers.last() else {
        return Ok(None);
    };
    let first = newest.saturating_sub(RUNS_KEPT - 1).max(Run::FIRST.get());
    let kept = numbers.iter().copied().skip_while(|number| *number < first);
    match (first..=newest).zip(kept).find(|(due, there)| due != there) {
        None => Ok(Some(Run::new(newest))),
        Some((missing, next)) => {
            let next = layout::run_path(Run::new(next))?;
            let message = format!("the run record is missing, and {next} is there");
            Err(damaged(&place(storage, Run::new(missing))?, message))
        }
    }
}

fn place(storage: &SharedStorage, run: Run) -> Result<String> {
    Ok(format!("{}/{}", storage.location(), layout::run_path(run)?))
}

fn checksum_of(storage: &SharedStorage, query: QueryId, run: Run) -> Result<String> {
    read(storage, query, run).map(|(_, checksum)| checksum)
}

/// Reads the record of a run and makes it durable, since its maker may not have come to that (E8).
fn read(storage: &SharedStorage, query: QueryId, run: Run) -> Result<(RunRecord, String)> {
    let path = layout::run_path(run)?;
    let place = place(storage, run)?;
    let bytes = storage
        .read(&path)?
        .ok_or_else(|| damaged(&place, "the run record is gone"))?;
    let (body, checksum): (RunRecord, _) = record::decode("run", &bytes, &place)?;
    if body.query != query || body.run != run {
        return Err(damaged(
            &place,
            "the run record belongs to another query or run",
        ));
    }
    storage.sync(&path)?;
    Ok((body, checksum))
}

/// Returns the run that the cluster calls by this name, or begins it; `None` if another process has
/// begun a run at the same time, and it is to be tried again.
///
/// # Errors
/// `Superseded` if a later run has begun since.
#[cfg(feature = "arrow")]
pub(super) fn try_join(
    storage: &SharedStorage,
    query: QueryId,
    cluster_run: &str,
    holder: &LockHolder,
) -> Result<Option<Run>> {
    let is_it = |found: &RunRecord| found.cluster.as_deref() == Some(cluster_run);
    let Some(newest) = newest(storage)? else {
        return create(storage, query, Run::FIRST, None, cluster_run, holder);
    };
    let (found, checksum) = read(storage, query, newest)?;
    if is_it(&found) {
        return Ok(Some(newest));
    }
    let oldest = newest.get().saturating_sub(RUNS_KEPT - 1);
    for earlier in (oldest.max(Run::FIRST.get())..newest.get()).rev() {
        let earlier = Run::new(earlier);
        if storage.exists(&layout::run_path(earlier)?)? && is_it(&read(storage, query, earlier)?.0)
        {
            return Err(RunFence::new(Arc::clone(storage), earlier).superseded());
        }
    }
    create(
        storage,
        query,
        newest.next(),
        Some(checksum),
        cluster_run,
        holder,
    )
}

/// Begins a run that nobody works in, so that the one before it is over for good.
#[cfg(feature = "arrow")]
pub(super) fn close(storage: &SharedStorage, query: QueryId, run: Run, why: &str) -> Result<()> {
    let checksum = checksum_of(storage, query, run)?;
    let holder = LockHolder::this_process();
    // Whoever was quicker has ended the run as well.
    create(storage, query, run.next(), Some(checksum), why, &holder)?;
    storage.sync(&layout::run_path(run.next())?)
}

#[cfg(feature = "arrow")]
fn create(
    storage: &SharedStorage,
    query: QueryId,
    run: Run,
    previous: Option<String>,
    cluster_run: &str,
    holder: &LockHolder,
) -> Result<Option<Run>> {
    let body = RunRecord {
        query,
        run,
        previous,
        cluster: Some(cluster_run.to_owned()),
        started: super::now(),
        pid: holder.pid,
        host: holder.host.clone(),
    };
    let path = layout::run_path(run)?;
    let created = storage.create(&path, &record::encode("run", &body)?.bytes)?;
    Ok(matches!(created, Created::New).then_some(run))
}

/// Removes old run records, the oldest first and never the newest.
pub(super) fn purge(storage: &SharedStorage, newest: Run) -> Result<()> {
    for number in layout::numbers(&**storage, &StorePath::parse(layout::RUNS)?)? {
        if number.saturating_add(RUNS_KEPT) <= newest.get() {
            storage.delete(&layout::run_path(Run::new(number))?)?;
        }
    }
    Ok(())
}

/// Looks whether this run is still the newest.
#[derive(Debug)]
pub(super) struct RunFence {
    storage: SharedStorage,
    run: Run,
}

impl RunFence {
    pub(super) fn new(storage: SharedStorage, run: Run) -> Self {
        Self { storage, run }
    }
}

impl Fence for RunFence {
    /// Runs are numbered without gaps and purged from the oldest, so either the own record is
    /// gone or the next one is there when a newer run exists.
    fn check(&self) -> Result<()> {
        if self.storage.exists(&layout::run_path(self.run.next())?)? {
            return Err(self.superseded());
        }
        if self.storage.exists(&layout::run_path(self.run)?)? {
            return Ok(());
        }
        let runs = layout::numbers(&*self.storage, &StorePath::parse(layout::RUNS)?)?;
        if runs.last().is_some_and(|newest| *newest > self.run.get()) {
            return Err(self.superseded());
        }
        Err(damaged(
            &place(&self.storage, self.run)?,
            "the record of this run is gone, and there is none of a newer one",
        ))
    }
}

impl RunFence {
    fn superseded(&self) -> Error {
        Error::new(
            ErrorKind::Superseded,
            format!(
                "run {} was superseded by a newer run of the same query",
                self.run
            ),
        )
        .at_path(self.storage.location())
        .with_help("nothing is to do: the newer run goes on from the journal")
    }
}
