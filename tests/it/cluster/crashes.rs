//! E1 on a cluster: a driver and its tasks that die at any durable step, and Spark's own repetitions.

use std::fs;
use std::path::Path;

use streamwriter::ClusterCommit;
use streamwriter::testing::{FaultStorage, When};

use super::pretend::{ROWS, Spark};
use super::{local, staged, visible};
use crate::support::memory_directory;

const LAST: u64 = 2;

fn all_rows(through: u64) -> Vec<i64> {
    (0..(i64::try_from(through).unwrap() + 1) * ROWS).collect()
}

fn clean(directory: &Path) -> Spark {
    Spark::start(
        &directory.join("checkpoint"),
        local(&directory.join("target")),
    )
}

fn check_in_between(target: &Path, what: &str) {
    let rows = visible(target);
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "a row is visible twice after {what}");
}

#[test]
fn e1_every_row_is_there_once_after_a_death_at_any_durable_step() {
    let mut at = 0;
    let mut steps = Vec::new();
    loop {
        let mut struck = false;
        for when in [When::Before, When::After] {
            let directory = memory_directory();
            let (target, checkpoint) = (
                directory.path().join("target"),
                directory.path().join("checkpoint"),
            );
            let faulty = FaultStorage::failing(local(&target), at, when);
            let _ = Spark::start(&checkpoint, faulty.shared()).run_through(LAST);
            struck |= faulty.operations() > at;
            let what = format!("{when:?} {}", faulty.log().last().unwrap());
            check_in_between(&target, &what);
            clean(directory.path())
                .run_through(LAST)
                .unwrap_or_else(|error| panic!("after {what}: {}", error.report()));
            assert_eq!(visible(&target), all_rows(LAST), "{what}");
            assert_eq!(staged(&target), [""; 0], "leftovers after {what}");
            steps.extend(faulty.log().get(usize::try_from(at).unwrap()).cloned());
        }
        if !struck {
            break;
        }
        at += 1;
    }
    for step in ["create", "stage", "finish", "publish"] {
        assert!(
            steps.iter().any(|name| name.contains(step)),
            "{step}: {steps:?}"
        );
    }
    for record in ["runs/", "offsets/", "prepared/", "commits/", "committed/"] {
        assert!(
            steps.iter().any(|name| name.contains(record)),
            "{record}: {steps:?}"
        );
    }
}

#[test]
fn e3_a_batch_that_is_written_again_is_dropped_or_rolled_forward() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = clean(directory.path());
    spark.run_through(LAST).unwrap();
    // `stop()` during the commit loses the record of it: the batch comes again, twice here.
    for _ in 0..2 {
        fs::remove_file(spark.log("commits", LAST)).unwrap();
        let mut again = clean(directory.path());
        again.run_through(LAST + 1).unwrap();
        assert_eq!(again.said[0], (LAST, ClusterCommit::Already));
        fs::remove_file(spark.log("commits", LAST + 1)).unwrap();
    }
    // A person deletes more of Spark's records: batches before the last one come again.
    for batch in 0..=LAST {
        fs::remove_file(spark.log("commits", batch)).unwrap();
    }
    let mut again = clean(directory.path());
    again.run_through(LAST + 1).unwrap();
    let said: Vec<ClusterCommit> = again.said.iter().map(|(_, said)| *said).collect();
    assert_eq!(said, [ClusterCommit::Already; 4]);
    assert_eq!(visible(&target), all_rows(LAST + 1));
    assert_eq!(staged(&target), [""; 0]);
}

#[test]
fn e3_recorded_messages_count_and_those_of_the_repetition_are_dropped() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    // The first publication fails, so that `prepared/0` is there and nothing is published.
    let faulty = FaultStorage::watched(local(&target), |point| match point.operation {
        "publish" => Err(point.error()),
        _ => Ok(()),
    });
    let mut first = Spark::start(&directory.path().join("checkpoint"), faulty.shared());
    first.run_through(0).unwrap_err();
    assert_eq!(visible(&target), [0i64; 0]);
    let before = staged(&target);
    assert_eq!(
        before.len(),
        2,
        "the abort of Spark dropped what is recorded: {before:?}"
    );

    let mut second = clean(directory.path());
    second.run_through(0).unwrap();
    assert_eq!(second.said, [(0, ClusterCommit::RolledForward)]);
    assert_eq!(visible(&target), all_rows(0));
    assert_eq!(staged(&target), [""; 0]);
}

#[test]
fn e7_attempts_that_nobody_speaks_of_are_swept_with_their_batch() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = clean(directory.path());
    // An executor dies with its attempt, a speculative copy loses, and a stage is repeated: the same
    // attempt number once more.
    for attempt in [0, 1, 0] {
        spark.task(0, 0, attempt).unwrap();
    }
    spark.run_through(0).unwrap();
    assert_eq!(visible(&target), all_rows(0));
    assert_eq!(staged(&target), [""; 0]);
    // A sibling that ends after the commit leaves its file until the next one.
    spark.task(0, 1, 7).unwrap();
    assert_eq!(staged(&target).len(), 1);
    spark.run_through(1).unwrap();
    assert_eq!(staged(&target), [""; 0]);
    assert_eq!(visible(&target), all_rows(1));
}

#[test]
fn w5_an_abort_drops_what_no_record_names_and_ends_the_run() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = clean(directory.path());
    spark.run_through(0).unwrap();
    let (mut messages, _) = spark.write(1);
    let late = messages[2].take();
    let sink = spark.sink().unwrap();
    sink.abort(super::pretend::work(1), &messages).unwrap();
    assert_eq!(staged(&target), [""; 0]);
    // A second call, and one with every message, change nothing.
    sink.abort(super::pretend::work(1), &messages).unwrap();
    // A commit of the same run can record nothing any more, and a sibling that comes late stops.
    messages[2] = late;
    let error = spark.commit(1, &messages).unwrap_err();
    assert_eq!(error.kind(), streamwriter::ErrorKind::Superseded, "{error}");
    let error = spark.task(1, 0, 1).unwrap_err();
    assert_eq!(error.kind(), streamwriter::ErrorKind::Superseded, "{error}");
    assert_eq!(visible(&target), all_rows(0));

    clean(directory.path()).run_through(1).unwrap();
    assert_eq!(visible(&target), all_rows(1));
}

#[test]
fn w5_an_abort_of_a_recorded_batch_drops_nothing() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let faulty = FaultStorage::watched(local(&target), |point| match point.operation {
        "publish" => Err(point.error()),
        _ => Ok(()),
    });
    let checkpoint = directory.path().join("checkpoint");
    let mut first = Spark::start(&checkpoint, faulty.shared());
    let (mut messages, _) = first.write(0);
    first.commit(0, &messages).unwrap_err();
    // With a message missing it is no failed commit to the eye, and the record is there all the same.
    messages[2] = None;
    first
        .sink()
        .unwrap()
        .abort(super::pretend::work(0), &messages)
        .unwrap();
    assert_eq!(staged(&target).len(), 2);
    clean(directory.path()).run_through(0).unwrap();
    assert_eq!(visible(&target), all_rows(0));
}

#[test]
fn e9_what_a_crash_has_torn_is_removed_once_in_each_run() {
    for elsewhere in [false, true] {
        let directory = memory_directory();
        let own = directory.path().join("target/_streamwriter");
        let journals = match elsewhere {
            true => directory.path().join("journals"),
            false => own.join("journals"),
        };
        let start = || {
            let mut spark = clean(directory.path());
            if elsewhere {
                let place = journals.to_str().unwrap();
                spark.options.set("journalLocation", place);
            }
            spark
        };
        let mut spark = start();
        spark.run_through(0).unwrap();
        let journal = journals.join(spark.query.to_string());
        let torn = [
            own.join("committed/.tmp-torn"),
            journal.join("prepared/.tmp-torn"),
        ];
        for torn in &torn {
            fs::write(torn, "{").unwrap();
        }
        spark.run_through(1).unwrap();
        assert!(torn.iter().all(|torn| torn.exists()), "in each batch");
        start().run_through(2).unwrap();
        assert!(torn.iter().all(|torn| !torn.exists()), "{elsewhere}");
        assert_eq!(visible(&directory.path().join("target")), all_rows(2));
    }
}
