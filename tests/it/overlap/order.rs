//! Which step waits for which, and when nothing overlaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use streamwriter::{Replay, Trigger};

use super::{A_WHILE, LONG, Story, expect_restart, overlapping, telling};
use crate::support::{Numbers, Scripted};

#[test]
fn b5_the_next_batch_is_written_while_a_commit_is_held_and_prepared_when_that_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = telling(&story).after_commit({
        let story = story.clone();
        move |batch| {
            if batch.batch_id().get() < 3 {
                let next = batch.batch_id().get() + 1;
                for partition in 0..2 {
                    story.wait_for(&format!("wrote {next}.{partition}"));
                }
                std::thread::sleep(A_WHILE);
                assert!(!story.has(&format!("try prepared/{next}")));
                assert!(!story.has(&format!("try offsets/{}", next + 1)));
            }
            story.tell(format!("committed {}", batch.batch_id()));
            Ok(())
        }
    });
    let storage = story.watch(directory.path());
    let summary = overlapping(Numbers::new(40), sink.clone(), storage.shared())
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!((summary.batches, summary.input_rows), (4, 40));
    for batch in 0..4 {
        let next = batch + 1;
        let order = [
            format!("try offsets/{batch}"),
            format!("offsets/{batch}"),
            format!("write {batch}.0"),
            format!("wrote {batch}.0"),
            format!("try prepared/{batch}"),
            format!("prepared/{batch}"),
            format!("commit {batch}"),
            format!("committed {batch}"),
            format!("try commits/{batch}"),
            format!("commits/{batch}"),
        ];
        for pair in order.windows(2) {
            story.expect_order(&pair[0], &pair[1]);
        }
        if next < 4 {
            story.expect_order(&format!("prepared/{batch}"), &format!("try offsets/{next}"));
            story.expect_order(&format!("wrote {next}.0"), &format!("try commits/{batch}"));
            story.expect_order(&format!("commits/{batch}"), &format!("try prepared/{next}"));
        }
    }
    expect_restart(&sink, directory.path(), 50);
}

/// W4, per batch: what runs while a batch is committed is never its own.
#[test]
fn w4_b5_no_task_of_a_batch_runs_while_it_is_committed() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let running = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = telling(&story)
        .write({
            let running = Arc::clone(&running);
            move |rows, task| {
                running.lock().unwrap().push(task.batch_id());
                let rows = rows.collect();
                std::thread::sleep(Duration::from_millis(1));
                let mut running = running.lock().unwrap();
                let own = running.iter().position(|one| *one == task.batch_id());
                running.swap_remove(own.unwrap());
                // Q4: the tasks of two batches never run at once.
                assert!(running.iter().all(|one| *one == task.batch_id()));
                Ok(crate::support::Written { rows })
            }
        })
        .before_commit(move |batch| {
            for _ in 0..5 {
                let running = running.lock().unwrap().clone();
                let next = batch.batch_id().next();
                assert!(running.iter().all(|one| *one == next), "{running:?}");
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
    overlapping(Numbers::new(200), sink.clone(), directory.path())
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(sink.rows(), (0..200).collect::<Vec<_>>());
}

/// Commits the first batch slowly, and expects that nothing of the second is begun meanwhile.
fn held_alone(story: &Story) -> Scripted {
    let story_of_commit = story.clone();
    telling(story).before_commit(move |batch| {
        std::thread::sleep(A_WHILE);
        let next = batch.batch_id().next();
        for early in [format!("try offsets/{next}"), format!("write {next}.0")] {
            assert!(!story_of_commit.has(&early), "{early}");
        }
        Ok(())
    })
}

#[test]
fn b5_nothing_overlaps_that_would_not_begin_at_once_or_could_be_lost() {
    let interval = Trigger::Interval(Duration::from_millis(1));
    for (trigger, replay, asked) in [
        (interval, Replay::Replayable, true),
        (Trigger::Once, Replay::Replayable, true),
        // S2: one batch at stake is enough.
        (Trigger::AvailableNow, Replay::Once, true),
        (Trigger::AvailableNow, Replay::Replayable, false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let sink = held_alone(&story);
        let source = Numbers::new(20).replay(replay);
        let query = overlapping(source, sink.clone(), story.watch(directory.path()).shared())
            .overlap_batches(asked)
            .trigger(trigger)
            .start()
            .unwrap();
        if trigger == interval {
            story.wait_for("commits/1");
            query.stop(LONG).unwrap();
        }
        let summary = query.await_termination().unwrap();
        let batches = if trigger == Trigger::Once { 1 } else { 2 };
        assert_eq!(summary.batches, batches, "{trigger:?} {replay:?} {asked}");
    }
}

#[test]
fn b3_a_plan_of_nothing_beside_a_publication_writes_nothing_and_the_next_trigger_looks_again() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = held_alone(&story);
    let storage = story.watch(directory.path());
    let source = Numbers::new(10);
    let query = overlapping(source.clone(), sink.clone(), storage.shared())
        .trigger(Trigger::Continuous(Duration::from_millis(5)))
        .start()
        .unwrap();
    story.wait_for("commits/0");
    // What comes while nothing is published is found by the trigger, and what it leaves by the overlap.
    source.extend_to(20);
    story.wait_for("commits/1");
    query.stop(LONG).unwrap();
    query.await_termination().unwrap();
    assert!(!story.has("try offsets/2"), "{:?}", story.events());
    assert_eq!(sink.rows(), (0..20).collect::<Vec<_>>());
}

#[test]
fn q1_rows_gather_beside_a_publication_as_they_do_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let enough = Arc::new(AtomicBool::new(false));
    let sink = telling(&story).before_commit({
        let (story, enough) = (story.clone(), Arc::clone(&enough));
        move |batch| {
            if enough.load(Ordering::SeqCst) && batch.batch_id().get() == 1 {
                story.wait_for("wrote 2.0");
            } else if batch.batch_id().get() == 0 {
                std::thread::sleep(A_WHILE);
                assert!(!story.has("try offsets/1"), "5 rows are not enough");
            }
            Ok(())
        }
    });
    let source = Numbers::new(15);
    let query = overlapping(
        source.clone(),
        sink.clone(),
        story.watch(directory.path()).shared(),
    )
    .trigger(Trigger::Continuous(Duration::from_millis(5)))
    .min_rows_per_batch(10)
    .start()
    .unwrap();
    story.wait_for("commits/0");
    std::thread::sleep(A_WHILE);
    assert!(!story.has("try offsets/1"), "5 rows are not enough");
    enough.store(true, Ordering::SeqCst);
    source.extend_to(30); // two batches: the second begins beside the first
    story.wait_for("commits/2");
    query.stop(LONG).unwrap();
    query.await_termination().unwrap();
    assert_eq!(sink.rows(), (0..30).collect::<Vec<_>>());
}

/// One executor: tasks of the next batch have it while the commit of this one runs, which needs none.
#[test]
fn b5_one_executor_is_enough() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let sink = telling(&story).before_commit({
        let story = story.clone();
        move |batch| {
            if batch.batch_id().get() < 4 {
                story.wait_for(&format!("wrote {}.1", batch.batch_id().next()));
            }
            Ok(())
        }
    });
    overlapping(Numbers::new(50), sink.clone(), directory.path())
        .executors(1)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(sink.rows(), (0..50).collect::<Vec<_>>());
}
