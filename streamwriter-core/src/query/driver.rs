//! The driver: the one thread that runs the protocol, trigger after trigger (Q1).

use std::sync::Arc;
use std::time::Duration;

use super::ahead;
use super::control::QueryStatus;
use super::listeners::Listeners;
use super::planner::{Planned, Planner};
use super::trigger::{Next, Trigger};
use crate::engine::{Decided, Engine, Entry, InHand, Recovery, caught};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::gathered::Gathered;
use crate::progress::{BatchOrigin, QueryEvent, StreamingQueryProgress};
use crate::source::{Source, source_error};
use crate::sync::Instant;
use crate::writer::WriteRows;

/// How often listeners hear that a query idles or gathers, at most.
const IDLE_EVENT_INTERVAL: Duration = Duration::from_secs(10);

/// When an event that would come at every trigger was sent last.
#[derive(Debug, Default)]
struct LastSent(Option<Instant>);

impl LastSent {
    /// Tells whether it is time to send it again, and takes it as sent then.
    fn is_due(&mut self) -> bool {
        let due = self
            .0
            .is_none_or(|last| last.elapsed() >= IDLE_EVENT_INTERVAL);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}

/// Whether the driver goes on after a batch.
#[derive(Debug, PartialEq, Eq)]
enum Ran {
    Batch,
    Nothing,
    Stopped,
}

pub(super) struct Driver<S: Source, W: WriteRows<S::Row>> {
    engine: Engine<S, W>,
    recovery: Recovery<S, W::Message>,
    planner: Planner<S>,
    trigger: Trigger,
    /// Whether the next batch is written while one is published (B5).
    overlaps: bool,
    listeners: Listeners,
    idle_event: LastSent,
    gathering_event: LastSent,
}

impl<S, W> Driver<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    pub(super) fn new(
        engine: Engine<S, W>,
        recovery: Recovery<S, W::Message>,
        planner: Planner<S>,
        trigger: Trigger,
        overlaps: bool,
        listeners: Listeners,
    ) -> Self {
        Self {
            engine,
            recovery,
            planner,
            trigger,
            overlaps,
            listeners,
            idle_event: LastSent::default(),
            gathering_event: LastSent::default(),
        }
    }

    /// Runs the query to its end; called once, on the driver's thread.
    pub(super) fn run(mut self) -> Result<()> {
        let began = Instant::now();
        self.announce_start();
        let result = caught("the engine", || self.drive()).and_then(|result| result);
        let control = Arc::clone(&self.engine.control);
        let result = match result {
            // The sink asks for the end, for example because its pipe was closed.
            Err(error) if error.kind() == ErrorKind::Stopped => {
                control.update_summary(|summary| summary.stopped = true);
                Ok(())
            }
            other => other.map_err(|error| self.name_query(self.superseded_or(error))),
        };
        control.update_summary(|summary| summary.duration = began.elapsed());
        let error = result
            .as_ref()
            .err()
            .map(|error| error.report().to_string());
        self.listeners.send(QueryEvent::Ended {
            id: self.engine.query.id,
            error,
        });
        self.listeners.close();
        result
    }

    fn drive(&mut self) -> Result<()> {
        if self.recover()? == Ran::Stopped {
            return Ok(());
        }
        if self.trigger == Trigger::AvailableNow {
            let source = &self.engine.query.source;
            caught("the source's freeze", || self.engine.source.freeze())?
                .map_err(|error| source_error(source, "look at what is available", error))?;
        }
        loop {
            let began = Instant::now();
            let ran = self.run_trigger()?;
            if ran == Ran::Stopped {
                return Ok(());
            }
            match self.trigger.next(began, Instant::now(), ran == Ran::Batch) {
                Next::Now => {}
                Next::At(due) => self.engine.control.sleep_until(due),
                Next::End => return Ok(()),
            }
        }
    }

    /// Finishes what an earlier run has begun (E2, E3), after telling the source what is done (S1).
    fn recover(&mut self) -> Result<Ran> {
        if let Some((batch, plan)) = self.recovery.committed.take() {
            self.engine
                .control
                .update_summary(|summary| summary.last_batch = Some(batch));
            self.engine.tell_source_of(batch, &plan)?;
            self.engine.sweep(batch);
        }
        failpoint::pass("resumed");
        for entry in &self.recovery.entries {
            self.engine.resume_source(entry.batch())?;
        }
        while let Some(entry) = self.recovery.entries.pop_front() {
            if self.enter(entry)? == Ran::Stopped {
                return Ok(Ran::Stopped);
            }
        }
        Ok(Ran::Nothing)
    }

    /// Plans and runs one batch, if there is anything new (B3) and enough of it, and those that begin
    /// while the one before them is published (B5).
    fn run_trigger(&mut self) -> Result<Ran> {
        if self.is_stopping() {
            return Ok(Ran::Stopped);
        }
        let batch = match self.planner.plan(&self.engine)? {
            Planned::Batch(batch) => batch,
            Planned::Gathering(gathered) => {
                self.announce_gathering(gathered);
                return Ok(Ran::Nothing);
            }
            Planned::Nothing => {
                self.announce_idle();
                return Ok(Ran::Nothing);
            }
        };
        if self.is_stopping() {
            return Ok(Ran::Stopped);
        }
        let mut in_hand = self.engine.write(batch, BatchOrigin::Planned, None)?;
        self.planner.recorded(&in_hand);
        loop {
            let Some(decided) = self.engine.prepare(in_hand)? else {
                return Ok(self.stopped());
            };
            let Some(next) = self.publish(decided)? else {
                return Ok(Ran::Batch);
            };
            if self.is_stopping() {
                self.engine.abandon(next)?;
                return Ok(Ran::Stopped);
            }
            in_hand = next;
        }
    }

    /// Publishes a batch; returns the one that was written meanwhile.
    fn publish(
        &mut self,
        decided: Decided<S, W::Message>,
    ) -> Result<Option<InHand<S, W::Message>>> {
        let Self {
            engine,
            planner,
            listeners,
            ..
        } = self;
        let done = |progress| announce(engine, listeners, progress);
        if self.overlaps {
            return ahead::publish(engine, planner, decided, done);
        }
        engine.publish(decided).map(done).map(|()| None)
    }

    /// Finishes a batch that was found in the journal.
    fn enter(&mut self, entry: Entry<S, W::Message>) -> Result<Ran> {
        if self.is_stopping() {
            return Ok(Ran::Stopped);
        }
        let Some(progress) = self.engine.run_batch(entry, None)? else {
            return Ok(self.stopped());
        };
        announce(&self.engine, &mut self.listeners, progress);
        Ok(Ran::Batch)
    }

    fn is_stopping(&self) -> bool {
        let stopping = self.engine.control.is_stopping();
        if stopping {
            self.stopped();
        }
        stopping
    }

    fn stopped(&self) -> Ran {
        let control = &self.engine.control;
        control.update_summary(|summary| summary.stopped = true);
        Ran::Stopped
    }

    fn announce_start(&mut self) {
        let query = &self.engine.query;
        tracing::info!(
            query = %query.id, run = %query.run, guarantee = %query.guarantee, "query started"
        );
        self.listeners.send(QueryEvent::Started {
            id: query.id,
            run: query.run,
            name: query.name.clone(),
            guarantee: query.guarantee,
        });
    }

    fn announce_idle(&mut self) {
        if self.idle_event.is_due() {
            self.listeners.send(QueryEvent::Idle {
                id: self.engine.query.id,
                next_batch: self.planner.next(),
            });
        }
    }

    fn announce_gathering(&mut self, gathered: Gathered) {
        self.engine
            .control
            .set_status(QueryStatus::Gathering(gathered));
        if self.gathering_event.is_due() {
            self.listeners.send(QueryEvent::Gathering {
                id: self.engine.query.id,
                next_batch: self.planner.next(),
                gathered,
            });
        }
    }

    fn superseded_or(&self, error: Error) -> Error {
        match &self.engine.journal {
            Some(journal) => journal.superseded_or(error),
            None => error,
        }
    }

    fn name_query(&self, error: Error) -> Error {
        let query = &self.engine.query;
        error.in_query(query.name.clone().unwrap_or_else(|| query.id.to_string()))
    }
}

fn announce<S: Source, W>(
    engine: &Engine<S, W>,
    listeners: &mut Listeners,
    progress: Box<StreamingQueryProgress>,
) {
    tracing::info!(
        batch = %progress.batch_id, rows = progress.num_input_rows,
        milliseconds = progress.batch_duration, "batch committed"
    );
    engine.control.add_progress((*progress).clone());
    listeners.send(QueryEvent::Progress(progress));
}
