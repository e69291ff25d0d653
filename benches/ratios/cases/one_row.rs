//! A durable batch of one row, beside the bare system calls that its durability needs.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::prelude::*;

use crate::case::{Bound, Case};
use crate::measure::pairs;

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
    ]
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
        let name = format!("{batch:020}");
        durable_record(&directory.join("offsets"), &name)?;
        let staged = directory.join("staging").join(&name);
        write_synced(&staged, b"0\n")?;
        sync_directory(&directory.join("staging"))?;
        durable_record(&directory.join("prepared"), &name)?;
        fs::rename(&staged, directory.join("rows").join(&name))?;
        sync_directory(&directory.join("rows"))?;
        durable_record(&directory.join("committed"), &name)?;
        durable_record(&directory.join("commits"), &name)?;
    }
    Ok(began.elapsed())
}

fn durable_record(directory: &Path, name: &str) -> std::io::Result<()> {
    let temporary = directory.join(".tmp");
    write_synced(&temporary, &[b' '; 400])?;
    fs::rename(temporary, directory.join(name))?;
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
