//! Q1 to Q4: triggers, stop, progress, listeners, and options that make no sense.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use streamwriter::{ErrorKind, QueryEvent, QueryStatus, Trigger, stream};

use crate::support::{Event, Numbers, Scripted, Written, drain};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn q1_available_now_drains_in_bounded_batches_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let summary = stream(Numbers::new(25))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(7)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(
        (summary.batches, summary.input_rows, summary.stopped),
        (4, 25, false)
    );
}

#[test]
fn q1_once_runs_one_batch_for_each_start() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    for rows in [10, 20, 30] {
        stream(Numbers::new(100))
            .write_to(sink.restarted())
            .checkpoint(directory.path())
            .trigger(Trigger::Once)
            .start()
            .unwrap()
            .await_termination()
            .unwrap();
        assert_eq!(sink.rows(), (0..rows).collect::<Vec<_>>());
    }
}

#[test]
fn q1_interval_and_polling_pick_up_what_arrives_later() {
    let poll = Duration::from_millis(5);
    for trigger in [Trigger::Interval(poll), Trigger::Continuous(poll)] {
        let directory = tempfile::tempdir().unwrap();
        let (sink, source) = (Scripted::new(), Numbers::new(10));
        let query = stream(source.clone())
            .write_to(sink.clone())
            .checkpoint(directory.path())
            .trigger(trigger)
            .start()
            .unwrap();
        let wait_for = |rows: usize| {
            let until = Instant::now() + LONG;
            while sink.rows().len() < rows && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(sink.rows().len(), rows);
        };
        wait_for(10);
        source.extend_to(15);
        wait_for(15);
        query.stop(LONG).unwrap();
        assert_eq!(query.status(), QueryStatus::Ended);
        assert!(query.await_termination().unwrap().stopped);
    }
}

#[test]
fn q2_stop_abandons_the_batch_that_is_being_written() {
    let directory = tempfile::tempdir().unwrap();
    let writing = Arc::new(AtomicBool::new(false));
    let sink = Scripted::new().write({
        let writing = Arc::clone(&writing);
        move |rows, task| {
            if task.partition().get() == 0 {
                return Ok(Written {
                    rows: rows.collect(),
                });
            }
            writing.store(true, Ordering::SeqCst);
            while !task.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(Written {
                rows: rows.collect(),
            })
        }
    });
    let query = stream(Numbers::new(10))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .executors(2)
        .start()
        .unwrap();
    while !writing.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(20));
    query.stop(LONG).unwrap();
    assert!(query.await_termination().unwrap().stopped);
    let partitions = vec![Some(vec![0, 1, 2, 3, 4]), None];
    assert_eq!(
        sink.events(),
        [Event::Abort {
            batch: 0,
            partitions
        }]
    );
    drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
    assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
}

#[test]
fn q2_stop_lets_a_commit_finish_and_records_it() {
    let directory = tempfile::tempdir().unwrap();
    let committing = Arc::new(AtomicBool::new(false));
    let sink = Scripted::new().before_commit({
        let committing = Arc::clone(&committing);
        move |_| {
            committing.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(80));
            Ok(())
        }
    });
    let query = stream(Numbers::new(30))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .start()
        .unwrap();
    while !committing.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    query.stop(LONG).unwrap();
    assert_eq!(query.await_termination().unwrap().batches, 1);
    assert_eq!(sink.aborts(), 0);
    drain(Numbers::new(30), sink.restarted(), directory.path()).unwrap();
    let commits: Vec<u64> = sink
        .events()
        .iter()
        .map(|event| match event {
            Event::Commit { batch, .. } | Event::Abort { batch, .. } => *batch,
        })
        .collect();
    assert_eq!(commits, [0, 1, 2], "batch 0 is not committed a second time");
}

#[test]
fn q2_stop_names_the_tasks_that_do_not_end_and_the_query_ends_later() {
    let directory = tempfile::tempdir().unwrap();
    let (stuck, release) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let sink = Scripted::new().write({
        let (stuck, release) = (Arc::clone(&stuck), Arc::clone(&release));
        move |rows, _| {
            stuck.store(true, Ordering::SeqCst);
            while !release.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(Written {
                rows: rows.collect(),
            })
        }
    });
    let query = stream(Numbers::new(10).partitions(1))
        .write_to(sink.clone())
        .checkpoint(directory.path())
        .start()
        .unwrap();
    while !stuck.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let error = query.stop(Duration::from_millis(30)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert!(
        error.to_string().contains("partition 0 attempt 0"),
        "{error}"
    );
    assert_eq!(sink.aborts(), 0, "abort is not called early");
    let again = stream(Numbers::new(10))
        .write_to(sink.restarted())
        .checkpoint(directory.path());
    assert_eq!(
        again.start().unwrap_err().kind(),
        ErrorKind::Locked,
        "it keeps its lock"
    );
    release.store(true, Ordering::SeqCst);
    assert!(query.wait(LONG));
    assert_eq!(sink.aborts(), 1);
}

#[test]
fn q3_progress_carries_sparks_field_names_and_true_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let query = stream(Numbers::new(10))
        .filter(|number| number % 2 == 0)
        .write_to(Scripted::new())
        .checkpoint(directory.path())
        .name("evens")
        .trigger(Trigger::AvailableNow)
        .start()
        .unwrap();
    assert!(query.wait(LONG));
    let json = serde_json::to_value(query.last_progress().unwrap()).unwrap();
    assert_eq!(json["batchId"], 0);
    assert_eq!(json["name"], "evens");
    assert_eq!(json["numInputRows"], 10);
    assert_eq!(json["source"]["numInputBytes"], 80);
    assert_eq!(json["sink"]["numOutputRows"], 5);
    assert_eq!(json["guarantee"], "exactly-once");
    let steps = json["durationMs"].as_object().unwrap();
    for step in [
        "latestOffset",
        "walCommit",
        "write",
        "prepare",
        "publish",
        "addBatch",
        "commitOffsets",
        "triggerExecution",
    ] {
        assert!(steps.contains_key(step), "{step}");
    }
}

#[test]
fn q3_listeners_hear_start_progress_and_end_and_cannot_harm_the_query() {
    let directory = tempfile::tempdir().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let driver = std::thread::current().id();
    let listener = {
        let heard = Arc::clone(&heard);
        move |event: &QueryEvent| {
            assert_ne!(std::thread::current().id(), driver);
            heard.lock().unwrap().push(match event {
                QueryEvent::Started { .. } => "started".to_owned(),
                QueryEvent::Progress(progress) => format!("batch {}", progress.batch_id),
                QueryEvent::Idle { next_batch, .. } => format!("idle before {next_batch}"),
                QueryEvent::Ended { error, .. } => format!("ended {error:?}"),
                other => format!("{other:?}"),
            });
        }
    };
    let summary = stream(Numbers::new(20))
        .write_to(Scripted::new())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .listener(|_: &QueryEvent| panic!("a bad listener"))
        .listener(listener)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(summary.batches, 2);
    let expected = [
        "started",
        "batch 0",
        "batch 1",
        "idle before 2",
        "ended None",
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn q3_a_listener_that_hangs_does_not_hold_up_the_query() {
    let directory = tempfile::tempdir().unwrap();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let query = stream(Numbers::new(3000).per_batch(1).partitions(1))
        .write_to(Scripted::new())
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .listener(move |_: &QueryEvent| {
            let _ = blocked.lock().unwrap().recv();
        })
        .start();
    let _ = directory;
    let query = query.unwrap();
    let until = Instant::now() + LONG;
    while query.summary().batches < 3000 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(query.summary().batches, 3000);
    drop(release);
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let query = || {
        stream(Numbers::new(1))
            .write_to(Scripted::new())
            .no_checkpoint()
    };
    let refused = [
        ("max_rows_per_batch", query().max_rows_per_batch(0)),
        ("max_bytes_per_batch", query().max_bytes_per_batch(0)),
        ("max_files_per_batch", query().max_files_per_batch(0)),
        ("executors", query().executors(0)),
        ("max_task_attempts", query().max_task_attempts(0)),
        ("keep_batches", query().keep_batches(1)),
        ("max_message_bytes", query().max_message_bytes(0)),
        ("task_timeout", query().task_timeout(Duration::ZERO)),
        (
            "trigger",
            query().trigger(Trigger::Interval(Duration::ZERO)),
        ),
    ];
    for (option, query) in refused {
        let error = query.name("orders").start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.query(), Some("orders"));
        assert!(error.to_string().contains(option), "{error}");
    }
}
