//! Text files into typed rows into Parquet, beside a reader and a writer by hand on as many threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::pairs;
use crate::query::{self, Shape};
use crate::rows::Trip;

const ROWS: u64 = 4_000_000;
/// As many files as a person would make of the rows.
const FILES: u64 = 4;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "json lines to parquet, one executor",
            unit: "",
            bound: Bound::AtLeast(0.9),
            measure: |setting| json(setting, 1),
        },
        Case {
            name: "json lines to parquet, two executors",
            unit: "",
            bound: Bound::AtLeast(0.9),
            measure: |setting| json(setting, 2),
        },
        Case {
            name: "json lines to parquet: two executors by one, one file",
            unit: "",
            bound: Bound::AtLeast(1.85),
            measure: |setting| two_by_one(setting, 1),
        },
        Case {
            name: "json lines to parquet: two executors by one, 400 files",
            unit: "",
            bound: Bound::AtLeast(1.85),
            measure: |setting| two_by_one(setting, 400),
        },
        Case {
            name: "csv to parquet, one executor",
            unit: "",
            bound: Bound::AtLeast(0.9),
            measure: |setting| csv(setting, 1),
        },
        Case {
            name: "csv to parquet, two executors",
            unit: "",
            bound: Bound::AtLeast(0.9),
            measure: |setting| csv(setting, 2),
        },
    ]
}

fn json(setting: &Setting, threads: usize) -> Result<Outcome, BoxError> {
    let input = files(setting, "jsonl", FILES, hand::json_lines_file)?;
    compare(
        setting,
        threads,
        &input,
        || JsonLines::<Trip>::directory(&input),
        |from, to| hand::parquet_file(to, hand::json_rows(from)?),
    )
}

fn csv(setting: &Setting, threads: usize) -> Result<Outcome, BoxError> {
    let input = files(setting, "csv", FILES, hand::csv_file)?;
    compare(
        setting,
        threads,
        &input,
        || Csv::<Trip>::directory(&input),
        |from, to| hand::parquet_file(to, hand::csv_rows(from)?),
    )
}

fn two_by_one(setting: &Setting, number: u64) -> Result<Outcome, BoxError> {
    let input = files(setting, "jsonl", number, hand::json_lines_file)?;
    let rows = setting.rows(ROWS);
    let run = |place: &Path, executors| {
        let sink = ParquetSink::rows(place.join("out"))?;
        let shape = Shape {
            executors,
            batch_rows: None,
        };
        query::run(
            place,
            JsonLines::<Trip>::directory(&input)?,
            sink,
            shape,
            rows,
        )
    };
    let pairs = pairs(
        || setting.in_folder(|place| run(place, 2)),
        || setting.in_folder(|place| run(place, 1)),
    )?;
    Ok(pairs.speed(rows))
}

fn compare<S: Source<Row = Trip>>(
    setting: &Setting,
    threads: usize,
    input: &Path,
    source: impl Fn() -> streamwriter::Result<S>,
    copy: impl Fn(&Path, &Path) -> Result<(), BoxError> + Sync,
) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let shape = Shape {
        executors: threads,
        batch_rows: None,
    };
    let ours = |place: &Path| {
        let sink = ParquetSink::rows(place.join("out"))?;
        query::run(place, source()?, sink, shape, rows)
    };
    let pairs = pairs(
        || setting.in_folder(ours),
        || setting.in_folder(|place| by_hand(input, place, threads, &copy)),
    )?;
    Ok(pairs.speed(rows))
}

/// Makes the input as so many files, once for all cases that read it.
fn files(
    setting: &Setting,
    format: &str,
    number: u64,
    write: impl Fn(&Path, std::ops::Range<u64>) -> Result<(), BoxError>,
) -> Result<PathBuf, BoxError> {
    let input = setting.place(&format!("{format}-{number}"));
    let rows = setting.rows(ROWS);
    if !input.exists() {
        let each = rows.div_ceil(number);
        for number in 0..number {
            let range = number * each..rows.min((number + 1) * each);
            write(&input.join(format!("{number}.{format}")), range)?;
        }
    }
    Ok(input)
}

/// Copies the files, each thread its share of them.
fn by_hand(
    input: &Path,
    directory: &Path,
    threads: usize,
    copy: impl Fn(&Path, &Path) -> Result<(), BoxError> + Sync,
) -> Result<Duration, BoxError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(input)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let share = paths.len().div_ceil(threads);
    hand::timed(|| {
        let shares = paths.chunks(share).collect();
        hand::on_threads(shares, |paths: &[PathBuf]| {
            paths.iter().try_for_each(|from| {
                let stem = from.file_stem().unwrap_or_default();
                copy(
                    from,
                    &directory.join("out").join(stem).with_extension("parquet"),
                )
            })
        })
    })
}
