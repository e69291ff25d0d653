//! B1 to B5, S1, S2 and E10: batches, their ids, and what the checkpoint keeps of them.

use std::path::Path;

use streamwriter::{BatchOrigin, Guarantee, Replay, Trigger, stream};

use crate::support::{Event, Numbers, Scripted, drain};

fn records(checkpoint: &Path, log: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = std::fs::read_dir(checkpoint.join(log))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".json").unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

fn batches(sink: &Scripted) -> Vec<u64> {
    sink.events()
        .iter()
        .map(|event| match event {
            Event::Commit { batch, .. } | Event::Abort { batch, .. } => *batch,
        })
        .collect()
}

#[test]
fn b1_ids_start_at_zero_and_grow_by_one_across_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let source = Numbers::new(30);
    drain(source.clone(), sink.clone(), directory.path()).unwrap();
    source.extend_to(50);
    drain(source, sink.restarted(), directory.path()).unwrap();
    assert_eq!(batches(&sink), [0, 1, 2, 3, 4]);
    assert_eq!(sink.rows(), (0..50).collect::<Vec<_>>());
}

#[test]
fn b2_a_planned_batch_keeps_rows_and_partitions_whatever_the_restart_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let failing = Scripted::new().write(|_, _| Err(streamwriter::Permanent::new("no").into()));
    drain(
        Numbers::new(12).per_batch(12).partitions(3),
        failing.clone(),
        directory.path(),
    )
    .unwrap_err();
    // More rows, other batches, other partitions, other executors: the batch stays what it was.
    let source = Numbers::new(100).per_batch(100).partitions(7);
    drain(source, failing.restarted(), directory.path()).unwrap();
    let Event::Commit {
        batch: 0,
        partitions,
        ..
    } = &failing.events()[1]
    else {
        panic!("{:?}", failing.events());
    };
    assert_eq!(
        partitions,
        &[vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 10, 11]]
    );
    assert_eq!(failing.rows(), (0..100).collect::<Vec<_>>());
}

#[test]
fn b3_a_trigger_that_finds_nothing_new_runs_no_batch_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap();
    let summary = drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
    assert_eq!((summary.batches, summary.last_batch.unwrap().get()), (0, 0));
    assert_eq!(batches(&sink), [0]);
    assert_eq!(records(directory.path(), "offsets"), [0]);
}

#[test]
fn b4_a_plan_without_partitions_runs_one_empty_task_and_commits() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let source = Numbers::new(4).partitions(1).empty_batches(2);
    drain(source, sink.clone(), directory.path()).unwrap();
    let commit = |batch, rows: &[u64]| Event::Commit {
        batch,
        replay: false,
        partitions: vec![rows.to_vec()],
    };
    assert_eq!(
        sink.events(),
        [commit(0, &[]), commit(1, &[]), commit(2, &[0, 1, 2, 3])]
    );
}

#[test]
fn e10_the_newest_batches_are_kept_and_the_rest_is_purged() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    stream(Numbers::new(25).per_batch(1))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .keep_batches(3)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    for log in ["offsets", "prepared", "commits"] {
        assert_eq!(records(directory.path(), log), [22, 23, 24], "{log}");
    }
    // A record that a late driver left below is not acted on, and goes away at the next start.
    let stray = directory.path().join("prepared/00000000000000000005.json");
    std::fs::write(&stray, "anything").unwrap();
    let summary = stream(Numbers::new(26).per_batch(1))
        .write_to(sink.restarted())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .keep_batches(3)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(summary.batches, 1);
    assert!(!stray.exists());
    assert_eq!(sink.rows(), (0..26).collect::<Vec<_>>());
}

#[test]
fn e10_run_records_are_bounded_and_never_reused() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    for run in 1..=130 {
        let summary = drain(Numbers::new(1), sink.restarted(), directory.path()).unwrap();
        assert_eq!(summary.run.get(), run);
    }
    assert_eq!(
        records(directory.path(), "runs"),
        (31..=130).collect::<Vec<_>>()
    );
}

#[test]
fn s1_the_source_is_told_after_the_commit_and_the_newest_again_at_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let source = Numbers::new(30);
    drain(source.clone(), sink.clone(), directory.path()).unwrap();
    assert_eq!(source.told(), [0, 1, 2]);
    let again = Numbers::new(40);
    drain(again.clone(), sink.restarted(), directory.path()).unwrap();
    assert_eq!(again.told(), [2, 3]);
}

#[test]
fn s2_a_batch_of_a_source_that_cannot_replay_is_recorded_as_lost_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let once = |available: u64| Numbers::new(available).replay(Replay::Once);
    let sink = Scripted::new().write(|_, _| Err(streamwriter::Permanent::new("no").into()));
    drain(once(10), sink.clone(), directory.path()).unwrap_err();

    let sink = sink.restarted();
    let query = stream(once(20))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .start()
        .unwrap();
    assert_eq!(query.guarantee(), Guarantee::AtMostOnce);
    assert!(query.wait(std::time::Duration::from_secs(10)));
    let progress = query.recent_progress();
    assert_eq!(progress[0].origin, BatchOrigin::Lost);
    assert_eq!(
        (progress[0].batch_id.get(), progress[0].source.num_lost_rows),
        (0, 10)
    );
    let summary = query.await_termination().unwrap();
    assert_eq!(summary.lost_rows, 10);
    // Batch 0 is used up; its rows are never written under another id, nor others under its.
    assert_eq!(
        batches(&sink),
        [0, 1],
        "the abort of batch 0, the commit of batch 1"
    );
    assert_eq!(sink.rows(), (10..20).collect::<Vec<_>>());
    assert_eq!(
        sink.table.lock().unwrap().records.len(),
        2,
        "the target remembers both"
    );
}
