//! What is on disk after a kill: the state of the newest batch, and the visible rows.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use super::quickstart::Quickstart;

/// How far the newest batch had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Nothing is recorded of any batch.
    None,
    Offsets,
    Prepared,
    /// All files have their final names, the target does not record the batch yet.
    Published,
    Recorded,
    Committed,
}

impl State {
    pub(crate) fn of(run: &Quickstart) -> Self {
        let newest = |log: &str| newest_number(&run.checkpoint().join(log));
        let (offsets, prepared, commits) =
            (newest("offsets"), newest("prepared"), newest("commits"));
        if offsets.is_none() {
            return Self::None;
        }
        if offsets > prepared {
            return Self::Offsets;
        }
        if prepared == commits {
            return Self::Committed;
        }
        let recorded = newest_number(&run.output().join("_streamwriter/committed"));
        if recorded == prepared {
            return Self::Recorded;
        }
        let record = run
            .checkpoint()
            .join(format!("prepared/{:020}.json", prepared.unwrap()));
        let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
        let messages = record["body"]["messages"].as_array().unwrap();
        let files = messages
            .iter()
            .flat_map(|message| message["body"]["files"].as_array().unwrap());
        let published = |file: &Value| run.output().join(file["path"].as_str().unwrap()).exists();
        if files.into_iter().all(published) {
            Self::Published
        } else {
            Self::Prepared
        }
    }
}

fn newest_number(directory: &Path) -> Option<u64> {
    let entries = fs::read_dir(directory).ok()?;
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries
        .map(|entry| name(entry.unwrap()))
        .filter_map(|name| name.get(..20)?.parse().ok())
        .max()
}

/// The input, row by row as JSON, sorted.
pub(crate) fn expected_rows() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights");
    let mut rows = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let mut reader = csv::Reader::from_path(entry.unwrap().path()).unwrap();
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let typed = row.unwrap().into_iter().map(|(column, text)| {
                let value = typed(&column, text);
                (column, value)
            });
            rows.push(canonical(typed.collect()));
        }
    }
    rows.sort_unstable();
    rows
}

fn typed(column: &str, text: String) -> Value {
    let is_text = ["carrier", "tailnum", "origin", "dest", "time_hour"].contains(&column);
    match text.as_str() {
        "NA" => Value::Null,
        _ if is_text => Value::String(text),
        _ => Value::from(text.parse::<i64>().unwrap()),
    }
}

/// The rows in the published files, as any reader that lists `*.jsonl` or `*.parquet` sees them.
pub(crate) fn found_rows(run: &Quickstart) -> Vec<String> {
    let mut rows = Vec::new();
    let Ok(entries) = fs::read_dir(run.output()) else {
        return rows;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => {
                let text = fs::read_to_string(&path).unwrap();
                rows.extend(
                    text.lines()
                        .map(|line| canonical(serde_json::from_str(line).unwrap())),
                );
            }
            Some("parquet") => rows.extend(parquet_rows(&path)),
            _ => {}
        }
    }
    rows.sort_unstable();
    rows
}

fn parquet_rows(path: &Path) -> Vec<String> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    reader
        .flat_map(|batch| {
            serde_arrow::from_record_batch::<Vec<Map<String, Value>>>(&batch.unwrap()).unwrap()
        })
        .map(canonical)
        .collect()
}

fn canonical(row: Map<String, Value>) -> String {
    assert_eq!(row.len(), 19, "every column is there");
    Value::Object(row).to_string()
}
