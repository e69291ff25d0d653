//! Text out, beside serde_json and the csv crate into a buffer of 1 MiB.

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
    let rows = setting.rows(ROWS);
    let ours = |place: &std::path::Path| {
        let sink = FileSink::json_lines(place.join("out"))?;
        query::run(place, Made::new(rows, Trip::of), sink, ONE, rows)
    };
    let pairs = pairs(
        || setting.in_folder(ours),
        || setting.in_folder(|place| hand::json_lines(place, rows)),
    )?;
    Ok(pairs.speed(rows))
}

fn csv(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(ROWS);
    let ours = |place: &std::path::Path| {
        let sink = FileSink::csv(place.join("out"))?;
        query::run(place, Made::new(rows, Trip::of), sink, ONE, rows)
    };
    let pairs = pairs(
        || setting.in_folder(ours),
        || setting.in_folder(|place| hand::csv(place, rows)),
    )?;
    Ok(pairs.speed(rows))
}
