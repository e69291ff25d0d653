//! What grows with the age of a query, and must not: batches, checkpoints, targets, directories, memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use streamwriter::prelude::*;
use streamwriter::{Noop, QueryEvent};

use crate::case::{Bound, Case, Outcome, Setting};
use crate::hand;
use crate::measure::{median, pairs};
use crate::probe;
use crate::rows::Trip;

/// How many batches are behind a query that is old.
const BATCHES: u64 = 100_000;
/// How many batches a figure is the median of.
const SAMPLE: usize = 500;
/// How many files are new in a directory.
const NEW_FILES: u64 = 1_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "growth: a batch after 100,000 by one after 10, as many files in the target",
            unit: "",
            bound: Bound::AtMost(1.1),
            measure: old_batches,
        },
        Case {
            name: "growth: opening a checkpoint after 100,000 batches",
            unit: "ms",
            bound: Bound::AtMost(50.0),
            measure: reopened,
        },
        Case {
            name: "growth: a new file beside 100,000 known ones by one beside 1,000",
            unit: "",
            bound: Bound::None,
            measure: directory,
        },
        Case {
            name: "growth: memory at the end of a long run by that after a tenth of it",
            unit: "",
            bound: Bound::AtMost(1.05),
            measure: memory,
        },
    ]
}

/// Runs a query of one row a batch to 100,000 batches, once for the cases that look at it; returns the
/// durations of its batches.
fn old_query(setting: &Setting) -> Result<(PathBuf, Vec<f64>), BoxError> {
    let place = setting.fast_place("old-query");
    let durations = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&durations);
    let mut last = Instant::now();
    run_old(&place, setting.rows(BATCHES), move |event: &QueryEvent| {
        if let QueryEvent::Progress(_) = event {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(last.elapsed().as_secs_f64());
            last = Instant::now();
        }
    })?;
    let durations = durations.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((place, durations.clone()))
}

fn run_old(
    place: &Path,
    batches: u64,
    listener: impl FnMut(&QueryEvent) + Send + 'static,
) -> Result<(), BoxError> {
    let query = stream(Memory::new(0..batches))
        .write_to(FileSink::json_lines(place.join("rows"))?)
        .checkpoint(place.join("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(1)
        .executors(1)
        .listener(listener)
        .start()?;
    query.await_termination()?;
    Ok(())
}

fn old_batches(setting: &Setting) -> Result<Outcome, BoxError> {
    let (_, durations) = old_query(setting)?;
    let young = durations.iter().copied().skip(10).take(SAMPLE);
    let old = durations.iter().copied().rev().take(SAMPLE);
    let (young, old) = (
        median(&young.collect::<Vec<_>>()),
        median(&old.collect::<Vec<_>>()),
    );
    Ok(Outcome {
        value: old / young,
        ours: format!("{:.3} ms", old * 1e3),
        baseline: format!("{:.3} ms", young * 1e3),
        rounds: Vec::new(),
    })
}

fn reopened(setting: &Setting) -> Result<Outcome, BoxError> {
    let place = setting.fast_place("old-query");
    if !place.join("checkpoint").exists() {
        old_query(setting)?;
    }
    let batches = setting.rows(BATCHES);
    let mut rounds = Vec::new();
    for _ in 0..crate::measure::ROUNDS {
        let began = Instant::now();
        run_old(&place, batches, |_: &QueryEvent| {})?;
        rounds.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Outcome {
        value: median(&rounds),
        ours: "the whole life of a query with nothing to do".to_owned(),
        baseline: String::new(),
        rounds,
    })
}

fn directory(setting: &Setting) -> Result<Outcome, BoxError> {
    let (many, few) = (setting.rows(100_000), setting.rows(NEW_FILES));
    let pairs = pairs(|| new_files(setting, many), || new_files(setting, few))?;
    Ok(pairs.cost(setting.rows(NEW_FILES), "new file"))
}

/// Lists and plans new files beside so many known ones; returns the time of the batch with them.
fn new_files(setting: &Setting, known: u64) -> Result<Duration, BoxError> {
    let place = setting.fast_place(&format!("directory-{known}"));
    let input = place.join("in");
    let (mut next, _) = (count(&input)?, ());
    while next < known {
        one_file(&input, next)?;
        next += 1;
    }
    read_new(&place, &input)?;
    for number in next..next + setting.rows(NEW_FILES) {
        one_file(&input, number)?;
    }
    read_new(&place, &input)
}

fn count(directory: &Path) -> Result<u64, BoxError> {
    std::fs::create_dir_all(directory)?;
    Ok(std::fs::read_dir(directory)?.count() as u64)
}

fn one_file(directory: &Path, number: u64) -> Result<(), BoxError> {
    let text = serde_json::to_string(&Trip::of(number))?;
    Ok(std::fs::write(
        directory.join(format!("{number:08}.jsonl")),
        text + "\n",
    )?)
}

fn read_new(place: &Path, input: &Path) -> Result<Duration, BoxError> {
    hand::timed(|| {
        let query = stream(JsonLines::<Trip>::directory(input)?)
            .write_to(Noop::new())
            .checkpoint(place.join("checkpoint"))
            .trigger(Trigger::AvailableNow)
            .executors(1)
            .start()?;
        query.await_termination()?;
        Ok(())
    })
}

fn memory(setting: &Setting) -> Result<Outcome, BoxError> {
    probe::ask(&format!("memory {}", setting.scale))
}
