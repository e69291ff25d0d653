//! What sources and listeners hear of batches that overlap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use streamwriter::testing::{NumbersOffset, NumbersPartition, NumbersReader};
use streamwriter::{
    BatchId, BoxError, ErrorKind, PlanLimits, PlanOf, QueryEvent, ReadCounts, Source, TaskContext,
};

use super::{Story, expect_restart, overlapping, telling};
use crate::support::{Numbers, Written};

type Ask = dyn Fn(&str) -> Result<(), BoxError> + Send + Sync;

/// Numbers, with a closure that is asked in each of the driver's calls.
struct Asked {
    numbers: Numbers,
    ask: Arc<Ask>,
}

impl Source for Asked {
    type Row = u64;
    type Offset = NumbersOffset;
    type Partition = NumbersPartition;
    type Reader<'a> = NumbersReader<'a>;

    fn description(&self) -> String {
        self.numbers.description()
    }

    fn plan(
        &self,
        start: Option<&NumbersOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        let next = start.map_or(0, NumbersOffset::next);
        (self.ask)(&format!("plan from {next}"))?;
        self.numbers.plan(start, limits)
    }

    fn open<'a>(
        &'a self,
        partition: &'a NumbersPartition,
        task: &'a TaskContext,
    ) -> Result<NumbersReader<'a>, BoxError> {
        self.numbers.open(partition, task)
    }

    fn accept(&self, batch: BatchId, _: &ReadCounts) -> Result<(), BoxError> {
        (self.ask)(&format!("accept {batch}"))
    }

    fn committed(&self, batch: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        (self.ask)(&format!("tell {batch}"))?;
        self.numbers.committed(batch, plan)
    }
}

#[test]
fn s1_b5_a_source_is_asked_one_thing_at_a_time_whatever_overlaps() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let (asked, overlapped) = (story.clone(), AtomicU64::new(0));
    let busy = AtomicBool::new(false);
    let numbers = Numbers::new(200);
    let source = Asked {
        numbers: numbers.clone(),
        ask: Arc::new(move |what| {
            assert!(!busy.swap(true, Ordering::SeqCst), "{what} beside another");
            // Long enough for the other thread to come along.
            std::thread::sleep(Duration::from_millis(3));
            assert!(busy.swap(false, Ordering::SeqCst));
            asked.tell(what);
            Ok(())
        }),
    };
    let sink = telling(&story).before_commit({
        let story = story.clone();
        move |batch| {
            let begun = format!("plan from {}", 10 * (batch.batch_id().get() + 1));
            overlapped.fetch_add(u64::from(story.has(&begun)), Ordering::SeqCst);
            Ok(())
        }
    });
    overlapping(source, sink.clone(), directory.path())
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(numbers.told(), (0..20).collect::<Vec<_>>());
    for batch in 0..20 {
        // It is told of a batch before it judges the next one, and planned that perhaps before.
        story.expect_order(&format!("accept {batch}"), &format!("tell {batch}"));
        if batch > 0 {
            story.expect_order(&format!("tell {}", batch - 1), &format!("accept {batch}"));
        }
    }
    assert_eq!(sink.rows(), (0..200).collect::<Vec<_>>());
}

#[test]
fn b5_a_plan_that_fails_or_panics_lets_the_publication_finish_and_aborts_nothing() {
    for panics in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let story = Story::default();
        let asked = story.clone();
        let numbers = Numbers::new(40);
        let source = Asked {
            numbers: numbers.clone(),
            ask: Arc::new(move |what| {
                if what != "plan from 10" {
                    return Ok(());
                }
                asked.tell(what);
                assert!(!panics, "no plan from ten");
                Err("no plan from ten".into())
            }),
        };
        let sink = telling(&story).before_commit({
            let story = story.clone();
            move |_| {
                story.wait_for("plan from 10");
                std::thread::sleep(super::A_WHILE);
                Ok(())
            }
        });
        let error = overlapping(source, sink.clone(), directory.path())
            .start()
            .unwrap()
            .await_termination()
            .unwrap_err();
        let kind = if panics {
            ErrorKind::Panic
        } else {
            ErrorKind::Source
        };
        assert_eq!(error.kind(), kind);
        assert!(
            error.report().to_string().contains("no plan from ten"),
            "{error}"
        );
        assert_eq!(error.batch().map(|batch| batch.get()), Some(1));
        assert_eq!((numbers.told(), sink.aborts()), (vec![0], 0));
        assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
        expect_restart(&sink, directory.path(), 40);
    }
}

#[test]
fn b5_a_plan_that_comes_behind_a_failed_publication_is_not_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let asked = story.clone();
    let source = Asked {
        numbers: Numbers::new(40),
        ask: Arc::new(move |what| {
            if what == "plan from 10" {
                asked.tell(what);
                asked.wait_for("fails");
                std::thread::sleep(super::A_WHILE);
            }
            Ok(())
        }),
    };
    let committing = story.clone();
    let sink = telling(&story).before_commit(move |_| {
        committing.wait_for("plan from 10");
        committing.tell("fails");
        Err("no commit of zero".into())
    });
    let storage = story.watch(directory.path());
    let error = overlapping(source, sink.clone(), storage.shared())
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Commit);
    assert!(!story.has("try offsets/1"), "{:?}", story.events());
    assert_eq!(sink.aborts(), 0);
    expect_restart(&sink, directory.path(), 40);
}

/// A refusal of the source: the batch is judged when the one before it is done, and aborted.
#[test]
fn b5_a_batch_that_its_source_does_not_accept_is_aborted_behind_the_publication() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let source = Asked {
        numbers: Numbers::new(40),
        ask: Arc::new(|what| match what {
            "accept 1" => Err("not one".into()),
            _ => Ok(()),
        }),
    };
    let storage = story.watch(directory.path());
    let sink = telling(&story);
    overlapping(source, sink.clone(), storage.shared())
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert_eq!(sink.aborts(), 1);
    story.expect_order("commits/0", "abort 1");
    expect_restart(&sink, directory.path(), 40);
}

#[test]
fn q3_b5_progress_comes_in_order_as_soon_as_a_batch_is_done_with_its_own_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let story = Story::default();
    let (writing, committing, hearing) = (story.clone(), story.clone(), story.clone());
    let sink = telling(&story)
        .write(move |rows, task| {
            let rows: Vec<u64> = rows.collect();
            let (batch, attempt) = (task.batch_id().get(), task.attempt().get());
            if batch == 1 && task.partition().get() == 0 && attempt == 0 {
                return Err("once".into());
            }
            writing.tell(format!("wrote {batch}.{}", task.partition()));
            if batch == 2 {
                // Batch 1 is told of while this one is still written.
                writing.wait_for("progress 1");
            }
            Ok(Written { rows })
        })
        .before_commit(move |batch| {
            if batch.batch_id().get() == 0 {
                committing.wait_for("wrote 1.0");
                committing.wait_for("wrote 1.1");
                std::thread::sleep(super::A_WHILE);
            }
            Ok(())
        });
    let query = overlapping(Numbers::new(30), sink.clone(), directory.path())
        .listener(move |event: &QueryEvent| {
            if let QueryEvent::Progress(progress) = event {
                hearing.tell(format!("progress {}", progress.batch_id));
            }
        })
        .start()
        .unwrap();
    while query.is_active() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let recent = query.recent_progress();
    query.await_termination().unwrap();
    let batches: Vec<u64> = recent.iter().map(|one| one.batch_id.get()).collect();
    assert_eq!(batches, [0, 1, 2]);
    let failed: Vec<u64> = recent.iter().map(|one| one.num_failed_attempts).collect();
    assert_eq!(failed, [0, 1, 0]);
    for (number, progress) in recent.iter().enumerate() {
        assert_eq!(progress.num_input_rows, 10);
        let waits = progress.duration_ms.contains_key("waitForCommit");
        assert_eq!(waits, number > 0, "{:?}", progress.duration_ms);
        let of = |step: &str| progress.duration_ms[step];
        assert!(of("addBatch") <= of("triggerExecution"));
        assert!(of("triggerExecution") <= progress.batch_duration + 1);
    }
    // The wait for the commit before is counted, and as nothing else. (Each number is rounded down.)
    let second = &recent[1];
    let of = |step: &str| second.duration_ms[step];
    assert!(of("waitForCommit") >= 20, "{:?}", second.duration_ms);
    let both = of("addBatch") + of("waitForCommit");
    assert!(
        both <= of("triggerExecution") + 2,
        "{:?}",
        second.duration_ms
    );
    for pair in ["progress 0", "progress 1", "progress 2"].windows(2) {
        story.expect_order(pair[0], pair[1]);
    }
}
