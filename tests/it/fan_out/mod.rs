//! One stream to several sinks: one prepared record rolls all of them forward, and after a restart
//! none is ahead (E1, E3, E6).

mod crashes;
mod query;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use streamwriter::{
    Error, FanOut, FileSink, LocalStorage, QuerySummary, SharedStorage, Staging, StorePath,
    Trigger, WriteRows, stream,
};

use crate::support::{Numbers, memory_directory};

const MEMBERS: [&str; 3] = ["a", "b", "c"];

/// A folder with a checkpoint and the directories of the members.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(memory_directory())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn storage(&self, name: &str) -> SharedStorage {
        LocalStorage::shared(self.path(name)).unwrap()
    }

    /// The rows that a reader of a member sees, by batch.
    fn rows(&self, member: &str) -> BTreeMap<String, Vec<u64>> {
        let mut batches: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for entry in fs::read_dir(self.path(member)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "jsonl") {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.ends_with('\n'), "a part of {} shows", path.display());
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let batch = name.split('-').nth(1).unwrap().to_owned();
                let rows = text.lines().map(|line| line.parse::<u64>().unwrap());
                batches.entry(batch).or_default().extend(rows);
            }
        }
        batches.values_mut().for_each(|rows| rows.sort_unstable());
        batches
    }

    /// All rows of a member; each may be there once.
    fn numbers(&self, member: &str) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.rows(member).into_values().flatten().collect();
        numbers.sort_unstable();
        let all = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "a row is twice in {member}");
        numbers
    }

    fn staged_files(&self) -> usize {
        let prefix = StorePath::parse("_streamwriter/staging").unwrap();
        let staged = |name: &&str| self.storage(name).list(&prefix).unwrap().len();
        MEMBERS.iter().map(staged).sum()
    }

    /// The newest batch that a member remembers as committed.
    fn recorded(&self, member: &str) -> Option<String> {
        let records = fs::read_dir(self.path(member).join("_streamwriter/committed"));
        let names = records.into_iter().flatten();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        names
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .max()
    }
}

/// Three members, in the way they are written down: the first two are a fan-out of their own.
fn three(storages: [SharedStorage; 3]) -> impl WriteRows<u64> {
    let [a, b, c] = storages.map(|storage| FileSink::json_lines_in(Staging::over(storage)));
    FanOut::new(a, b).and(c).rows_in_flight(4)
}

fn drain(
    source: Numbers,
    sink: impl WriteRows<u64>,
    checkpoint: SharedStorage,
) -> Result<QuerySummary, Error> {
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .task_retry_delay(Duration::ZERO)
        .start()?
        .await_termination()
}
