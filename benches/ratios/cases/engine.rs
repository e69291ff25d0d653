//! What the engine itself takes: a row, a task.

use std::hint::black_box;
use std::time::Duration;

use streamwriter::Noop;
use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::{ROUNDS, pairs, processor_time};
use crate::query::{self, ONE};
use crate::rows::{Made, Trip};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "engine: a row of seven columns into noop, over a loop",
            unit: "ns",
            bound: Bound::AtMost(2.0),
            measure: trips,
        },
        Case {
            name: "engine: an integer into noop, over a loop",
            unit: "ns",
            bound: Bound::AtMost(2.0),
            measure: integers,
        },
        Case {
            name: "engine: a task of 10,000 in a batch",
            unit: "µs",
            bound: Bound::AtMost(5.0),
            measure: task,
        },
        Case {
            name: "engine: a task of 10,000 by one of 1,000",
            unit: "",
            bound: Bound::AtMost(1.2),
            measure: bend,
        },
    ]
}

fn trips(setting: &Setting) -> Result<Outcome, BoxError> {
    // Without the box the compiler leaves out the texts of rows that nobody reads.
    noop(setting, 5_000_000, |number| black_box(Trip::of(number)))
}

fn integers(setting: &Setting) -> Result<Outcome, BoxError> {
    noop(setting, 200_000_000, |number| number)
}

fn noop<R: Send + 'static>(
    setting: &Setting,
    rows: u64,
    make: impl Fn(u64) -> R + Copy + Send + Sync + 'static,
) -> Result<Outcome, BoxError> {
    let rows = setting.rows(rows);
    let queried = |place: &std::path::Path| {
        processor_time(|| query::run(place, Made::new(rows, make), Noop::new(), ONE, rows))
    };
    let looped = || {
        hand::timed(|| {
            (0..rows).map(make).for_each(|row| {
                black_box(row);
            });
            Ok(())
        })
    };
    let pairs = pairs(|| setting.in_folder(queried), || processor_time(looped))?;
    Ok(pairs.extra_ns(rows, "row"))
}

/// A batch of tasks with one row each, less what a batch of one task takes.
fn task(setting: &Setting) -> Result<Outcome, BoxError> {
    let pairs = pairs(|| tasks(setting, 10_000), || tasks(setting, 1))?;
    let mut outcome = pairs.extra_ns(10_000, "task");
    outcome.value /= 1e3;
    for round in &mut outcome.rounds {
        *round /= 1e3;
    }
    Ok(outcome)
}

/// The processor time of a task in a batch of very many, by that in a batch of some; the batch itself is
/// taken off both.
fn bend(setting: &Setting) -> Result<Outcome, BoxError> {
    let each = |number: u64, empty: Duration| -> Result<Duration, BoxError> {
        let took = processor_time(|| tasks(setting, number))?;
        Ok(took.saturating_sub(empty) * 1_000 / number as u32)
    };
    let mut empty = Duration::MAX;
    for _ in 0..ROUNDS {
        empty = empty.min(processor_time(|| tasks(setting, 1))?);
    }
    let pairs = pairs(|| each(10_000, empty), || each(1_000, empty))?;
    Ok(pairs.cost(1_000, "task"))
}

fn tasks(setting: &Setting, tasks: u64) -> Result<Duration, BoxError> {
    setting.in_folder(|place| {
        let source = Made::new(tasks, |number| number).partitions(tasks);
        query::run(place, source, Noop::new(), ONE, tasks)
    })
}
