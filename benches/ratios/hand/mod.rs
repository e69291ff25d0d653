//! What a careful person would write by hand for the same files: no journal, no guarantee, but the bytes
//! synced under another name, and then named.

mod columns;
mod readers;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use streamwriter::BoxError;

use crate::rows::Trip;
pub(crate) use columns::Columns;
pub(crate) use readers::{csv_rows, json_rows, parquet_batches};

/// How many rows a loop collects before it encodes them.
const BATCH_ROWS: usize = 8192;

/// Runs a loop that writes files; returns how long it took.
pub(crate) fn timed(write: impl FnOnce() -> Result<(), BoxError>) -> Result<Duration, BoxError> {
    let began = Instant::now();
    write()?;
    Ok(began.elapsed())
}

/// Does a part of the work on each thread.
pub(crate) fn on_threads<P: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> Result<(), BoxError> + Sync,
) -> Result<(), BoxError> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread panicked".into()))
        })
    })
}

/// Writes one file: under another name first, synced, then named.
pub(crate) fn file(
    path: &Path,
    write: impl FnOnce(File) -> Result<File, BoxError>,
) -> Result<(), BoxError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let staged = path.with_extension("part");
    write(File::create(&staged)?)?.sync_all()?;
    fs::rename(staged, path)?;
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn file_of(directory: &Path, extension: &str) -> PathBuf {
    directory.join("out").join(format!("rows.{extension}"))
}

pub(crate) fn json_lines(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    timed(|| json_lines_file(&file_of(directory, "jsonl"), 0..rows))
}

pub(crate) fn json_lines_file(path: &Path, numbers: Range<u64>) -> Result<(), BoxError> {
    file(path, |file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for row in numbers.map(Trip::of) {
            serde_json::to_writer(&mut out, &row)?;
            out.write_all(b"\n")?;
        }
        Ok(out.into_inner()?)
    })
}

pub(crate) fn csv(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    timed(|| csv_file(&file_of(directory, "csv"), 0..rows))
}

pub(crate) fn csv_file(path: &Path, numbers: Range<u64>) -> Result<(), BoxError> {
    file(path, |file| {
        let mut out = ::csv::WriterBuilder::new()
            .buffer_capacity(1 << 20)
            .from_writer(file);
        for row in numbers.map(Trip::of) {
            out.serialize(&row)?;
        }
        Ok(out.into_inner()?)
    })
}

/// Writes typed rows as Parquet, a file for each range, on as many threads.
pub(crate) fn parquet(directory: &Path, ranges: Vec<Range<u64>>) -> Result<Duration, BoxError> {
    timed(|| {
        on_threads(ranges, |range| {
            let path = directory.join(format!("out/{}.parquet", range.start));
            parquet_file(&path, range.map(|number| Ok(Trip::of(number))))
        })
    })
}

/// Writes typed rows into one Parquet file.
pub(crate) fn parquet_file(
    path: &Path,
    rows: impl Iterator<Item = Result<Trip, BoxError>>,
) -> Result<(), BoxError> {
    file(path, |file| {
        let mut columns = Columns::new();
        let mut out = writer(file, columns.schema())?;
        for row in rows {
            columns.push(&row?);
            if columns.rows() == BATCH_ROWS {
                out.write(&columns.take()?)?;
            }
        }
        out.write(&columns.take()?)?;
        Ok(out.into_inner()?)
    })
}

/// Writes record batches into one Parquet file.
pub(crate) fn arrow_file(
    path: &Path,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, BoxError>>,
) -> Result<(), BoxError> {
    file(path, |file| {
        let mut out = writer(file, schema)?;
        for batch in batches {
            out.write(&batch?)?;
        }
        Ok(out.into_inner()?)
    })
}

fn writer(file: File, schema: SchemaRef) -> Result<ArrowWriter<File>, BoxError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    Ok(ArrowWriter::try_new(file, schema, Some(properties))?)
}
