//! A directory of files as a stream: what the sources of all formats share.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use streamwriter_core::{
    BatchId, Error, ErrorKind, Gathered, Measure, Plan, PlanLimits, ReadCounts, Result,
    SourceContext,
};

use super::batch::{Batch, Room};
use super::columns;
use super::hive::DirectoryValue;
use super::listing::{Found, Wanted, directory_error, identify};
use super::options::{BadRows, FileOptions};
use super::position::{FileIdentity, FilesOffset, FilesPartition};
use super::quiet::Changed;
use super::scan::Framing;
use super::split::split;
use super::taken::{FileHash, TakenSet, hash_of};
use super::tracker::Tracker;

/// Files that one listing remembers; the next listing comes when they are planned.
const LISTED_FILES_MAX: usize = 10_000;

/// In which units a directory can tell how much waits: rows would have to be read.
pub(crate) const MEASURES: &[Measure] = &[Measure::Bytes, Measure::Files];

/// A directory whose files are read once each, and the memory of which have been.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    pub(crate) options: FileOptions,
    tracker: Mutex<Tracker>,
}

impl Directory {
    pub(crate) fn new(path: &Path, extensions: &[&str]) -> Result<Self> {
        if path.as_os_str().is_empty() {
            let message = "the path of the input directory is empty";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("name one; `.` is the directory in which the program runs"));
        }
        let absolute = std::path::absolute(path).map_err(|error| directory_error(path, error))?;
        // Without a trailing separator, so that the description does not depend on it.
        let root: PathBuf = absolute.components().collect();
        check_directory(&root)?;
        Ok(Self {
            root,
            options: FileOptions::new(extensions),
            tracker: Mutex::default(),
        })
    }

    /// Takes files for what their names say at the very end, for a format that compresses by itself.
    #[cfg(feature = "parquet")]
    pub(crate) fn never_decompressed(mut self) -> Self {
        self.options.decompress = false;
        self
    }

    /// Returns the file that would be planned first if none were taken.
    #[cfg(feature = "parquet")]
    pub(crate) fn first(&self) -> Result<Option<FileIdentity>> {
        let (tracker, planned) = (Tracker::default(), HashSet::new());
        let first = self.wanted(&tracker, &planned).first(1)?.files.pop_front();
        first.map_or(Ok(None), |found| identify(&self.root, &found.name))
    }

    /// Returns what the directories of a file say.
    ///
    /// # Errors
    /// [`Source`](ErrorKind::Source) if the file lies anywhere else than the source expects.
    pub(crate) fn values_of(&self, file: &FileIdentity) -> Result<Vec<DirectoryValue>> {
        self.options.layout.values(&self.root, file.path())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn description(&self, format: &str) -> String {
        format!("{format} directory {}", self.root.display())
    }

    pub(crate) fn start(&self, context: &SourceContext) -> Result<()> {
        self.options.validate()?;
        check_directory(&self.root)?;
        let taken = match context.state() {
            Some(state) => TakenSet::open(state, context.query_id())?,
            None => TakenSet::default(),
        };
        *self.tracker() = Tracker::new(context.query_id(), taken);
        Ok(())
    }

    pub(crate) fn freeze(&self) -> Result<()> {
        let mut tracker = self.tracker();
        let planned = tracker.planned_files(&FilesOffset::default());
        let began = Instant::now();
        let wanted = self.wanted(&tracker, &planned);
        let (listed, there) = wanted.first_and_all(LISTED_FILES_MAX)?;
        tracker.frozen = Some(there);
        tracker.quiet.listed(began, listed.complete);
        tracker.queue = listed.files;
        Ok(())
    }

    /// Adds up the files that wait.
    ///
    /// A file that was found stays in the queue, so that it is looked at once however often this is
    /// asked; the directory is listed only if the queue does not make a batch.
    pub(crate) fn gathered(
        &self,
        start: Option<&FilesOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered> {
        let start = start.cloned().unwrap_or_default();
        let (room, most) = (Room::of(limits), listed_max(limits));
        let mut tracker = self.tracker();
        tracker.rewind(&start)?;
        let mut gathered = add_up(&start, &tracker.queue);
        let left = most.saturating_sub(tracker.queue.len());
        if left > 0 && !room.is_filled_by(&gathered) {
            let mut known = tracker.planned_files(&start);
            known.extend(tracker.queue.iter().map(|found| hash_of(&found.name)));
            let new = self.list(&mut tracker, &known, left)?;
            tracker.queue.extend(new);
            tracker.queue.make_contiguous().sort_unstable();
            gathered = add_up(&start, &tracker.queue);
        }
        let full = room.is_filled_by(&gathered) || tracker.queue.len() >= most;
        Ok(gathered.with_full(full))
    }

    pub(crate) fn plan(
        &self,
        framing: Framing,
        columns_of: impl Fn(&FileIdentity) -> Result<Option<Vec<String>>>,
        start: Option<&FilesOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<FilesOffset, FilesPartition>>> {
        let start = start.cloned().unwrap_or_default();
        let mut tracker = self.tracker();
        tracker.rewind(&start)?;
        let mut batch = Batch::new(&self.root, framing, limits);
        if let Some(partial) = &start.partial {
            let file = partial.file.clone();
            file.open(&self.root)?;
            batch.offer(file, partial.position)?;
        }
        self.fill(&mut tracker, &start, &mut batch, limits)?;
        let (ranges, partial) = batch.finish();
        if ranges.is_empty() {
            return Ok(None);
        }
        let columns = columns::after(start.columns.clone(), &ranges, &self.root, columns_of)?;
        let finished = ranges.iter().filter(|range| range.finishes()).count() as u64;
        let bytes_min = self.options.partition_bytes_min;
        let plan = Plan {
            end: FilesOffset {
                files: start.files.saturating_add(finished),
                partial,
                columns,
            },
            partitions: split(&self.root, framing, ranges, limits.executors, bytes_min)?,
            rows: None,
        };
        tracker.plan(&plan);
        Ok(Some(plan))
    }

    /// Fills a batch from the queue, and from one new listing if the queue does not suffice.
    fn fill(
        &self,
        tracker: &mut Tracker,
        start: &FilesOffset,
        batch: &mut Batch<'_>,
        limits: &PlanLimits,
    ) -> Result<()> {
        let mut planned = tracker.planned_files(start);
        let mut listed = false;
        while !batch.is_full() {
            let Some(found) = tracker.queue.pop_front() else {
                if listed {
                    return Ok(());
                }
                listed = true;
                tracker.queue = self.list(tracker, &planned, listed_max(limits))?;
                continue;
            };
            // It may have gone away since the listing; nothing is planned of it yet.
            let Some(file) = identify(&self.root, &found.name)? else {
                // Where a symbolic link leads, a file may come without the directory's knowledge.
                tracker.quiet.forget();
                continue;
            };
            planned.insert(hash_of(&found.name));
            if !batch.offer(file, 0)? {
                tracker.queue.push_front(found);
                return Ok(());
            }
        }
        Ok(())
    }

    pub(crate) fn resumed(&self, plan: &Plan<FilesOffset, FilesPartition>) {
        self.tracker().plan(plan);
    }

    pub(crate) fn committed(
        &self,
        batch: BatchId,
        plan: &Plan<FilesOffset, FilesPartition>,
    ) -> Result<()> {
        self.tracker().committed(batch, plan)
    }

    pub(crate) fn accept(&self, batch: BatchId, counts: &ReadCounts) -> Result<()> {
        let (bad, limit, policy) = match self.options.bad_rows {
            BadRows::Fail => return Ok(()),
            BadRows::Drop { limit } => (counts.dropped, limit, "Drop"),
            BadRows::SetAside { limit } => (counts.set_aside, limit, "SetAside"),
        };
        if bad <= limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Row,
            format!("{bad} rows do not fit, more than the limit of {limit} for one batch"),
        )
        .in_batch(batch)
        .with_help(format!(
            "raise the limit of `BadRows::{policy}` and start again, or correct the files and \
             start anew with another checkpoint and target"
        ))
        .permanent())
    }

    pub(crate) fn sets_aside(&self) -> bool {
        matches!(self.options.bad_rows, BadRows::SetAside { .. })
    }

    /// Returns files that are neither known nor taken, the first of them, unless none can have come.
    fn list(
        &self,
        tracker: &mut Tracker,
        known: &HashSet<FileHash>,
        most: usize,
    ) -> Result<VecDeque<Found>> {
        // What comes into the directories inside leaves the time of this one as it was.
        let flat = !self.options.layout.is_nested();
        let (began, changed) = (
            Instant::now(),
            flat.then(|| Changed::of(&self.root)).flatten(),
        );
        let frozen = tracker.frozen.is_some();
        if tracker.quiet.holds(changed, began, frozen) {
            return Ok(VecDeque::new());
        }
        let listed = self.wanted(tracker, known).first(most)?;
        tracker.quiet.listed(began, listed.complete);
        Ok(listed.files)
    }

    fn wanted<'a>(&'a self, tracker: &'a Tracker, planned: &'a HashSet<FileHash>) -> Wanted<'a> {
        Wanted {
            root: &self.root,
            query: tracker.query,
            layout: &self.options.layout,
            extensions: &self.options.extensions,
            decompress: self.options.decompress,
            taken: &tracker.taken,
            planned,
            frozen: tracker.frozen.as_ref(),
        }
    }

    /// How often the directory was listed since it was opened.
    #[cfg(test)]
    pub(crate) fn listings(&self) -> u64 {
        self.tracker().quiet.listings
    }

    fn tracker(&self) -> MutexGuard<'_, Tracker> {
        // The driver is the only user, and a panic there ends the query.
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many files are remembered at a time.
fn listed_max(limits: &PlanLimits) -> usize {
    let wanted = limits.files.or(limits.enough.files);
    let count = wanted.map_or(0, |files| usize::try_from(files).unwrap_or(usize::MAX));
    count.clamp(LISTED_FILES_MAX, 10 * LISTED_FILES_MAX)
}

/// Adds up what is left of a file that has been read in part, and files that are not planned.
fn add_up(start: &FilesOffset, queue: &VecDeque<Found>) -> Gathered {
    let partial = start.partial.iter();
    let begun = partial.map(|one| one.file.size.saturating_sub(one.position));
    let sizes = begun.chain(queue.iter().map(|found| found.size));
    let (files, bytes) = sizes.fold((0, 0_u64), |(files, bytes), size| {
        (files + 1, bytes.saturating_add(size))
    });
    Gathered::default().with_files(files).with_bytes(bytes)
}

fn check_directory(root: &Path) -> Result<()> {
    let metadata = fs::metadata(root).map_err(|error| directory_error(root, error))?;
    if !metadata.is_dir() {
        let error = io::Error::from(io::ErrorKind::NotADirectory);
        return Err(directory_error(root, error));
    }
    fs::read_dir(root).map_err(|error| directory_error(root, error))?;
    Ok(())
}
