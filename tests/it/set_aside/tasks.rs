//! F5, W7 to W9: only the attempt that succeeds counts, and only a whole partition.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use streamwriter::{
    BatchContext, BoxError, CommitMessage, Error, ErrorKind, Rows, SetAside, SetAsidePlace,
    SetAsideRow, StreamWriter, TaskContext, Trigger, WriteRows, stream,
};

use super::sieve::{Sieve, bad, good};
use super::{Bench, Told, drain};
use crate::support::{Scripted, Written};

fn around(bench: &Bench, sink: Scripted) -> SetAside<Scripted> {
    SetAside::new(sink, bench.path("aside")).unwrap()
}

fn numbers(raws: Vec<String>) -> Vec<u64> {
    raws.iter().map(|raw| raw.parse().unwrap()).collect()
}

#[test]
fn f5_attempts_that_fail_after_they_have_set_rows_aside_count_once() {
    // The source fails behind the first bad rows; the sink fails with all of them set aside.
    let mut stumbling = Sieve::new();
    stumbling.stumbles_at = Some(23);
    let failing = Scripted::new().write(|rows, task| {
        let rows = rows.collect();
        match task.attempt().get() {
            0 => Err("the sink fails".into()),
            1 => panic!("the sink panics"),
            _ => Ok(Written { rows }),
        }
    });
    for (source, sink, failed) in [
        (stumbling, Scripted::new(), 1),
        (Sieve::new(), failing, 2 * 6),
    ] {
        let (bench, told) = (Bench::new(), Told::default());
        let state = bench.storage("state");
        let summary = drain(source, around(&bench, sink.clone()), state, &told).unwrap();
        assert_eq!(summary.set_aside_rows, bad().len() as u64);
        assert_eq!(summary.input_rows, good().len() as u64);
        assert_eq!(summary.output_rows, good().len() as u64);
        assert!(
            summary.to_string().contains("7 rows set aside"),
            "{summary}"
        );
        assert_eq!(numbers(bench.raws()), bad());
        assert_eq!(sink.rows(), good());
        let attempts: u64 = (0..3)
            .map(|batch| told.batch(batch).num_failed_attempts)
            .sum();
        assert_eq!(attempts, failed);
        assert_eq!(
            told.set_aside().into_values().collect::<Vec<_>>(),
            [3, 2, 2]
        );
    }
}

#[test]
fn f5_a_batch_that_fails_for_good_leaves_nothing_and_is_set_aside_by_the_next_run() {
    let bench = Bench::new();
    let mut source = Sieve::new();
    source.numbers = source.numbers.failing_at(13, u64::MAX);
    let error = drain(
        source,
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap_err();
    assert_eq!(error.batch().map(|batch| batch.get()), Some(1));
    assert_eq!(numbers(bench.raws()), [1, 4, 8]);
    assert_eq!(bench.staged_files(), 0, "the abort has dropped both");
    drain(
        Sieve::new(),
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap();
    assert_eq!(numbers(bench.raws()), bad());
}

#[test]
fn w9_rows_left_unread_fail_the_task_and_rows_skipped_are_counted() {
    let first_row = |rows: &mut dyn Rows<Item = u64>| Written {
        rows: rows.take(1).collect(),
    };
    let (bench, told) = (Bench::new(), Told::default());
    let leaves = Scripted::new().write(move |rows, _| Ok(first_row(rows)));
    let state = bench.storage("state");
    let sink = leaves.clone();
    let error = drain(Sieve::new(), around(&bench, leaves), state, &told).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Task);
    assert!(error.message().contains("it had read 1"), "{error}");
    assert!(bench.published("aside", "").is_empty());

    let skips = sink.restarted().write(move |rows, task| {
        task.skip_rest();
        Ok(first_row(rows))
    });
    let state = bench.storage("state");
    let summary = drain(Sieve::new(), around(&bench, skips), state, &told).unwrap();
    assert_eq!(
        (summary.output_rows, summary.input_rows),
        (6, good().len() as u64)
    );
    // What does not fit is set aside in the part that is skipped, too.
    assert_eq!(numbers(bench.raws()), bad());
    assert_eq!(told.batch(0).source.num_skipped_rows, 7 - 2);
}

/// A reader that waits until its attempt is cancelled, as one on a slow network would.
#[test]
fn w7_an_attempt_that_is_cancelled_while_its_rest_is_read_has_not_succeeded() {
    use streamwriter::{Plan, PlanLimits, RowReader, Source};

    struct Slow;
    struct SlowReader<'a>(&'a TaskContext, u64);
    impl RowReader for SlowReader<'_> {
        type Row = u64;
        fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
            self.1 += 1;
            if self.1 == 1 {
                return Some(Ok(0));
            }
            for _ in 0..6_000 {
                if self.0.is_cancelled() {
                    return None;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            Some(Ok(1))
        }
    }
    impl Source for Slow {
        type Row = u64;
        type Offset = u64;
        type Partition = u64;
        type Reader<'a> = SlowReader<'a>;
        fn description(&self) -> String {
            "slow".to_owned()
        }
        fn plan(
            &self,
            start: Option<&u64>,
            _: &PlanLimits,
        ) -> Result<Option<Plan<u64, u64>>, BoxError> {
            Ok(start.is_none().then_some(Plan {
                end: 1,
                partitions: vec![0],
                rows: None,
            }))
        }
        fn open<'a>(
            &'a self,
            _: &'a u64,
            task: &'a TaskContext,
        ) -> Result<SlowReader<'a>, BoxError> {
            Ok(SlowReader(task, 0))
        }
    }
    let bench = Bench::new();
    // It reads one row and says that this was all; the second one has not come by then.
    let sink = Scripted::new().write(|rows, _| {
        Ok(Written {
            rows: rows.take(1).collect(),
        })
    });
    let error = stream(Slow)
        .write_to(sink.clone())
        .checkpoint(bench.path("state"))
        .trigger(Trigger::AvailableNow)
        .max_task_attempts(1)
        .task_timeout(Duration::from_millis(100))
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert!(error.message().contains("task timeout"), "{error}");
    assert!(sink.rows().is_empty());
}

#[test]
fn f5_a_sink_without_a_place_is_refused_before_anything_is_recorded() {
    let bench = Bench::new();
    let (state, told) = (bench.storage("state"), Told::default());
    let error = drain(Sieve::new(), Scripted::new(), state, &told).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.message().contains("scripted table has no place"),
        "{error}"
    );
    assert!(error.help().unwrap().contains("SetAside::new"), "{error}");
    assert!(!bench.path("state").exists());
    // A step behind the source does not hide it.
    let error = stream(Sieve::new())
        .map(|number| number)
        .filter(|_| true)
        .write_to(Scripted::new())
        .no_checkpoint()
        .start()
        .unwrap_err();
    assert!(error.message().contains("has no place"), "{error}");
}

#[test]
fn f1_a_place_inside_of_the_data_is_refused_before_anything_is_recorded() {
    let bench = Bench::new();
    let sink = super::sink_in(bench.storage("data"), bench.storage("data/bad"));
    let error = drain(Sieve::new(), sink, bench.storage("state"), &Told::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("lie in one another"), "{error}");
    assert!(!bench.path("state").exists() && !bench.path("data").exists());
}

/// A sink that takes rows and tells nobody.
struct Hole(Scripted);

struct Nowhere(Arc<AtomicU64>);

impl SetAsidePlace for Nowhere {
    fn put(&self, _: SetAsideRow<'_>, _: &TaskContext) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl StreamWriter for Hole {
    type Message = Written;
    type Error = BoxError;

    fn name(&self) -> &str {
        "hole"
    }

    fn takes_set_aside(&self) -> bool {
        true
    }

    fn commit(&self, messages: Vec<Written>, batch: &BatchContext) -> Result<(), BoxError> {
        self.0.commit(messages, batch)
    }
}

impl WriteRows<u64> for Hole {
    fn write(
        &self,
        rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Written, BoxError> {
        task.set_aside_into(Arc::new(Nowhere(Arc::default())))?;
        WriteRows::write(&self.0, rows, task)
    }
}

#[test]
fn f5_a_row_set_aside_that_no_message_accounts_for_fails_the_task() {
    let (bench, sink) = (Bench::new(), Scripted::new());
    let hole = Hole(sink.clone());
    let error = drain(Sieve::new(), hole, bench.storage("state"), &Told::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Message);
    assert!(error.message().contains("tells of 0"), "{error}");
    assert!(error.partition().is_some() && error.is_permanent());
    assert!(sink.rows().is_empty());
    assert_eq!(Written { rows: vec![] }.metrics().set_aside, None);
}

#[test]
fn f5_a_place_that_cannot_be_written_fails_the_batch_and_the_next_run_goes_on() {
    let bench = Bench::new();
    fs::create_dir(bench.path("aside")).unwrap();
    // A file where the directory of the staged files is needed.
    let blocked = bench.path("aside/_streamwriter/staging");
    fs::create_dir(blocked.parent().unwrap()).unwrap();
    fs::write(&blocked, "").unwrap();
    let error = drain(
        Sieve::new(),
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Storage | ErrorKind::Config),
        "{error}"
    );
    assert_eq!((bench.data().len(), bench.staged_files_of("data")), (0, 0));
    fs::remove_file(&blocked).unwrap();
    drain(
        Sieve::new(),
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap();
    assert_eq!(numbers(bench.raws()), bad());
    assert_eq!(bench.data().len(), good().len());
}
