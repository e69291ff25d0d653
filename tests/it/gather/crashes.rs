//! E1, E2, E3, B2: a query that lets rows gather, ended at any durable step, and its restarts.

use std::path::Path;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    CheckpointChosen, FileSink, LocalStorage, Memory, QueryBuilder, SharedStorage, Staging, stream,
};

use super::{LONG, held_back, polling, until};
use crate::support::memory_directory;

type Sink = FileSink<streamwriter_sinks::JsonLines>;

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

fn query(
    rows: u64,
    target: SharedStorage,
    checkpoint: SharedStorage,
) -> QueryBuilder<Memory<u64>, Sink, CheckpointChosen> {
    stream(Memory::new(0..rows))
        .write_to(FileSink::json_lines_in(Staging::over(target)))
        .checkpoint(checkpoint)
        .trigger(polling())
        .executors(1)
}

fn visible(directory: &Path) -> Vec<u64> {
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(directory.join("target")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            let text = std::fs::read_to_string(path).unwrap();
            rows.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
        }
    }
    rows.sort_unstable();
    rows
}

/// Two batches of five rows, and two that gather: it ends there, or by the fault.
fn first_life(directory: &Path, at: u64, when: When) -> bool {
    let target = FaultStorage::failing(local(&directory.join("target")), at, when);
    let checkpoint = target.and(local(&directory.join("checkpoint")));
    let started = query(12, target.shared(), checkpoint.shared())
        .min_rows_per_batch(5)
        .max_rows_per_batch(5)
        .start();
    if let Ok(query) = started {
        until("two rows wait, or the end", || {
            !query.is_active() || held_back(&query).is_some_and(|gathered| gathered.rows == 2)
        });
        query.stop(LONG).unwrap();
    }
    target.operations() > at
}

/// What was planned is finished at once, although far more is to gather; what was not, gathers.
fn second_life(directory: &Path, what: &str) {
    let (target, checkpoint) = (directory.join("target"), directory.join("checkpoint"));
    let query = query(12, local(&target), local(&checkpoint))
        .min_rows_per_batch(1000)
        .start()
        .unwrap();
    until(what, || held_back(&query).is_some());
    let planned = std::fs::read_dir(checkpoint.join("offsets")).map_or(0, Iterator::count);
    let rows = 5 * planned as u64;
    assert_eq!(visible(directory), (0..rows).collect::<Vec<_>>(), "{what}");
    assert_eq!(
        held_back(&query).map(|gathered| gathered.rows),
        Some(12 - rows)
    );
    query.stop(LONG).unwrap();
}

fn third_life(directory: &Path, what: &str) {
    let (target, checkpoint) = (directory.join("target"), directory.join("checkpoint"));
    let query = query(15, local(&target), local(&checkpoint))
        .min_rows_per_batch(5)
        .start()
        .unwrap();
    until(what, || {
        query.summary().last_batch.is_some() && visible(directory).len() == 15
    });
    query.stop(LONG).unwrap();
    assert_eq!(visible(directory), (0..15).collect::<Vec<_>>(), "{what}");
}

#[test]
fn e1_b2_rows_that_gather_are_there_once_after_a_fault_at_any_durable_step() {
    let mut faults = 0;
    for at in 0.. {
        let mut struck = false;
        for when in [When::Before, When::After] {
            let directory = memory_directory();
            struck |= first_life(directory.path(), at, when);
            let what = format!("{when} step {at}");
            second_life(directory.path(), &what);
            third_life(directory.path(), &what);
        }
        if !struck {
            break;
        }
        faults += 1;
    }
    assert!(faults >= 15, "{faults} steps");
}
