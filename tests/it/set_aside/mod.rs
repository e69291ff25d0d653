//! F5, third policy, and the commit of two targets: rows that do not fit are set aside once, with
//! the batch that they came from, whatever fails in between.

mod crashes;
mod files;
mod joining;
#[cfg(unix)]
mod quickstart;
mod repair;
mod sieve;
mod states;
mod tasks;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use streamwriter::{
    Error, FileSink, LocalStorage, QueryEvent, QuerySummary, SetAside, SharedStorage, Source,
    Staging, StorePath, StreamingQueryProgress, Trigger, WriteRows, stream,
};

/// A folder in memory where there is one: thousands of syncs to a disk take minutes, and what is
/// tested here is the order of the steps.
fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

/// What each batch said of itself, in whatever run.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<BTreeMap<u64, StreamingQueryProgress>>>);

impl Told {
    fn set_aside(&self) -> BTreeMap<u64, u64> {
        let told = self.0.lock().unwrap();
        told.iter()
            .map(|(batch, progress)| (*batch, progress.source.num_set_aside_rows))
            .collect()
    }

    fn batch(&self, batch: u64) -> StreamingQueryProgress {
        self.0.lock().unwrap()[&batch].clone()
    }
}

/// Runs a query over everything that is there, with a journal as short as it may be.
fn drain<S: Source>(
    source: S,
    sink: impl WriteRows<S::Row>,
    checkpoint: SharedStorage,
    told: &Told,
) -> Result<QuerySummary, Error> {
    drain_keeping(2, source, sink, checkpoint, told)
}

fn drain_keeping<S: Source>(
    batches: u64,
    source: S,
    sink: impl WriteRows<S::Row>,
    checkpoint: SharedStorage,
    told: &Told,
) -> Result<QuerySummary, Error> {
    let told = told.clone();
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .keep_batches(batches)
        .task_retry_delay(Duration::ZERO)
        .listener(move |event: &QueryEvent| {
            if let QueryEvent::Progress(progress) = event {
                let batch = progress.batch_id.get();
                told.0.lock().unwrap().insert(batch, (**progress).clone());
            }
        })
        .start()?
        .await_termination()
}

/// A folder with an input, a checkpoint, data, and a place for rows that do not fit.
struct Bench {
    directory: tempfile::TempDir,
}

/// A set-aside row as it lies there: what its reason says, and its bytes.
#[derive(Clone, Debug)]
struct Rejected {
    reason: Value,
    raw: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let directory = memory_directory();
        fs::create_dir(directory.path().join("in")).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn storage(&self, name: &str) -> SharedStorage {
        local(&self.path(name))
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path("in").join(name), bytes).unwrap();
    }

    fn sink(&self) -> SetAside<FileSink<impl streamwriter::FileFormat + use<>>> {
        sink_in(self.storage("data"), self.storage("aside"))
    }

    /// The published files of a directory whose names end so.
    fn published(&self, directory: &str, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.is_file() && path.to_string_lossy().ends_with(ending));
        paths.sort();
        paths
    }

    /// What a reader that lists `*.jsonl` sees, a line for each row, sorted.
    fn data(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for path in self.published("data", ".jsonl") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.ends_with('\n'),
                "a part of {} is visible",
                path.display()
            );
            lines.extend(text.lines().map(str::to_owned));
        }
        lines.sort();
        lines
    }

    /// What is set aside, in the order of batches and partitions. Each reason must fit the bytes
    /// that it speaks of, and no bytes may be without a reason.
    fn set_aside(&self) -> Vec<Rejected> {
        let mut all = Vec::new();
        let mut spoken_of = BTreeMap::<PathBuf, u64>::new();
        for path in self.published("aside", ".reasons") {
            for line in fs::read_to_string(path).unwrap().lines() {
                let reason: Value = serde_json::from_str(line).unwrap();
                let path = self.path("aside").join(reason["file"].as_str().unwrap());
                let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{line}: {error}"));
                let offset = reason["offset"].as_u64().unwrap() as usize;
                let end = offset + reason["length"].as_u64().unwrap() as usize;
                assert_eq!(bytes[end], b'\n', "{line}");
                let records = spoken_of.entry(path).or_default();
                assert_eq!(reason["record"].as_u64(), Some(*records), "{line}");
                *records += 1;
                let raw = bytes[offset..end].to_vec();
                all.push(Rejected { reason, raw });
            }
        }
        all
    }

    fn raws(&self) -> Vec<String> {
        let text = |row: &Rejected| String::from_utf8_lossy(&row.raw).into_owned();
        self.set_aside().iter().map(text).collect()
    }

    fn staged_files(&self) -> usize {
        self.staged_files_of("data") + self.staged_files_of("aside")
    }

    fn staged_files_of(&self, target: &str) -> usize {
        let prefix = StorePath::parse("_streamwriter/staging").unwrap();
        self.storage(target).list(&prefix).unwrap().len()
    }
}

fn sink_in(
    data: SharedStorage,
    aside: SharedStorage,
) -> SetAside<FileSink<impl streamwriter::FileFormat + use<>>> {
    let sink = FileSink::json_lines_in(Staging::over(data));
    SetAside::new_in(sink, Staging::over(aside))
}
