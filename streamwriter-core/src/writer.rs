//! The contract that a sink implements (W1 to W12).

use crate::context::{BatchContext, TaskContext};
use crate::error::BoxError;
use crate::guarantee::Guarantee;
use crate::message::CommitMessage;
use crate::rows::Rows;
use crate::target::Target;

/// The driver's half of a sink: name, guarantee, `commit` and `abort`.
///
/// It is apart from [`WriteRows`] so that recovery, which reads no rows, needs no row type.
/// `#[stream_writer]` on an impl writes both.
///
/// # What a crash means
/// - Before the batch is *prepared* (its messages are durable): the batch is written again, from
///   the same offsets. Nothing that `write` did may be visible to a reader by then, or it will be
///   there twice.
/// - After it is prepared: `commit` is called with the same messages until it has succeeded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink",
    note = "add `#[stream_writer]` to an impl block with a `write` method, or pick a prebuilt sink"
)]
pub trait StreamWriter: Send + Sync + 'static {
    /// What a finished task hands to the driver; it is stored and may be read by another process
    /// or by the next release of the program (W12).
    type Message: CommitMessage;
    /// The error of this sink. One marked as [`Permanent`](crate::Permanent) is not tried again.
    type Error: Into<BoxError>;

    /// Returns the sink's name as people write it, such as `parquet`.
    fn name(&self) -> &str;

    /// Returns what a person calls this sink, with its place, and no secret.
    fn description(&self) -> String {
        match self.target() {
            Some(target) => format!("{} {}", self.name(), target.location()),
            None => self.name().to_owned(),
        }
    }

    /// Declares how often a row of a committed batch is in the sink (E4).
    ///
    /// [`ExactlyOnce`](Guarantee::ExactlyOnce) promises two things: what `write` does is invisible
    /// to readers until `commit`, and `commit` with the same batch and messages may be repeated,
    /// also by another process after a crash in its middle, with the effect of one call.
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    /// Tells whether this sink has a place for rows that its source sets aside (F5).
    ///
    /// It does if it wraps another one in the prebuilt `SetAside`. One of its own gives a
    /// [`SetAsidePlace`](crate::SetAsidePlace) to the task before it reads its first row, reads the
    /// partition to its end, publishes what is there with the batch, and says in the
    /// [metrics](CommitMessage::metrics) of each message how many rows it took: a message that
    /// says another number fails its task.
    fn takes_set_aside(&self) -> bool {
        false
    }

    /// Returns the target's memory, if this sink has one.
    ///
    /// Without it a checkpoint that went backwards, or was exchanged, goes unnoticed (E6).
    fn target(&self) -> Option<&dyn Target> {
        None
    }

    /// Publishes a batch.
    ///
    /// Called on the driver thread when every task has succeeded and the messages are durable, and
    /// after a restart again if the batch was not recorded as committed. `messages` has one entry
    /// per partition, in partition order (W2). No task of the batch runs meanwhile (W4); those of the
    /// next one may, if the query [overlaps](crate::QueryBuilder::overlap_batches) batches (B5). Batches
    /// come in order.
    ///
    /// # Errors
    /// The query ends; `abort` is not called for this batch, since the commit may have taken effect
    /// (W5). The next start commits it again.
    fn commit(
        &self,
        messages: Vec<Self::Message>,
        batch: &BatchContext,
    ) -> Result<(), Self::Error> {
        let _ = (messages, batch);
        Ok(())
    }

    /// Cleans up after a batch that will not be committed by this run.
    ///
    /// Called on the driver thread when a task has failed for good, the batch was abandoned by
    /// `stop`, or the commit of the batch before it has failed meanwhile (B5); never after its messages
    /// were recorded (W3, W5). `messages` has one entry per
    /// partition, `None` where the task failed, was cancelled or never ran. The next start writes
    /// the batch again.
    ///
    /// # Errors
    /// The error that caused the abort stays the query's error, and this one travels with it (W10).
    fn abort(
        &self,
        messages: Vec<Option<Self::Message>>,
        batch: &BatchContext,
    ) -> Result<(), Self::Error> {
        let _ = (messages, batch);
        Ok(())
    }
}

/// The executors' half of a sink: writes the rows of one partition.
///
/// The row type is a parameter, so one sink can take many kinds of rows.
#[diagnostic::on_unimplemented(
    message = "the sink `{Self}` does not take rows of type `{R}`",
    label = "rows of type `{R}` arrive here",
    note = "map the rows to what the sink takes with `.map(...)`, or derive `Serialize` and \
            `Deserialize` for `{R}` if the sink is a prebuilt one"
)]
pub trait WriteRows<R>: StreamWriter {
    /// Checks, before the first batch, that rows of this type can be written.
    ///
    /// Called on the thread that starts the query, and for a sink by name also as it is
    /// [built](crate::SinkRegistry::format). A second call says the same; it changes nothing.
    ///
    /// # Errors
    /// What does not fit; the query does not start.
    fn check_rows(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Writes the rows of one partition and returns the message for the driver.
    ///
    /// Called on an executor, once per task attempt (W1); several calls run at the same time on
    /// the same `self` (W11). Returning `Ok` with rows left unread fails the task (W9). A `write`
    /// that finalises something itself first asks [`rows.end()`](Rows::end) whether the partition
    /// is complete (W8). A panic counts as an error (W6).
    ///
    /// # Errors
    /// The task is tried again, up to `max_task_attempts` in all, unless the error is
    /// [permanent](crate::Permanent) (W7).
    fn write(
        &self,
        rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<Self::Message, Self::Error>;
}
