//! Parquet to Parquet, as Arrow batches.

use std::path::Path;
use std::time::Duration;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::pairs;
use crate::query::{self, ONE};
use crate::rows::Trip;

const ROWS: u64 = 8_000_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![Case {
        name: "parquet to parquet: record batches",
        unit: "",
        bound: Bound::AtLeast(0.95),
        measure: copy,
    }]
}

fn copy(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let input = setting.place("parquet-in");
    hand::parquet_file(
        &input.join("rows.parquet"),
        (0..rows).map(|number| Ok(Trip::of(number))),
    )?;
    let pairs = pairs(
        || setting.in_folder(|place| queried(&input, place, rows)),
        || setting.in_folder(|place| by_hand(&input, place)),
    )?;
    Ok(pairs.speed(rows))
}

fn queried(input: &Path, directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    let schema = ParquetFiles::schema_of_first(input)?.ok_or("there is no input")?;
    let source = ParquetFiles::directory(input, schema.clone())?;
    let sink = ParquetSink::arrow(directory.join("out"), schema)?;
    query::run(directory, source, sink, ONE, rows)
}

fn by_hand(input: &Path, directory: &Path) -> Result<Duration, BoxError> {
    hand::timed(|| {
        let path = input.join("rows.parquet");
        let file = std::fs::File::open(&path)?;
        let schema = ParquetRecordBatchReaderBuilder::try_new(file)?
            .schema()
            .clone();
        let batches = hand::parquet_batches(&path)?;
        hand::arrow_file(&directory.join("out/rows.parquet"), schema, batches)
    })
}
