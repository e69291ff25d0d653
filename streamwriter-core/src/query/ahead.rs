//! A batch that is published while the next one is planned and written (B5).
//!
//! From the moment `prepared/N` is durable nothing that batch N waits for has to do with rows. So
//! another thread goes ahead: it looks whether the next batch begins, plans it, records
//! `offsets/N+1`, and runs its tasks. The driver's thread publishes N meanwhile, and is
//! never held up: neither by a plan nor by a task.
//!
//! | step | the driver's thread | the thread ahead |
//! |---|---|---|
//! | 1 | `commit` of N, the target's record, `commits/N` | looks, plans, `offsets/N+1` |
//! | 2 | tells the source of N, purges, sweeps, sends the progress of N | the tasks of N+1 |
//! | 3 | waits for the other | ends |
//! | 4 | judges the tasks of N+1: `accept`, or `abort`; `prepared/N+1` | |
//!
//! Who owns what:
//! - The engine is shared, and changes only what is safe to share: [`Leftovers`], [`Control`].
//! - The [`Planner`] is lent to the thread ahead, so the chain of `offsets` has one writer at a time.
//! - The driver's thread alone writes `prepared` and `commits`, calls `commit` and `abort` (W2, W3),
//!   and sends events, so those come in the order of the batches.
//! - The source is asked by both, one thing at a time: `Engine::ask_source`.
//! - The executors have the tasks of one batch at any time: those of N had ended before `prepared/N`,
//!   those of N+2 begin after `prepared/N+1`. So what tasks keep in memory is what it is
//!   without the overlap (Q4); only messages, and what a `commit` needs itself, are there beside it.
//!
//! How it ends:
//! - N fails, by an error or a panic: N+1 is in vain. Its tasks are cancelled (W7) and waited
//!   for (W4), and N+1 is aborted, unless a newer run has taken over (E5). N is left as it is
//!   (W5). The error is that of N; what went wrong with N+1 travels with it (W10).
//! - N+1 fails: N is finished, recorded and told of first. Then N+1 is aborted.
//! - `stop`: the same, without an error. N+1 is abandoned also if all its tasks were done (Q2).
//!
//! What a crash leaves, whichever of the two threads it meets at whichever step: `prepared/N` with or
//! without `commits/N`, and beside it nothing of N+1, or `offsets/N+1` with or without staged files.
//! `prepared/N+1` is never there without `commits/N`. These are the rows of the table at
//! [`resume`](crate::engine): the restart commits N, if that is not done, and writes N+1 anew from
//! its offsets (E2, E3). What was staged for N+1 is swept when N+1 is committed; the sweep
//! behind N does not touch it, in this run and the next, since its batch is not committed (E7).
//!
//! What a restart finds is finished one batch after another, before anything is planned.
//!
//! A source that cannot replay is never read ahead: what is planned and not prepared at the end of a
//! run is lost (S2), and one batch at stake is enough.
//!
//! [`Leftovers`]: crate::engine::Leftovers
//! [`Control`]: super::Control

use super::planner::{Planned, Planner};
use super::trigger::Trigger;
use crate::engine::{Decided, Engine, InHand, caught};
use crate::error::{Error, ErrorKind, Result};
use crate::progress::{BatchOrigin, StreamingQueryProgress};
use crate::source::{Replay, Source};
use crate::sync::{spawn_in, thread};
use crate::writer::WriteRows;

/// Tells whether batches of such a query may overlap: its trigger begins the next one at once, and
/// its source can give the rows of one again that was written in vain.
pub(super) fn is_possible(trigger: Trigger, replay: Replay) -> bool {
    let at_once = match trigger {
        Trigger::AvailableNow | Trigger::Continuous(_) => true,
        Trigger::Once | Trigger::Interval(_) => false,
    };
    at_once && replay == Replay::Replayable
}

/// Publishes a batch, and meanwhile writes the next one, if there is one; returns it if it is to go on.
///
/// `done` is called on this thread, as soon as the batch is done, whatever becomes of the next one.
///
/// # Errors
/// Those of the batch that is published, with those of the next one beside them; or, if it was published
/// and `done` was called, those of the next one.
pub(super) fn publish<S, W>(
    engine: &Engine<S, W>,
    planner: &mut Planner<S>,
    decided: Decided<S, W::Message>,
    done: impl FnOnce(Box<StreamingQueryProgress>) + Send,
) -> Result<Option<InHand<S, W::Message>>>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    engine.control.overlap_begins();
    let (published, ahead) = thread::scope(|scope| {
        let ahead = spawn_in(scope, "streamwriter-ahead", || go_ahead(engine, planner));
        // A panic of ours has to get past the other thread, which would otherwise finish its tasks.
        let published = caught("the engine", || engine.publish(decided))
            .and_then(|published| published)
            .map(done);
        engine.control.overlap_ends(published.is_err());
        let ahead = match ahead {
            Ok(ahead) => ahead.join().unwrap_or_else(|_| Err(ended_early())),
            Err(error) => {
                tracing::debug!(%error, "no thread to write the next batch meanwhile");
                Ok(None)
            }
        };
        (published, ahead)
    });
    match (published, ahead) {
        (Ok(()), Ok(Some(mut next))) => {
            next.has_waited();
            Ok(Some(next))
        }
        (Ok(()), ahead) => ahead,
        (Err(error), Ok(None)) => Err(error),
        (Err(error), Ok(Some(next))) => Err(engine.abandon_behind(next, error)),
        (Err(error), Err(other)) => Err(error.and_also(other)),
    }
}

/// Plans and writes the next batch, if it begins now.
fn go_ahead<S, W>(
    engine: &Engine<S, W>,
    planner: &mut Planner<S>,
) -> Result<Option<InHand<S, W::Message>>>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    caught("the engine", || {
        if engine.control.is_over() {
            return Ok(None);
        }
        // Whoever hears that a query idles or gathers hears it of a trigger; this is none.
        let Planned::Batch(batch) = planner.plan(engine)? else {
            return Ok(None);
        };
        if engine.control.is_over() {
            return Ok(None);
        }
        let in_hand = engine.write(batch, BatchOrigin::Planned, None)?;
        planner.recorded(&in_hand);
        Ok(Some(in_hand))
    })
    .and_then(|ahead| ahead)
}

fn ended_early() -> Error {
    Error::new(ErrorKind::Panic, "the thread of the next batch panicked")
}
