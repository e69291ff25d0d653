//! The same for a source with durable state of its own: the segments of taken files, which are
//! merged by eight.

use std::fs;

use streamwriter::testing::{DiskOperation, OperationKind, PowerMatrix, SimulatedDisk};
use streamwriter::{Error, JsonLines};

use super::bench::{Settings, drain, expect_restarts, good_disk, judge, memory_directory, seeds};

/// One more than are merged, and a batch for each.
const FILES: u64 = 9;

/// A directory with one number in each file; no part of the simulated disk.
fn input() -> tempfile::TempDir {
    let directory = memory_directory();
    for number in 0..FILES {
        let path = directory.path().join(format!("{number}.jsonl"));
        fs::write(path, format!("{number}\n")).unwrap();
    }
    directory
}

fn query(
    input: &tempfile::TempDir,
    overlaps: bool,
) -> impl Fn(&SimulatedDisk) -> Result<(), Error> {
    // A batch of one file has one partition.
    let settings = Settings {
        executors: 1,
        overlaps,
        ..Settings::default()
    };
    move |disk| drain(disk, JsonLines::directory(input.path())?, settings)
}

#[test]
fn e1_e8_no_file_is_read_twice_or_never_after_a_power_cut_at_any_system_call() {
    for overlaps in [false, true] {
        let (input, (_directory, disk)) = (input(), good_disk());
        let (query, judge) = (query(&input, overlaps), judge(FILES));
        let matrix = PowerMatrix::new(&disk, &query, &judge).seeds(seeds().div_ceil(3));
        expect_restarts(matrix.cut_everywhere(), 1000);
    }
}

fn is_sync_of_taken_files(operation: &DiskOperation) -> bool {
    operation.kind == OperationKind::SyncDirectory && operation.path.ends_with("taken")
}

#[test]
fn e1_e8_a_power_cut_in_the_recovery_from_a_kill_spares_the_record_of_taken_files() {
    let (input, (_directory, disk)) = (input(), good_disk());
    let (query, judge) = (query(&input, false), judge(FILES));
    let matrix = PowerMatrix::new(&disk, &query, &judge).seeds(seeds().div_ceil(3));
    let all = seeds() >= 24;
    let restarts = matrix.kill_then_cut(|one| all || is_sync_of_taken_files(one), 12 / seeds());
    expect_restarts(restarts, 500);
}
