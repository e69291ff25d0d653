//! Typed rows into Parquet, beside arrow builders and an `ArrowWriter` by hand.

use std::path::Path;
use std::time::Duration;

use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::pairs;
use crate::query::{self, ONE, Shape};
use crate::rows::{Made, Trip};

const ROWS: u64 = 6_000_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "parquet: derived rows, one executor",
            unit: "",
            bound: Bound::AtLeast(0.95),
            measure: derived,
        },
        Case {
            name: "parquet: serde rows, one executor",
            unit: "",
            bound: Bound::None,
            measure: serde_rows,
        },
        Case {
            name: "parquet: two executors by one, two partitions",
            unit: "",
            bound: Bound::AtLeast(1.85),
            measure: two_partitions,
        },
        Case {
            name: "parquet: two executors by one, one partition",
            unit: "",
            bound: Bound::AtLeast(1.85),
            measure: one_partition,
        },
        Case {
            name: "parquet: two threads by hand by one",
            unit: "",
            bound: Bound::None,
            measure: two_by_hand,
        },
    ]
}

fn derived(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let pairs = pairs(
        || setting.in_folder(|place| queried(place, rows, 1, ONE)),
        || setting.in_folder(|place| by_hand(place, rows, 1)),
    )?;
    Ok(pairs.speed(rows))
}

fn serde_rows(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let pairs = pairs(
        || {
            setting.in_folder(|place| {
                let sink = ParquetSink::new(place.join("out"))?;
                query::run(place, Made::new(rows, Trip::of), sink, ONE, rows)
            })
        },
        || setting.in_folder(|place| by_hand(place, rows, 1)),
    )?;
    Ok(pairs.speed(rows))
}

fn two_partitions(setting: &Setting) -> Result<Outcome, BoxError> {
    two_by_one(setting, 2)
}

fn one_partition(setting: &Setting) -> Result<Outcome, BoxError> {
    two_by_one(setting, 1)
}

fn two_by_one(setting: &Setting, partitions: u64) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let two = Shape {
        executors: 2,
        ..ONE
    };
    let pairs = pairs(
        || setting.in_folder(|place| queried(place, rows, partitions, two)),
        || setting.in_folder(|place| queried(place, rows, partitions, ONE)),
    )?;
    Ok(pairs.speed(rows))
}

/// What the machine gives a second thread.
fn two_by_hand(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let pairs = pairs(
        || setting.in_folder(|place| by_hand(place, rows, 2)),
        || setting.in_folder(|place| by_hand(place, rows, 1)),
    )?;
    Ok(pairs.speed(rows))
}

fn queried(
    directory: &Path,
    rows: u64,
    partitions: u64,
    shape: Shape,
) -> Result<Duration, BoxError> {
    let source = Made::new(rows, Trip::of).partitions(partitions);
    let sink = ParquetSink::rows(directory.join("out"))?;
    query::run(directory, source, sink, shape, rows)
}

fn by_hand(directory: &Path, rows: u64, threads: u64) -> Result<Duration, BoxError> {
    let each = rows.div_ceil(threads);
    let ranges = (0..threads).map(|thread| thread * each..rows.min((thread + 1) * each));
    hand::parquet(directory, ranges.collect())
}
