//! What a reader sees in a directory: every published file, read whole.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use arrow::array::UInt64Array;
use flate2::read::GzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use streamwriter::BoxError;

/// A row of the file sinks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, streamwriter::Row)]
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) even: Option<bool>,
}

impl Row {
    pub(super) fn of(number: u64) -> Self {
        Self {
            number,
            text: format!("row, \"{number}\"\nä"),
            even: number.is_multiple_of(3).then_some(number.is_multiple_of(2)),
        }
    }

    /// Returns the number of a row that is as it was written, in every field.
    pub(super) fn checked(self) -> Result<u64, BoxError> {
        if self == Self::of(self.number) {
            return Ok(self.number);
        }
        Err(format!("another row than was written: {self:?}").into())
    }
}

/// Reads each file of an extension, as a reader does that lists `*.extension`.
fn each_file(
    directory: &Path,
    extension: &str,
    mut read: impl FnMut(&Path) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

pub(super) fn json_lines(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "jsonl", |path| {
        push_lines(&fs::read_to_string(path)?, &mut rows)
    })?;
    Ok(rows)
}

/// Reads JSON lines, each file of which is one whole stream of gzip.
pub(super) fn json_lines_gzip(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "gz", |path| {
        let mut text = String::new();
        GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
        push_lines(&text, &mut rows)
    })?;
    Ok(rows)
}

fn push_lines(text: &str, rows: &mut Vec<u64>) -> Result<(), BoxError> {
    if !text.ends_with('\n') {
        return Err("a part of a file".into());
    }
    for line in text.lines() {
        rows.push(serde_json::from_str::<Row>(line)?.checked()?);
    }
    Ok(())
}

pub(super) fn csv(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "csv", |path| {
        push_records(&fs::read(path)?, &mut rows)
    })?;
    Ok(rows)
}

/// Reads CSV, each file of which is one whole stream of zstd.
pub(super) fn csv_zstd(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "zst", |path| {
        push_records(&zstd::decode_all(File::open(path)?)?, &mut rows)
    })?;
    Ok(rows)
}

fn push_records(bytes: &[u8], rows: &mut Vec<u64>) -> Result<(), BoxError> {
    if !bytes.ends_with(b"\n") {
        return Err("a part of a file".into());
    }
    for row in csv::Reader::from_reader(bytes).deserialize::<Row>() {
        rows.push(row?.checked()?);
    }
    Ok(())
}

pub(super) fn parquet(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "parquet", |path| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
        for batch in reader {
            for row in serde_arrow::from_record_batch::<Vec<Row>>(&batch?)? {
                rows.push(row.checked()?);
            }
        }
        Ok(())
    })?;
    Ok(rows)
}

pub(super) fn text(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "txt", |path| {
        let text = fs::read_to_string(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("a part of a file".into());
        }
        for line in text.lines() {
            rows.push(line.parse()?);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// Reads files of one column of numbers.
pub(super) fn parquet_numbers(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "parquet", |path| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
        for batch in reader {
            let batch = batch?;
            let numbers = batch.column(0).as_any().downcast_ref::<UInt64Array>();
            rows.extend(numbers.ok_or("not a column of numbers")?.values());
        }
        Ok(())
    })?;
    Ok(rows)
}

/// Reads the lines of a terminal that are JSON objects.
pub(super) fn json_objects(text: &str) -> Result<Vec<u64>, BoxError> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str::<Row>(line)?.checked())
        .collect()
}

/// Reads what was printed as CSV by one process after another, each with its own heading. A line break
/// inside a text was printed as `\n`.
pub(super) fn csv_on_the_terminal(text: &str) -> Result<Vec<u64>, BoxError> {
    let rows = text.lines().filter(|line| !line.starts_with("number,"));
    let rows = rows.collect::<Vec<_>>().join("\n");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(rows.as_bytes());
    reader
        .deserialize()
        .map(|row| {
            let row: Row = row?;
            let text = row.text.replace("\\n", "\n");
            Row { text, ..row }.checked()
        })
        .collect()
}
