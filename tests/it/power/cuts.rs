//! A power cut at every change of a run, then a restart.

use streamwriter::testing::{DiskFault, SimulatedDisk, Survival};

use super::bench::{NUMBERS, Outcome, Query, good_disk, numbers, survivals, tail, try_cut};

/// Cuts the power in front of each change, each time with everything that may survive.
pub(super) fn cut_at_every_change(
    make: &dyn Fn() -> (tempfile::TempDir, SimulatedDisk),
    (query, rows): (&Query<'_>, u64),
    survivals: fn(u64) -> Vec<Survival>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for at in 0.. {
        let (_directory, disk) = make();
        disk.begin(Some(DiskFault::stop(at)));
        let ended = query(&disk);
        if disk.struck().is_none() {
            assert!(ended.is_ok(), "{ended:?}");
            break;
        }
        let steps = tail("the power goes off", &disk.log());
        let saved = disk.save();
        for survival in survivals(at) {
            outcome.restarts += 1;
            outcome.violation = try_cut(&disk, &saved, survival, (query, rows), &steps);
            if outcome.violation.is_some() {
                return outcome;
            }
        }
    }
    outcome
}

#[test]
fn e1_e8_every_row_is_there_once_after_a_power_cut_at_any_system_call_and_a_restart() {
    cut_at_every_change(&good_disk, (&numbers, NUMBERS), survivals).expect_none(1000);
}

#[test]
fn e1_e8_the_same_on_a_file_system_that_links_and_unlinks_instead_of_renaming() {
    let make = || {
        let (directory, disk) = good_disk();
        (directory, disk.without_exclusive_rename())
    };
    cut_at_every_change(&make, (&numbers, NUMBERS), survivals).expect_none(1000);
}
