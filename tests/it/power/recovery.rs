//! A kill, a restart, and a power cut in the middle of it: what the first process has left visible
//! and not synced, and the second has seen, is taken back.

use std::path::Path;

use streamwriter::testing::{DiskOperation, OperationKind, PowerMatrix, SimulatedDisk};
use streamwriter::{Error, Memory};

use super::bench::{
    NUMBERS, Settings, TARGET, drain, expect_restarts, good_disk, judge, numbers, seeds,
};

/// In front of the sync of a directory the most is visible that is not durable.
fn is_sync_of_directory(operation: &DiskOperation) -> bool {
    operation.kind == OperationKind::SyncDirectory
}

/// One batch, so that most of a run is its start and its recovery.
const FEW: u64 = 4;

fn few_numbers(disk: &SimulatedDisk) -> Result<(), Error> {
    drain(disk, Memory::new(0..FEW).partitions(2), Settings::default())
}

#[test]
fn e1_e8_a_power_cut_at_any_change_of_the_recovery_from_a_kill_loses_and_doubles_nothing() {
    let (_directory, disk) = good_disk();
    let judge = judge(FEW);
    let matrix = PowerMatrix::new(&disk, &few_numbers, &judge).seeds(seeds().div_ceil(3));
    let all = seeds() >= 12;
    let restarts = matrix.kill_then_cut(|one| all || is_sync_of_directory(one), 6 / seeds());
    expect_restarts(restarts, 1000);
}

#[test]
fn e1_e8_a_power_cut_after_a_kill_among_many_batches_loses_and_doubles_nothing() {
    let (_directory, disk) = good_disk();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge).seeds(seeds().div_ceil(3));
    let all = seeds() >= 24;
    let restarts = matrix.kill_then_cut(|one| all || is_sync_of_directory(one), 48 / seeds());
    expect_restarts(restarts, 500);
}

#[test]
fn e1_e8_the_same_on_a_file_system_that_links_and_unlinks_instead_of_renaming() {
    let (_directory, disk) = good_disk();
    let disk = disk.without_exclusive_rename();
    let judge = judge(FEW);
    let matrix = PowerMatrix::new(&disk, &few_numbers, &judge).seeds(seeds());
    let all = seeds() >= 12;
    // Published files have both names in front of the sync of the second, and in front of the
    // removal of the first.
    let has_both = |one: &DiskOperation| match one.kind {
        OperationKind::SyncDirectory => one.path == Path::new(TARGET),
        OperationKind::Unlink => one.path.iter().any(|part| part == "staging"),
        _ => false,
    };
    let restarts = matrix.kill_then_cut(|one| all || has_both(one), 1);
    expect_restarts(restarts, 500);
}
