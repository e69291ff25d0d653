//! A durable batch of one row, beside the bare system calls that its durability needs.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::prelude::*;

use crate::case::{Bound, Case, Outcome, Setting};
use crate::measure::{ROUNDS, median, pairs};

const BATCHES: u64 = 200;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "durability: a batch of one row",
            unit: "",
            bound: Bound::AtMost(1.25),
            measure: |setting| {
                let pairs = pairs(
                    || setting.in_folder(in_turn),
                    || setting.in_folder(|place| bare_system_calls(place, BATCHES)),
                )?;
                Ok(pairs.cost(BATCHES, "batch"))
            },
        },
        Case {
            name: "durability: batches of one row, overlapped by one after another",
            unit: "",
            bound: Bound::None,
            measure: |setting| {
                let pairs = pairs(
                    || setting.in_folder(overlapped),
                    || setting.in_folder(in_turn),
                )?;
                Ok(pairs.cost(BATCHES, "batch"))
            },
        },
        Case {
            name: "durability: the bare calls of one record",
            unit: "ms",
            bound: Bound::None,
            measure: |setting| {
                floor(setting, |place, number| {
                    durable_record(place, &name(number))
                })
            },
        },
        Case {
            name: "durability: the bare calls of a staged file",
            unit: "ms",
            bound: Bound::None,
            measure: |setting| floor(setting, |place, number| stage(place, &name(number))),
        },
        Case {
            name: "durability: the bare calls of publishing it",
            unit: "ms",
            bound: Bound::None,
            measure: |setting| floor(setting, publish_under_the_next_name),
        },
    ]
}

/// What a step of a batch costs at the least, in milliseconds.
fn floor(
    setting: &Setting,
    step: impl Fn(&Path, u64) -> std::io::Result<()>,
) -> Result<Outcome, BoxError> {
    let round = |_| {
        setting.in_folder(|place| {
            let began = Instant::now();
            for number in 0..BATCHES {
                step(place, number)?;
            }
            Ok(began.elapsed().as_secs_f64() * 1e3 / BATCHES as f64)
        })
    };
    let rounds: Vec<f64> = (0..ROUNDS).map(round).collect::<Result<_, BoxError>>()?;
    Ok(Outcome {
        value: median(&rounds),
        ours: String::new(),
        baseline: String::new(),
        rounds,
    })
}

fn in_turn(directory: &Path) -> Result<Duration, BoxError> {
    batches(directory, BATCHES, false)
}

/// Each batch is written while the one before it is published (B5).
fn overlapped(directory: &Path) -> Result<Duration, BoxError> {
    batches(directory, BATCHES, true)
}

/// Runs the query; returns the time of its batches, without the start.
pub(super) fn batches(directory: &Path, batches: u64, overlap: bool) -> Result<Duration, BoxError> {
    let query = stream(Memory::new(0..batches))
        .write_to(FileSink::json_lines(directory.join("rows"))?)
        .checkpoint(directory.join("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(1)
        .executors(1)
        .overlap_batches(overlap)
        .start()?;
    let summary = query.await_termination()?;
    if summary.output_rows != batches {
        return Err(format!("{} rows instead of {batches}", summary.output_rows).into());
    }
    Ok(summary.duration)
}

/// Makes the calls that the protocol cannot do without: three records and the target's one, each
/// written, synced, named and its directory synced; the staged file with its directory; its final
/// name with its directory.
pub(super) fn bare_system_calls(directory: &Path, batches: u64) -> Result<Duration, BoxError> {
    let places = [
        "offsets",
        "prepared",
        "commits",
        "committed",
        "staging",
        "rows",
    ];
    for place in places {
        fs::create_dir_all(directory.join(place))?;
    }
    let began = Instant::now();
    for batch in 0..batches {
        let name = name(batch);
        durable_record(&directory.join("offsets"), &name)?;
        stage(&directory.join("staging"), &name)?;
        durable_record(&directory.join("prepared"), &name)?;
        let staged = directory.join("staging").join(&name);
        publish(&staged, &directory.join("rows"), &name)?;
        durable_record(&directory.join("committed"), &name)?;
        durable_record(&directory.join("commits"), &name)?;
    }
    Ok(began.elapsed())
}

fn name(batch: u64) -> String {
    format!("{batch:020}")
}

/// Publishes one file again and again, so that nothing else is done meanwhile.
fn publish_under_the_next_name(place: &Path, number: u64) -> std::io::Result<()> {
    let staged = place.join(name(number));
    if number == 0 {
        File::create(&staged)?;
    }
    publish(&staged, place, &name(number + 1))
}

fn durable_record(directory: &Path, name: &str) -> std::io::Result<()> {
    let temporary = directory.join(".tmp");
    write_synced(&temporary, &[b' '; 400])?;
    fs::rename(temporary, directory.join(name))?;
    sync_directory(directory)
}

fn stage(directory: &Path, name: &str) -> std::io::Result<()> {
    write_synced(&directory.join(name), b"0\n")?;
    sync_directory(directory)
}

fn publish(staged: &Path, directory: &Path, name: &str) -> std::io::Result<()> {
    fs::rename(staged, directory.join(name))?;
    sync_directory(directory)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}
