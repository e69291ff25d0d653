//! What happened to a board in one schedule, and the properties that it must have.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cases::{Case, Does, TICK};
use crate::sync::Instant;

/// One attempt: partition and attempt.
pub(super) type Attempt = (u32, u32);

/// How the board was told that an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    Cancelled,
    Retry,
    Failed,
}

/// What happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The board handed it out.
    Began(Attempt),
    /// It ended; the board is about to be told. Whether it was told to end before.
    Ended(Attempt, Ending, bool),
    /// The board has been told.
    Finished(Attempt, Ending),
    /// An executor was sent home.
    Left,
    Abandoned,
    /// Somebody asked what runs.
    Observed(Vec<Attempt>),
    Verdict(Verdict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    AllDone,
    /// Which attempt failed the batch.
    Failed(Attempt),
    Abandoned,
}

/// Writes down what happens. It is no part of the model: nobody can come in between.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Arc<Mutex<Vec<(Duration, Event)>>>);

impl History {
    pub(super) fn note(&self, event: Event) {
        let at = Instant::now().since_the_beginning();
        self.0.lock().unwrap().push((at, event));
    }

    /// Asserts every property of a board that has come to its end.
    pub(super) fn check(&self, case: &Case) {
        let events = self.0.lock().unwrap().clone();
        let broken = attempts_follow_each_other(&events, case)
            .or_else(|| nothing_begins_after_the_end(&events))
            .or_else(|| whoever_asks_sees_what_runs(&events))
            .or_else(|| the_cancelled_are_told(&events))
            .or_else(|| time_is_kept(&events, case))
            .or_else(|| the_verdict_is_true(&events, case));
        if let Some(broken) = broken {
            panic!("{broken}\n{case:?}\n{}", lines(&events));
        }
    }
}

type Events = [(Duration, Event)];

fn lines(events: &Events) -> String {
    let line = |(at, event): &(Duration, Event)| format!("  {at:?} {event:?}\n");
    events.iter().map(line).collect()
}
type Broken = Option<String>;

/// Attempts of a partition count 0, 1, 2, …, never overlap, and go on only after a failure that
/// allows it; none goes on after success.
fn attempts_follow_each_other(events: &Events, case: &Case) -> Broken {
    for partition in 0..case.partitions.len() as u32 {
        let mut next = Some(0);
        let mut running = None;
        for (_, event) in events {
            match *event {
                Event::Began((p, attempt)) if p == partition => {
                    if running.is_some() || next != Some(attempt) {
                        return Some(format!(
                            "attempt {attempt} of partition {partition} began while {running:?} \
                             ran and {next:?} was next"
                        ));
                    }
                    if attempt >= case.attempts_max {
                        return Some(format!("partition {partition} was tried too often"));
                    }
                    running = Some(attempt);
                }
                Event::Finished((p, attempt), ending) if p == partition => {
                    if running != Some(attempt) {
                        return Some(format!("attempt {attempt} finished and did not run"));
                    }
                    running = None;
                    next = (ending == Ending::Retry).then_some(attempt + 1);
                }
                _ => {}
            }
        }
        if running.is_some() {
            return Some(format!("partition {partition} never finished"));
        }
    }
    None
}

/// After a failure for good, after `abandon`, and once an executor has left, nothing begins.
fn nothing_begins_after_the_end(events: &Events) -> Broken {
    let is_end = |event: &Event| {
        matches!(
            event,
            Event::Abandoned | Event::Left | Event::Finished(_, Ending::Failed)
        )
    };
    let (_, end) = events.iter().find(|(_, event)| is_end(event))?;
    events
        .iter()
        .skip_while(|(_, event)| event != end)
        .find(|(_, event)| matches!(event, Event::Began(_)))
        .map(|(_, event)| format!("{event:?} after {end:?}"))
}

/// `running` shows what was handed out and not finished, no more and no less.
fn whoever_asks_sees_what_runs(events: &Events) -> Broken {
    let mut running = Vec::new();
    for (_, event) in events {
        match event {
            Event::Began(attempt) => running.push(*attempt),
            Event::Finished(attempt, _) => running.retain(|other| other != attempt),
            Event::Observed(seen) => {
                running.sort_unstable();
                if *seen != running {
                    return Some(format!("{seen:?} was seen while {running:?} ran"));
                }
            }
            Event::Verdict(_) if !running.is_empty() => {
                return Some(format!("the verdict was taken while {running:?} ran"));
            }
            _ => {}
        }
    }
    None
}

/// Whatever ends after the batch was given up has been told to end, if it was running by then.
fn the_cancelled_are_told(events: &Events) -> Broken {
    let is_end =
        |event: &Event| matches!(event, Event::Abandoned | Event::Finished(_, Ending::Failed));
    let end = events.iter().position(|(_, event)| is_end(event))?;
    events[end..].iter().find_map(|(_, event)| match event {
        Event::Ended(attempt, _, false) => Some(format!("{attempt:?} was not told to end")),
        _ => None,
    })
}

/// A second attempt waits for its delay. A patient clock shows also that no limit is missed; it is
/// not asked here, since the time of most schedules passes at any moment.
fn time_is_kept(events: &Events, case: &Case) -> Broken {
    let at = |wanted: Attempt| {
        let is_it = |event: &Event| matches!(event, Event::Ended(other, ..) if *other == wanted);
        events.iter().find(|(_, event)| is_it(event))
    };
    events.iter().find_map(|(began, event)| match *event {
        Event::Began((partition, attempt)) if attempt > 0 => {
            let (ended, _) = at((partition, attempt - 1))?;
            (*began < *ended + case.delay).then(|| format!("{event:?} began too early"))
        }
        _ => None,
    })
}

/// The verdict names the first failure; without one it tells whether the batch was abandoned; and
/// only a batch of which nothing is missing is done.
fn the_verdict_is_true(events: &Events, case: &Case) -> Broken {
    let verdict = events.iter().rev().find_map(|(_, event)| match event {
        Event::Verdict(verdict) => Some(*verdict),
        _ => None,
    });
    let abandoned = events.iter().any(|(_, event)| *event == Event::Abandoned);
    let first_failure = events.iter().find_map(|(_, event)| match event {
        Event::Finished(attempt, Ending::Failed) => Some(*attempt),
        _ => None,
    });
    let done = |partition: u32| {
        events.iter().any(
            |(_, event)| matches!(event, Event::Finished((p, _), Ending::Done) if *p == partition),
        )
    };
    let whole = (0..case.partitions.len() as u32).all(done);
    let right = match (verdict, first_failure) {
        (Some(Verdict::Failed(attempt)), Some(first)) => attempt == first,
        (Some(Verdict::Abandoned), None) => abandoned,
        (Some(Verdict::AllDone), None) => whole && !abandoned,
        _ => false,
    };
    (!right).then(|| format!("the verdict {verdict:?} is wrong"))
}

/// Asserts that a hanging task was told to end when its time was up; asks a patient clock.
pub(super) fn limits_are_kept(history: &History, case: &Case) {
    let Some(limit) = case.task_timeout else {
        return;
    };
    let events = history.0.lock().unwrap().clone();
    for (ended, event) in &events {
        let Event::Ended(attempt, _, _) = event else {
            continue;
        };
        if case.does(attempt.0, attempt.1) != Does::HangsUntilCancelled {
            continue;
        }
        let began = events
            .iter()
            .find(|(_, other)| *other == Event::Began(*attempt));
        let took = began.map_or(Duration::ZERO, |(began, _)| *ended - *began);
        assert!(
            took <= limit + TICK,
            "{attempt:?} ran for {took:?} although its limit is {limit:?}"
        );
    }
}
