//! What is on disk: the state of the newest batch, and the visible rows.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use super::input::{canonical, typed_row};
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
    pub(crate) const ALL: [Self; 6] = [
        Self::None,
        Self::Offsets,
        Self::Prepared,
        Self::Published,
        Self::Recorded,
        Self::Committed,
    ];

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
        let published = |file: &NamedFile| run.output().join(&file.path).exists();
        if prepared_files(run, prepared.unwrap()).iter().all(published) {
            Self::Published
        } else {
            Self::Prepared
        }
    }
}

/// The numbers of the records in a directory, in order; temporary names are none.
pub(crate) fn numbers(directory: &Path) -> Vec<u64> {
    let mut numbers: Vec<u64> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.get(..20)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

pub(crate) fn newest_number(directory: &Path) -> Option<u64> {
    numbers(directory).pop()
}

/// A file that a `prepared` record names.
#[derive(Clone, Debug)]
pub(crate) struct NamedFile {
    /// The run of the record.
    pub(crate) run: u64,
    pub(crate) batch: u64,
    pub(crate) staged: String,
    pub(crate) path: String,
    pub(crate) size: u64,
}

pub(crate) fn prepared_files(run: &Quickstart, batch: u64) -> Vec<NamedFile> {
    let path = run.checkpoint().join(format!("prepared/{batch:020}.json"));
    let record: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let body = &record["body"];
    let messages = body["messages"].as_array().unwrap();
    let files = messages
        .iter()
        .flat_map(|message| message["body"]["files"].as_array().unwrap());
    files
        .map(|file| NamedFile {
            run: body["run"].as_u64().unwrap(),
            batch,
            staged: file["staged"].as_str().unwrap().to_owned(),
            path: file["path"].as_str().unwrap().to_owned(),
            size: file["size"].as_u64().unwrap(),
        })
        .collect()
}

/// The files that a reader that lists `*.jsonl`, `*.parquet` or `*.csv` sees.
pub(crate) fn published(run: &Quickstart) -> Vec<(PathBuf, Metadata)> {
    let entries = fs::read_dir(run.output()).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("jsonl" | "parquet" | "csv"))
        })
        .map(|path| {
            let metadata = fs::metadata(&path).unwrap();
            (path, metadata)
        })
        .collect()
}

/// The rows of files that were read before, by their numbers in the input. A file that has changed
/// in any way since is read again.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<PathBuf, (Stamp, Vec<usize>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64, i64, i64);

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self(
            file.ino(),
            file.len(),
            file.mtime(),
            file.mtime_nsec(),
            file.ctime(),
            file.ctime_nsec(),
        )
    }
}

/// In between nothing that is visible may be wrong: each row at most once, and none of its own.
pub(crate) fn check_partly(run: &Quickstart) -> Result<usize, String> {
    let rows = &run.input.rows;
    let mut left = rows.times.clone();
    let mut total = 0;
    let mut seen = run.seen.borrow_mut();
    for (path, metadata) in published(run) {
        let stamp = Stamp::of(&metadata);
        if seen.0.get(&path).is_none_or(|(known, _)| *known != stamp) {
            seen.0
                .insert(path.clone(), (stamp, numbers_in(run, &path)?));
        }
        for number in &seen.0[&path].1 {
            total += 1;
            left[*number] = left[*number].checked_sub(1).ok_or_else(|| {
                let row = rows.text_of(*number);
                format!(
                    "a row is visible too often, also in {}: {row}",
                    path.display()
                )
            })?;
        }
    }
    Ok(total)
}

/// Every row of the input is there, each as often as there.
pub(crate) fn check_whole(run: &Quickstart) -> Result<(), String> {
    let (found, expected) = (check_partly(run)?, run.input.rows.total);
    if found == expected {
        return Ok(());
    }
    Err(format!("{found} of {expected} rows are there"))
}

fn numbers_in(run: &Quickstart, path: &Path) -> Result<Vec<usize>, String> {
    let place = |why: String| format!("{}: {why}", path.display());
    let rows = rows_in(path).map_err(place)?;
    let number = |row: Map<String, Value>| {
        let row = canonical(row)?;
        let number = run.input.rows.number_of(&row);
        number.ok_or_else(|| format!("a row that the input has not: {row}"))
    };
    rows.into_iter()
        .map(|row| number(row).map_err(place))
        .collect()
}

fn rows_in(path: &Path) -> Result<Vec<Map<String, Value>>, String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl") => json_rows(path),
        Some("csv") => csv_rows(path),
        _ => parquet_rows(path),
    }
}

fn json_rows(path: &Path) -> Result<Vec<Map<String, Value>>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    if !text.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}")))
        .collect()
}

fn csv_rows(path: &Path) -> Result<Vec<Map<String, Value>>, String> {
    let failed = |error: csv::Error| error.to_string();
    let mut reader = csv::Reader::from_path(path).map_err(failed)?;
    let columns: Vec<String> = reader
        .headers()
        .map_err(failed)?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let fields: Vec<String> = record.map_err(failed)?.iter().map(str::to_owned).collect();
        rows.push(typed_row(columns.iter().zip(&fields)));
    }
    Ok(rows)
}

fn parquet_rows(path: &Path) -> Result<Vec<Map<String, Value>>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.build())
        .map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        let some: Vec<Map<String, Value>> =
            serde_arrow::from_record_batch(&batch).map_err(|error| error.to_string())?;
        rows.extend(some);
    }
    Ok(rows)
}

pub(crate) fn files_under(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found)
        } else {
            found.push(path)
        }
    }
}

/// What is in a folder, one line a directory: its files in order, many of them by the first and last.
pub(crate) fn describe(root: &Path) -> String {
    let mut files = Vec::new();
    files_under(root, &mut files);
    let mut directories: HashMap<PathBuf, Vec<String>> = HashMap::new();
    for file in files {
        let directory = file
            .parent()
            .and_then(|parent| parent.strip_prefix(root).ok());
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let directory = directory.unwrap_or(root).to_owned();
        directories
            .entry(directory)
            .or_default()
            .push(name.into_owned());
    }
    let mut lines: Vec<String> = directories
        .into_iter()
        .map(|(directory, mut names)| {
            names.sort();
            let count = names.len();
            if count > 8 {
                names.splice(2..count - 4, [format!("… {} more …", count - 6)]);
            }
            format!("  {}: {}", directory.display(), names.join(" "))
        })
        .collect();
    lines.sort();
    lines.join("\n")
}
