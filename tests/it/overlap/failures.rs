//! A batch fails, on either side of the overlap.

use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{Error, ErrorKind, Permanent, QueryEvent, SharedStorage};

use super::{LONG, Story, expect_restart, local, overlapping, short, telling};
use crate::support::{Event, Numbers, Scripted, Written};

/// Runs three batches to an error.
fn run(source: Numbers, sink: Scripted, checkpoint: SharedStorage, story: &Story) -> Error {
    let story = story.clone();
    overlapping(source, sink, checkpoint)
        .listener(move |event: &QueryEvent| {
            if let QueryEvent::Progress(progress) = event {
                story.tell(format!("progress {}", progress.batch_id));
            }
        })
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err()
}

/// The publication of batch 1 waits until the tasks of batch 2 have ended.
fn waits_for_two(story: &Story) -> impl Fn(u64) + Clone + Send + Sync + 'static {
    let story = story.clone();
    move |batch| {
        if batch == 1 {
            story.wait_for("wrote 2.0");
            story.wait_for("wrote 2.1");
        }
    }
}

fn batches(sink: &Scripted) -> Vec<String> {
    let events = sink.events();
    let event = |event: &Event| match event {
        Event::Commit { batch, .. } => format!("commit {batch}"),
        Event::Abort { batch, .. } => format!("abort {batch}"),
    };
    events.iter().map(event).collect()
}

fn exists(checkpoint: &Path, log: &str, batch: u64) -> bool {
    checkpoint.join(format!("{log}/{batch:020}.json")).exists()
}

#[test]
fn b5_w5_a_publication_that_fails_anywhere_aborts_the_next_batch_and_nothing_of_its_own() {
    for how in ["error", "panic", "record", "commits", "commits lost"] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let wait = waits_for_two(&story);
        let in_commit = wait.clone();
        let sink = telling(&story)
            .before_commit(move |batch| {
                in_commit(batch.batch_id().get());
                match (batch.batch_id().get(), how) {
                    (1, "error") => Err("no commit of one".into()),
                    (1, "panic") => panic!("no commit of one"),
                    _ => Ok(()),
                }
            })
            .on_record(move |record| match (record.batch.get(), how) {
                (1, "record") => Err(Error::new(ErrorKind::Storage, "no commit of one")),
                _ => Ok(()),
            });
        let storage = FaultStorage::watched(local(directory.path()), move |point| {
            let struck = match how {
                "commits" => When::Before,
                "commits lost" => When::After,
                _ => return Ok(()),
            };
            if point.when == struck && short(point.path.as_str()) == "commits/1" {
                return Err(Error::new(ErrorKind::Storage, "no commit of one"));
            }
            Ok(())
        });
        let error = run(Numbers::new(30), sink.clone(), storage.shared(), &story);
        assert!(
            error.report().to_string().contains("no commit of one"),
            "{how}: {error}"
        );
        assert_eq!(error.batch().map(|batch| batch.get()), Some(1), "{how}");
        assert_eq!(batches(&sink), ["commit 0", "commit 1", "abort 2"], "{how}");
        let Some(Event::Abort { partitions, .. }) = sink.events().pop() else {
            panic!("{how}");
        };
        // W3: its tasks were done, so their messages are there.
        let rows = |from: u64| Some((from..from + 5).collect::<Vec<_>>());
        assert_eq!(partitions, [rows(20), rows(25)], "{how}");
        assert!(exists(directory.path(), "offsets", 2), "{how}");
        assert!(!exists(directory.path(), "prepared", 2), "{how}");
        assert!(!story.has("progress 1"), "{how}");
        // The restart commits the one and writes the other anew.
        expect_restart(&sink, directory.path(), 30);
    }
}

#[test]
fn b5_w4_w7_tasks_beside_a_publication_that_fails_are_cancelled_and_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = telling(&story)
        .write({
            let story = story.clone();
            move |rows, task| {
                let (batch, partition) = (task.batch_id().get(), task.partition().get());
                let mut kept = Vec::new();
                kept.extend(rows.next());
                if (batch, partition) == (1, 0) {
                    story.tell("writing 1");
                    let until = Instant::now() + LONG;
                    while !task.is_cancelled() {
                        assert!(Instant::now() < until, "W7: it is not cancelled");
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    assert_eq!(rows.next(), None, "W7: its rows end");
                    // W4: the abort waits for this.
                    std::thread::sleep(super::A_WHILE);
                    story.tell("ended 1");
                }
                kept.extend(rows);
                Ok(Written { rows: kept })
            }
        })
        .before_commit({
            let story = story.clone();
            move |_| {
                story.wait_for("writing 1");
                Err("no commit of zero".into())
            }
        });
    let error = run(
        Numbers::new(20),
        sink.clone(),
        local(directory.path()),
        &story,
    );
    assert!(
        error.report().to_string().contains("no commit of zero"),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Commit);
    story.expect_order("ended 1", "abort 1");
    let Some(Event::Abort { partitions, .. }) = sink.events().pop() else {
        panic!("{:?}", sink.events());
    };
    assert_eq!((partitions.len(), &partitions[0]), (2, &None));
    expect_restart(&sink, directory.path(), 20);
}

#[test]
fn w10_b5_the_error_is_that_of_the_publication_and_the_others_travel_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = telling(&story)
        .write({
            let story = story.clone();
            move |rows, task| {
                let rows = rows.collect();
                if (task.batch_id().get(), task.partition().get()) == (1, 0) {
                    story.tell("fails 1");
                    return Err(Permanent::new("no write of one").into());
                }
                Ok(Written { rows })
            }
        })
        .before_commit({
            let story = story.clone();
            move |_| {
                story.wait_for("fails 1");
                std::thread::sleep(super::A_WHILE);
                Err("no commit of zero".into())
            }
        })
        .on_abort(|_| Err("no abort of one".into()));
    let error = run(
        Numbers::new(20),
        sink.clone(),
        local(directory.path()),
        &story,
    );
    assert_eq!(error.kind(), ErrorKind::Commit, "{error}");
    assert_eq!(error.batch().map(|batch| batch.get()), Some(0));
    let report = error.report().to_string();
    for told in ["no commit of zero", "no write of one", "no abort of one"] {
        assert!(report.contains(told), "{told}: {report}");
    }
    assert_eq!(batches(&sink), ["commit 0", "abort 1"]);
    expect_restart(&sink, directory.path(), 20);
}

#[test]
fn b5_a_task_that_fails_beside_a_publication_lets_it_finish_and_be_told_of_first() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = telling(&story)
        .write({
            let story = story.clone();
            move |rows, task| {
                let rows = rows.collect();
                if task.batch_id().get() == 1 {
                    story.tell("fails 1");
                    return Err(Permanent::new("no write of one").into());
                }
                Ok(Written { rows })
            }
        })
        .before_commit({
            let story = story.clone();
            move |_| {
                story.wait_for("fails 1");
                std::thread::sleep(super::A_WHILE);
                assert!(!story.has("abort 1"));
                Ok(())
            }
        });
    let storage = story.watch(directory.path());
    let error = run(Numbers::new(30), sink.clone(), storage.shared(), &story);
    assert!(
        error.report().to_string().contains("no write of one"),
        "{error}"
    );
    assert_eq!(error.batch().map(|batch| batch.get()), Some(1));
    assert_eq!(batches(&sink), ["commit 0", "abort 1"]);
    for pair in ["commits/0", "abort 1"].windows(2) {
        story.expect_order(pair[0], pair[1]);
    }
    story.wait_for("progress 0");
    assert!(!story.has("try prepared/1"));
    expect_restart(&sink, directory.path(), 30);
}

#[test]
fn b5_offsets_that_cannot_be_recorded_let_the_publication_finish_and_abort_nothing() {
    for when in [When::Before, When::After] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let sink = telling(&story).before_commit({
            let story = story.clone();
            move |_| {
                story.wait_for("struck");
                Ok(())
            }
        });
        let struck = story.clone();
        let storage = FaultStorage::watched(local(directory.path()), move |point| {
            if point.when == when && short(point.path.as_str()) == "offsets/1" {
                struck.tell("struck");
                return Err(point.error());
            }
            Ok(())
        });
        let error = run(Numbers::new(30), sink.clone(), storage.shared(), &story);
        assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
        assert_eq!(error.batch().map(|batch| batch.get()), Some(1));
        assert_eq!(batches(&sink), ["commit 0"]);
        assert!(exists(directory.path(), "commits", 0));
        assert_eq!(exists(directory.path(), "offsets", 1), when == When::After);
        expect_restart(&sink, directory.path(), 30);
    }
}
