//! The runs of a query: each start creates `runs/G`, and who sees a newer one stops (E5).

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
pub(super) fn begin(storage: &SharedStorage, query: QueryId, holder: &LockHolder) -> Result<Run> {
    let newest = layout::numbers(&**storage, &StorePath::parse(layout::RUNS)?)?.pop();
    let (run, previous) = match newest.map(Run::new) {
        Some(newest) => (newest.next(), Some(checksum_of(storage, query, newest)?)),
        None => (Run::FIRST, None),
    };
    let body = RunRecord {
        query,
        run,
        previous,
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

fn checksum_of(storage: &SharedStorage, query: QueryId, run: Run) -> Result<String> {
    let path = layout::run_path(run)?;
    let place = format!("{}/{path}", storage.location());
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
    Ok(checksum)
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
        let newer = self.storage.exists(&layout::run_path(self.run.next())?)?
            || !self.storage.exists(&layout::run_path(self.run)?)?;
        if !newer {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Superseded,
            format!(
                "run {} was superseded by a newer run of the same query",
                self.run
            ),
        )
        .at_path(self.storage.location())
        .with_help("nothing is to do: the newer run goes on from the journal"))
    }
}
