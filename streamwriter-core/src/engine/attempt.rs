//! One try of one task, and the verdict on it (W6 to W9).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::context::{CancelReason, TaskContext};
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::message::{self, CommitMessage, EncodedMessage};
use crate::rows::{End, Rows, TaskRows};
use crate::source::{ReadCounts, RowReader, Source};
use crate::writer::WriteRows;

/// What a task that succeeded leaves for the driver.
#[derive(Debug)]
pub(crate) struct Finished<M> {
    /// The message, as decoded from its own encoding: what a replay would see.
    pub(crate) message: M,
    pub(crate) encoded: EncodedMessage,
    pub(crate) counts: ReadCounts,
    pub(crate) skipped: u64,
}

/// Why an attempt did not succeed.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// It was cancelled with its batch.
    Cancelled,
    /// It failed; the error names partition and attempt.
    Failed(Error),
}

/// Runs one attempt: opens the partition, calls `write`, and judges the outcome.
///
/// `partition` is `None` for a plan without partitions, which runs one empty task (B4).
pub(crate) fn run<S, W>(
    source: &S,
    writer: &W,
    partition: Option<&S::Partition>,
    task: &TaskContext,
    message_bytes_max: usize,
) -> Result<Finished<W::Message>, Unfinished>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    // The user's code does not end with `write`: readers count and are dropped, errors are
    // converted, messages are dropped. A panic there must not get past the board, which would
    // wait for this attempt for ever (W6).
    caught("the task", || {
        attempt(source, writer, partition, task, message_bytes_max)
    })
    .unwrap_or_else(|panic| Err(failed(task, panic)))
}

fn attempt<S, W>(
    source: &S,
    writer: &W,
    partition: Option<&S::Partition>,
    task: &TaskContext,
    message_bytes_max: usize,
) -> Result<Finished<W::Message>, Unfinished>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    let reader = caught("opening the partition", || {
        partition
            .map(|partition| source.open(partition, task))
            .transpose()
    });
    let mut rows = match reader {
        Err(panic) => return Err(failed(task, panic)),
        Ok(Err(error)) => return Err(failed(task, reading_failed(error))),
        Ok(Ok(reader)) => TaskRows::new(reader, task),
    };
    write(&mut rows, writer, task, message_bytes_max)
}

/// Runs one attempt of a task on a cluster, over rows that are open already; no panic comes out.
///
/// # Errors
/// Nobody cancels it here, so it has failed.
#[cfg(feature = "arrow")]
pub(crate) fn run_open<Rd, W>(
    reader: Rd,
    writer: &W,
    task: &TaskContext,
    message_bytes_max: usize,
) -> Result<Finished<W::Message>>
where
    Rd: RowReader,
    W: WriteRows<Rd::Row>,
{
    let finished = caught("the task", || {
        write(
            &mut TaskRows::new(Some(reader), task),
            writer,
            task,
            message_bytes_max,
        )
    });
    match finished.unwrap_or_else(|panic| Err(failed(task, panic))) {
        Ok(finished) => Ok(finished),
        Err(Unfinished::Failed(error)) => Err(error),
        Err(Unfinished::Cancelled) => Err(Error::new(ErrorKind::Task, "the task was cancelled")),
    }
}

/// Calls `write`, judges the outcome, and encodes the message.
fn write<Rd, W>(
    rows: &mut TaskRows<'_, Rd>,
    writer: &W,
    task: &TaskContext,
    message_bytes_max: usize,
) -> Result<Finished<W::Message>, Unfinished>
where
    Rd: RowReader,
    W: WriteRows<Rd::Row>,
{
    let written = caught("write", || writer.write(&mut *rows, task));
    let message = judge(rows, task, written).map_err(|unfinished| place(task, unfinished))?;
    let skipped = rest_of(rows, task).map_err(|unfinished| place(task, unfinished))?;
    let (message, encoded) = caught("encoding the message", || {
        let crossed = cross(&message, message_bytes_max)?;
        expect_set_aside(&crossed.0, task)?;
        Ok(crossed)
    })
    .and_then(|crossed| crossed)
    .map_err(|error| failed(task, error))?;
    Ok(Finished {
        message,
        encoded,
        counts: rows.counts().with_set_aside(task.rows_set_aside()),
        skipped,
    })
}

/// Gives the verdict on what `write` returned, in this order: panic, source's error, cancelled,
/// writer's error. (Unread rows come last, in [`rest_of`].)
fn judge<Rd: RowReader, M, E: Into<BoxError>>(
    rows: &mut TaskRows<'_, Rd>,
    task: &TaskContext,
    written: Result<Result<M, E>>,
) -> Result<M, Unfinished> {
    let written = written.map_err(Unfinished::Failed)?;
    if let Some(error) = rows.take_error() {
        let error = reading_failed(error);
        return Err(Unfinished::Failed(match written {
            Ok(_) => error,
            Err(other) => beside(error, writing_failed(other.into())),
        }));
    }
    // A task that read everything and succeeded has finished, even if it was told to end too late.
    if task.is_cancelled() && !(written.is_ok() && rows.end() == End::Complete) {
        return Err(cancelled(task));
    }
    written.map_err(|error| Unfinished::Failed(writing_failed(error.into())))
}

/// Adds the writer's error to the source's, unless it says only that the rows ended early.
fn beside(error: Error, of_writer: Error) -> Error {
    if of_writer.kind() == ErrorKind::CutOff {
        return error;
    }
    error.and_also(of_writer)
}

/// Reads on after `write` has returned: finds rows left unread (W9), or counts those skipped.
fn rest_of<Rd: RowReader>(
    rows: &mut TaskRows<'_, Rd>,
    task: &TaskContext,
) -> Result<u64, Unfinished> {
    let read = rows.read_rest();
    if let Some(error) = rows.take_error() {
        return Err(Unfinished::Failed(reading_failed(error)));
    }
    // IMPORTANT: a cancelled source ends early. Nobody knows then what is left unread.
    if rows.end() == End::Cancelled {
        return Err(cancelled(task));
    }
    read.map_err(Unfinished::Failed)?;
    Ok(rows.skipped())
}

/// Makes sure that every row which the source has set aside is in the message: one that is in no
/// message is published by no commit (F5).
fn expect_set_aside<M: CommitMessage>(message: &M, task: &TaskContext) -> Result<()> {
    let (aside, told) = (
        task.rows_set_aside(),
        message.metrics().set_aside.unwrap_or(0),
    );
    if aside == told {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Message,
        format!("the source has set {aside} rows aside, the message of the task tells of {told}"),
    )
    .with_help("finish the place for such rows after the last row, and count them in the message")
    .permanent())
}

/// Sends a message through its encoding, as a replay after a crash would.
fn cross<M: CommitMessage>(message: &M, bytes_max: usize) -> Result<(M, EncodedMessage)> {
    let encoded = message::encode(message, bytes_max)?;
    Ok((message::decode(&encoded)?, encoded))
}

fn failed(task: &TaskContext, error: Error) -> Unfinished {
    let error = error
        .in_batch(task.batch_id())
        .in_task(task.partition(), task.attempt());
    Unfinished::Failed(error)
}

fn place(task: &TaskContext, unfinished: Unfinished) -> Unfinished {
    match unfinished {
        Unfinished::Failed(error) => failed(task, error),
        Unfinished::Cancelled => Unfinished::Cancelled,
    }
}

fn cancelled(task: &TaskContext) -> Unfinished {
    match task.cancel_reason() {
        Some(CancelReason::Timeout) => Unfinished::Failed(
            Error::new(ErrorKind::Task, "the task ran longer than the task timeout")
                .with_help("raise task_timeout, or make the batches smaller"),
        ),
        Some(CancelReason::Batch) | None => Unfinished::Cancelled,
    }
}

fn reading_failed(error: BoxError) -> Error {
    own_or(error, ErrorKind::Source, "reading the partition failed")
}

fn writing_failed(error: BoxError) -> Error {
    own_or(error, ErrorKind::Task, "write failed")
}

/// Keeps an error of ours as it is; wraps another one.
pub(crate) fn own_or(error: BoxError, kind: ErrorKind, message: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => {
            let permanent = crate::error::is_permanent(&*error);
            let error = Error::new(kind, message).with_source(error);
            if permanent { error.permanent() } else { error }
        }
    }
}

/// Runs user code; a panic becomes an error with its text (W6).
pub(crate) fn caught<T>(what: &str, run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = format!("{what} panicked: {}", panic_text(&*payload));
        drop_payload(payload);
        Error::new(ErrorKind::Panic, text)
    })
}

/// Drops what a panic carried: a value of the user's, so that this may panic as well.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("the panic carries no text")
}
