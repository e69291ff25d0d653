//! Remembers which files are planned and which are done.

use std::collections::{HashSet, VecDeque};

use streamwriter_core::{BatchId, Error, ErrorKind, Plan, QueryId, Result};

use super::listing::Found;
use super::position::{FileRange, FilesOffset, FilesPartition};
use super::quiet::Quiet;
use super::taken::{FileHash, TakenSet, hash_of};

/// What a directory source knows about its files; only the driver thread asks.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// The query that reads; `None` before its start.
    pub(crate) query: Option<QueryId>,
    /// Files of committed batches.
    pub(crate) taken: TakenSet,
    /// Batches that are planned and not committed, oldest first; the engine has at most two.
    planned: Vec<Planned>,
    /// The only files that may still be planned, once the stream is frozen.
    pub(crate) frozen: Option<HashSet<FileHash>>,
    /// Files of the last listing that are not planned yet.
    pub(crate) queue: VecDeque<Found>,
    /// Whether another listing can find more.
    pub(crate) quiet: Quiet,
}

#[derive(Debug)]
struct Planned {
    end: FilesOffset,
    finished: Vec<FileHash>,
}

impl Tracker {
    pub(crate) fn new(query: QueryId, taken: TakenSet) -> Self {
        Self {
            query: Some(query),
            taken,
            ..Self::default()
        }
    }

    /// Forgets what was planned after this position, so that planning is a function of it.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) if neither a plan nor the taken files end there.
    pub(crate) fn rewind(&mut self, start: &FilesOffset) -> Result<()> {
        let keep = match self.planned.iter().rposition(|one| one.end == *start) {
            Some(index) => index + 1,
            None if self.taken.count() == start.files => 0,
            None => return Err(self.disagree(start)),
        };
        if keep < self.planned.len() {
            self.planned.truncate(keep);
            self.queue.clear();
            self.quiet.forget();
        }
        if let Some(partial) = &start.partial {
            // The batch begins with it. Only the listing that froze the stream has not known that.
            self.queue.retain(|found| found.name != partial.file.path);
        }
        Ok(())
    }

    /// Remembers a plan, once.
    pub(crate) fn plan(&mut self, plan: &Plan<FilesOffset, FilesPartition>) {
        if self.planned.iter().all(|one| one.end != plan.end) {
            self.planned.push(Planned {
                end: plan.end.clone(),
                finished: finished(plan),
            });
        }
    }

    /// Makes the files that a batch has finished durable, and forgets its plan.
    pub(crate) fn committed(
        &mut self,
        batch: BatchId,
        plan: &Plan<FilesOffset, FilesPartition>,
    ) -> Result<()> {
        self.taken.fold(batch, finished(plan), plan.end.files)?;
        if let Some(index) = self.planned.iter().position(|one| one.end == plan.end) {
            self.planned.drain(..=index);
        }
        Ok(())
    }

    /// Returns the files that are in plans but not in the taken set.
    pub(crate) fn planned_files(&self, start: &FilesOffset) -> HashSet<FileHash> {
        let finished = self.planned.iter().flat_map(|one| &one.finished).copied();
        let partial = start.partial.iter().map(|one| hash_of(&one.file.path));
        finished.chain(partial).collect()
    }

    fn disagree(&self, start: &FilesOffset) -> Error {
        let (kept, logged) = (self.taken.count(), start.files);
        let error = Error::new(
            ErrorKind::Mismatch,
            format!(
                "the journal says that {logged} files have been read, the source's own record \
                 holds {kept}"
            ),
        )
        .with_help("restore the checkpoint as a whole, or start anew with a new checkpoint");
        match self.taken.place() {
            Some(place) => error.at_path(place),
            None => error,
        }
    }
}

fn finished(plan: &Plan<FilesOffset, FilesPartition>) -> Vec<FileHash> {
    let ranges = plan.partitions.iter().flat_map(|one| &one.ranges);
    let mut hashes: Vec<FileHash> = ranges
        .filter(|range| range.finishes())
        .map(|range: &FileRange| hash_of(&range.file.path))
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}
