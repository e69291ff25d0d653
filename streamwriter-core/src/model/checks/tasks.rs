//! The tasks of a batch, from the source's rows to the slots that hold their messages.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span;

use super::board::{Board, Verdict};
use super::tasks::{TaskSettings, Tasks, Written};
use crate::TaskContext;
use crate::error::{BoxError, Permanent, Result};
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::model::cases::{Case, Does, TICK};
use crate::model::message::Message;
use crate::model::schedulers::Time;
use crate::model::search::{Orders, Search};
use crate::rows::Rows;
use crate::runtime::AsyncRuntime;
use crate::source::{PlanLimits, PlanOf, ReadCounts, RowReader, Source};
use crate::sync::{Executors, clock, interrupt, thread};
use crate::writer::{StreamWriter, WriteRows};

use Does::{
    Fails, FailsForGood, FailsUnprintably, HangsUntilCancelled, IsCutOff, IsDeaf, LeavesARowUnread,
    Panics, PanicsBeside, SkipsASlowRest, Succeeds,
};

/// How many rows each partition has.
const ROWS: u64 = 2;

const SMALL: &[(Case, usize)] = &[
    (Case::new("two succeed", &[&[Succeeds], &[Succeeds]]), 3),
    (Case::new("a panic", &[&[Panics, Succeeds], &[Succeeds]]), 3),
    (
        Case::new("a panic beside", &[&[PanicsBeside, Succeeds], &[Succeeds]]),
        3,
    ),
    (
        Case::new("a panic in an error", &[&[FailsUnprintably], &[Succeeds]]),
        3,
    ),
    (Case::new("cut off", &[&[IsCutOff, Succeeds]]), 3),
    (Case::new("a failure", &[&[FailsForGood], &[Succeeds]]), 3),
    (Case::new("stopped", &[&[Succeeds]]).stopped(), 3),
    (
        Case::new("unread", &[&[LeavesARowUnread]]).time_out_after(2),
        2,
    ),
    (
        Case::new("skipped", &[&[SkipsASlowRest]]).time_out_after(2),
        2,
    ),
];

const LARGE: &[Case] = &[
    Case::new(
        "successes",
        &[
            &[Succeeds],
            &[Fails, Succeeds],
            &[Panics, Succeeds],
            &[PanicsBeside, Succeeds],
            &[IsCutOff, Succeeds],
        ],
    )
    .executors(3),
    Case::new(
        "a failure",
        &[
            &[Succeeds],
            &[Fails, FailsForGood],
            &[HangsUntilCancelled],
            &[IsDeaf],
        ],
    )
    .executors(3),
    Case::new(
        "a stop",
        &[
            &[Succeeds],
            &[Fails, Succeeds],
            &[HangsUntilCancelled],
            &[IsDeaf],
        ],
    )
    .executors(3)
    .stopped()
    .late(),
    Case::new(
        "limits",
        &[
            &[HangsUntilCancelled, Succeeds],
            &[IsDeaf],
            &[LeavesARowUnread],
            &[SkipsASlowRest],
        ],
    )
    .executors(3)
    .time_out_after(2),
    Case::new(
        "limits and a stop",
        &[
            &[HangsUntilCancelled, Succeeds],
            &[IsDeaf],
            &[LeavesARowUnread, Succeeds],
            &[Succeeds],
        ],
    )
    .executors(3)
    .attempts(3)
    .time_out_after(2)
    .stopped()
    .late(),
];

/// Runs all cases.
pub(in crate::model) fn check(search: &mut Search) {
    for (case, detours) in SMALL {
        let orders = Orders::Every { detours: *detours };
        // Somebody collects the warnings, and thus prints the errors in them.
        tracing::subscriber::with_default(Warnings, || {
            search.run(case.name, orders, move || run(case));
        });
    }
    for case in LARGE {
        for time in [Time::Patient, Time::Any] {
            let orders = Orders::Random {
                schedules: 10_000,
                time,
            };
            search.run(case.name, orders, move || run(case));
        }
    }
}

fn run(case: &'static Case) {
    let scripted = Scripted {
        case,
        running: Arc::default(),
    };
    let partitions: Vec<u32> = (0..u32::try_from(case.partitions.len()).unwrap()).collect();
    let board = Board::new(u32::try_from(partitions.len()).unwrap(), case.task_timeout);
    let tasks = Tasks {
        source: &scripted,
        writer: &scripted,
        partitions: &partitions,
        query: QueryId::random(),
        run: Run::FIRST,
        batch: BatchId::FIRST,
        revision: Revision::FIRST,
        settings: TaskSettings {
            attempts_max: case.attempts_max,
            timeout: case.task_timeout,
            retry_delay: case.delay,
            message_bytes_max: 1000,
        },
        runtime: &AsyncRuntime::default(),
    };
    let executors = Executors::start(case.executors).unwrap();
    let written = thread::scope(|scope| {
        if case.stop {
            scope.spawn(|| {
                (0..case.steps_before_stop).for_each(|_| interrupt());
                board.abandon();
            });
        }
        let written = tasks.run(&executors, &board);
        // No task runs any more when the tasks have been run (W4).
        assert_eq!(scripted.running(), 0, "a task still runs");
        written
    });
    check_written(case, written);
}

/// What is in a slot is the whole of its partition, and what the verdict says is so.
fn check_written(case: &Case, written: Written<Message>) {
    let Written { tasks, verdict, .. } = written;
    for (partition, task) in tasks.iter().enumerate() {
        let Some(task) = task else { continue };
        let message = &task.message;
        assert_eq!(u64::from(message.partition), partition as u64, "{case:?}");
        let does = case.does(message.partition, message.attempt);
        assert!(
            matches!(does, Succeeds | IsDeaf | SkipsASlowRest),
            "an attempt counts that {does:?}: {case:?}"
        );
        assert_eq!(
            (message.rows + task.skipped, task.counts.rows),
            (ROWS, ROWS),
            "rows are missing although {does:?} counts: {case:?}"
        );
    }
    let whole = tasks.iter().all(Option::is_some);
    match verdict {
        Verdict::AllDone => assert!(whole, "a slot is empty: {case:?}"),
        Verdict::Abandoned => assert!(case.stop, "nobody abandoned: {case:?}"),
        Verdict::Failed(error) => {
            let partition = error.partition().unwrap().get();
            let attempt = error.attempt().unwrap().get();
            assert!(
                tasks[partition as usize].is_none(),
                "failed and whole: {case:?}"
            );
            let does = case.does(partition, attempt);
            let last =
                attempt + 1 == case.attempts_max || matches!(does, FailsForGood | FailsUnprintably);
            let before = attempt
                .checked_sub(1)
                .map(|before| case.does(partition, before));
            assert_ne!(before, Some(FailsForGood), "tried again: {case:?}");
            // When time passes at any moment, any task may run out of it.
            let reason = does != Succeeds || case.task_timeout.is_some();
            assert!(last && reason, "{error} is no reason: {case:?}");
        }
    }
}

/// Source and sink of a case.
struct Scripted {
    case: &'static Case,
    running: Arc<Mutex<u64>>,
}

impl Scripted {
    fn running(&self) -> u64 {
        *self.running.lock().unwrap()
    }
}

struct Reader<'t> {
    does: Does,
    next: u64,
    task: &'t TaskContext,
    running: Arc<Mutex<u64>>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        *self.running.lock().unwrap() -= 1;
    }
}

impl RowReader for Reader<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        interrupt();
        match self.does {
            HangsUntilCancelled => {
                while !self.task.is_cancelled() {
                    clock::sleep(TICK);
                }
                return None;
            }
            IsCutOff if self.next == 1 => return Some(Err("scripted".into())),
            // Slow to come to its last row; it gives up when it is told to end.
            LeavesARowUnread | SkipsASlowRest if self.next == 1 => {
                clock::sleep(TICK * 2);
                if self.task.is_cancelled() {
                    return None;
                }
            }
            _ => {}
        }
        self.next += 1;
        (self.next <= ROWS).then_some(Ok(self.next))
    }

    fn counts(&self) -> Option<ReadCounts> {
        if self.does == PanicsBeside {
            // Not `panic!`: the checker prints every panic that passes its hook.
            std::panic::resume_unwind(Box::new("scripted"));
        }
        None
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

    fn plan(&self, _: Option<&u64>, _: &PlanLimits) -> Result<Option<PlanOf<Self>>, BoxError> {
        Ok(None)
    }

    fn open<'a>(
        &'a self,
        partition: &'a u32,
        task: &'a TaskContext,
    ) -> Result<Reader<'a>, BoxError> {
        *self.running.lock().unwrap() += 1;
        Ok(Reader {
            does: self.case.does(*partition, task.attempt().get()),
            next: 0,
            task,
            running: Arc::clone(&self.running),
        })
    }
}

impl StreamWriter for Scripted {
    type Message = Message;
    type Error = BoxError;

    fn name(&self) -> &str {
        "scripted"
    }
}

impl WriteRows<u64> for Scripted {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Message, BoxError> {
        let (partition, attempt) = (task.partition().get(), task.attempt().get());
        match self.case.does(partition, attempt) {
            Fails => return Err("scripted".into()),
            FailsForGood => return Err(Permanent::new("scripted").into()),
            FailsUnprintably => return Err(Unprintable.into()),
            Panics => std::panic::resume_unwind(Box::new("scripted")),
            LeavesARowUnread => drop(rows.next()),
            SkipsASlowRest => {
                rows.next();
                rows.skip_rest();
                return Ok(Message {
                    partition,
                    attempt,
                    rows: 1,
                });
            }
            does => {
                rows.by_ref().for_each(drop);
                if does == IsDeaf {
                    clock::sleep(TICK * 3);
                }
            }
        }
        Ok(Message {
            partition,
            attempt,
            rows: rows.read(),
        })
    }
}

#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::panic::resume_unwind(Box::new("scripted"))
    }
}

impl std::error::Error for Unprintable {}

/// Prints our warnings, to nowhere.
struct Warnings;

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("streamwriter")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Printer;
        impl Visit for Printer {
            fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                drop(format!("{value:?}"));
            }
        }
        event.record(&mut Printer);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
