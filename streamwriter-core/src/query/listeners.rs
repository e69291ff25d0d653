//! The thread that serves the listeners, so that none of them can hold up the driver (Q3).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::progress::{QueryEvent, QueryListener};

/// How many events wait for a slow listener before further ones are dropped.
const EVENTS_MAX: usize = 1024;

/// How long the end of a query waits for its listeners to hear the last events.
const LAST_EVENTS_WAIT: Duration = Duration::from_secs(5);

/// Sends events to the listeners' thread.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    channel: Option<SyncSender<QueryEvent>>,
    thread: Option<JoinHandle<()>>,
    dropped: u64,
}

impl Listeners {
    pub(super) fn start(listeners: Vec<Box<dyn QueryListener>>) -> Result<Self> {
        if listeners.is_empty() {
            return Ok(Self::default());
        }
        let (sender, receiver) = sync_channel(EVENTS_MAX);
        let thread = std::thread::Builder::new()
            .name("streamwriter-listeners".to_owned())
            .spawn(move || serve(&receiver, listeners))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    "cannot start the thread of the listeners",
                )
                .with_source(error)
            })?;
        Ok(Self {
            channel: Some(sender),
            thread: Some(thread),
            dropped: 0,
        })
    }

    /// Sends an event; drops it if the listeners are too far behind.
    pub(super) fn send(&mut self, event: QueryEvent) {
        let Some(channel) = &self.channel else { return };
        match channel.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped += 1;
                if self.dropped.is_power_of_two() {
                    tracing::warn!(dropped = self.dropped, "a slow listener loses events");
                }
            }
            Err(TrySendError::Disconnected(_)) => self.channel = None,
        }
    }

    /// Closes the channel and waits, for a bounded time, until the last event was heard.
    pub(super) fn close(&mut self) {
        self.channel = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let until = Instant::now() + LAST_EVENTS_WAIT;
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        if !thread.is_finished() {
            tracing::warn!("a listener is still busy with an event of a query that has ended");
        }
    }
}

fn serve(events: &Receiver<QueryEvent>, mut listeners: Vec<Box<dyn QueryListener>>) {
    for event in events {
        listeners.retain_mut(|listener| {
            let heard = catch_unwind(AssertUnwindSafe(|| listener.on_event(&event)));
            if heard.is_err() {
                tracing::warn!("a listener panicked and hears no more events");
            }
            heard.is_ok()
        });
    }
}
