//! The rows that a task hands to `write`, and what the engine learns from how they were read.

mod shared;

use crate::context::TaskContext;
use crate::engine::caught;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::source::{ReadCounts, RowReader};

pub use shared::{FirstRows, SecondRows, share};

/// How the rows of a partition ended, as far as they have been read (W8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The end has not been reached.
    Open,
    /// The partition was read to its end.
    Complete,
    /// The attempt was cancelled; the rows stop before the end of the partition.
    Cancelled,
    /// The source failed; the rows stop before the end of the partition.
    CutOff,
}

/// The rows of one partition: an iterator that also tells how it ended.
///
/// To a plain iterator a source that failed looks like the end of the data. A sink with side
/// effects of its own asks [`end`](Self::end) after the last row, before it finalises anything
/// (W8). Rows that are left unread fail the task unless
/// [`skip_rest`](Self::skip_rest) was called (W9).
///
/// Only the engine implements this trait.
pub trait Rows: Iterator + sealed::Sealed {
    /// Returns how many rows were taken so far.
    fn read(&self) -> u64;

    /// Tells whether the rows ended, and how.
    fn end(&self) -> End;

    /// Makes sure that the partition was read to its end (W8).
    ///
    /// A sink calls it after the last row, before it finalises anything.
    ///
    /// # Errors
    /// [`CutOff`](ErrorKind::CutOff) if the rows ended early or have not ended. Return it: the
    /// engine knows why they did, and reports that.
    fn require_complete(&self) -> Result<()> {
        let what = match self.end() {
            End::Complete => return Ok(()),
            End::Open => "the rows of the partition have not been read to their end",
            End::Cancelled => "the task was cancelled before its last row",
            End::CutOff => "the source failed before the last row of the partition",
        };
        Err(Error::new(ErrorKind::CutOff, what))
    }

    /// Leaves the rest unread, on purpose; progress counts the rows as skipped.
    fn skip_rest(self)
    where
        Self: Sized;

    /// Reads on to the end of the partition, as the engine does after `write` has returned.
    ///
    /// For a sink around another one, which has to see everything that the source has to say. Rows
    /// that nobody has read are an error unless they are skipped on purpose (W9).
    #[doc(hidden)]
    fn read_rest(&mut self) -> Result<()>;
}

impl<R: Rows + ?Sized> Rows for &mut R {
    fn read(&self) -> u64 {
        (**self).read()
    }

    fn end(&self) -> End {
        (**self).end()
    }

    fn skip_rest(self) {
        sealed::Sealed::set_skip_rest(self);
    }

    fn read_rest(&mut self) -> Result<()> {
        (**self).read_rest()
    }
}

pub(crate) mod sealed {
    pub trait Sealed {
        fn set_skip_rest(&mut self);
    }

    impl<S: Sealed + ?Sized> Sealed for &mut S {
        fn set_skip_rest(&mut self) {
            (**self).set_skip_rest();
        }
    }
}

/// The engine's frame around a source's reader; the writer only borrows it.
#[derive(Debug)]
pub(crate) struct TaskRows<'t, Rd> {
    reader: Option<Rd>,
    task: &'t TaskContext,
    read: u64,
    /// How many of the rows read were skipped, since the writer had left them unread.
    skipped: u64,
    /// Whether a row was found that the writer had left unread without saying so (W9).
    unread: bool,
    end: End,
    error: Option<BoxError>,
}

impl<'t, Rd: RowReader> TaskRows<'t, Rd> {
    /// Frames a reader; `None` stands for a plan without partitions (B4).
    pub(crate) fn new(reader: Option<Rd>, task: &'t TaskContext) -> Self {
        Self {
            reader,
            task,
            read: 0,
            skipped: 0,
            unread: false,
            end: End::Open,
            error: None,
        }
    }

    /// Takes the source's error, if it failed.
    pub(crate) fn take_error(&mut self) -> Option<BoxError> {
        self.error.take()
    }

    /// Returns how many rows were left unread on purpose.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns what was read: the reader's own counts, or one for each row handed on.
    pub(crate) fn counts(&self) -> ReadCounts {
        self.reader
            .as_ref()
            .and_then(RowReader::counts)
            .unwrap_or(ReadCounts {
                rows: self.read,
                ..ReadCounts::default()
            })
    }

    /// Says how the rows have ended, after the reader has returned no further row.
    #[cold]
    fn finish(&mut self, last: Option<BoxError>) {
        match last {
            Some(error) => self.stop(End::CutOff, Some(error)),
            // IMPORTANT: a reader that saw the cancellation ends early. Taking that for the end
            // of the partition would commit a part of its rows.
            None if self.task.is_cancelled() => self.stop(End::Cancelled, None),
            None => self.stop(End::Complete, None),
        }
    }

    fn stop(&mut self, end: End, error: Option<BoxError>) {
        self.end = end;
        self.error = error;
    }
}

impl<Rd: RowReader> Iterator for TaskRows<'_, Rd> {
    type Item = Rd::Row;

    // A call for each row would copy the row through memory once more.
    #[inline(always)]
    fn next(&mut self) -> Option<Rd::Row> {
        if self.end != End::Open {
            return None;
        }
        if self.task.is_cancelled() {
            self.stop(End::Cancelled, None);
            return None;
        }
        match self.reader.as_mut().and_then(RowReader::next_row) {
            Some(Ok(row)) => {
                self.read += 1;
                Some(row)
            }
            Some(Err(error)) => {
                self.finish(Some(error));
                None
            }
            None => {
                self.finish(None);
                None
            }
        }
    }
}

impl<Rd: RowReader> sealed::Sealed for TaskRows<'_, Rd> {
    fn set_skip_rest(&mut self) {
        self.task.skip_rest();
    }
}

impl<Rd: RowReader> Rows for TaskRows<'_, Rd> {
    fn read(&self) -> u64 {
        self.read
    }

    fn end(&self) -> End {
        self.end
    }

    fn skip_rest(self) {
        self.task.skip_rest();
    }

    fn read_rest(&mut self) -> Result<()> {
        while self.end == End::Open && !self.unread {
            // The source runs here outside of what the writer asks for, so it needs a guard of
            // its own.
            match caught("reading the rest", || self.next()) {
                Ok(None) => {}
                Ok(Some(_)) if self.task.rest_is_skipped() => self.skipped += 1,
                Ok(Some(_)) => self.unread = true,
                Err(panic) => self.stop(End::CutOff, Some(panic.into())),
            }
        }
        if self.unread {
            return Err(unread(self.read - 1));
        }
        self.require_complete()
    }
}

pub(crate) fn unread(read: u64) -> Error {
    Error::new(
        ErrorKind::Task,
        format!("write returned with rows left unread; it had read {read}"),
    )
    .with_help("read all rows, or say that the rest is skipped with rows.skip_rest()")
}
