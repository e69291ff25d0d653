//! A power cut in what a person decides about a batch, and in what the next starts make of it (E3,
//! E8): a batch that is written again is never there twice, and one that counts as published never
//! comes back.

use streamwriter::testing::{DiskFlaw, Judged, PowerMatrix, SimulatedDisk};
use streamwriter::{BatchId, Error, ErrorKind, Repair, Revision, SharedStorage, StorePath, stream};

use super::bench::{
    CHECKPOINT, TARGET, expect_no_row_twice, expect_once, expect_restarts, good_disk,
    memory_directory, seeds, visible,
};
use crate::support::Numbers;
use crate::ways_out::{Lines, Start};

/// Two batches of two partitions.
const ROWS: u64 = 20;

/// The second partition of the second batch.
const LOST: [u64; 5] = [15, 16, 17, 18, 19];

/// The batch that meets trouble.
const BATCH: BatchId = BatchId::new(1);

#[derive(Clone, Copy)]
enum Choice {
    Accept,
    WriteAgain,
}

/// A sink into a directory that no start syncs by the way.
fn lines(storage: &SharedStorage) -> Lines {
    Lines::over(storage.clone()).into_directory("day=1")
}

/// A sink that loses the last staged file of a batch the first time that it publishes it.
fn losing(storage: &SharedStorage) -> Lines {
    let inner = storage.clone();
    lines(storage).before_publish(move |batch| {
        let first_time = !batch.replay() && batch.revision() == Revision::FIRST;
        if batch.batch_id() == BATCH && first_time {
            let staging = StorePath::parse("_streamwriter/staging").unwrap();
            // A disk that is dead by now answers nothing.
            if let Some(last) = inner.list(&staging).unwrap_or_default().pop() {
                let _: Result<bool, Error> = inner.delete(&last.path);
            }
        }
    })
}

/// Starts the query; if it is refused for the lost file, decides, and starts again.
fn live(disk: &SimulatedDisk, choice: Choice) -> Result<(), Error> {
    let start = Start::first(ROWS);
    let (target, checkpoint) = (disk.storage(TARGET)?, disk.storage(CHECKPOINT)?);
    match start.run(losing(&target), checkpoint.clone()) {
        Err(error) if error.kind() == ErrorKind::Mismatch => {}
        ended => return ended.map(drop),
    }
    let repair: Repair<_, _> = stream(Numbers::new(ROWS))
        .write_to(lines(&target))
        .checkpoint(checkpoint.clone())
        .repair()?;
    match choice {
        Choice::Accept => repair.accept_as_published(BATCH)?,
        Choice::WriteAgain => repair.write_again(BATCH)?,
    }
    start.run(losing(&target), checkpoint).map(drop)
}

fn judge(choice: Choice) -> impl Fn(&SimulatedDisk, Judged) -> Result<(), String> {
    move |disk, judged| {
        expect_no_row_twice(disk)?;
        if judged != Judged::AfterRestart {
            return Ok(());
        }
        let found = visible(disk)?;
        let without: Vec<u64> = (0..ROWS).filter(|row| !LOST.contains(row)).collect();
        match choice {
            // A cut may give the lost file back before anybody has decided.
            Choice::Accept if found == without => Ok(()),
            _ => expect_once(disk, ROWS),
        }
    }
}

fn try_all(
    disk: &SimulatedDisk,
    choice: Choice,
) -> Result<u64, streamwriter::testing::PowerViolation> {
    let live = move |disk: &SimulatedDisk| live(disk, choice);
    let judge = judge(choice);
    PowerMatrix::new(disk, &live, &judge)
        .seeds(seeds())
        .cut_everywhere()
}

#[test]
fn e3_e8_a_power_cut_while_a_batch_is_accepted_or_written_again_loses_and_doubles_nothing() {
    for choice in [Choice::Accept, Choice::WriteAgain] {
        let (_directory, disk) = good_disk();
        expect_restarts(try_all(&disk, choice), 300);
        let (_directory, disk) = good_disk();
        expect_restarts(try_all(&disk.without_exclusive_rename(), choice), 300);
    }
}

#[test]
fn e3_e8_a_disk_that_forgets_directories_is_found_out_in_a_withdrawal() {
    let directory = memory_directory();
    let flawed = SimulatedDisk::flawed(directory.path(), DiskFlaw::IgnoresDirectorySyncs).unwrap();
    assert!(try_all(&flawed, Choice::WriteAgain).is_err());
}
