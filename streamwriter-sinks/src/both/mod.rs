//! Two sinks as one: one message, one commit, one target of two parts.
//!
//! The journal knows nothing of it. A composite message holds the messages of both, so `prepared/N`
//! names what both publish, and from there on the batch goes forward in both:
//!
//! | crash | the first remembers | the second remembers | the restart |
//! |---|---|---|---|
//! | before or in the first's `commit` | N-1 | N-1 | commits both |
//! | between the commits, or in the second's | N-1, or N if its commit says so | N-1 | commits those that do not have N |
//! | between the records | N | N-1 | commits the second once more |
//! | after both records | N | N | only `commits/N` |
//!
//! A sink without a memory never has N: it is committed again, as it would be alone, and so has to
//! bear that (E4).

mod apart;
mod message;
mod target;

#[cfg(test)]
mod tests;

use streamwriter_core::__private::{caught, own_error};
use streamwriter_core::{
    BatchContext, BoxError, Error, ErrorKind, Guarantee, Result, Revision, StreamWriter, Target,
    TargetRecord,
};

#[cfg(test)]
pub(crate) use apart::lie_in_one_another;
pub(crate) use apart::overlap;
pub use message::OfBoth;

/// The driver's half of two sinks that get the same batches.
///
/// Everything goes to the first, then to the second; nothing here writes rows. `SetAside` and
/// `FanOut` are around it, each with a way of its own for the rows.
#[derive(Debug)]
pub(crate) struct Both<A, B> {
    pub(crate) first: A,
    pub(crate) second: B,
}

impl<A: StreamWriter, B: StreamWriter> StreamWriter for Both<A, B> {
    type Message = OfBoth<A::Message, B::Message>;
    type Error = Error;

    fn name(&self) -> &str {
        "both"
    }

    fn description(&self) -> String {
        let (first, second) = (self.first.description(), self.second.description());
        format!("{first} and {second}")
    }

    fn guarantee(&self) -> Guarantee {
        self.first.guarantee().min(self.second.guarantee())
    }

    fn target(&self) -> Option<&dyn Target> {
        let has_one = self.first.target().is_some() || self.second.target().is_some();
        has_one.then_some(self)
    }

    fn commit(&self, messages: Vec<Self::Message>, batch: &BatchContext) -> Result<()> {
        // IMPORTANT: both are asked before either publishes. One that has committed the batch from
        // other messages shows that this checkpoint is the wrong one.
        let first_has_it = has(&self.first, batch)?;
        let second_has_it = has(&self.second, batch)?;
        let (first, second) = messages.into_iter().map(OfBoth::into_parts).unzip();
        if !first_has_it {
            commit(&self.first, first, batch)?;
        }
        if !second_has_it {
            commit(&self.second, second, batch)?;
        }
        Ok(())
    }

    /// Lets both clean up, also if one of them cannot (W10).
    fn abort(&self, messages: Vec<Option<Self::Message>>, batch: &BatchContext) -> Result<()> {
        let (first, second) = messages
            .into_iter()
            .map(|message| message.map(OfBoth::into_parts).unzip())
            .unzip();
        let first = abort(&self.first, first, batch);
        let second = abort(&self.second, second, batch);
        together(first, second)
    }
}

/// Tells whether a sink remembers that it has committed the batch (E3).
///
/// Only a replay can find that: nobody has committed a batch that is prepared in this run.
fn has<W: StreamWriter>(writer: &W, batch: &BatchContext) -> Result<bool> {
    let Some(target) = writer.target().filter(|_| batch.replay()) else {
        return Ok(false);
    };
    let Some(found) = target.last_committed(batch.query_id())? else {
        return Ok(false);
    };
    if found.batch < batch.batch_id() {
        return Ok(false);
    }
    is_record_of(&found, batch).map_err(|error| error.at_path(target.location()))
}

/// Tells whether a record is of these messages, or of those that a person has revoked since; refuses
/// any other.
fn is_record_of(found: &TargetRecord, batch: &BatchContext) -> Result<bool> {
    let what = if found.batch > batch.batch_id() {
        format!("it has batch {} already", found.batch)
    } else if Some(found.prepared.as_str()) == batch.prepared_digest() {
        return Ok(true);
    } else if batch.revision() > Revision::FIRST {
        // The engine has held the record against the journal; a withdrawal has taken its files away.
        return Ok(false);
    } else {
        "it has committed this batch from other messages than the journal's".to_owned()
    };
    let error = Error::new(
        ErrorKind::Mismatch,
        format!("one of the two targets does not belong to this checkpoint: {what}"),
    );
    Err(error.in_batch(batch.batch_id()).with_help(
        "the checkpoint is an older copy or one that went its own way: use the one that wrote the \
         target last",
    ))
}

fn commit<W: StreamWriter>(
    writer: &W,
    messages: Vec<W::Message>,
    batch: &BatchContext,
) -> Result<()> {
    caught("commit", || writer.commit(messages, batch))
        .and_then(|committed| {
            committed.map_err(|error| of(writer, ErrorKind::Commit, "commit", error.into()))
        })
        .map_err(|error| named(writer, error))
}

/// Calls one sink's `abort`; its panic must not keep the other sink from cleaning up (W6).
fn abort<W: StreamWriter>(
    writer: &W,
    messages: Vec<Option<W::Message>>,
    batch: &BatchContext,
) -> Result<()> {
    caught("abort", || writer.abort(messages, batch))
        .and_then(|aborted| {
            aborted.map_err(|error| of(writer, ErrorKind::Abort, "abort", error.into()))
        })
        .map_err(|error| named(writer, error))
}

/// Makes an error of a sink one of ours that says which of the two sinks it is of.
pub(crate) fn of<W: StreamWriter>(
    writer: &W,
    kind: ErrorKind,
    what: &str,
    error: BoxError,
) -> Error {
    own_error(
        error,
        kind,
        &format!("{what} of {} failed", writer.description()),
    )
}

/// Makes an error name the place of the sink it is of, unless it names one already.
pub(crate) fn named<W: StreamWriter>(writer: &W, error: Error) -> Error {
    match writer.target() {
        Some(target) => error.at_path(target.location()),
        None => error.at_path(writer.description()),
    }
}

/// Returns both errors as one, if there are two.
fn together(first: Result<()>, second: Result<()>) -> Result<()> {
    match (first, second) {
        (Err(first), Err(second)) => Err(first.and_also(second)),
        (first, second) => first.and(second),
    }
}
