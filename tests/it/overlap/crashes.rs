//! E1: a fault at every durable step of a query whose batches overlap, and any number of them.
//!
//! Two threads write, so which step is the twelfth is another one each time. Whatever it is, a restart has
//! every row once; and over all of them, every state that the overlap leaves was met.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use streamwriter::testing::{FaultStorage, When};
use streamwriter::{Error, FileSink, Memory, SharedStorage, Staging};

use super::{local, overlapping};
use crate::support::{Numbers, Scripted, memory_directory, staged_files, visible_numbers};

const ROWS: u64 = 45;

fn run(sink: Scripted, checkpoint: SharedStorage) -> Result<(), Error> {
    overlapping(Numbers::new(ROWS), sink, checkpoint)
        .keep_batches(2)
        .start()?
        .await_termination()
        .map(|_| ())
}

fn newest(checkpoint: &Path, log: &str) -> i64 {
    let entries = std::fs::read_dir(checkpoint.join(log))
        .into_iter()
        .flatten();
    let numbers = entries.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".json")?.parse::<i64>().ok()
    });
    numbers.max().unwrap_or(-1)
}

/// How far offsets and messages are ahead of the newest batch that is committed.
fn state(checkpoint: &Path) -> (i64, i64) {
    let committed = newest(checkpoint, "commits");
    let ahead = |log| newest(checkpoint, log) - committed;
    (ahead("offsets"), ahead("prepared"))
}

/// The states of the table in `engine/resume.rs`.
const STATES: [(i64, i64); 4] = [(0, 0), (1, 0), (1, 1), (2, 1)];

#[test]
fn e1_b5_every_row_is_there_once_after_a_fault_at_any_durable_step_of_the_overlap() {
    let mut met: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    // A commit that takes no time is over before the next batch begins, a slow one behind its tasks.
    let cases = [When::Before, When::After].map(|when| [(when, false), (when, true)]);
    for at in 0.. {
        let mut struck = false;
        for (when, slow) in cases.into_iter().flatten() {
            let directory = memory_directory();
            let sink = Scripted::new().after_commit(move |_| {
                std::thread::sleep(Duration::from_millis(if slow { 3 } else { 0 }));
                Ok(())
            });
            let storage = FaultStorage::failing(local(directory.path()), at, when);
            let ended = run(sink.clone(), storage.shared());
            struck |= storage.operations() > at;
            let found = state(directory.path());
            let what = format!(
                "{when:?} {at} {slow}: {ended:?}, {found:?}, {:?}",
                storage.log()
            );
            assert!(STATES.contains(&found), "{what}");
            *met.entry(found).or_default() += 1;
            run(sink.restarted(), local(directory.path())).unwrap();
            assert_eq!(sink.rows(), (0..ROWS).collect::<Vec<_>>(), "{what}");
        }
        if !struck {
            break;
        }
        assert!(at < 200, "it never ends");
    }
    assert_eq!(met.len(), STATES.len(), "{met:?}");
}

fn run_files(directory: &Path, at: Option<(u64, When)>) -> (bool, Vec<String>) {
    let target = local(&directory.join("target"));
    let storage = match at {
        Some((at, when)) => FaultStorage::failing(target, at, when),
        None => FaultStorage::counting(target),
    };
    let checkpoint = storage.and(local(&directory.join("checkpoint")));
    let sink = FileSink::json_lines_in(Staging::over(storage.shared()));
    let query = overlapping(
        Memory::new(0..ROWS).partitions(2),
        sink,
        checkpoint.shared(),
    )
    .max_rows_per_batch(10)
    .keep_batches(2)
    .start();
    let ended = query.and_then(|query| query.await_termination());
    if at.is_none() {
        ended.unwrap();
    }
    let struck = at.is_some_and(|(at, _)| storage.operations() > at);
    (struck, storage.log())
}

fn check(directory: &Path, what: &str) {
    let target = directory.join("target");
    let rows = visible_numbers(&target);
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "a row is visible twice after {what}");
    run_files(directory, None);
    assert_eq!(
        visible_numbers(&target),
        (0..ROWS).collect::<Vec<_>>(),
        "{what}"
    );
    let left = staged_files(&target);
    assert!(left.is_empty(), "leftovers after {what}: {left:?}");
}

#[test]
fn e1_e7_b5_files_hold_every_row_once_after_a_fault_at_any_durable_step_of_either_place() {
    for at in 0.. {
        let mut struck = false;
        for when in [When::Before, When::After] {
            let directory = memory_directory();
            let (this_struck, log) = run_files(directory.path(), Some((at, when)));
            struck |= this_struck;
            check(directory.path(), &format!("{when:?} {at} of {log:?}"));
        }
        if !struck {
            break;
        }
        assert!(at < 300, "it never ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn e1_b5_any_number_of_faults_ends_with_every_row_once_in_files(
        faults in prop::collection::vec((0u64..60, any::<bool>()), 0..8),
    ) {
        let directory = memory_directory();
        for (at, after) in &faults {
            let when = if *after { When::After } else { When::Before };
            run_files(directory.path(), Some((*at, when)));
        }
        check(directory.path(), &format!("{faults:?}"));
    }
}
