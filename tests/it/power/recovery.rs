//! A kill, a restart, and a power cut in the middle of it: what the first process has left visible
//! and not synced, and the second has seen, is taken back.

use streamwriter::testing::{DiskOperation, OperationKind, PowerMatrix};

use super::bench::{NUMBERS, expect_restarts, good_disk, judge, numbers, seeds};

/// In front of the sync of a directory the most is visible that is not durable.
fn is_sync_of_directory(operation: &DiskOperation) -> bool {
    operation.kind == OperationKind::SyncDirectory
}

#[test]
fn e1_e8_a_power_cut_anywhere_in_the_recovery_from_a_kill_loses_and_doubles_nothing() {
    let (_directory, disk) = good_disk();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge);
    let all = seeds() >= 12;
    let restarts = matrix.kill_then_cut(|one| all || is_sync_of_directory(one), 12 / seeds());
    expect_restarts(restarts, 1000);
}

#[test]
fn e1_e8_the_same_on_a_file_system_that_links_and_unlinks_instead_of_renaming() {
    let (_directory, disk) = good_disk();
    let disk = disk.without_exclusive_rename();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge);
    let all = seeds() >= 24;
    let restarts =
        matrix.kill_then_cut(|one| all || one.kind == OperationKind::Unlink, 24 / seeds());
    expect_restarts(restarts, 500);
}
