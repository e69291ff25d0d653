//! Text out, beside serde_json and the csv crate into a buffer of 1 MiB.

use std::path::{Path, PathBuf};
use std::time::Duration;

use streamwriter::FileFormat;
use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::pairs;
use crate::query::{self, ONE};
use crate::rows::{Made, Trip};

const ROWS: u64 = 6_000_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "json lines out",
            unit: "",
            bound: Bound::AtLeast(0.95),
            measure: json_lines,
        },
        Case {
            name: "csv out",
            unit: "",
            bound: Bound::AtLeast(0.95),
            measure: csv,
        },
    ]
}

fn json_lines(setting: &Setting) -> Result<Outcome, BoxError> {
    compare(setting, FileSink::json_lines, hand::json_lines)
}

fn csv(setting: &Setting) -> Result<Outcome, BoxError> {
    compare(setting, FileSink::csv, hand::csv)
}

fn compare<F: FileFormat>(
    setting: &Setting,
    sink: impl Fn(PathBuf) -> streamwriter::Result<FileSink<F>>,
    by_hand: impl Fn(&Path, u64) -> Result<Duration, BoxError>,
) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let ours = |place: &Path| {
        let sink = sink(place.join("out"))?;
        query::run(place, Made::new(rows, Trip::of), sink, ONE, rows)
    };
    let pairs = pairs(
        || setting.in_folder(ours),
        || setting.in_folder(|place| by_hand(place, rows)),
    )?;
    Ok(pairs.speed(rows))
}
