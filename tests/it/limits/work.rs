//! A query into files, its rows, and what may be seen of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use streamwriter::{
    Error, ErrorKind, FileSink, LocalStorage, ParquetSink, Source, StorePath, Trigger, stream,
};

/// A row, as both sinks can write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) number: u64,
}

/// The sink of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    JsonLines,
    Parquet,
}

/// Reads all there is into a target; a task is tried twice.
pub(super) fn run<S: Source<Row = Row>>(
    source: S,
    format: Format,
    target: &Path,
    checkpoint: &Path,
) -> Result<(), Error> {
    match format {
        Format::JsonLines => drive(source, FileSink::json_lines(target)?, checkpoint),
        Format::Parquet => drive(source, ParquetSink::new(target)?, checkpoint),
    }
}

/// Reads all there is into a sink; a task is tried twice.
pub(super) fn drive<S, W>(source: S, sink: W, checkpoint: &Path) -> Result<(), Error>
where
    S: Source<Row = Row>,
    W: streamwriter::WriteRows<Row>,
{
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .max_files_per_batch(1)
        .keep_batches(2)
        .max_task_attempts(2)
        .task_retry_delay(Duration::ZERO)
        .start()?
        .await_termination()
        .map(|_| ())
}

/// What a reader that lists data files sees, in order.
pub(super) fn visible(target: &Path) -> Vec<u64> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(target).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.ends_with('\n'), "a part of {}", path.display());
                let row = |line| serde_json::from_str::<Row>(line).unwrap().number;
                rows.extend(text.lines().map(row));
            }
            Some("parquet") => rows.extend(parquet_rows(&path)),
            _ => {}
        }
    }
    rows.sort_unstable();
    rows
}

fn parquet_rows(path: &Path) -> Vec<u64> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches = reader.build().unwrap();
    let rows = batches
        .flat_map(|batch| serde_arrow::from_record_batch::<Vec<Row>>(&batch.unwrap()).unwrap());
    rows.map(|row| row.number).collect()
}

/// Staged and temporary files that are there.
pub(super) fn leftovers(target: &Path, checkpoint: &Path) -> Vec<String> {
    let storage = LocalStorage::shared(target).unwrap();
    let staging = StorePath::parse("_streamwriter/staging").unwrap();
    let staged = storage.list(&staging).unwrap();
    let mut found: Vec<String> = staged.iter().map(|entry| entry.path.to_string()).collect();
    for directory in [target, checkpoint] {
        temporary_below(directory, &mut found);
    }
    found
}

fn temporary_below(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            temporary_below(&path, found);
        } else if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(".tmp-")
        {
            found.push(path.display().to_string());
        }
    }
}

/// Whatever happened: each visible row once, and none that the input has not.
#[track_caller]
pub(super) fn expect_nothing_wrong(target: &Path, rows: u64, what: &str) {
    let found = visible(target);
    assert!(
        found.windows(2).all(|pair| pair[0] != pair[1]),
        "doubled: {what}: {found:?}"
    );
    assert!(
        found.iter().all(|row| *row < rows),
        "foreign: {what}: {found:?}"
    );
}

/// Every row once, and nothing left over.
#[track_caller]
pub(super) fn expect_all(target: &Path, checkpoint: &Path, rows: u64, what: &str) {
    assert_eq!(visible(target), (0..rows).collect::<Vec<_>>(), "{what}");
    let left = leftovers(target, checkpoint);
    assert!(left.is_empty(), "leftovers: {what}: {left:?}");
}

/// A typed error that names a place and says what to do.
#[track_caller]
pub(super) fn expect_typed(error: &Error, kinds: &[ErrorKind], what: &str) {
    let report = error.report();
    assert!(kinds.contains(&error.kind()), "{what}: {report}");
    assert!(error.path().is_some(), "no place: {what}: {report}");
    assert!(error.help().is_some(), "no way out: {what}: {report}");
}

/// Which step of the protocol an error struck, by the path that it names.
pub(super) fn step_of(error: &Error) -> &'static str {
    let path = error.path().unwrap_or_default();
    let steps = [
        ("/offsets", "offsets"),
        ("/prepared", "prepared"),
        ("/commits", "commits"),
        ("/runs", "runs"),
        ("/query.json", "query"),
        ("/staging", "staging"),
        ("/committed", "committed"),
        ("/owner", "owner"),
        ("/taken", "taken"),
        ("/lock", "lock"),
        ("/part-", "publication"),
        ("/.tmp-", "probe"),
    ];
    let step = steps.iter().find(|(part, _)| path.contains(part));
    step.map_or("directory", |(_, step)| step)
}

/// Counts how often each step was struck.
#[derive(Debug, Default)]
pub(super) struct Struck(pub(super) BTreeMap<&'static str, u32>);

impl Struck {
    pub(super) fn count(&mut self, step: &'static str) {
        *self.0.entry(step).or_default() += 1;
    }

    /// Fails unless every one of these was struck.
    #[track_caller]
    pub(super) fn expect(&self, steps: &[&str]) {
        for step in steps {
            assert!(
                self.0.contains_key(step),
                "{step} was never struck: {self:?}"
            );
        }
    }
}
