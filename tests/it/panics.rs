//! W6: user code that runs beside `write`, `commit` and `abort` may panic as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use streamwriter::{
    BatchContext, BoxError, CommitMessage, Error, ErrorKind, Plan, PlanLimits, ReadCounts,
    RowReader, Rows, Source, StreamWriter, TaskContext, Trigger, WriteRows, stream,
};

/// Where the user's code panics.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    ReaderCounts,
    ReaderDrop,
    MessageDrop,
    MessageDropOnce,
    ErrorConversion,
    PayloadDrop,
}

struct Panicking(Place);

impl Source for Panicking {
    type Row = u64;
    type Offset = u64;
    type Partition = u64;
    type Reader<'a> = Reader;

    fn description(&self) -> String {
        "panicking source".to_owned()
    }

    fn plan(
        &self,
        start: Option<&u64>,
        _limits: &PlanLimits,
    ) -> Result<Option<Plan<u64, u64>>, BoxError> {
        Ok(start.is_none().then(|| Plan {
            end: 1,
            partitions: vec![0, 1, 2],
            rows: None,
        }))
    }

    fn open<'a>(&'a self, partition: &'a u64, _task: &'a TaskContext) -> Result<Reader, BoxError> {
        Ok(Reader {
            place: (*partition == 1).then_some(self.0),
            left: 3,
        })
    }
}

struct Reader {
    place: Option<Place>,
    left: u64,
}

impl RowReader for Reader {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        self.left = self.left.checked_sub(1)?;
        Some(Ok(self.left))
    }

    fn counts(&self) -> Option<ReadCounts> {
        assert_ne!(self.place, Some(Place::ReaderCounts), "scripted panic");
        None
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        assert_ne!(self.place, Some(Place::ReaderDrop), "scripted panic");
    }
}

struct Sink {
    place: Place,
    writes: Arc<AtomicU64>,
    aborts: Arc<AtomicU64>,
}

/// A message whose first copies panic when they are dropped.
struct Fragile(bool);

impl CommitMessage for Fragile {
    type Totals = ();
    const TYPE: &'static str = "fragile";

    fn to_body(&self) -> Result<Value, Error> {
        Ok(json!({}))
    }

    fn from_body(_body: Value) -> Result<Self, Error> {
        Ok(Self(false))
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0, "scripted panic");
    }
}

struct NoConversion;

impl From<NoConversion> for BoxError {
    fn from(_: NoConversion) -> Self {
        panic!("scripted panic")
    }
}

/// A panic's payload that panics when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("scripted panic")
    }
}

impl StreamWriter for Sink {
    type Message = Fragile;
    type Error = NoConversion;

    fn name(&self) -> &str {
        "fragile"
    }

    fn abort(
        &self,
        _messages: Vec<Option<Fragile>>,
        _batch: &BatchContext,
    ) -> Result<(), NoConversion> {
        self.aborts.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl WriteRows<u64> for Sink {
    fn write(
        &self,
        rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Fragile, NoConversion> {
        let ours = task.partition().get() == 1;
        let tried = ours && self.writes.fetch_add(1, Ordering::SeqCst) > 0;
        rows.for_each(drop);
        match self.place {
            Place::ErrorConversion if ours => Err(NoConversion),
            Place::PayloadDrop if ours => std::panic::panic_any(Payload),
            Place::MessageDrop => Ok(Fragile(ours)),
            Place::MessageDropOnce => Ok(Fragile(ours && !tried)),
            _ => Ok(Fragile(false)),
        }
    }
}

/// Runs a query and returns its end, the number of attempts and of aborts.
fn run(place: Place) -> (Result<u64, Error>, u64, u64) {
    let (writes, aborts) = (Arc::default(), Arc::default());
    let sink = Sink {
        place,
        writes: Arc::clone(&writes),
        aborts: Arc::clone(&aborts),
    };
    let query = stream(Panicking(place))
        .write_to(sink)
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .max_task_attempts(2)
        .task_retry_delay(Duration::ZERO)
        .start()
        .unwrap();
    assert!(query.wait(Duration::from_secs(60)), "{place:?}: it hangs");
    let ended = query.await_termination().map(|summary| summary.batches);
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    (ended, count(&writes), count(&aborts))
}

#[test]
fn w6_a_panic_beside_write_is_a_failed_attempt_and_never_a_hung_query() {
    for place in [
        Place::ReaderCounts,
        Place::ReaderDrop,
        Place::MessageDrop,
        Place::ErrorConversion,
        Place::PayloadDrop,
    ] {
        let (ended, writes, aborts) = run(place);
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panic, "{place:?}: {error}");
        assert_eq!(error.partition().map(|p| p.get()), Some(1), "{error}");
        assert_eq!(error.attempt().map(|a| a.get()), Some(1), "{error}");
        assert_eq!((writes, aborts), (2, 1), "{place:?}");
        if place != Place::PayloadDrop {
            assert!(error.to_string().contains("scripted panic"), "{error}");
        }
    }
}

#[test]
fn w6_w7_an_attempt_that_panicked_while_its_leavings_were_dropped_is_tried_again() {
    let (ended, writes, aborts) = run(Place::MessageDropOnce);
    assert_eq!((ended.unwrap(), writes, aborts), (1, 2, 0));
}
