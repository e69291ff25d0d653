//! The thread that serves the listeners, so that none of them can hold up the driver (Q3).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::engine::caught;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::{QueryEvent, QueryListener};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Instant, Mutex, mpsc, thread};

/// How many events wait for a slow listener before further ones are dropped.
const EVENTS_MAX: usize = 1024;

/// How long the end of a query waits for its listeners to hear the last events.
const LAST_EVENTS_WAIT: Duration = Duration::from_secs(5);

/// Sends events to the listeners' thread.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    channel: Option<mpsc::Sender<QueryEvent>>,
    shared: Arc<Shared>,
    events_max: usize,
    dropped: u64,
}

/// What the driver and the listeners' thread share.
#[derive(Debug, Default)]
struct Shared {
    /// How many events were sent and not taken yet.
    waiting: AtomicUsize,
    all_heard: Mutex<bool>,
    changed: Condvar,
}

impl Listeners {
    pub(super) fn start(listeners: Vec<Box<dyn QueryListener>>) -> Result<Self> {
        Self::start_with(listeners, EVENTS_MAX)
    }

    pub(super) fn start_with(
        listeners: Vec<Box<dyn QueryListener>>,
        events_max: usize,
    ) -> Result<Self> {
        if listeners.is_empty() {
            return Ok(Self::default());
        }
        let (sender, events) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let guard = AllHeard(Arc::clone(&shared));
        thread::Builder::new()
            .name("streamwriter-listeners".to_owned())
            .spawn(move || serve(&events, listeners, &guard))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    "cannot start the thread of the listeners",
                )
                .with_source(error)
            })?;
        Ok(Self {
            channel: Some(sender),
            shared,
            events_max,
            dropped: 0,
        })
    }

    /// Sends an event; drops it if the listeners are too far behind, unless it is the end.
    pub(super) fn send(&mut self, event: QueryEvent) {
        let Some(channel) = &self.channel else { return };
        let is_end = matches!(event, QueryEvent::Ended { .. });
        if !is_end && self.shared.waiting.load(Ordering::Relaxed) >= self.events_max {
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                tracing::warn!(dropped = self.dropped, "a slow listener loses events");
            }
            return;
        }
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        if channel.send(event).is_err() {
            self.channel = None;
        }
    }

    /// Closes the channel and waits, for a bounded time, until the last event was heard.
    pub(super) fn close(&mut self) {
        if self.channel.take().is_none() {
            return;
        }
        let until = Instant::now() + LAST_EVENTS_WAIT;
        let Shared {
            all_heard, changed, ..
        } = &*self.shared;
        let mut heard = all_heard.lock().unwrap_or_else(PoisonError::into_inner);
        while !*heard {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!("a listener is still busy with an event of a query that has ended");
                return;
            }
            heard = changed
                .wait_timeout(heard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Says that the listeners' thread is done, whatever way it ends.
struct AllHeard(Arc<Shared>);

impl Drop for AllHeard {
    fn drop(&mut self) {
        *self
            .0
            .all_heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

fn serve(
    events: &mpsc::Receiver<QueryEvent>,
    mut listeners: Vec<Box<dyn QueryListener>>,
    shared: &AllHeard,
) {
    for event in events {
        shared.0.waiting.fetch_sub(1, Ordering::Relaxed);
        let panicked = listeners
            .extract_if(.., |listener| {
                caught("a listener", || listener.on_event(&event)).is_err()
            })
            .collect::<Vec<_>>();
        for listener in panicked {
            tracing::warn!("a listener panicked and hears no more events");
            // The others go on hearing, even if this one panics on its way out.
            let _ = caught("a listener's drop", || drop(listener));
        }
    }
}

#[cfg(all(test, not(streamwriter_model)))]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::ids::{BatchId, QueryId};

    struct Slow {
        gate: Receiver<()>,
        heard: Sender<bool>,
    }

    impl QueryListener for Slow {
        fn on_event(&mut self, event: &QueryEvent) {
            let _ = self.gate.recv();
            let is_end = matches!(event, QueryEvent::Ended { .. });
            let _ = self.heard.send(is_end);
        }
    }

    #[test]
    fn q3_a_slow_listener_loses_events_but_never_the_end() {
        let (open, gate) = channel();
        let (heard, log) = channel();
        let mut listeners = Listeners::start_with(vec![Box::new(Slow { gate, heard })], 2).unwrap();
        let id = QueryId::random();
        for _ in 0..100 {
            let next_batch = BatchId::FIRST;
            listeners.send(QueryEvent::Idle { id, next_batch });
        }
        assert!(listeners.dropped >= 97, "{}", listeners.dropped);
        listeners.send(QueryEvent::Ended { id, error: None });
        drop(open);
        listeners.close();
        let log: Vec<bool> = log.iter().collect();
        assert_eq!(log.last(), Some(&true));
        assert!(log.len() <= 4, "{log:?}");
    }
}
