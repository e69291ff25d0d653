//! E1, E7 and F1 to F3 for files: a whole query whose checkpoint and target fail together, at any
//! durable step of either.

use std::path::Path;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    Error, FileSink, LocalStorage, Memory, SharedStorage, Staging, Trigger, stream,
};

use crate::support::{memory_directory, staged_files, visible_numbers};

const ROWS: u64 = 12;

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

fn run(target: SharedStorage, checkpoint: SharedStorage) -> Result<(), Error> {
    stream(Memory::new(0..ROWS).partitions(2))
        .write_to(FileSink::json_lines_in(Staging::over(target)))
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(5)
        .executors(2)
        .keep_batches(2)
        .task_retry_delay(std::time::Duration::ZERO)
        .start()?
        .await_termination()
        .map(|_| ())
}

/// Runs with one fault; returns whether it struck, and what was done before.
fn run_with_fault(directory: &Path, at: u64, when: When) -> (bool, Vec<String>) {
    let target = FaultStorage::failing(local(&directory.join("target")), at, when);
    let checkpoint = target.and(local(&directory.join("checkpoint")));
    let _ = run(target.shared(), checkpoint.shared());
    (target.operations() > at, target.log())
}

fn run_clean(directory: &Path) {
    run(
        local(&directory.join("target")),
        local(&directory.join("checkpoint")),
    )
    .unwrap();
}

fn check_in_between(directory: &Path, what: &str) {
    let rows = visible_numbers(&directory.join("target"));
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "a row is visible twice after {what}");
    assert!(rows.iter().all(|row| *row < ROWS), "{what}");
}

#[test]
fn e1_files_hold_every_row_once_after_a_fault_at_any_durable_step_of_checkpoint_or_target() {
    let mut at = 0;
    let mut steps = Vec::new();
    loop {
        let mut struck = false;
        for when in [When::Before, When::After] {
            let directory = memory_directory();
            let (this_struck, log) = run_with_fault(directory.path(), at, when);
            struck |= this_struck;
            let what = format!("{when:?} {}", log.last().unwrap());
            check_in_between(directory.path(), &what);
            run_clean(directory.path());
            assert_eq!(
                visible_numbers(&directory.path().join("target")),
                (0..ROWS).collect::<Vec<_>>(),
                "{what}"
            );
            let left = staged_files(&directory.path().join("target"));
            assert!(left.is_empty(), "leftovers after {what}: {left:?}");
            steps.extend(log.get(at as usize).cloned());
        }
        if !struck {
            break;
        }
        at += 1;
    }
    for step in ["create", "stage", "finish", "publish", "delete"] {
        assert!(
            steps.iter().any(|name| name.contains(step)),
            "{step} was never struck: {steps:?}"
        );
    }
}

#[test]
fn e1_files_also_survive_a_fault_in_each_step_of_the_recovery_from_each_fault() {
    for first in (0..60).step_by(3) {
        for second in 0..40 {
            let directory = memory_directory();
            let (struck, _) = run_with_fault(directory.path(), first, When::After);
            if !struck {
                return;
            }
            let when = if second % 2 == 0 {
                When::Before
            } else {
                When::After
            };
            let (struck, log) = run_with_fault(directory.path(), second, when);
            let what = format!("{first}, then {when:?} {:?}", log.last());
            check_in_between(directory.path(), &what);
            run_clean(directory.path());
            assert_eq!(
                visible_numbers(&directory.path().join("target")),
                (0..ROWS).collect::<Vec<_>>(),
                "{what}"
            );
            let left = staged_files(&directory.path().join("target"));
            assert!(left.is_empty(), "leftovers after {what}: {left:?}");
            if !struck {
                break;
            }
        }
    }
}
