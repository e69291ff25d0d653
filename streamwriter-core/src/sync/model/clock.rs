//! The time of a model: it stands still until everybody's next step, or the scheduler, lets it go.

use std::cell::RefCell;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::time::Duration;

use shuttle::scheduler::TaskId;

use super::{Bed, bed, rest};

/// A time since the beginning of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        CLOCK.with_borrow(|clock| Self(clock.now))
    }

    /// Returns the time since the beginning of the schedule.
    pub(crate) fn since_the_beginning(self) -> Duration {
        self.0
    }

    pub(crate) fn checked_add(self, other: Duration) -> Option<Self> {
        self.0.checked_add(other).map(Self)
    }

    pub(crate) fn checked_sub(self, other: Duration) -> Option<Self> {
        self.0.checked_sub(other).map(Self)
    }

    pub(crate) fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    pub(crate) fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().saturating_duration_since(self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, other: Duration) -> Self {
        Self(self.0 + other)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, other: Self) -> Duration {
        self.saturating_duration_since(other)
    }
}

#[derive(Default)]
struct Clock {
    now: Duration,
    alarms: Vec<(Duration, Bed)>,
    /// Wakes the thread of time: once for each alarm, and at the end.
    wound: Option<Bed>,
    ended: bool,
    thread: Option<TaskId>,
}

thread_local! {
    // All threads of a schedule run on one thread of the operating system.
    static CLOCK: RefCell<Clock> = RefCell::default();
}

/// Runs a model in which time passes, and ends the time with it.
pub(crate) fn with_time<T>(run: impl FnOnce() -> T) -> T {
    let wound = bed();
    CLOCK.set(Clock {
        wound: Some(Arc::clone(&wound)),
        ..Clock::default()
    });
    let time = shuttle::thread::spawn(pass);
    let value = run();
    CLOCK.with_borrow_mut(|clock| clock.ended = true);
    wound.release_no_scheduling_point(1);
    time.join().expect("time passes without an error");
    value
}

/// Returns the thread of the model that lets time pass, for schedulers that keep it waiting.
pub(crate) fn thread() -> Option<TaskId> {
    CLOCK.with_borrow(|clock| clock.thread)
}

/// Sleeps in the time of the model.
pub(crate) fn sleep(duration: Duration) {
    let bed = bed();
    set_alarm(duration, &bed);
    rest(&bed);
}

pub(super) fn set_alarm(after: Duration, bed: &Bed) {
    let wound = CLOCK.with_borrow_mut(|clock| {
        let at = clock.now + after;
        clock.alarms.push((at, Arc::clone(bed)));
        clock.wound.clone()
    });
    // There are always at least as many wake-ups as alarms.
    wound
        .expect("a model that waits with a limit runs in `with_time`")
        .release_no_scheduling_point(1);
}

pub(super) fn unset_alarm(bed: &Bed) {
    CLOCK.with_borrow_mut(|clock| clock.alarms.retain(|(_, other)| !Arc::ptr_eq(other, bed)));
}

/// Goes from alarm to alarm.
fn pass() {
    let me = shuttle::current::me();
    let wound = CLOCK.with_borrow_mut(|clock| {
        clock.thread = Some(me);
        clock.wound.clone().expect("made by `with_time`")
    });
    loop {
        rest(&wound);
        if CLOCK.with_borrow(|clock| clock.ended) {
            return;
        }
        // Schedulers that favour one thread are to let the others have their turn.
        shuttle::thread::yield_now();
        for bed in ring() {
            bed.release_no_scheduling_point(1);
        }
    }
}

/// Moves the time to the next alarm, and returns whom it wakes.
fn ring() -> Vec<Bed> {
    CLOCK.with_borrow_mut(|clock| {
        let Some(next) = clock.alarms.iter().map(|(at, _)| *at).min() else {
            return Vec::new();
        };
        clock.now = clock.now.max(next);
        let due = clock.alarms.extract_if(.., |(at, _)| *at <= next);
        due.map(|(_, bed)| bed).collect()
    })
}
