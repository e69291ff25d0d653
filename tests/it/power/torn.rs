//! Writes of which a part reaches the disk, and the poison after a sync has failed.

use std::path::{Path, PathBuf};

use streamwriter::testing::{DiskError, DiskFault, DiskOperation, OperationKind, Survival};

use super::bench::{Settings, good_disk, numbers, numbers_with, restart, tail};

/// A byte, the most of a data file or a lock, the most of a record; more than there is tears
/// behind the last byte.
const TEARS: [usize; 3] = [1, 40, 300];

#[test]
fn e1_e9_a_record_or_file_of_which_a_part_was_written_is_never_taken_for_a_whole_one() {
    let mut torn = 0;
    for at in 0.. {
        let mut was_there = false;
        for bytes in TEARS {
            for fault in [DiskFault::stop(at), DiskFault::fail(at, DiskError::Full)] {
                let (_directory, disk) = good_disk();
                disk.begin(Some(fault.tearing(bytes)));
                let _ = numbers(&disk);
                let Some(struck) = disk.struck() else {
                    continue;
                };
                was_there = true;
                if struck.kind != OperationKind::Write {
                    break;
                }
                torn += 1;
                let steps = tail(&format!("torn at byte {bytes}"), &disk.log());
                let saved = disk.save();
                if let Err(violation) = restart(&disk) {
                    panic!("{violation}\n{steps}");
                }
                for survival in [Survival::Nothing, Survival::Seeded(at)] {
                    disk.restore(&saved).unwrap();
                    let cut = disk.power_cut(survival).unwrap();
                    if let Err(violation) = restart(&disk) {
                        panic!("{violation}\n{steps}\n{cut}");
                    }
                }
            }
        }
        if !was_there {
            break;
        }
    }
    assert!(torn > 100, "{torn} torn writes");
}

/// Returns the directory of the storage whose sync has failed.
fn storage_of(struck: &DiskOperation, log: &[DiskOperation]) -> PathBuf {
    // The directory above both storages is synced for the one that was just made in it.
    let made = log
        .iter()
        .rev()
        .find(|one| one.kind == OperationKind::CreateDirectory);
    match struck.path.components().next() {
        Some(first) => first.as_os_str().into(),
        None => made.unwrap().path.components().take(1).collect(),
    }
}

/// What a storage has made, written, named or synced after the failure.
fn changes_after<'l>(
    storage: &Path,
    struck: &DiskOperation,
    log: &'l [DiskOperation],
) -> Vec<&'l DiskOperation> {
    log.iter()
        .filter(|one| one.kind.is_change() && one.number > struck.number)
        .filter(|one| one.path.starts_with(storage))
        .filter(|one| {
            !matches!(
                one.kind,
                OperationKind::Unlink | OperationKind::RemoveDirectory
            )
        })
        .collect()
}

#[test]
fn e8_after_any_sync_has_failed_nothing_more_is_written_by_that_storage() {
    let settings = Settings {
        // A task that is tried again must not succeed with what the kernel may have dropped.
        attempts: 4,
        // With more than one, another executor may have a call in flight.
        executors: 1,
        ..Settings::default()
    };
    let mut syncs = 0;
    for at in 0.. {
        let (_directory, disk) = good_disk();
        disk.begin(Some(DiskFault::fail(at, DiskError::Io)));
        let ended = numbers_with(&disk, settings);
        let Some(struck) = disk.struck() else {
            break;
        };
        if !struck.kind.is_sync() {
            continue;
        }
        syncs += 1;
        let log = disk.log();
        let before: Vec<_> = log
            .iter()
            .filter(|one| one.number < struck.number)
            .cloned()
            .collect();
        let storage = storage_of(&struck, &before);
        let changes = changes_after(&storage, &struck, &log);
        assert!(changes.is_empty(), "after {struck}: {changes:#?}");
        assert!(ended.is_err(), "the query goes on after {struck}");
        restart(&disk).unwrap();
    }
    assert!(syncs > 50, "{syncs} syncs");
}
