//! What is refused by name instead of losing or doubling rows (E5, E6, W12).

use std::fs;
use std::path::Path;

use streamwriter::testing::FaultStorage;
use streamwriter::{BatchId, Error, ErrorKind};

use super::pretend::{Spark, work};
use super::{local, visible};
use crate::support::memory_directory;

fn start(directory: &Path) -> Spark {
    Spark::start(
        &directory.join("checkpoint"),
        local(&directory.join("target")),
    )
}

fn expect(error: &Error, kind: ErrorKind, text: &str) {
    let report = error.report().to_string();
    assert_eq!(error.kind(), kind, "{report}");
    assert!(report.contains(text), "{report}");
}

/// Refuses, and changes nothing that a reader sees.
fn refused(directory: &Path, mut spark: Spark, last: u64, kind: ErrorKind, text: &str) {
    let target = directory.join("target");
    let before = visible(&target);
    let error = spark.run_through(last).unwrap_err();
    expect(&error, kind, text);
    assert_eq!(visible(&target), before);
}

#[test]
fn e6_a_batch_of_other_rows_is_never_taken_for_the_one_that_is_recorded() {
    let directory = memory_directory();
    let spark = start(directory.path());
    let mut first = start(directory.path());
    first.run_through(1).unwrap();
    // The batch is planned anew, and ends elsewhere.
    fs::remove_file(spark.log("commits", 1)).unwrap();
    fs::write(spark.log("offsets", 1), "v1\n{}\n{\"end\":99}").unwrap();
    let again = start(directory.path());
    let text = "batch 1 is committed with other rows";
    refused(directory.path(), again, 1, ErrorKind::Mismatch, text);
    // Without the checkpoint's digest the rows of the partitions tell.
    let mut blind = start(directory.path());
    blind.options = Default::default();
    let (mut messages, _) = blind.write(1);
    let said = blind.sink().unwrap().commit(work(1), &messages).unwrap();
    assert_eq!(said, streamwriter::ClusterCommit::Already);
    // Other cores cut the batch into another number of partitions.
    messages.truncate(2);
    let said = blind.sink().unwrap().commit(work(1), &messages).unwrap();
    assert_eq!(said, streamwriter::ClusterCommit::Already);
    messages.truncate(1);
    let error = blind
        .sink()
        .unwrap()
        .commit(work(1), &messages)
        .unwrap_err();
    expect(
        &error,
        ErrorKind::Mismatch,
        "3 rows in partitions of 3 now, 5 rows in partitions of 3, 2, 0 were",
    );
}

#[test]
fn e6_a_gap_and_a_beginning_elsewhere_are_refused() {
    let directory = memory_directory();
    let mut spark = start(directory.path());
    spark.run_through(0).unwrap();
    fs::write(spark.log("commits", 1), "v1\n{}").unwrap();
    let text = "the rows of batch 1 would be missing";
    refused(
        directory.path(),
        start(directory.path()),
        2,
        ErrorKind::Mismatch,
        text,
    );
    // The target is emptied: what the checkpoint says is done is not there.
    fs::remove_dir_all(directory.path().join("target")).unwrap();
    let text = "the query begins with batch 2 here, and not with batch 0";
    refused(
        directory.path(),
        start(directory.path()),
        2,
        ErrorKind::Mismatch,
        text,
    );
}

#[test]
fn e6_another_query_is_refused_before_it_writes_and_can_take_over_by_name() {
    let directory = memory_directory();
    let mut first = start(directory.path());
    first.run_through(1).unwrap();
    fs::rename(
        directory.path().join("checkpoint"),
        directory.path().join("old"),
    )
    .unwrap();
    let mut second = start(directory.path());
    expect(
        &second.sink().unwrap().check().unwrap_err(),
        ErrorKind::Mismatch,
        &first.query.to_string(),
    );
    let error = second.task(0, 0, 0).unwrap_err();
    expect(&error, ErrorKind::Mismatch, &first.query.to_string());
    assert_eq!(super::staged(&directory.path().join("target")), [""; 0]);
    second
        .options
        .set("takeOverTargetFrom", first.query.to_string());
    second.run_through(0).unwrap();
    // The former owner is refused from now on.
    let error = first.run_through(2).unwrap_err();
    expect(&error, ErrorKind::Mismatch, &second.query.to_string());
    let rows = visible(&directory.path().join("target"));
    assert_eq!(rows.len(), 15, "{rows:?}");
}

#[test]
fn e5_a_driver_that_was_succeeded_records_and_publishes_nothing() {
    let directory = memory_directory();
    let mut first = start(directory.path());
    first.run_through(0).unwrap();
    let (messages, _) = first.write(1);
    let mut second = start(directory.path());
    second.run_through(1).unwrap();
    let error = first.commit(1, &messages).unwrap_err();
    expect(&error, ErrorKind::Superseded, "newer run");
    let error = first.task(2, 0, 0).unwrap_err();
    expect(&error, ErrorKind::Superseded, "newer run");
    second.run_through(2).unwrap();
    assert_eq!(
        visible(&directory.path().join("target")),
        (0..15).collect::<Vec<_>>()
    );
}

#[test]
fn w2_a_commit_without_messages_is_refused_with_the_reason() {
    let directory = memory_directory();
    let spark = start(directory.path());
    let sink = spark.sink().unwrap();
    let error = sink.commit(work(0), &[None, None]).unwrap_err();
    expect(&error, ErrorKind::Message, "continuous trigger");
    let mut spark = start(directory.path());
    let (mut messages, _) = spark.write(0);
    messages[1] = None;
    let error = spark
        .sink()
        .unwrap()
        .commit(work(0), &messages)
        .unwrap_err();
    expect(
        &error,
        ErrorKind::Message,
        "partition 1 of batch 0 has left no message",
    );
    // Nobody is to be asked whose batch it was; nothing is done.
    sink.abort(work(0), &[None, None]).unwrap();
}

#[test]
fn w12_messages_that_do_not_belong_together_are_named() {
    let directory = memory_directory();
    let mut spark = start(directory.path());
    let (messages, _) = spark.write(0);
    let sink = spark.sink().unwrap();
    let commit =
        |batch: u64, messages: &[Option<Vec<u8>>]| sink.commit(work(batch), messages).unwrap_err();
    expect(
        &commit(1, &messages),
        ErrorKind::Message,
        "partition 0 of batch 1 is of another batch",
    );
    let mut mixed = messages.clone();
    mixed.swap(0, 1);
    expect(
        &commit(0, &mixed),
        ErrorKind::Message,
        "of another partition",
    );
    let mut other_run = start(directory.path());
    let (theirs, _) = other_run.write(0);
    mixed = messages.clone();
    mixed[1] = theirs[1].clone();
    expect(&commit(0, &mixed), ErrorKind::Message, "of another run");
    for (bytes, text) in [
        (&b"x"[..], "is no message of a task"),
        (
            b"{\"version\":9}",
            "has version 9, this program knows version 1",
        ),
        (b"{\"version\":1}", "has other fields"),
    ] {
        mixed = messages.clone();
        mixed[2] = Some(bytes.to_vec());
        expect(&commit(0, &mixed), ErrorKind::Message, text);
    }
    assert_eq!(visible(&directory.path().join("target")), [0i64; 0]);
}

/// Has the first batch recorded and a file of it published, takes that away, and returns the error.
fn with_a_lost_file(directory: &Path) -> Error {
    let target = directory.join("target");
    let mut spark = start(directory);
    spark.run_through(0).unwrap();
    let stop = FaultStorage::watched(local(&target), |point| {
        match (point.operation, point.path.to_string().contains("commits/")) {
            ("create", true) => Err(point.error()),
            _ => Ok(()),
        }
    });
    let record = "_streamwriter/committed/00000000000000000001";
    Spark::start(&directory.join("checkpoint"), stop.shared())
        .run_through(1)
        .unwrap_err();
    // As if the driver had died before its target recorded the batch.
    fs::remove_file(target.join(record)).unwrap();
    let lost = fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut lost = lost.filter(|path| path.to_str().unwrap().contains("part-b0000000001"));
    fs::remove_file(lost.next().unwrap()).unwrap();
    start(directory).run_through(1).unwrap_err()
}

#[test]
fn e3_a_person_decides_about_a_lost_file_and_the_query_goes_on() {
    for accept in [true, false] {
        let directory = memory_directory();
        let error = with_a_lost_file(directory.path());
        expect(
            &error,
            ErrorKind::Mismatch,
            "decision=\"accept_as_published\"",
        );
        let spark = start(directory.path());
        let sink = spark.sink().unwrap();
        let survey = sink.survey(None).unwrap();
        assert_eq!(survey.prepared, Some(BatchId::new(1)));
        let repair = sink.repair(Some(spark.query)).unwrap();
        assert!(repair.to_string().contains("1 of its 2 files"), "{repair}");
        let batch = repair.batch().unwrap();
        match accept {
            true => repair.accept_as_published(batch).unwrap(),
            false => repair.write_again(batch).unwrap(),
        }
        drop(sink); // and with it the target's lock
        start(directory.path()).run_through(2).unwrap();
        let rows = visible(&directory.path().join("target"));
        match accept {
            true => assert!((12..15).contains(&rows.len()), "{rows:?}"),
            false => assert_eq!(rows, (0..15).collect::<Vec<_>>()),
        }
        assert_eq!(super::staged(&directory.path().join("target")), [""; 0]);
        spark.sink().unwrap().sweep(None).unwrap();
    }
}

#[test]
fn e6_the_checkpoint_of_another_query_in_the_options_is_refused() {
    let directory = memory_directory();
    let other = directory.path().join("other");
    Spark::start(&other, local(&directory.path().join("elsewhere")));
    let mut spark = start(directory.path());
    spark
        .options
        .set("checkpointLocation", other.to_str().unwrap());
    let text = "names the checkpoint of query";
    refused(directory.path(), spark, 0, ErrorKind::Mismatch, text);
}

/// A person decides just when a new run begins: its task has not seen the decision yet.
#[test]
fn e3_what_was_written_before_a_decision_is_not_published_after_it() {
    let directory = memory_directory();
    with_a_lost_file(directory.path());
    let mut early = start(directory.path());
    let (messages, _) = early.write(1);
    let sink = early.sink().unwrap();
    sink.repair(None)
        .unwrap()
        .write_again(BatchId::new(1))
        .unwrap();
    drop(sink);
    // The run of the decision is the newest; the messages claim to be of it.
    let newest = fs::read_dir(directory.path().join(format!(
        "target/_streamwriter/journals/{}/runs",
        early.query
    )));
    let newest = newest.unwrap().count();
    let of_newest = |message: Option<Vec<u8>>| {
        let mut message: serde_json::Value = serde_json::from_slice(&message.unwrap()).unwrap();
        message["run"] = newest.into();
        Some(serde_json::to_vec(&message).unwrap())
    };
    let messages: Vec<_> = messages.into_iter().map(of_newest).collect();
    let before = visible(&directory.path().join("target"));
    let error = early.commit(1, &messages).unwrap_err();
    expect(
        &error,
        ErrorKind::Mismatch,
        "a person has decided about this batch",
    );
    assert_eq!(visible(&directory.path().join("target")), before);
    start(directory.path()).run_through(1).unwrap();
    assert_eq!(
        visible(&directory.path().join("target")),
        (0..10).collect::<Vec<_>>()
    );
}

#[test]
fn e5_a_commit_waits_for_one_that_is_just_about_to_end() {
    let directory = memory_directory();
    let mut spark = start(directory.path());
    let (messages, _) = spark.write(0);
    let ending = spark.sink().unwrap();
    ending.commit(work(0), &messages).unwrap();
    // It holds the target's lock until it is dropped.
    let ends = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(ending);
    });
    let (messages, _) = spark.write(1);
    spark.commit(1, &messages).unwrap();
    ends.join().unwrap();
}
