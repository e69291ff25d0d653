//! A whole query, from `start` to its end: driver, tasks, sink and listener, stopped at any moment.

use std::sync::{Arc, Mutex};

use crate::error::{BoxError, Permanent, Result};
use crate::gathered::{Gathered, Measure};
use crate::model::cases::TICK;
use crate::model::message::Message;
use crate::model::schedulers::Time;
use crate::model::search::{Orders, Search};
use crate::progress::QueryEvent;
use crate::query::{QueryStatus, StopHandle, StreamingQuery, Trigger};
use crate::rows::Rows;
use crate::source::{PlanLimits, PlanOf, RowReader, Source};
use crate::stream::stream;
use crate::sync::{Instant, clock, interrupt};
use crate::writer::{StreamWriter, WriteRows};
use crate::{BatchContext, TaskContext};

/// How many batches the source has.
const BATCHES: u64 = 2;

/// A wait that only a missed end lets pass.
const LONG: std::time::Duration = std::time::Duration::from_secs(1000);

/// How the query is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    name: &'static str,
    trigger: Trigger,
    /// Whether it waits for more rows than there are.
    gathers: bool,
    second_batch: SecondBatch,
    /// How many steps of others may come before each of the stops.
    stops: &'static [usize],
    dropped: bool,
    /// Whether the second batch is written while the first one is published (B5).
    overlaps: bool,
    first_commit_fails: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecondBatch {
    Succeeds,
    HangsUntilCancelled,
    Fails,
}

const PLAIN: Use = Use {
    name: "ends by itself",
    trigger: Trigger::AvailableNow,
    gathers: false,
    second_batch: SecondBatch::Succeeds,
    stops: &[],
    dropped: false,
    overlaps: false,
    first_commit_fails: false,
};

const OVERLAPPING: Use = Use {
    name: "overlaps",
    overlaps: true,
    ..PLAIN
};

const POLLING: Trigger = Trigger::Continuous(TICK);

const USES: &[Use] = &[
    PLAIN,
    Use {
        name: "fails",
        second_batch: SecondBatch::Fails,
        ..PLAIN
    },
    Use {
        name: "stopped",
        trigger: POLLING,
        stops: &[40],
        ..PLAIN
    },
    Use {
        name: "stopped twice",
        trigger: POLLING,
        stops: &[10, 100],
        ..PLAIN
    },
    Use {
        name: "stopped as it gathers",
        trigger: POLLING,
        gathers: true,
        stops: &[40],
        ..PLAIN
    },
    Use {
        name: "stopped and failing",
        second_batch: SecondBatch::Fails,
        stops: &[70],
        ..PLAIN
    },
    Use {
        name: "stopped while it hangs",
        second_batch: SecondBatch::HangsUntilCancelled,
        stops: &[60],
        ..PLAIN
    },
    Use {
        name: "dropped",
        trigger: POLLING,
        stops: &[60],
        dropped: true,
        ..PLAIN
    },
    OVERLAPPING,
    Use {
        name: "overlaps and fails",
        second_batch: SecondBatch::Fails,
        ..OVERLAPPING
    },
    Use {
        name: "overlaps a commit that fails",
        first_commit_fails: true,
        ..OVERLAPPING
    },
    Use {
        name: "hangs behind a commit that fails",
        second_batch: SecondBatch::HangsUntilCancelled,
        first_commit_fails: true,
        ..OVERLAPPING
    },
    Use {
        name: "overlaps, stopped while it hangs",
        second_batch: SecondBatch::HangsUntilCancelled,
        stops: &[60],
        ..OVERLAPPING
    },
    Use {
        name: "overlaps, stopped",
        trigger: POLLING,
        stops: &[40],
        ..OVERLAPPING
    },
];

/// Runs all cases.
pub(in crate::model) fn check(search: &mut Search) {
    for used in USES {
        search.run(used.name, Orders::Every { detours: 1 }, move || {
            run(*used, Time::Patient)
        });
        for time in [Time::Patient, Time::Any] {
            let orders = Orders::Random {
                schedules: 2000,
                time,
            };
            search.run(used.name, orders, move || run(*used, time));
        }
    }
}

fn run(used: Use, time: Time) {
    let log = Log::default();
    let scripted = || Scripted {
        used,
        log: log.clone(),
    };
    let mut query = stream(scripted()).write_to(scripted());
    if used.gathers {
        query = query.min_rows_per_batch(BATCHES + 1);
    }
    let query = query
        .no_checkpoint()
        .trigger(used.trigger)
        .executors(2)
        .max_task_attempts(1)
        .overlap_batches(used.overlaps)
        .listener({
            let log = log.clone();
            move |event: &QueryEvent| log.note(Event::Heard(kind(event)))
        })
        .start()
        .unwrap();
    let stoppers: Vec<_> = used
        .stops
        .iter()
        .map(|steps| {
            let handle = query.stop_handle();
            shuttle::thread::spawn(move || stop_after(*steps, &handle))
        })
        .collect();
    if used.dropped {
        drop_and_wait(query);
    } else {
        end_of(query, used, &log);
    }
    for stopper in stoppers {
        stopper.join().unwrap();
    }
    log.check(used, time);
}

fn stop_after(steps: usize, query: &StopHandle) {
    (0..steps).for_each(|_| interrupt());
    query.request_stop();
}

/// Whoever waits for the end hears it, and finds nothing of the query left.
fn end_of(query: StreamingQuery, used: Use, log: &Log) {
    while !query.wait(LONG) {}
    assert_eq!(query.status(), QueryStatus::Ended);
    // Sink and source went before, and with them their locks.
    assert_eq!(
        log.count(|event| *event == Event::Dropped),
        2,
        "the query is still there"
    );
    assert!(
        query.stop(LONG).is_ok(),
        "a query that has ended is stopped"
    );
    let ended = query.await_termination();
    let commits = log.count(|event| matches!(event, Event::Committed(_)));
    match ended {
        Ok(summary) => {
            assert_eq!(summary.batches, commits as u64);
            assert!(summary.stopped || commits as u64 == BATCHES, "{summary:?}");
        }
        Err(error) if used.first_commit_fails => {
            assert_eq!(error.batch().unwrap().get(), 0, "{error}");
        }
        Err(error) => {
            assert_eq!(used.second_batch, SecondBatch::Fails, "{error}");
            assert_eq!(error.batch().unwrap().get(), 1);
        }
    }
}

/// A query whose handle is dropped ends soon; here "soon" is: in the time of the model.
fn drop_and_wait(query: StreamingQuery) {
    interrupt();
    drop(query);
    let until = Instant::now() + LONG;
    while Instant::now() < until {
        clock::sleep(LONG);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// A task of a batch.
    Opened(u64),
    Closed(u64),
    Committing(u64),
    Committed(u64),
    /// A commit has failed.
    Failed,
    Aborting(u64),
    Heard(&'static str),
    Dropped,
}

fn kind(event: &QueryEvent) -> &'static str {
    match event {
        QueryEvent::Started { .. } => "started",
        QueryEvent::Progress(_) => "progress",
        QueryEvent::Idle { .. } => "idle",
        QueryEvent::Gathering { .. } => "gathering",
        QueryEvent::Ended { .. } => "ended",
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Event>>>);

impl Log {
    fn note(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }

    fn count(&self, is_it: impl Fn(&Event) -> bool) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|event| is_it(event))
            .count()
    }

    fn check(&self, used: Use, time: Time) {
        let events = self.0.lock().unwrap().clone();
        let (mut open, mut committed, mut aborted) = ([0; BATCHES as usize], 0, false);
        let mut publishing = false;
        for event in &events {
            match event {
                Event::Opened(batch) => {
                    assert!(!aborted, "a task after an abort: {used:?} {events:?}");
                    let others = open.iter().enumerate();
                    let others = others.filter(|(other, _)| *other as u64 != *batch);
                    let others: i32 = others.map(|(_, open)| *open).sum();
                    assert_eq!(others, 0, "two batches at once: {used:?} {events:?}");
                    open[*batch as usize] += 1;
                }
                Event::Closed(batch) => open[*batch as usize] -= 1,
                Event::Committing(batch) => {
                    let open = open[*batch as usize];
                    assert_eq!((open, *batch), (0, committed), "{used:?} {events:?}");
                    assert!(!aborted, "a commit after an abort: {used:?} {events:?}");
                    publishing = true;
                }
                Event::Committed(_) => {
                    committed += 1;
                    publishing = false;
                }
                Event::Failed => publishing = false,
                Event::Aborting(batch) => {
                    // Nothing of the batch whose commit has failed is touched.
                    let next = committed + u64::from(used.first_commit_fails);
                    let open = open[*batch as usize];
                    assert_eq!((open, *batch), (0, next), "{used:?} {events:?}");
                    assert!(!publishing, "an abort in a commit: {used:?} {events:?}");
                    assert!(!aborted, "aborted twice: {used:?} {events:?}");
                    aborted = true;
                }
                Event::Heard(_) | Event::Dropped => {}
            }
        }
        self.check_heard(used, time, committed, &events);
    }

    /// Start first, a progress for each commit, the end last.
    fn check_heard(&self, used: Use, time: Time, committed: u64, events: &[Event]) {
        let heard: Vec<&str> = events
            .iter()
            .filter_map(|event| match event {
                Event::Heard(kind) => Some(*kind),
                _ => None,
            })
            .collect();
        let count = |kind: &str| heard.iter().filter(|other| **other == kind).count();
        let progress = count("progress") as u64;
        // The end waits for listeners, but not for ever: on a slow machine they may hear it late.
        if time == Time::Any && count("ended") == 0 {
            assert!(progress <= committed, "{used:?} {events:?}");
            return;
        }
        assert_eq!(heard.first(), Some(&"started"), "{used:?} {events:?}");
        assert_eq!(heard.last(), Some(&"ended"), "{used:?} {events:?}");
        assert_eq!(progress, committed, "{used:?} {events:?}");
        assert_eq!(
            (count("started"), count("ended")),
            (1, 1),
            "{used:?} {events:?}"
        );
    }
}

/// Source and sink of a query.
struct Scripted {
    used: Use,
    log: Log,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.log.note(Event::Dropped);
    }
}

struct Reader<'t> {
    left: u64,
    task: &'t TaskContext,
    log: Log,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.log.note(Event::Closed(self.task.batch_id().get()));
    }
}

impl RowReader for Reader<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        self.left = self.left.checked_sub(1)?;
        Some(Ok(self.left))
    }
}

impl Source for Scripted {
    type Row = u64;
    type Offset = u64;
    type Partition = u32;
    type Reader<'a> = Reader<'a>;

    fn description(&self) -> String {
        "scripted".to_owned()
    }

    fn measures(&self) -> &'static [Measure] {
        &[Measure::Rows]
    }

    fn gathered(&self, start: Option<&u64>, _: &PlanLimits) -> Result<Gathered, BoxError> {
        let rows = BATCHES - start.copied().unwrap_or(0);
        Ok(Gathered::default().with_rows(rows))
    }

    fn plan(&self, start: Option<&u64>, _: &PlanLimits) -> Result<Option<PlanOf<Self>>, BoxError> {
        let start = start.copied().unwrap_or(0);
        let partitions = vec![0, 1];
        Ok((start < BATCHES).then_some(PlanOf::<Self> {
            end: start + 1,
            partitions,
            rows: None,
        }))
    }

    fn open<'a>(&'a self, _: &'a u32, task: &'a TaskContext) -> Result<Reader<'a>, BoxError> {
        self.log.note(Event::Opened(task.batch_id().get()));
        Ok(Reader {
            left: 1,
            task,
            log: self.log.clone(),
        })
    }
}

impl StreamWriter for Scripted {
    type Message = Message;
    type Error = BoxError;

    fn name(&self) -> &str {
        "scripted"
    }

    fn commit(&self, messages: Vec<Message>, batch: &BatchContext) -> Result<(), BoxError> {
        self.log.note(Event::Committing(batch.batch_id().get()));
        let partitions: Vec<u32> = messages.iter().map(|message| message.partition).collect();
        if partitions != [0, 1] {
            return Err(format!("the messages are those of {partitions:?}").into());
        }
        interrupt();
        if self.used.first_commit_fails {
            self.log.note(Event::Failed);
            return Err("scripted".into());
        }
        self.log.note(Event::Committed(batch.batch_id().get()));
        Ok(())
    }

    fn abort(&self, _: Vec<Option<Message>>, batch: &BatchContext) -> Result<(), BoxError> {
        self.log.note(Event::Aborting(batch.batch_id().get()));
        interrupt();
        Ok(())
    }
}

impl WriteRows<u64> for Scripted {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Message, BoxError> {
        let (partition, attempt) = (task.partition().get(), task.attempt().get());
        if (task.batch_id().get(), partition) == (1, 1) {
            match self.used.second_batch {
                SecondBatch::Succeeds => {}
                SecondBatch::Fails => return Err(Permanent::new("scripted").into()),
                SecondBatch::HangsUntilCancelled => {
                    while !task.is_cancelled() {
                        clock::sleep(TICK);
                    }
                }
            }
        }
        rows.by_ref().for_each(drop);
        Ok(Message {
            partition,
            attempt,
            rows: rows.read(),
        })
    }
}
