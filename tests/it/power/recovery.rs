//! A kill, a restart, and a power cut in the middle of it: what the first process has left visible
//! and not synced, and the second has seen, is taken back.

use streamwriter::testing::{DiskFault, DiskOperation, OperationKind, SimulatedDisk, Survival};

use super::bench::{NUMBERS, Outcome, Query, good_disk, numbers, seeds, tail, try_cut};

/// Which pairs of a kill and a cut are tried.
pub(super) struct Pairs {
    /// Whether to kill in front of this change.
    pub(super) kill_at: fn(&DiskOperation) -> bool,
    /// How many seeds it takes until every pair is tried.
    pub(super) seeds_for_all: u64,
}

/// Kills, restarts, cuts the power in the restart, and restarts again.
///
/// The cuts that are tried begin elsewhere for each kill, so that all have their turn.
pub(super) fn kill_then_cut(
    make: &dyn Fn() -> (tempfile::TempDir, SimulatedDisk),
    (query, rows): (&Query<'_>, u64),
    pairs: &Pairs,
) -> Outcome {
    let mut outcome = Outcome::default();
    let stride = (pairs.seeds_for_all / seeds()).max(1);
    for kill in 0.. {
        let (_directory, disk) = make();
        disk.begin(Some(DiskFault::stop(kill)));
        let _ = query(&disk);
        let Some(struck) = disk.struck() else {
            break;
        };
        if stride > 1 && !(pairs.kill_at)(&struck) {
            continue;
        }
        let killed = tail("a process is killed", &disk.log());
        let left = disk.save();
        for at in (kill % stride..).step_by(stride as usize) {
            disk.restore(&left).unwrap();
            disk.begin(Some(DiskFault::stop(at)));
            let _ = query(&disk);
            if disk.struck().is_none() {
                break;
            }
            let steps = tail(&format!("{killed}\nthe power goes off"), &disk.log());
            // One survival for each pair, since there are many: a seed of its own, or nothing.
            let survival = match (at / stride) % 2 {
                0 => Survival::Nothing,
                _ => Survival::Seeded(kill * 10_000 + at),
            };
            outcome.restarts += 1;
            outcome.violation = try_cut(&disk, &disk.save(), survival, (query, rows), &steps);
            if outcome.violation.is_some() {
                return outcome;
            }
        }
    }
    outcome
}

/// In front of the sync of a directory the most is visible that is not durable.
fn is_sync_of_directory(operation: &DiskOperation) -> bool {
    operation.kind == OperationKind::SyncDirectory
}

#[test]
fn e1_e8_a_power_cut_anywhere_in_the_recovery_from_a_kill_loses_and_doubles_nothing() {
    let pairs = Pairs {
        kill_at: is_sync_of_directory,
        seeds_for_all: 12,
    };
    kill_then_cut(&good_disk, (&numbers, NUMBERS), &pairs).expect_none(1000);
}

#[test]
fn e1_e8_the_same_on_a_file_system_that_links_and_unlinks_instead_of_renaming() {
    let make = || {
        let (directory, disk) = good_disk();
        (directory, disk.without_exclusive_rename())
    };
    let pairs = Pairs {
        kill_at: |operation| operation.kind == OperationKind::Unlink,
        seeds_for_all: 24,
    };
    kill_then_cut(&make, (&numbers, NUMBERS), &pairs).expect_none(500);
}
