//! Stop, status, and a newer run, while batches overlap.

use std::sync::Arc;
use std::time::Duration;

use streamwriter::{ErrorKind, QueryStatus, Trigger};

use super::{A_WHILE, LONG, Story, expect_restart, overlapping, telling};
use crate::support::{Event, Numbers, Scripted, Written, drain};

/// Batch 0 is committed until `let go` is told of; batch 1 is written until it is cancelled, if it
/// `hangs`.
fn held(story: &Story, hangs: bool) -> Scripted {
    let (writing, committing) = (story.clone(), story.clone());
    telling(story)
        .write(move |rows, task| {
            if task.batch_id().get() == 1 && hangs {
                writing.tell(format!("writing 1.{}", task.partition()));
                while !task.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            let rows = rows.collect();
            writing.tell(format!("wrote {}.{}", task.batch_id(), task.partition()));
            Ok(Written { rows })
        })
        .before_commit(move |batch| {
            if batch.batch_id().get() == 0 {
                committing.tell("committing");
                committing.wait_for("let go");
            }
            Ok(())
        })
}

#[test]
fn q2_b5_stop_finishes_the_commit_that_has_begun_and_abandons_the_batch_behind_it() {
    for hangs in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let sink = held(&story, hangs);
        let source = Numbers::new(40);
        let storage = story.watch(directory.path());
        let query = overlapping(source.clone(), sink.clone(), storage.shared())
            .trigger(Trigger::Continuous(Duration::from_millis(5)))
            .start()
            .unwrap();
        story.wait_for("committing");
        let begun = if hangs { "writing" } else { "wrote" };
        story.wait_for(&format!("{begun} 1.0"));
        story.wait_for(&format!("{begun} 1.1"));
        assert_eq!(query.status(), QueryStatus::Committing);
        let error = query.stop(A_WHILE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StillRunning);
        assert!(error.to_string().contains("committing"), "{error}");
        // No abort is called early, and none of the one that is committed.
        assert_eq!(sink.aborts(), 0);
        story.tell("let go");
        query.stop(LONG).unwrap();
        let summary = query.await_termination().unwrap();
        assert!(summary.stopped);
        assert_eq!(
            (summary.batches, summary.last_batch.map(|batch| batch.get())),
            (1, Some(0))
        );
        assert_eq!(source.told(), [0]);
        let Some(Event::Abort {
            batch: 1,
            partitions,
        }) = sink.events().pop()
        else {
            panic!("{:?}", sink.events());
        };
        assert_eq!(
            partitions.iter().all(Option::is_none),
            hangs,
            "{partitions:?}"
        );
        story.expect_order("commits/0", "abort 1");
        assert!(!story.has("try prepared/1"));
        expect_restart(&sink, directory.path(), 40);
    }
}

#[test]
fn q2_b5_whoever_waits_for_the_end_hears_of_the_commit_and_of_the_tasks_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let (writing, committing) = (story.clone(), story.clone());
    let sink = telling(&story)
        .write(move |rows, task| {
            let rows = rows.collect();
            if task.batch_id().get() == 1 {
                writing.tell(format!("writing 1.{}", task.partition()));
                writing.wait_for("let one go"); // whatever it was told
            }
            Ok(Written { rows })
        })
        .before_commit(move |batch| {
            if batch.batch_id().get() == 0 {
                committing.wait_for("let zero go");
            }
            Ok(())
        });
    let storage = story.watch(directory.path());
    let query = overlapping(Numbers::new(40), sink.clone(), storage.shared())
        .start()
        .unwrap();
    story.wait_for("writing 1.0");
    story.wait_for("writing 1.1");
    let still_running = || query.stop(A_WHILE).unwrap_err().to_string();
    let text = still_running();
    for busy in [
        "committing",
        "partition 0 attempt 0",
        "partition 1 attempt 0",
    ] {
        assert!(text.contains(busy), "{busy}: {text}");
    }
    story.tell("let zero go");
    story.wait_for("commits/0");
    // The commit is over: what is shown is what was done beside it.
    story.wait_until("status", || query.status() == QueryStatus::Writing);
    assert_eq!(query.last_progress().unwrap().batch_id.get(), 0);
    let text = still_running();
    assert!(text.contains("partition 0 attempt 0"), "{text}");
    assert!(!text.contains("committing"), "{text}");
    story.tell("let one go");
    query.stop(LONG).unwrap();
    assert!(query.await_termination().unwrap().stopped);
    expect_restart(&sink, directory.path(), 40);
}

#[test]
fn e5_b5_a_driver_that_is_superseded_in_the_overlap_aborts_nothing_and_publishes_nothing() {
    for stage in ["tasks", "done"] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let (writing, committing) = (story.clone(), story.clone());
        let sink = telling(&story)
            .write(move |rows, task| {
                if task.batch_id().get() == 1 && stage == "tasks" {
                    writing.tell("wrote 1.0");
                    writing.wait_for("let go");
                }
                let rows = rows.collect();
                writing.tell(format!("wrote {}.{}", task.batch_id(), task.partition()));
                Ok(Written { rows })
            })
            .before_commit(move |batch| {
                committing.tell("committing");
                committing.wait_for("let go");
                // What the staging helper does before each step that cannot be taken back.
                Ok(batch.check_current()?)
            });
        let slept = overlapping(
            Numbers::new(40).partitions(1),
            sink.clone(),
            directory.path(),
        )
        .start()
        .unwrap();
        story.wait_for("committing");
        story.wait_for("wrote 1.0");
        let mut successor = sink.restarted();
        successor.log = Arc::default();
        overlapping(
            Numbers::new(40).partitions(1),
            successor.clone(),
            directory.path(),
        )
        .take_over(true)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
        assert_eq!(sink.rows(), (0..40).collect::<Vec<_>>());
        story.tell("let go");
        let error = slept.await_termination().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
        assert_eq!((sink.aborts(), sink.events().len()), (0, 1), "{stage}");
        assert_eq!(sink.rows(), (0..40).collect::<Vec<_>>());
        drain(
            Numbers::new(50).partitions(1),
            sink.restarted(),
            directory.path(),
        )
        .unwrap();
        assert_eq!(sink.rows(), (0..50).collect::<Vec<_>>());
    }
}

/// The sink asks for the end, as when its pipe was closed.
#[test]
fn q2_b5_a_sink_that_asks_for_the_end_in_its_commit_ends_the_query_without_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let committing = story.clone();
    let sink = telling(&story).before_commit(move |_| {
        committing.wait_for("wrote 1.0");
        Err(streamwriter::Error::new(ErrorKind::Stopped, "closed").into())
    });
    let query = overlapping(Numbers::new(40), sink.clone(), directory.path()).start();
    assert!(query.unwrap().await_termination().unwrap().stopped);
    assert_eq!(sink.aborts(), 1);
    expect_restart(&sink, directory.path(), 40);
}
