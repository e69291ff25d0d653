//! Readers by hand: what the crates' own documentation shows, with large buffers.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use streamwriter::BoxError;

use crate::rows::Trip;

/// Returns the rows of a file of JSON lines; one buffer holds line after line.
pub(crate) fn json_rows(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Trip, BoxError>> + use<>, BoxError> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut line = Vec::new();
    Ok(std::iter::from_fn(move || {
        line.clear();
        match file.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_slice(&line).map_err(Into::into)),
            Err(error) => Some(Err(error.into())),
        }
    }))
}

/// Returns the rows of a CSV file with a header; one record is read into again and again.
pub(crate) fn csv_rows(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Trip, BoxError>> + use<>, BoxError> {
    let mut file = ::csv::ReaderBuilder::new()
        .buffer_capacity(1 << 20)
        .from_path(path)?;
    let header = file.headers()?.clone();
    let mut record = ::csv::StringRecord::new();
    Ok(std::iter::from_fn(move || {
        match file.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => Some(record.deserialize(Some(&header)).map_err(Into::into)),
            Err(error) => Some(Err(error.into())),
        }
    }))
}

/// Returns the record batches of a Parquet file.
pub(crate) fn parquet_batches(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, BoxError>> + use<>, BoxError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?
        .with_batch_size(8192)
        .build()?;
    Ok(reader.map(|batch| Ok(batch?)))
}
