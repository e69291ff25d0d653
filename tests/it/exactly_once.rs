//! E1 to E3: a crash at any durable step, any number of times, also during recovery.

use std::path::Path;

use proptest::prelude::*;
use streamwriter::testing::{FaultStorage, When};
use streamwriter::{Error, LocalStorage, SharedStorage, Trigger, stream};

use crate::support::{Event, Numbers, Scripted, drain};

const ROWS: u64 = 25;

fn run(sink: Scripted, checkpoint: SharedStorage) -> Result<(), Error> {
    stream(Numbers::new(ROWS))
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .keep_batches(2)
        .start()?
        .await_termination()
        .map(|_| ())
}

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

fn operations_of_a_clean_run() -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let storage = FaultStorage::counting(local(directory.path()));
    run(Scripted::new(), storage.shared()).unwrap();
    storage.operations()
}

#[test]
fn e1_every_row_is_there_once_after_a_crash_at_any_durable_step() {
    let operations = operations_of_a_clean_run();
    assert!(
        operations >= 11,
        "query, run and three records of three batches: {operations}"
    );
    for at in 0..operations {
        for when in [When::Before, When::After] {
            let directory = tempfile::tempdir().unwrap();
            let sink = Scripted::new();
            let storage = FaultStorage::failing(local(directory.path()), at, when);
            let crashed = run(sink.clone(), storage.shared());
            // Only the purge of old records may fail without ending the query.
            assert!(crashed.is_err() || storage.log()[at as usize].contains("delete"));
            run(sink.restarted(), local(directory.path())).unwrap();
            let expected: Vec<u64> = (0..ROWS).collect();
            assert_eq!(
                sink.rows(),
                expected,
                "fault {when:?} {}",
                storage.log()[at as usize]
            );
        }
    }
}

#[test]
fn e1_also_after_a_second_crash_at_any_step_of_the_recovery() {
    let operations = operations_of_a_clean_run();
    for first in 0..operations {
        let mut second = 0;
        loop {
            let directory = tempfile::tempdir().unwrap();
            let sink = Scripted::new();
            let when = if (first + second) % 2 == 0 {
                When::Before
            } else {
                When::After
            };
            let storage = FaultStorage::failing(local(directory.path()), first, when);
            let _ = run(sink.clone(), storage.shared());
            let storage = FaultStorage::failing(local(directory.path()), second, When::After);
            let recovered = run(sink.restarted(), storage.shared());
            let reached = storage.operations() > second;
            if recovered.is_err() || reached {
                run(sink.restarted(), local(directory.path())).unwrap();
            }
            let expected: Vec<u64> = (0..ROWS).collect();
            assert_eq!(sink.rows(), expected, "faults {first} {when:?}, {second}");
            if !reached {
                break;
            }
            second += 1;
        }
        assert!(second > 0, "the recovery has durable steps of its own");
    }
}

#[test]
fn e2_offsets_without_messages_are_written_again_and_e3_messages_are_committed_again() {
    // Operations of a first batch: query.json, runs/1, offsets/0, prepared/0, commits/0.
    for (at, when, written_again) in [
        (2, When::After, true),
        (3, When::Before, true),
        (3, When::After, false),
        (4, When::Before, false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let sink = Scripted::new();
        let storage = FaultStorage::failing(local(directory.path()), at, when);
        run(sink.clone(), storage.shared()).unwrap_err();
        let source = Numbers::new(10);
        drain(source.clone(), sink.restarted(), directory.path()).unwrap();
        let read = source.rows_read();
        assert_eq!(
            read,
            if written_again { 10 } else { 0 },
            "operation {at} {when:?}"
        );
    }
}

#[test]
fn e3_a_batch_that_the_target_records_is_not_committed_a_second_time() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    // The creation of commits/0 fails: everything before it has happened.
    let storage = FaultStorage::failing(local(directory.path()), 4, When::Before);
    run(sink.clone(), storage.shared()).unwrap_err();
    assert_eq!(sink.table.lock().unwrap().records.len(), 1);
    drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
    let commits = sink
        .events()
        .iter()
        .filter(|e| matches!(e, Event::Commit { .. }))
        .count();
    assert_eq!(commits, 1);

    // Without a memory the target cannot tell, so commit is repeated and has to be idempotent.
    let directory = tempfile::tempdir().unwrap();
    let mut sink = Scripted::new();
    sink.has_memory = false;
    let storage = FaultStorage::failing(local(directory.path()), 4, When::Before);
    run(sink.clone(), storage.shared()).unwrap_err();
    drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
    let Event::Commit {
        batch: 0,
        replay: true,
        ..
    } = sink.events()[1]
    else {
        panic!("{:?}", sink.events());
    };
    assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
}

#[test]
fn b5_offsets_of_the_next_batch_beside_an_uncommitted_one_are_handled() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    // Run two batches whole, then take back what the overlap would not have done yet.
    drain(Numbers::new(20), sink.clone(), directory.path()).unwrap();
    for name in [
        "commits/00000000000000000000",
        "commits/00000000000000000001",
        "prepared/00000000000000000001",
    ] {
        std::fs::remove_file(directory.path().join(format!("{name}.json"))).unwrap();
    }
    let mut table = sink.table.lock().unwrap();
    table.records.clear();
    table.batches.clear();
    drop(table);
    let source = Numbers::new(30);
    drain(source.clone(), sink.restarted(), directory.path()).unwrap();
    assert_eq!(sink.rows(), (0..30).collect::<Vec<_>>());
    assert_eq!(source.rows_read(), 20, "batch 0 is not read again");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Crashes at random steps, as many as proptest likes, against the simplest model there is:
    /// the rows of the source, each once, in order.
    #[test]
    fn e1_any_sequence_of_crashes_ends_with_every_row_once(
        crashes in prop::collection::vec((0u64..24, any::<bool>()), 0..12),
        partitions in 1u64..4,
        fail_at in 0u64..ROWS,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let sink = Scripted::new();
        for (at, after) in crashes {
            let when = if after { When::After } else { When::Before };
            let storage = FaultStorage::failing(local(directory.path()), at, when);
            let source = Numbers::new(ROWS).partitions(partitions).failing_at(fail_at, 1);
            let query = stream(source)
                .write_to(sink.restarted())
                .checkpoint(storage.shared())
                .trigger(Trigger::AvailableNow)
                .task_retry_delay(std::time::Duration::ZERO)
                .keep_batches(2);
            if let Ok(query) = query.start() {
                let _ = query.await_termination();
            }
            // In between, what is visible is a beginning of the rows, never a row twice.
            let visible = sink.rows();
            prop_assert_eq!(&visible, &(0..visible.len() as u64).collect::<Vec<_>>());
        }
        run(sink.restarted(), local(directory.path())).unwrap();
        prop_assert_eq!(sink.rows(), (0..ROWS).collect::<Vec<_>>());
    }
}
