//! The same for a source with durable state of its own: the segments of taken files, which are
//! merged by eight.

use std::fs;

use streamwriter::testing::{OperationKind, SimulatedDisk};
use streamwriter::{Error, JsonLines};

use super::bench::{Settings, drain, few_survivals, good_disk, memory_directory};
use super::cuts::cut_at_every_change;
use super::recovery::{Pairs, kill_then_cut};

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

fn query(input: &tempfile::TempDir) -> impl Fn(&SimulatedDisk) -> Result<(), Error> {
    |disk| {
        drain(
            disk,
            JsonLines::directory(input.path())?,
            Settings::default(),
        )
    }
}

#[test]
fn e1_e8_no_file_is_read_twice_or_never_after_a_power_cut_at_any_system_call() {
    let input = input();
    cut_at_every_change(&good_disk, (&query(&input), FILES), few_survivals).expect_none(700);
}

#[test]
fn e1_e8_a_power_cut_in_the_recovery_from_a_kill_spares_the_record_of_taken_files() {
    let input = input();
    let pairs = Pairs {
        kill_at: |operation| {
            operation.kind == OperationKind::SyncDirectory && operation.path.ends_with("taken")
        },
        seeds_for_all: 12,
    };
    kill_then_cut(&good_disk, (&query(&input), FILES), &pairs).expect_none(500);
}
