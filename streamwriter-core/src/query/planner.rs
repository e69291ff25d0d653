//! Which batch comes next, and whether it begins now (B1, B3, Q1).
//!
//! One thread at a time has the planner: the driver's, or the one that works ahead of it (B5).

use super::QueryStatus;
use super::gather::{Gather, Look};
use crate::engine::{Batch, Engine, InHand, Recovery};
use crate::error::Result;
use crate::gathered::Gathered;
use crate::ids::{BatchId, Revision};
use crate::source::{PlanLimits, Source};
use crate::sync::Instant;
use crate::writer::WriteRows;

/// What a look at the source leads to.
pub(super) enum Planned<S: Source> {
    /// This batch begins.
    Batch(Batch<S>),
    /// What there is waits for more to gather.
    Gathering(Gathered),
    /// There is nothing new (B3).
    Nothing,
}

/// Where the stream goes on.
pub(super) struct Planner<S: Source> {
    next: BatchId,
    start: Option<S::Offset>,
    /// The checksum of the newest `offsets` record, which the next one names.
    offsets_tip: Option<String>,
    limits: PlanLimits,
    /// None if a batch begins as soon as there is anything.
    gather: Option<Gather>,
}

impl<S: Source> Planner<S> {
    /// Begins behind everything that earlier runs have planned.
    pub(super) fn new<M>(
        recovery: &Recovery<S, M>,
        limits: PlanLimits,
        gather: Option<Gather>,
    ) -> Self {
        Self {
            next: recovery.next,
            start: recovery.start.clone(),
            offsets_tip: recovery.offsets_tip.clone(),
            limits,
            gather,
        }
    }

    /// Returns the id of the next batch.
    pub(super) fn next(&self) -> BatchId {
        self.next
    }

    /// Plans the next batch, if there is anything new (B3) and enough of it.
    pub(super) fn plan<W: WriteRows<S::Row>>(
        &mut self,
        engine: &Engine<S, W>,
    ) -> Result<Planned<S>> {
        if let Some(wait) = self.look(engine)? {
            return Ok(wait);
        }
        engine.control.set_status(QueryStatus::Planning);
        let began = Instant::now();
        let planned = engine.ask_source(self.next, "plan a batch", || {
            engine.source.plan(self.start.as_ref(), &self.limits)
        })?;
        let Some(plan) = planned else {
            return Ok(Planned::Nothing);
        };
        let id = self.next;
        let start = self.start.replace(plan.end.clone());
        self.next = id.next();
        Ok(Planned::Batch(Batch {
            id,
            start,
            plan,
            offsets_before: self.offsets_tip.clone(),
            before_prepared: None,
            revision: Revision::FIRST,
            revoked_in: None,
            planning: Some(began.elapsed()),
        }))
    }

    /// Takes note of the record of the batch that was planned last, which the next one follows.
    pub(super) fn recorded<M>(&mut self, in_hand: &InHand<S, M>) {
        self.offsets_tip = in_hand.offsets().cloned();
    }

    /// Tells why no batch is planned now, if none is: what there is waits for more to gather.
    fn look<W: WriteRows<S::Row>>(&mut self, engine: &Engine<S, W>) -> Result<Option<Planned<S>>> {
        let Some(gather) = &mut self.gather else {
            return Ok(None);
        };
        let gathered = engine.ask_source(self.next, "tell what waits", || {
            engine.source.gathered(self.start.as_ref(), &self.limits)
        })?;
        Ok(match gather.look(gathered, Instant::now()) {
            Look::Begin(reason) => {
                tracing::debug!(batch = %self.next, %gathered, reason, "a batch begins");
                None
            }
            Look::Wait => Some(Planned::Gathering(gathered)),
            Look::Nothing => {
                engine.control.set_status(QueryStatus::Planning);
                Some(Planned::Nothing)
            }
        })
    }
}
