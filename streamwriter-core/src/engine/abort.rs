//! The end of a batch before step 3: it is aborted, and the next start writes it again (W3 to W5).

use super::attempt::{Finished, caught, own_or};
use super::board::Verdict;
use super::write::Made;
use super::{Batch, Engine, InHand};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;
use crate::writer::WriteRows;

/// What is left of the tasks of a batch, one entry per partition (W3).
type Left<M> = Vec<Option<Finished<M>>>;

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Gives up a batch that `stop` has caught behind the publication of the one before it (Q2).
    ///
    /// # Errors
    /// That of a task that had failed, or of the abort.
    pub(crate) fn abandon(&self, in_hand: InHand<S, W::Message>) -> Result<()> {
        let InHand { batch, made, .. } = in_hand;
        let Made::Here(written) = made else {
            return Ok(());
        };
        match written.verdict {
            Verdict::Failed(error) => Err(self.abort(&batch, written.tasks, error)),
            Verdict::Abandoned | Verdict::AllDone => self.call_abort(&batch, written.tasks),
        }
    }

    /// Gives up a batch that was written while the one before it was published in vain, and returns
    /// the error of that one, with what went wrong here beside it (B5, W10).
    ///
    /// Nothing of the batch before is touched (W5).
    pub(crate) fn abandon_behind(&self, in_hand: InHand<S, W::Message>, error: Error) -> Error {
        let InHand { batch, made, .. } = in_hand;
        // A driver that has been superseded leaves everything to its successor (E5).
        if error.kind() == ErrorKind::Superseded {
            return error;
        }
        let Made::Here(written) = made else {
            return error;
        };
        let error = match written.verdict {
            Verdict::Failed(own) => error.and_also(own),
            Verdict::Abandoned | Verdict::AllDone => error,
        };
        self.abort(&batch, written.tasks, error)
    }

    /// Aborts a batch because of an error, and returns it, with the abort's own error beside it
    /// (W3, W10).
    pub(super) fn abort(&self, batch: &Batch<S>, left: Left<W::Message>, error: Error) -> Error {
        match self.call_abort(batch, left) {
            Ok(()) => error,
            // There was no abort, and what failed may be what the successor took away.
            Err(other) if other.kind() == ErrorKind::Superseded => other.and_also(error),
            Err(other) => error.and_also(other),
        }
    }

    pub(super) fn call_abort(&self, batch: &Batch<S>, left: Left<W::Message>) -> Result<()> {
        let partitions = u32::try_from(left.len()).unwrap_or(u32::MAX);
        let context = self.batch_context(batch, partitions);
        // A driver that has been superseded leaves everything to its successor (E5).
        context.check_current()?;
        let messages = left
            .into_iter()
            .map(|task| task.map(|task| task.message))
            .collect();
        caught("abort", || self.writer.abort(messages, &context))
            .and_then(|aborted| {
                aborted.map_err(|e| own_or(e.into(), ErrorKind::Abort, "abort failed"))
            })
            .map_err(|error| error.in_batch(batch.id))
    }
}
