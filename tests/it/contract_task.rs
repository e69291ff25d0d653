//! W1 to W12: what a writer is promised about tasks, commit and abort.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{End, ErrorKind, LocalStorage, Permanent, Rows, Trigger, stream};

use crate::support::{Event, Numbers, Scripted, Written, drain};

fn all(rows: &mut dyn Rows<Item = u64>) -> Written {
    Written {
        rows: rows.collect(),
    }
}

#[test]
fn w1_a_task_is_told_which_attempt_of_which_partition_of_which_batch_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Scripted::new().write({
        let seen = Arc::clone(&seen);
        move |rows, task| {
            seen.lock().unwrap().push((
                task.run().get(),
                task.batch_id().get(),
                task.partition().get(),
                task.partitions().unwrap(),
                task.attempt().get(),
            ));
            Ok(all(rows))
        }
    });
    drain(Numbers::new(20).partitions(2), sink, directory.path()).unwrap();
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            (1, 0, 0, 2, 0),
            (1, 0, 1, 2, 0),
            (1, 1, 0, 2, 0),
            (1, 1, 1, 2, 0)
        ]
    );
}

#[test]
fn w2_messages_come_in_partition_order_whatever_order_the_tasks_finish_in() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new().write(|rows, task| {
        let last = u64::from(task.partitions().unwrap() - 1 - task.partition().get());
        std::thread::sleep(Duration::from_millis(last * 15));
        Ok(all(rows))
    });
    let query = stream(Numbers::new(10).partitions(5))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .executors(5);
    query.start().unwrap().await_termination().unwrap();
    let partitions = (0..5).map(|p| vec![2 * p, 2 * p + 1]).collect();
    assert_eq!(
        sink.events(),
        [Event::Commit {
            batch: 0,
            replay: false,
            partitions
        }]
    );
}

#[test]
fn w3_w4_abort_gets_what_finished_and_runs_when_no_task_does() {
    let directory = tempfile::tempdir().unwrap();
    let running = Arc::new(AtomicI64::new(0));
    let sink = Scripted::new()
        .write({
            let running = Arc::clone(&running);
            move |rows, task| {
                running.fetch_add(1, Ordering::SeqCst);
                let written = match task.partition().get() {
                    0 => Ok(all(rows)),
                    1 => {
                        std::thread::sleep(Duration::from_millis(50));
                        Err(Permanent::new("disk on fire").into())
                    }
                    // A slow sibling: still at work when the other one fails.
                    _ => {
                        let mut read = all(rows);
                        std::thread::sleep(Duration::from_millis(150));
                        read.rows.extend(rows);
                        Ok(read)
                    }
                };
                running.fetch_sub(1, Ordering::SeqCst);
                written
            }
        })
        .on_abort({
            let running = Arc::clone(&running);
            move |_| {
                assert_eq!(running.load(Ordering::SeqCst), 0, "W4: a task still runs");
                Ok(())
            }
        });
    let error = stream(Numbers::new(12).per_batch(12).partitions(4))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .executors(3)
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Task);
    assert_eq!(error.batch().unwrap().get(), 0);
    assert_eq!(error.partition().unwrap().get(), 1);
    let [
        Event::Abort {
            batch: 0,
            partitions,
        },
    ] = &sink.events()[..]
    else {
        panic!("{:?}", sink.events());
    };
    assert_eq!(partitions.len(), 4);
    assert_eq!(partitions[0].as_deref(), Some(&[0, 1, 2][..]));
    assert_eq!(partitions[1], None, "it failed");
    assert!(sink.rows().is_empty());
}

#[test]
fn w5_a_failed_commit_is_never_aborted_and_is_repeated_with_the_stored_messages() {
    let directory = tempfile::tempdir().unwrap();
    for effect in ["before", "after"] {
        let checkpoint = directory.path().join(effect);
        let fail = |_: &_| Err("the answer is lost".into());
        let sink = match effect {
            "before" => Scripted::new().before_commit(fail),
            _ => Scripted::new().after_commit(fail),
        };
        let error = drain(Numbers::new(10), sink.clone(), &checkpoint).unwrap_err();
        assert_eq!(
            (error.kind(), error.batch().unwrap().get()),
            (ErrorKind::Commit, 0)
        );
        assert_eq!(sink.aborts(), 0);

        let again = Numbers::new(10);
        drain(again.clone(), sink.restarted(), &checkpoint).unwrap();
        assert_eq!(again.rows_read(), 0, "E3: nothing is read again");
        assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
        let replays: Vec<bool> = sink
            .events()
            .iter()
            .map(|event| matches!(event, Event::Commit { replay: true, .. }))
            .collect();
        assert_eq!(replays, [false, true]);
    }
}

#[test]
fn w5_there_is_no_abort_once_the_creation_of_prepared_was_attempted() {
    for when in [When::Before, When::After] {
        let directory = tempfile::tempdir().unwrap();
        let local = LocalStorage::shared(directory.path()).unwrap();
        // Operations: query.json, runs/1, offsets/0, prepared/0.
        let storage = FaultStorage::failing(local, 3, when);
        let sink = Scripted::new();
        let query = stream(Numbers::new(10))
            .write_to(sink.clone())
            .checkpoint(storage.shared())
            .trigger(Trigger::AvailableNow);
        query.start().unwrap().await_termination().unwrap_err();
        assert!(storage.log()[3].contains("prepared"), "{:?}", storage.log());
        assert_eq!(sink.events(), [], "{when:?}");
        drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
        assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>(), "{when:?}");
    }
}

#[test]
fn w6_a_panic_in_any_method_is_an_error_with_its_text() {
    let panics: [(&str, Scripted); 4] = [
        (
            "write",
            Scripted::new().write(|_, _| panic!("boom in write")),
        ),
        (
            "commit",
            Scripted::new().before_commit(|_| panic!("boom in commit")),
        ),
        (
            "record",
            Scripted::new().on_record(|_| panic!("boom in record")),
        ),
        (
            "abort",
            Scripted::new()
                .write(|_, _| Err(Permanent::new("no").into()))
                .on_abort(|_| panic!("boom in abort")),
        ),
    ];
    for (method, sink) in panics {
        let directory = tempfile::tempdir().unwrap();
        let error = drain(Numbers::new(10), sink.clone(), directory.path()).unwrap_err();
        let report = error.report().to_string();
        assert!(report.contains(&format!("boom in {method}")), "{report}");
        assert_eq!(error.batch().unwrap().get(), 0, "{report}");
        if method == "write" {
            assert_eq!(error.attempt().unwrap().get(), 3, "it was tried again");
            assert_eq!(sink.aborts(), 1, "the batch still reaches abort");
        }
        // The pool and the process live on.
        let ended = drain(
            Numbers::new(10),
            Scripted::new(),
            &directory.path().join("other"),
        );
        assert_eq!(ended.unwrap().batches, 1);
    }
}

#[test]
fn w7_a_task_is_tried_up_to_the_limit_and_a_permanent_error_once() {
    for (permanent, limit, tries) in [(false, 4, 4), (false, 1, 1), (true, 4, 1)] {
        let directory = tempfile::tempdir().unwrap();
        let attempts = Arc::new(AtomicU64::new(0));
        let sink = Scripted::new().write({
            let attempts = Arc::clone(&attempts);
            move |_, task| {
                assert_eq!(
                    u64::from(task.attempt().get()),
                    attempts.fetch_add(1, Ordering::SeqCst)
                );
                Err(if permanent {
                    Permanent::new("no").into()
                } else {
                    "no".into()
                })
            }
        });
        let error = stream(Numbers::new(4).partitions(1))
            .write_to(sink.clone())
            .checkpoint(directory.path())
            .trigger(Trigger::AvailableNow)
            .max_task_attempts(limit)
            .task_retry_delay(Duration::ZERO)
            .start()
            .unwrap()
            .await_termination()
            .unwrap_err();
        assert_eq!(attempts.load(Ordering::SeqCst), tries);
        assert_eq!(u64::from(error.attempt().unwrap().get()), tries - 1);
        assert_eq!(sink.aborts(), 1);
    }
}

#[test]
fn w7_a_task_that_fails_once_succeeds_at_its_second_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new().write(|rows, task| match task.attempt().get() {
        0 => Err("not yet".into()),
        _ => Ok(all(rows)),
    });
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap();
    assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
}

#[test]
fn w7_a_failure_ends_the_rows_of_the_other_tasks() {
    let directory = tempfile::tempdir().unwrap();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let sink = Scripted::new().write({
        let ends = Arc::clone(&ends);
        move |rows, task| {
            if task.partition().get() == 0 {
                std::thread::sleep(Duration::from_millis(30));
                return Err(Permanent::new("no").into());
            }
            let mut read = Vec::new();
            for row in &mut *rows {
                read.push(row);
                std::thread::sleep(Duration::from_millis(1));
            }
            ends.lock().unwrap().push((rows.end(), task.is_cancelled()));
            Ok(Written { rows: read })
        }
    });
    let source = Numbers::new(100_000).per_batch(100_000);
    drain(source, sink.clone(), directory.path()).unwrap_err();
    assert_eq!(*ends.lock().unwrap(), [(End::Cancelled, true)]);
    let [Event::Abort { partitions, .. }] = &sink.events()[..] else {
        panic!()
    };
    assert_eq!(
        partitions,
        &[None, None],
        "what a cancelled task returns does not count"
    );
}

#[test]
fn w7_a_reader_that_ends_early_because_it_was_cancelled_is_not_taken_for_complete() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new().write(|rows, task| match task.partition().get() {
        0 => {
            std::thread::sleep(Duration::from_millis(30));
            Err(Permanent::new("no").into())
        }
        _ => Ok(all(rows)),
    });
    // The filter drops every row, so only the reader behind it can see the cancellation.
    stream(Numbers::new(u64::MAX).per_batch(u64::MAX - 1))
        .filter(|_| false)
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .executors(2)
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    let partitions = vec![None, None];
    assert_eq!(
        sink.events(),
        [Event::Abort {
            batch: 0,
            partitions
        }]
    );
}

#[test]
fn w7_the_task_timeout_cancels_an_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new().write(|rows, task| {
        while task.attempt().get() == 0 && !task.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(all(rows))
    });
    let began = Instant::now();
    stream(Numbers::new(4).partitions(1))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .task_timeout(Duration::from_millis(50))
        .task_retry_delay(Duration::ZERO)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(sink.rows(), [0, 1, 2, 3]);
}

#[test]
fn w9_a_timeout_that_ends_the_look_for_unread_rows_is_not_taken_for_their_end() {
    for skips in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let sink = Scripted::new().write(move |rows, _| {
            let rows_read = rows.take(3).collect();
            if skips {
                rows.skip_rest();
            }
            Ok(Written { rows: rows_read })
        });
        // The fourth row is too far away to be met before the time is up.
        let last = u64::MAX - 2;
        let error = stream(Numbers::new(u64::MAX).per_batch(last + 1).partitions(1))
            .filter(move |number| *number < 3 || *number == last)
            .write_to(sink.clone())
            .checkpoint(directory.path())
            .trigger(Trigger::Once)
            .task_timeout(Duration::from_millis(50))
            .max_task_attempts(1)
            .start()
            .unwrap()
            .await_termination()
            .expect_err("the fourth row was neither written nor counted");
        assert!(error.to_string().contains("task timeout"), "{error}");
        assert_eq!((sink.rows(), sink.aborts()), (Vec::new(), 1));
    }
}

#[test]
fn w8_a_source_that_fails_midway_fails_the_task_and_says_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let sink = Scripted::new().write({
        let ends = Arc::clone(&ends);
        move |rows, _| {
            let written = all(rows);
            ends.lock().unwrap().push((written.rows.len(), rows.end()));
            Ok(written)
        }
    });
    let source = Numbers::new(10).partitions(1).failing_at(7, 1);
    drain(source, sink.clone(), directory.path()).unwrap();
    assert_eq!(
        *ends.lock().unwrap(),
        [(7, End::CutOff), (10, End::Complete)]
    );
    assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());

    let source = Numbers::new(20).failing_at(17, u64::MAX);
    let error = drain(source, sink.restarted(), directory.path()).unwrap_err();
    assert_eq!(
        (error.kind(), error.batch().unwrap().get()),
        (ErrorKind::Source, 1)
    );
}

#[test]
fn w9_rows_left_unread_fail_the_task_unless_they_are_skipped_on_purpose() {
    fn run(
        write: impl Fn(&mut dyn Rows<Item = u64>) -> Vec<u64> + Send + Sync + 'static,
    ) -> Result<u64, String> {
        let directory = tempfile::tempdir().unwrap();
        let sink = Scripted::new().write(move |rows, _| Ok(Written { rows: write(rows) }));
        let query = stream(Numbers::new(5).partitions(1))
            .write_to(sink)
            .checkpoint(directory.path())
            .trigger(Trigger::AvailableNow)
            .max_task_attempts(1)
            .start()
            .unwrap();
        assert!(query.wait(Duration::from_secs(10)));
        let skipped = query
            .last_progress()
            .map_or(0, |p| p.source.num_skipped_rows);
        query
            .await_termination()
            .map(|_| skipped)
            .map_err(|error| error.to_string())
    }
    assert_eq!(
        run(|rows| rows.take(5).collect()),
        Ok(0),
        "exactly all of them"
    );
    assert!(
        run(|rows| rows.take(3).collect())
            .unwrap_err()
            .contains("unread; it had read 3")
    );
    assert!(run(|_| Vec::new()).unwrap_err().contains("unread"));
    assert_eq!(
        run(|rows| {
            let first = rows.take(2).collect();
            rows.skip_rest();
            first
        }),
        Ok(3)
    );
}

#[test]
fn w10_the_aborts_error_travels_with_the_one_that_caused_it() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new()
        .write(|_, _| Err(Permanent::new("first").into()))
        .on_abort(|_| Err("second".into()));
    let error = drain(Numbers::new(5), sink, directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Task);
    assert_eq!(error.also().len(), 1);
    assert_eq!(error.also()[0].kind(), ErrorKind::Abort);
    let report = error.report().to_string();
    assert!(
        report.contains("first") && report.contains("second"),
        "{report}"
    );
}

#[test]
fn w12_a_message_beyond_the_limit_fails_its_task_with_both_sizes() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let run = |limit: usize| {
        let query = stream(Numbers::new(5).partitions(1))
            .write_to(sink.restarted())
            .checkpoint(directory.path())
            .trigger(Trigger::AvailableNow)
            .max_message_bytes(limit);
        query.start().unwrap().await_termination()
    };
    let size = r#"{"type":"written","version":1,"body":{"rows":[0,1,2,3,4]}}"#.len();
    let error = run(size - 1).unwrap_err();
    assert_eq!(
        (error.kind(), error.attempt().unwrap().get()),
        (ErrorKind::Message, 0)
    );
    assert!(error.message().contains(&size.to_string()), "{error}");
    run(size).unwrap();
    assert_eq!(sink.rows(), [0, 1, 2, 3, 4]);
}
