//! A query with a history, stopped at a step of the protocol, that tests damage and start again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    Error, FileSink, JsonLines, LocalStorage, SharedStorage, Staging, StorePath, Trigger, stream,
};

use super::tree::Tree;
use crate::support::memory_directory;

/// Files in a batch; each holds [`ROWS_PER_FILE`] rows.
const FILES_PER_BATCH: u64 = 2;
const ROWS_PER_FILE: u64 = 2;
/// Batches that are committed before the one that is stopped. Eight segments of taken files are
/// merged into one, so there is a merged segment and some that are not.
const COMMITTED: u64 = 10;

/// How far the newest batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `offsets/N` is there.
    Offsets,
    /// The files are staged, and no record names them.
    Staged,
    /// `prepared/N` names the staged files.
    Prepared,
    /// The files are published, the target does not know it.
    Published,
    /// The target has recorded the batch.
    Recorded,
    /// `commits/N` is there, the source has not been told.
    Committed,
    /// Everything is done.
    Done,
}

impl Step {
    pub(super) const ALL: [Self; 7] = [
        Self::Offsets,
        Self::Staged,
        Self::Prepared,
        Self::Published,
        Self::Recorded,
        Self::Committed,
        Self::Done,
    ];

    /// The durable operation at which the run is stopped, and on which side of it.
    fn stop(self) -> Option<(String, When)> {
        let record = |log: &str| format!("create {log}/{COMMITTED:020}.json");
        let stop = match self {
            Self::Offsets => (record("offsets"), When::After),
            Self::Staged => (record("prepared"), When::Before),
            Self::Prepared => (record("prepared"), When::After),
            Self::Published => (format!("publish part-b{COMMITTED:010}"), When::After),
            Self::Recorded => (
                format!("create _streamwriter/committed/{COMMITTED:020}"),
                When::After,
            ),
            Self::Committed => (record("commits"), When::After),
            Self::Done => return None,
        };
        Some(stop)
    }
}

/// The newest batch of every specimen, which is stopped at a step.
pub(super) const NEWEST: u64 = COMMITTED;

/// A query stopped at a step: the files of checkpoint and target.
#[derive(Clone)]
pub(super) struct Specimen {
    pub(super) step: Step,
    pub(super) tree: Tree,
}

impl Specimen {
    /// The newest batch with a `commits` record.
    pub(super) fn committed(&self) -> u64 {
        match self.step {
            Step::Committed | Step::Done => NEWEST,
            _ => NEWEST - 1,
        }
    }
}

/// A folder with an input that stays, and a checkpoint and a target that are put there anew for
/// each case: both know their paths, so a specimen cannot be looked at elsewhere.
pub(super) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let bench = Self {
            folder: memory_directory(),
        };
        for directory in ["in", "store"] {
            fs::create_dir(bench.path(directory)).unwrap();
        }
        for file in 0..(COMMITTED + 2) * FILES_PER_BATCH {
            let first = file * ROWS_PER_FILE;
            let rows: String = (first..first + ROWS_PER_FILE)
                .map(|row| format!("{row}\n"))
                .collect();
            fs::write(bench.path(format!("store/{file:04}.jsonl")), rows).unwrap();
        }
        bench
    }

    pub(super) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Makes a new query and runs it up to a step of its newest batch.
    pub(super) fn specimen(&self, step: Step) -> Specimen {
        self.clear();
        // Several runs, so that there are old ones, and no listing finds more than its batches.
        for batches in [COMMITTED / 2, COMMITTED] {
            self.offer(batches);
            self.restart().unwrap();
        }
        self.offer(COMMITTED + 1);
        match step.stop() {
            Some((operation, when)) => self.stop_at(&operation, when),
            None => self.restart().unwrap(),
        }
        // One batch more than the specimen has, so that a restart must go on.
        self.offer(COMMITTED + 2);
        Specimen {
            step,
            tree: self.state(),
        }
    }

    /// Puts a specimen back as it was.
    pub(super) fn put(&self, tree: &Tree) {
        self.clear_state();
        tree.write(self.folder.path());
    }

    /// What checkpoint and target hold now.
    pub(super) fn state(&self) -> Tree {
        Tree::read(self.folder.path(), &["checkpoint", "target"].map(Path::new))
    }

    /// Starts the query and lets it read all there is.
    pub(super) fn restart(&self) -> Result<(), Error> {
        self.run(self.local("target"), self.local("checkpoint"))
    }

    /// All rows of the input, in order.
    pub(super) fn expected_rows() -> Vec<u64> {
        (0..(COMMITTED + 2) * FILES_PER_BATCH * ROWS_PER_FILE).collect()
    }

    /// What a reader that lists `*.jsonl` sees, in order.
    pub(super) fn visible_rows(&self) -> Vec<u64> {
        let mut rows = Vec::new();
        for entry in fs::read_dir(self.path("target")).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() && path.extension().is_some_and(|e| e == "jsonl") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                // A damaged file of the test's own making may hold anything.
                rows.extend(text.lines().filter_map(|line| line.parse::<u64>().ok()));
            }
        }
        rows.sort_unstable();
        rows
    }

    /// Staged files of ours that are there: `_streamwriter/staging/{query}/{batch}-r…`.
    pub(super) fn staged_files(&self) -> usize {
        let prefix = StorePath::parse("_streamwriter/staging").unwrap();
        let staged = self.local("target").list(&prefix).unwrap();
        let is_ours = |path: &StorePath| {
            path.as_str().split('/').count() == 4 && path.file_name().contains("-r")
        };
        staged.iter().filter(|entry| is_ours(&entry.path)).count()
    }

    fn local(&self, name: &str) -> SharedStorage {
        LocalStorage::shared(self.path(name)).unwrap()
    }

    fn run(&self, target: SharedStorage, checkpoint: SharedStorage) -> Result<(), Error> {
        stream(JsonLines::<u64>::directory(self.path("in"))?)
            .write_to(FileSink::json_lines_in(Staging::over(target)))
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .max_files_per_batch(FILES_PER_BATCH)
            .executors(1)
            .keep_batches(3)
            .max_task_attempts(2)
            .task_retry_delay(Duration::ZERO)
            .start()?
            .await_termination()
            .map(|_| ())
    }

    fn stop_at(&self, operation: &str, when: When) {
        let before = self.state();
        let counting = FaultStorage::counting(self.local("target"));
        let checkpoint = counting.and(self.local("checkpoint"));
        self.run(counting.shared(), checkpoint.shared()).unwrap();
        let log = counting.log();
        let at = log.iter().position(|line| line.contains(operation));
        let at = at.unwrap_or_else(|| panic!("no {operation} in {log:?}")) as u64;
        self.put(&before);
        let failing = FaultStorage::failing(self.local("target"), at, when);
        let checkpoint = failing.and(self.local("checkpoint"));
        self.run(failing.shared(), checkpoint.shared()).unwrap_err();
    }

    /// Puts in the input of so many batches in all.
    ///
    /// Files are linked from a store, so that those of all specimens have the same time.
    fn offer(&self, batches: u64) {
        for file in 0..batches * FILES_PER_BATCH {
            let name = format!("{file:04}.jsonl");
            let link = self.path("in").join(&name);
            if !link.exists() {
                fs::hard_link(self.path("store").join(name), link).unwrap();
            }
        }
    }

    fn clear(&self) {
        self.clear_state();
        fs::remove_dir_all(self.path("in")).unwrap();
        fs::create_dir(self.path("in")).unwrap();
    }

    fn clear_state(&self) {
        for name in ["checkpoint", "target"] {
            let path = self.path(name);
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                let _ = fs::remove_file(path);
            }
        }
    }
}
