//! A driver that is stopped at a named point, and what it had staged and prepared by then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::disk::{NamedFile, files_under, newest_number, numbers, prepared_files, published};
use super::quickstart::{Ended, Quickstart, Running};

/// Stops a driver at a passage of a point, or at the first one of a point that is passed only once,
/// and after a crash if only a recovery passes it.
pub(super) fn stall<'q>(run: &'q Quickstart, point: &str, passage: u32) -> Running<'q> {
    stall_if_passed(run, point, passage).unwrap_or_else(|| panic!("{point} was never passed"))
}

/// As [`stall`]; `None` for a point that these runs never pass.
pub(super) fn stall_if_passed<'q>(
    run: &'q Quickstart,
    point: &str,
    passage: u32,
) -> Option<Running<'q>> {
    for (passage, after_crash) in [(passage, false), (1, false), (1, true)] {
        run.forget();
        if after_crash {
            assert_eq!(run.run_killed_at("written", 2), Ended::Killed);
        }
        let stalled = stall_at(run, point, passage, false);
        if stalled.is_some() {
            return stalled;
        }
    }
    None
}

/// Starts a driver that stops itself at a passage of a point; `None` if it came to its end.
pub(super) fn stall_at<'q>(
    run: &'q Quickstart,
    point: &str,
    passage: u32,
    take_over: bool,
) -> Option<Running<'q>> {
    let start = run.start().failpoint(point, "stop", passage);
    let running = if take_over { start.take_over() } else { start }.spawn();
    if running.wait_until_stopped() {
        return Some(running);
    }
    let ended = running.wait();
    assert!(ended.is_well(), "{point}: {ended:?}");
    None
}

/// What a stopped driver had done.
pub(super) struct Evidence {
    /// Its run, if it had begun one.
    run: Option<u64>,
    /// The `prepared` records that there were, by batch.
    prepared: BTreeMap<u64, Vec<u8>>,
    /// The staged files that these records name.
    named: BTreeSet<String>,
    /// Its staged files, by their inodes. A second link keeps each inode from being used again.
    staged: BTreeMap<u64, String>,
    _links: tempfile::TempDir,
}

impl Evidence {
    pub(super) fn of(run: &Quickstart, stopped: &Running<'_>) -> Self {
        let links = tempfile::tempdir_in(run.root()).unwrap();
        let batches = numbers(&run.checkpoint().join("prepared"));
        let prepared = |batch: u64| {
            let path = run.checkpoint().join(format!("prepared/{batch:020}.json"));
            (batch, fs::read(path).unwrap())
        };
        let named = |batch: &u64| prepared_files(run, *batch).into_iter();
        let named: BTreeSet<String> = batches.iter().flat_map(named).map(|f| f.staged).collect();
        let mut staged = BTreeMap::new();
        for (number, path) in run.leftovers().into_iter().enumerate() {
            fs::hard_link(&path, links.path().join(number.to_string())).unwrap();
            let inode = fs::metadata(&path).unwrap().ino();
            staged.insert(inode, below(&run.output(), &path));
        }
        Self {
            run: run_of(run, stopped.id()),
            prepared: batches.into_iter().map(prepared).collect(),
            named,
            staged,
            _links: links,
        }
    }

    /// Tells whether the driver had begun a run; without one it is not fenced off, and begins anew.
    pub(super) fn had_begun(&self) -> bool {
        self.run.is_some()
    }

    /// Whatever shows now of what the driver had staged was prepared when it was stopped. Holds if
    /// it was woken only after its successor had decided everything.
    pub(super) fn expect_only_prepared_shows(&self, run: &Quickstart) {
        self.expect_shows_only(run, &self.named);
        if numbers(&run.checkpoint().join("prepared")).first() != Some(&0) {
            return; // A record that is purged and made again late is not acted on, and goes away.
        }
        for file in all_prepared_files(run) {
            let was_there = self.prepared.contains_key(&file.batch);
            assert!(
                Some(file.run) != self.run || was_there,
                "{file:?} was prepared late"
            );
        }
    }

    /// Every file that shows is named by the one record of its batch, whoever made it: a driver
    /// that wakes up earlier may still prepare a batch, which its successor then publishes (E2).
    /// What was prepared when the driver was stopped still is. Needs all records.
    pub(super) fn expect_records_of_all_that_shows(&self, run: &Quickstart) {
        let batches = numbers(&run.checkpoint().join("prepared"));
        assert_eq!(batches.first(), Some(&0), "no record is purged");
        let files = all_prepared_files(run);
        let mut named: BTreeMap<&str, &NamedFile> = BTreeMap::new();
        for file in &files {
            assert!(
                named.insert(&file.path, file).is_none(),
                "{} twice",
                file.path
            );
            let name = file.staged.rsplit('/').next().unwrap();
            let begins = format!("{:020}-r{}-", file.batch, file.run);
            assert!(name.starts_with(&begins), "{file:?}");
        }
        let shows = published(run);
        assert_eq!(
            shows.len(),
            named.len(),
            "as many files as the records name"
        );
        for (path, metadata) in shows {
            let file = named[below(&run.output(), &path).as_str()];
            assert_eq!(metadata.len(), file.size, "{file:?}");
        }
        self.expect_shows_only(run, &files.into_iter().map(|file| file.staged).collect());
        for (batch, bytes) in &self.prepared {
            let path = run.checkpoint().join(format!("prepared/{batch:020}.json"));
            assert!(
                fs::read(path).unwrap() == *bytes,
                "prepared/{batch} has changed"
            );
        }
    }

    /// No file that shows is one of those that the driver had staged, but for these.
    fn expect_shows_only(&self, run: &Quickstart, named: &BTreeSet<String>) {
        for (path, metadata) in published(run) {
            if let Some(staged) = self.staged.get(&metadata.ino()) {
                let path = path.display();
                assert!(
                    named.contains(staged),
                    "{path} was {staged}, which nobody prepared"
                );
            }
        }
    }
}

fn all_prepared_files(run: &Quickstart) -> Vec<NamedFile> {
    let batches = numbers(&run.checkpoint().join("prepared"));
    let files = batches.into_iter().map(|batch| prepared_files(run, batch));
    files.flatten().collect()
}

/// The run of a process, if it is the newest.
fn run_of(run: &Quickstart, process: u32) -> Option<u64> {
    let runs = run.checkpoint().join("runs");
    let newest = newest_number(&runs)?;
    let record = fs::read(runs.join(format!("{newest:020}.json"))).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    (record["body"]["pid"] == process).then_some(newest)
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// Every file with its inode, size and time, to see what has changed.
pub(super) type Snapshot = BTreeMap<PathBuf, (u64, u64, i64, i64)>;

pub(super) fn snapshot(run: &Quickstart) -> Snapshot {
    let mut files = Vec::new();
    files_under(&run.output(), &mut files);
    files_under(&run.checkpoint(), &mut files);
    files
        .into_iter()
        .map(|path| {
            let file = fs::metadata(&path).unwrap();
            let stamp = (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
            (path, stamp)
        })
        .collect()
}
