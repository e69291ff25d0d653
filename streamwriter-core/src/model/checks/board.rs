//! The board, by itself: executors that take jobs and finish them, a stop, and whoever asks.

use std::sync::Arc;

use super::board::{Board, Job, Outcome, Verdict};
use crate::context::CancelFlag;
use crate::error::{Error, ErrorKind};
use crate::model::cases::{Case, Does, TICK};
use crate::model::history::{self, Ending, Event, History};
use crate::model::schedulers::Time;
use crate::model::search::{Orders, Search};
use crate::sync::{clock, interrupt};

use Does::{Fails, FailsForGood, HangsUntilCancelled, Succeeds};

/// Small enough to be run in every order.
const SMALL: &[(Case, usize)] = &[
    (Case::new("two succeed", &[&[Succeeds], &[Succeeds]]), 5),
    (Case::new("one is tried again", &[&[Fails, Succeeds]]), 4),
    (
        Case::new(
            "one of two is tried again",
            &[&[Fails, Succeeds], &[Succeeds]],
        ),
        4,
    ),
    (
        Case::new("at once", &[&[Fails, Succeeds], &[Succeeds]]).without_delay(),
        4,
    ),
    (
        Case::new(
            "one fails for good",
            &[&[FailsForGood], &[Succeeds], &[Succeeds]],
        ),
        5,
    ),
    (
        Case::new("both fail", &[&[FailsForGood], &[FailsForGood]]),
        5,
    ),
    (
        Case::new("stopped", &[&[Succeeds], &[Succeeds]]).stopped(),
        4,
    ),
    (
        Case::new("stopped before a second try", &[&[Fails, Succeeds]]).stopped(),
        4,
    ),
    (
        Case::new(
            "hangs until a failure",
            &[&[HangsUntilCancelled], &[FailsForGood]],
        ),
        5,
    ),
    (
        Case::new("hangs until a stop", &[&[HangsUntilCancelled]]).stopped(),
        4,
    ),
    (
        Case::new(
            "hangs until its time is up",
            &[&[HangsUntilCancelled, Succeeds]],
        )
        .time_out_after(3),
        3,
    ),
    (
        Case::new("asked", &[&[Fails, Succeeds], &[Succeeds]]).observed(),
        3,
    ),
];

/// Run in random orders.
const LARGE: &[Case] = &[
    Case::new(
        "everything at once",
        &[
            &[Succeeds],
            &[Fails, Succeeds],
            &[HangsUntilCancelled],
            &[Fails, FailsForGood],
        ],
    )
    .executors(3)
    .attempts(3)
    .time_out_after(3)
    .stopped()
    .late()
    .observed(),
    Case::new(
        "second tries, stopped",
        &[
            &[Fails, Fails, Succeeds],
            &[Fails, Succeeds],
            &[Succeeds],
            &[Fails, Succeeds],
        ],
    )
    .executors(3)
    .attempts(3)
    .stopped()
    .late()
    .observed(),
    Case::new(
        "second tries",
        &[
            &[Fails, Fails, Succeeds],
            &[Fails, Succeeds],
            &[Succeeds],
            &[Fails, Succeeds],
        ],
    )
    .executors(3)
    .attempts(3)
    .without_delay()
    .observed(),
    Case::new(
        "hanging, with a limit",
        &[
            &[HangsUntilCancelled, Succeeds],
            &[HangsUntilCancelled, Fails, Succeeds],
            &[Succeeds],
        ],
    )
    .executors(3)
    .attempts(3)
    .time_out_after(2),
];

/// Runs all cases.
pub(in crate::model) fn check(search: &mut Search) {
    for (case, detours) in SMALL {
        let orders = Orders::Every { detours: *detours };
        search.run(case.name, orders, move || run(case, Time::Patient));
    }
    for case in LARGE {
        for time in [Time::Patient, Time::Any] {
            let orders = Orders::Random {
                schedules: 20_000,
                time,
            };
            search.run(case.name, orders, move || run(case, time));
        }
    }
}

fn run(case: &'static Case, time: Time) {
    let partitions = u32::try_from(case.partitions.len()).unwrap();
    let board = Arc::new(Board::new(partitions, case.task_timeout));
    let history = History::default();
    shuttle::thread::scope(|scope| {
        if case.stop {
            scope.spawn(|| {
                (0..case.steps_before_stop).for_each(|_| interrupt());
                board.abandon();
                history.note(Event::Abandoned);
            });
        }
        if case.observer {
            scope.spawn(|| observe(&board, &history));
        }
        if case.task_timeout.is_some() {
            scope.spawn(|| board.watch_timeouts());
        }
        for _ in 0..case.executors {
            scope.spawn(|| execute(&board, case, &history));
        }
    });
    // A stop that comes when everything is done must not be forgotten either.
    let verdict = match board.verdict() {
        Verdict::AllDone => history::Verdict::AllDone,
        Verdict::Abandoned => history::Verdict::Abandoned,
        Verdict::Failed(error) => {
            let partition = error.partition().unwrap().get();
            history::Verdict::Failed((partition, error.attempt().unwrap().get()))
        }
    };
    history.note(Event::Verdict(verdict));
    history.check(case);
    if time == Time::Patient {
        history::limits_are_kept(&history, case);
    }
}

/// The engine's loop.
fn execute(board: &Board, case: &Case, history: &History) {
    while let Some((job, flag)) = board.take() {
        let attempt = attempt_of(job);
        history.note(Event::Began(attempt));
        let outcome = outcome_of(job, case, &flag);
        let ending = match &outcome {
            Outcome::Done => Ending::Done,
            Outcome::Cancelled => Ending::Cancelled,
            Outcome::Retry(_) => Ending::Retry,
            Outcome::Failed(_) => Ending::Failed,
        };
        history.note(Event::Ended(attempt, ending, flag.is_set()));
        board.finish(job, outcome);
        history.note(Event::Finished(attempt, ending));
    }
    history.note(Event::Left);
}

fn outcome_of(job: Job, case: &Case, flag: &CancelFlag) -> Outcome {
    use crate::context::CancelReason;
    let (partition, attempt) = attempt_of(job);
    match case.does(partition, attempt) {
        Fails => failed(job, case),
        FailsForGood => Outcome::Failed(error(job)),
        HangsUntilCancelled => {
            while !flag.is_set() {
                clock::sleep(TICK);
            }
            match flag.reason() {
                Some(CancelReason::Timeout) => failed(job, case),
                _ => Outcome::Cancelled,
            }
        }
        _ => Outcome::Done,
    }
}

fn failed(job: Job, case: &Case) -> Outcome {
    if job.attempt.get() + 1 < case.attempts_max {
        Outcome::Retry(case.delay)
    } else {
        Outcome::Failed(error(job))
    }
}

fn error(job: Job) -> Error {
    Error::new(ErrorKind::Task, "scripted").in_task(job.partition, job.attempt)
}

fn observe(board: &Board, history: &History) {
    for _ in 0..2 {
        let running = board.running().into_iter().map(attempt_of).collect();
        history.note(Event::Observed(running));
    }
}

fn attempt_of(job: Job) -> history::Attempt {
    (job.partition.get(), job.attempt.get())
}
