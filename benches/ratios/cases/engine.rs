//! What the engine itself takes: a row, a task.

use std::hint::black_box;

use streamwriter::Noop;
use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::{pairs, processor_time};
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
            name: "engine: a task of 10,000 by one of 100",
            unit: "",
            bound: Bound::AtMost(1.2),
            measure: bend,
        },
    ]
}

fn trips(setting: &Setting) -> Result<Outcome, BoxError> {
    noop(setting, 5_000_000, Trip::of)
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

/// Time a task in a batch of very many and in one of some: each with the batch taken off.
fn bend(setting: &Setting) -> Result<Outcome, BoxError> {
    let empty = pairs(|| tasks(setting, 1), || tasks(setting, 1))?.ours();
    let pairs = pairs(
        || Ok((tasks(setting, 10_000)?.saturating_sub(empty)) / 100),
        || {
            let mut took = std::time::Duration::ZERO;
            for _ in 0..10 {
                took += tasks(setting, 100)?.saturating_sub(empty);
            }
            Ok(took / 10)
        },
    )?;
    Ok(pairs.cost(100, "task"))
}

fn tasks(setting: &Setting, tasks: u64) -> Result<std::time::Duration, BoxError> {
    setting.in_folder(|place| {
        let source = Made::new(tasks, |number| number).partitions(tasks);
        query::run(place, source, Noop::new(), ONE, tasks)
    })
}
