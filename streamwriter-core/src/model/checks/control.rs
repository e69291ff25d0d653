//! Stop, status and end: a driver in each of its states, whoever stops it, whoever waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::control::{Control, QueryStatus};
use crate::engine::Board;
use crate::guarantee::Guarantee;
use crate::ids::{QueryId, Run};
use crate::model::cases::TICK;
use crate::model::schedulers::Time;
use crate::model::search::{Orders, Search};
use crate::progress::QuerySummary;
use crate::sync::{Instant, clock, interrupt};

/// A wait that no time of the model ends but its own.
const LONG: Duration = Duration::from_secs(1000);

/// Runs all cases.
pub(in crate::model) fn check(search: &mut Search) {
    let every = |detours| Orders::Every { detours };
    search.run("stopped in any state", every(4), || stopped(1));
    search.run("stopped twice", every(3), || stopped(2));
    search.run("stopped as it idles", every(4), stopped_as_it_idles);
    search.run("ends by itself", every(4), ends_by_itself);
    search.run(
        "a wait that is too short",
        every(5),
        a_wait_that_is_too_short,
    );
    search.run("asked while it runs", every(3), asked_while_it_runs);
    for time in [Time::Patient, Time::Any] {
        let orders = Orders::Random {
            schedules: 20_000,
            time,
        };
        search.run("asked while it runs", orders, asked_while_it_runs);
    }
    let time = Time::Patient;
    search.run(
        "stopped twice",
        Orders::Random {
            schedules: 20_000,
            time,
        },
        || stopped(2),
    );
}

fn control() -> Control {
    let query = QueryId::random();
    Control::new(QuerySummary::new(
        query,
        None,
        Run::FIRST,
        Guarantee::AtLeastOnce,
    ))
}

/// One trigger as the driver runs it: a batch with a task that hangs until it is cancelled, a
/// commit, a sleep. `false` once it was stopped.
fn trigger(control: &Control, commits: &Mutex<u32>) -> bool {
    if control.is_stopping() {
        return false;
    }
    control.set_status(QueryStatus::Planning);
    let board = Arc::new(Board::new(1, None));
    control.tasks_begin(&board);
    while let Some((job, flag)) = board.take() {
        while !flag.is_set() {
            clock::sleep(TICK);
        }
        board.finish(job, crate::engine::Outcome::Cancelled);
    }
    control.tasks_end();
    if matches!(board.verdict(), crate::engine::Verdict::Abandoned) {
        return false;
    }
    control.committing();
    interrupt();
    *commits.lock().unwrap() += 1;
    control.sleep_until(Instant::now() + LONG);
    true
}

/// However the stops fall: tasks are cancelled, sleeps end, whoever waits hears the end, and no
/// limit is waited for.
fn stopped(stops: u32) {
    let (control, commits) = (control(), Mutex::new(0));
    shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            while trigger(&control, &commits) {}
            control.set_status(QueryStatus::Ended);
        });
        for _ in 0..stops {
            scope.spawn(|| {
                control.stop();
                assert!(control.wait_for_end(LONG), "the end was missed");
                assert_eq!(control.status(), QueryStatus::Ended);
                assert!(control.running_tasks().is_empty());
            });
        }
    });
    assert!(
        Instant::now().since_the_beginning() < LONG,
        "a limit was waited for"
    );
    assert_eq!(*commits.lock().unwrap(), 0);
}

/// A stop ends a sleep at once, also one that is just about to begin.
fn stopped_as_it_idles() {
    let control = control();
    shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            while !control.is_stopping() {
                control.set_status(QueryStatus::Planning);
                control.sleep_until(Instant::now() + LONG);
            }
            control.set_status(QueryStatus::Ended);
        });
        scope.spawn(|| {
            interrupt();
            control.stop();
            assert!(control.wait_for_end(LONG), "the end was missed");
        });
    });
    assert_eq!(
        Instant::now().since_the_beginning(),
        Duration::ZERO,
        "a limit was waited for"
    );
}

/// A driver that idles and ends without a stop wakes those who wait for its end, at once.
fn ends_by_itself() {
    let control = control();
    shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            control.set_status(QueryStatus::Planning);
            control.sleep_until(Instant::now() + TICK);
            assert_eq!(control.status(), QueryStatus::Waiting);
            control.set_status(QueryStatus::Ended);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                assert!(control.wait_for_end(LONG), "the end was missed");
                assert_eq!(Instant::now().since_the_beginning(), TICK);
            });
        }
    });
}

/// A wait returns "still running" when its time is up, not earlier and not later.
fn a_wait_that_is_too_short() {
    let control = control();
    shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            clock::sleep(TICK * 3);
            control.set_status(QueryStatus::Ended);
        });
        scope.spawn(|| {
            assert!(!control.wait_for_end(Duration::ZERO), "it still runs");
            assert!(!control.wait_for_end(TICK * 2), "it still runs");
            assert_eq!(Instant::now().since_the_beginning(), TICK * 2);
            assert!(control.wait_for_end(TICK * 2));
            assert_eq!(Instant::now().since_the_beginning(), TICK * 3);
        });
    });
}

/// The names of running tasks can be asked for at any moment, also while the batch ends.
fn asked_while_it_runs() {
    let (control, commits) = (control(), Mutex::new(0));
    shuttle::thread::scope(|scope| {
        scope.spawn(|| {
            while trigger(&control, &commits) {}
            control.set_status(QueryStatus::Ended);
        });
        scope.spawn(|| {
            for _ in 0..2 {
                let tasks = control.running_tasks();
                assert!(tasks.len() <= 1, "{tasks:?}");
                interrupt();
            }
            control.stop();
        });
        scope.spawn(|| {
            // The other's stop cancels the task, so this is not for ever.
            while !control.wait_for_end(LONG) {}
        });
    });
    assert!(control.running_tasks().is_empty());
    assert_eq!(control.status(), QueryStatus::Ended);
}
