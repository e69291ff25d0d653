//! B5: a batch is written while the one before it is published.
//!
//! | file | what |
//! |---|---|
//! | `order.rs` | which step waits for which, and when nothing overlaps |
//! | `failures.rs` | a batch fails, on either side of the overlap |
//! | `ends.rs` | stop, status, and a newer run |
//! | `told.rs` | what sources and listeners hear |
//! | `files.rs` | files that are staged while the batch before is cleaned up |
//! | `crashes.rs` | a fault at every durable step, and any number of them |
//!
//! Two threads work, so a test that wants an order makes it: a step waits until the story has what is to
//! come before it. A step that would wait for ever fails the test by its time.

mod crashes;
mod ends;
mod failures;
mod files;
mod order;
mod told;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    CheckpointChosen, LocalStorage, QueryBuilder, SharedStorage, Source, Trigger, WriteRows, stream,
};

use crate::support::{Numbers, Scripted, Written};

const LONG: Duration = Duration::from_secs(20);

/// As long as a step takes that is not to be taken at all.
const A_WHILE: Duration = Duration::from_millis(60);

/// What has happened, in order, on whatever thread.
#[derive(Clone, Default)]
struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    fn tell(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    fn events(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Returns how many events begin so.
    fn count(&self, begin: &str) -> usize {
        let events = self.0.lock().unwrap();
        events.iter().filter(|one| one.starts_with(begin)).count()
    }

    fn has(&self, event: &str) -> bool {
        self.0.lock().unwrap().iter().any(|one| one == event)
    }

    /// Waits until something has happened.
    #[track_caller]
    fn wait_for(&self, event: &str) {
        self.wait_until(event, || self.has(event));
    }

    /// Waits until so many events begin so.
    #[track_caller]
    fn wait_for_all(&self, begin: &str, count: usize) {
        self.wait_until(begin, || self.count(begin) >= count);
    }

    #[track_caller]
    fn wait_until(&self, event: &str, happened: impl Fn() -> bool) {
        let until = Instant::now() + LONG;
        while !happened() {
            assert!(Instant::now() < until, "no {event}: {:?}", self.events());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[track_caller]
    fn expect_order(&self, first: &str, second: &str) {
        let events = self.events();
        let place = |event: &str| events.iter().position(|one| one == event);
        let (before, after) = (place(first), place(second));
        assert!(
            before.is_some() && before < after,
            "{first} before {second}: {events:?}"
        );
    }

    /// Tells of each record: `try prepared/1` in front of its creation, `prepared/1` behind it.
    fn watch(&self, checkpoint: &Path) -> FaultStorage {
        let story = self.clone();
        FaultStorage::watched(local(checkpoint), move |point| {
            if point.operation == "create" {
                let attempt = match point.when {
                    When::Before => "try ",
                    When::After => "",
                };
                story.tell(format!("{attempt}{}", short(point.path.as_str())));
            }
            Ok(())
        })
    }
}

/// `prepared/1` for `prepared/00000000000000000001.json`.
fn short(record: &str) -> String {
    let parts = record.trim_end_matches(".json").split_once('/');
    match parts.and_then(|(log, number)| Some((log, number.parse::<u64>().ok()?))) {
        Some((log, number)) => format!("{log}/{number}"),
        None => record.to_owned(),
    }
}

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

/// A sink that tells of each task, commit and abort: `write 1.0`, `wrote 1.0`, `commit 0`,
/// `committed 0`, `abort 1`.
fn telling(story: &Story) -> Scripted {
    let told = |verb: &'static str| {
        let story = story.clone();
        move |batch: &streamwriter::BatchContext| {
            story.tell(format!("{verb} {}", batch.batch_id()));
            Ok(())
        }
    };
    let writing = story.clone();
    Scripted::new()
        .write(move |rows, task| {
            let task = format!("{}.{}", task.batch_id(), task.partition());
            writing.tell(format!("write {task}"));
            let rows = rows.collect();
            writing.tell(format!("wrote {task}"));
            Ok(Written { rows })
        })
        .before_commit(told("commit"))
        .after_commit(told("committed"))
        .on_abort(told("abort"))
}

/// A query whose batches overlap.
fn overlapping<S, W>(
    source: S,
    sink: W,
    checkpoint: impl Into<streamwriter::CheckpointPlace>,
) -> QueryBuilder<S, W, CheckpointChosen>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .task_retry_delay(Duration::ZERO)
        .overlap_batches(true)
}

/// Restarts without a script and without an overlap: every row is there once.
#[track_caller]
fn expect_restart(sink: &Scripted, checkpoint: &Path, rows: u64) {
    crate::support::drain(Numbers::new(rows), sink.restarted(), checkpoint).unwrap();
    assert_eq!(sink.rows(), (0..rows).collect::<Vec<_>>());
}
