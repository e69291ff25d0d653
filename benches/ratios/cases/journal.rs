//! What exactly-once costs: a query beside the same sink, driven by hand without a journal.

use std::path::Path;
use std::time::Duration;

use streamwriter::prelude::*;
use streamwriter::testing::{Pretend, write_rows};
use streamwriter::{BatchId, QueryId};

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::pairs;
use crate::query::{self, Shape};
use crate::rows::{Made, Trip};

/// About 64 MiB of JSON lines.
const BATCH_ROWS: u64 = 500_000;
const BATCHES: u64 = 16;

pub(crate) fn cases() -> Vec<Case> {
    vec![Case {
        name: "durability: exactly-once by the same sink without journal, 64 MB a batch",
        unit: "",
        bound: Bound::AtMost(1.03),
        measure: journal,
    }]
}

fn journal(setting: &Setting) -> Result<Outcome, BoxError> {
    let rows = setting.rows(BATCH_ROWS);
    let pairs = pairs(
        || setting.in_folder(|place| queried(place, rows)),
        || setting.in_folder(|place| driven(place, rows)),
    )?;
    Ok(pairs.cost(BATCHES, "batch"))
}

fn queried(directory: &Path, batch_rows: u64) -> Result<Duration, BoxError> {
    let sink = FileSink::json_lines(directory.join("out"))?;
    let rows = BATCHES * batch_rows;
    let shape = Shape {
        executors: 1,
        batch_rows: Some(batch_rows),
    };
    query::run(directory, Made::new(rows, Trip::of), sink, shape, rows)
}

/// Writes and commits each batch, with the same syncs of its file; nothing remembers that it was done.
fn driven(directory: &Path, batch_rows: u64) -> Result<Duration, BoxError> {
    hand::timed(|| {
        let sink = FileSink::json_lines(directory.join("out"))?;
        let query = QueryId::random();
        for number in 0..BATCHES {
            let pretend = Pretend {
                query,
                batch: BatchId::new(number),
                ..Pretend::default()
            };
            let numbers = number * batch_rows..(number + 1) * batch_rows;
            let message = write_rows(&sink, numbers.map(Trip::of), &pretend.task())?;
            sink.commit(vec![message], &pretend.batch())?;
        }
        Ok(())
    })
}
