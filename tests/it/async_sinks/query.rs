//! Async methods in a running query: cancelled, timed out, panicking, and on which threads.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use streamwriter::{
    BatchContext, BoxError, Error, ErrorKind, FanOut, MemorySink, QueryBuilder, Rows, TaskContext,
    Trigger, WriteRows, stream, stream_writer,
};

use crate::support::Numbers;

/// What the sink does in which partition.
#[derive(Clone, Default)]
struct Script {
    partition: u32,
    does: &'static str,
    commit: &'static str,
    running: Arc<AtomicU32>,
    running_max: Arc<AtomicU32>,
    dropped: Arc<AtomicU32>,
    threads: Arc<Mutex<BTreeSet<String>>>,
    commits: Arc<AtomicU32>,
    aborts: Arc<AtomicU32>,
}

/// Counts who is in `write`, also if it is dropped in the middle.
struct Running<'s>(&'s Script);

impl<'s> Running<'s> {
    fn begin(script: &'s Script) -> Self {
        let running = script.running.fetch_add(1, Ordering::SeqCst) + 1;
        script.running_max.fetch_max(running, Ordering::SeqCst);
        Self(script)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Script {
    fn new(does: &'static str) -> Self {
        Self {
            does,
            ..Self::default()
        }
    }

    fn note_thread(&self) {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().to_owned();
        self.threads.lock().unwrap().insert(name);
    }
}

#[stream_writer]
impl Script {
    async fn write(&self, rows: impl Rows<Item = u64>, task: &TaskContext) -> Result<(), BoxError> {
        let _running = Running::begin(self);
        for _ in rows {
            self.note_thread();
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.note_thread();
        if task.partition().get() != self.partition {
            return Ok(());
        }
        match self.does {
            "hangs" => pending().await,
            "fails" => Err("no answer".into()),
            "panics" => panic!("no answer at all"),
            "fails at first" if task.attempt().get() == 0 => Err("not yet".into()),
            _ => Ok(()),
        }
    }

    async fn commit(&self, batch: &BatchContext) -> Result<(), BoxError> {
        assert_eq!(self.running.load(Ordering::SeqCst), 0, "W4");
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.commits.fetch_add(1, Ordering::SeqCst);
        match self.commit {
            "fails" => Err(format!("batch {} is refused", batch.batch_id()).into()),
            "panics" => panic!("no commit at all"),
            _ => Ok(()),
        }
    }

    async fn abort(&self) {
        assert_eq!(self.running.load(Ordering::SeqCst), 0, "W4");
        tokio::task::yield_now().await;
        self.aborts.fetch_add(1, Ordering::SeqCst);
    }
}

fn query<W: WriteRows<u64>>(sink: W) -> QueryBuilder<Numbers, W, streamwriter::CheckpointChosen> {
    stream(Numbers::new(30).partitions(6))
        .write_to(sink)
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .max_task_attempts(2)
        .task_retry_delay(Duration::ZERO)
}

fn run(script: &Script) -> Result<streamwriter::QuerySummary, Error> {
    query(script.clone()).start()?.await_termination()
}

#[test]
fn w4_tasks_stay_on_the_executors_and_no_more_run_than_there_are() {
    let script = Script::new("fails at first");
    let summary = run(&script).unwrap();
    assert_eq!((summary.batches, summary.input_rows), (3, 30));
    assert_eq!(script.commits.load(Ordering::SeqCst), 3);
    assert!(script.running_max.load(Ordering::SeqCst) <= 2);
    let threads = script.threads.lock().unwrap();
    let executors = |name: &String| name.starts_with("streamwriter-executor-");
    assert!(threads.iter().all(executors), "{threads:?}");
}

#[test]
fn w6_w7_an_error_or_a_panic_fails_the_task_and_the_others_are_dropped_where_they_wait() {
    for (does, kind, text) in [
        ("fails", ErrorKind::Task, "write failed"),
        ("panics", ErrorKind::Panic, "no answer at all"),
    ] {
        let script = Script::new(does);
        let error = run(&script).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.partition().map(|partition| partition.get()), Some(0));
        assert_eq!(script.aborts.load(Ordering::SeqCst), 1);
        assert_eq!(script.commits.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn w7_a_write_that_hangs_is_cancelled_by_the_timeout_and_its_future_is_dropped() {
    let script = Script::new("hangs");
    let began = Instant::now();
    let sink = script.clone();
    let error = query(sink)
        .max_task_attempts(1)
        .task_timeout(Duration::from_millis(100))
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert!(error.to_string().contains("task timeout"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(script.running.load(Ordering::SeqCst), 0);
    assert_eq!(script.aborts.load(Ordering::SeqCst), 1);
}

#[test]
fn q2_a_stop_drops_a_write_that_hangs() {
    let script = Script::new("hangs");
    let query = query(script.clone()).start().unwrap();
    while script.running.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    query.stop(Duration::from_secs(10)).unwrap();
    assert_eq!(script.running.load(Ordering::SeqCst), 0);
    assert_eq!(script.commits.load(Ordering::SeqCst), 0);
}

#[test]
fn w5_w6_a_commit_that_fails_or_panics_ends_the_query_without_an_abort() {
    for (commit, kind) in [("fails", ErrorKind::Commit), ("panics", ErrorKind::Panic)] {
        let script = Script {
            commit,
            ..Script::default()
        };
        let error = run(&script).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(script.aborts.load(Ordering::SeqCst), 0);
    }
}

/// The failure of another member reaches an async one that waits for something else.
#[test]
fn w7_an_async_member_of_a_fan_out_is_dropped_when_another_one_fails() {
    let (hangs, fails) = (Script::new("hangs"), Script::new("fails"));
    for sink in [
        FanOut::new(hangs.clone(), fails.clone()),
        FanOut::new(fails, hangs.clone()),
    ] {
        let error = query(sink).max_task_attempts(1).start().unwrap();
        let error = error.await_termination().unwrap_err();
        assert!(error.to_string().contains("script"), "{error}");
        assert_eq!(hangs.running.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn an_async_sink_and_a_plain_one_get_the_same_rows() {
    let plain = MemorySink::new();
    query(FanOut::new(Script::new("goes on"), plain.clone()))
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(plain.rows(), (0..30).collect::<Vec<_>>());
}

/// A program that is async itself starts a query as any other does.
#[test]
fn a_query_with_an_async_sink_runs_beside_a_runtime_of_the_program() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let query = query(Script::new("goes on")).start().unwrap();
        let ended = tokio::task::spawn_blocking(move || query.await_termination());
        assert_eq!(ended.await.unwrap().unwrap().batches, 3);
    });
}
