//! Listeners: what they hear, and what they cannot do to the driver.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::listeners::Listeners;
use crate::ids::{BatchId, QueryId};
use crate::model::cases::TICK;
use crate::model::schedulers::Time;
use crate::model::search::{Orders, Search};
use crate::progress::{QueryEvent, QueryListener};
use crate::sync::{Instant, clock, interrupt};

/// How many idle events the driver sends before the end.
const EVENTS: usize = 3;

/// What a listener does with an event.
#[derive(Clone, Copy)]
enum Hears {
    Well,
    /// Panics at the first event, and as it is dropped.
    Panicking,
    /// Takes this many ticks for each event.
    Slowly(u32),
    /// Does not come back from its first event until the query has ended.
    Stuck,
}

struct Listener {
    hears: Hears,
    heard: Arc<Mutex<Vec<bool>>>,
}

impl QueryListener for Listener {
    fn on_event(&mut self, event: &QueryEvent) {
        interrupt();
        match self.hears {
            Hears::Well => {}
            Hears::Panicking => std::panic::resume_unwind(Box::new("scripted")),
            Hears::Slowly(ticks) => clock::sleep(TICK * ticks),
            Hears::Stuck => clock::sleep(TICK * 100),
        }
        let is_end = matches!(event, QueryEvent::Ended { .. });
        self.heard.lock().unwrap().push(is_end);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if matches!(self.hears, Hears::Panicking) && !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("scripted"));
        }
    }
}

/// Runs all cases.
pub(in crate::model) fn check(search: &mut Search) {
    let every = |detours| Orders::Every { detours };
    search.run("one hears", every(3), || {
        run(&[Hears::Well], 10, Time::Patient)
    });
    search.run("one panics", every(3), || {
        run(&[Hears::Panicking, Hears::Well], 10, Time::Patient)
    });
    search.run("one is slow", every(4), || {
        run(&[Hears::Slowly(1)], 1, Time::Patient)
    });
    search.run("one is stuck", every(4), || {
        run(&[Hears::Stuck], 1, Time::Patient)
    });
    for time in [Time::Patient, Time::Any] {
        let orders = Orders::Random {
            schedules: 10_000,
            time,
        };
        let all = &[Hears::Panicking, Hears::Slowly(1), Hears::Well];
        search.run("all kinds", orders, move || run(all, 2, time));
        search.run("one is stuck", orders, move || {
            run(&[Hears::Stuck, Hears::Well], 2, time)
        });
    }
}

/// Sends some events, and the end; checks what was heard by then.
fn run(kinds: &[Hears], events_max: usize, time: Time) {
    let logs: Vec<_> = kinds
        .iter()
        .map(|_| Arc::new(Mutex::new(Vec::new())))
        .collect();
    let listeners = kinds.iter().zip(&logs).map(|(hears, heard)| {
        let heard = Arc::clone(heard);
        Box::new(Listener {
            hears: *hears,
            heard,
        }) as Box<dyn QueryListener>
    });
    let mut listeners = Listeners::start_with(listeners.collect(), events_max).unwrap();
    let id = QueryId::random();
    for _ in 0..EVENTS {
        let next_batch = BatchId::FIRST;
        listeners.send(QueryEvent::Idle { id, next_batch });
    }
    let sent = Instant::now();
    if time == Time::Patient {
        // Nobody's pace is the driver's.
        assert_eq!(
            sent.since_the_beginning(),
            Duration::ZERO,
            "the driver was held up"
        );
    }
    listeners.send(QueryEvent::Ended { id, error: None });
    listeners.close();
    let waited = sent.elapsed();
    let stuck = kinds.iter().any(|hears| matches!(hears, Hears::Stuck));
    if stuck && time == Time::Patient {
        assert_eq!(
            waited,
            Duration::from_secs(5),
            "the end waits for a bounded time"
        );
    }
    let late = kinds
        .iter()
        .any(|hears| matches!(hears, Hears::Slowly(_) | Hears::Stuck));
    if !late && time == Time::Patient {
        assert_eq!(waited, Duration::ZERO, "the end waits for nobody");
    }
    // Whoever is late hears the end all the same, after the query is gone.
    drop(listeners);
    if stuck || time == Time::Any {
        while logs.iter().any(|log| Arc::strong_count(log) > 1) {
            clock::sleep(TICK * 100);
        }
    }
    for (hears, log) in kinds.iter().zip(&logs) {
        let heard = log.lock().unwrap().clone();
        if matches!(hears, Hears::Panicking) {
            assert!(heard.is_empty());
            continue;
        }
        assert_eq!(
            heard.last(),
            Some(&true),
            "the end was not heard: {heard:?}"
        );
        assert_eq!(
            heard.iter().filter(|is_end| **is_end).count(),
            1,
            "{heard:?}"
        );
        let lossless = events_max >= EVENTS;
        assert!(
            !lossless || heard.len() == EVENTS + 1,
            "events were lost: {heard:?}"
        );
    }
}
