//! One partition for two writers: each sees every row, the same end, and no failure of the other
//! as an end of the data.
//!
//! The first writer runs on the executor and pulls the rows, as a writer alone would. Each row it
//! gets is cloned into a portion; full portions cross a bounded channel to the second writer, which
//! runs on a thread of its own. So what is in memory is bounded, and the slower one sets the pace.
//!
//! | what happens | the first sees | the second sees |
//! |---|---|---|
//! | the rows end | that end | the rows left in the channel, then that end |
//! | the first fails, or leaves rows unread (W9) | | `Cancelled`, at its next row |
//! | the first skips the rest | | every row, pulled for it |
//! | the second fails, or leaves rows unread (W9) | `Cancelled`, at its next row | |
//! | the second skips the rest | every row | |
//! | the attempt is cancelled | `Cancelled` | `Cancelled` |
//!
//! Nobody waits for one who has gone: the end that is dropped wakes the other one.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{thread, vec};

use super::{End, Rows, sealed, unread};
use crate::context::TaskContext;
use crate::engine::caught;
use crate::error::{Error, ErrorKind, Result};

/// Full portions that wait between the two; with the one being filled and the one being read, four.
const PORTIONS_WAITING: usize = 2;
const PORTIONS: usize = PORTIONS_WAITING + 2;

/// Gives the rows of one partition to two writers, and returns what became of each.
///
/// About `rows_in_flight` rows are in memory between the two. A writer that panics, or leaves rows
/// unread without saying so, has failed (W6, W9); one that ended since the other failed, or since
/// its rows did, has failed with [`CutOff`](ErrorKind::CutOff). If both skip the rest, it is
/// skipped.
#[doc(hidden)]
pub fn share<R, Rw, A, B, First, Second>(
    rows: Rw,
    task: &TaskContext,
    rows_in_flight: usize,
    first: First,
    second: Second,
) -> (Result<A>, Result<B>)
where
    R: Clone + Send,
    Rw: Rows<Item = R>,
    B: Send,
    First: FnOnce(&mut FirstRows<'_, Rw>, &TaskContext) -> Result<A>,
    Second: FnOnce(&mut SecondRows<'_, R>, &TaskContext) -> Result<B> + Send,
{
    let (first_task, second_task) = (task.of_member(), task.of_member());
    let (sender, receiver) = sync_channel(PORTIONS_WAITING);
    let mut of_first = FirstRows {
        rows,
        task: &first_task,
        portion: Vec::new(),
        portion_rows: (rows_in_flight / PORTIONS).max(1),
        second: Some(sender),
        read: 0,
        end: End::Open,
    };
    let written = thread::scope(|scope| {
        let (first_task, second_task) = (&first_task, &second_task);
        let work = move || {
            // Dropped here, so that the first does not wait for room that nobody makes.
            let mut rows = SecondRows::new(receiver, second_task);
            let written = write(&mut rows, second_task, second);
            if written.is_err() {
                first_task.cancel_member();
            }
            written
        };
        let thread = thread::Builder::new().name("streamwriter-member".to_owned());
        let second = match thread.spawn_scoped(scope, work) {
            Ok(second) => second,
            Err(error) => return (Err(no_thread(error)), Err(not_begun())),
        };
        let written = write(&mut of_first, first_task, first);
        if written.is_err() {
            second_task.cancel_member();
        }
        // IMPORTANT: wakes the second, which may be waiting for rows that will not come.
        of_first.second = None;
        (written, joined(second))
    });
    if of_first.end == End::Open && first_task.rest_is_skipped() {
        // The second has gone before the end as well: nobody wants the rest.
        task.skip_rest();
    }
    written
}

/// Runs one of the writers, and then what the engine would do after it.
fn write<Rw: Rows, M>(
    rows: &mut Rw,
    task: &TaskContext,
    write: impl FnOnce(&mut Rw, &TaskContext) -> Result<M>,
) -> Result<M> {
    let message = caught("write", || write(rows, task)).and_then(|written| written)?;
    // The source may run here, outside of what the writer asks for.
    caught("reading the rest", || rows.read_rest()).and_then(|read| read)?;
    Ok(message)
}

fn joined<B>(second: thread::ScopedJoinHandle<'_, Result<B>>) -> Result<B> {
    // Its panics are caught within; this is for one in the drop of what it holds.
    caught("a member", || second.join())?
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panic, "a member panicked at its end")))
}

fn no_thread(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Task,
        "cannot start the thread of another member of the fan-out",
    )
    .with_source(error)
}

fn not_begun() -> Error {
    Error::new(ErrorKind::CutOff, "the member was not begun")
}

/// The rows of the writer that runs on the executor; hands each on to the second.
#[derive(Debug)]
#[doc(hidden)]
pub struct FirstRows<'t, Rw: Rows> {
    rows: Rw,
    task: &'t TaskContext,
    portion: Vec<Rw::Item>,
    portion_rows: usize,
    /// None when the second has gone, or has been told of the end.
    second: Option<SyncSender<Portion<Rw::Item>>>,
    read: u64,
    end: End,
}

/// What crosses from the first to the second.
#[derive(Debug)]
enum Portion<R> {
    Rows(Vec<R>),
    End(End),
}

impl<Rw: Rows<Item: Clone>> FirstRows<'_, Rw> {
    /// Takes a row for both; at the end tells the second of it.
    fn pull(&mut self) -> Option<Rw::Item> {
        if self.end != End::Open {
            return None;
        }
        if self.task.is_cancelled() {
            self.finish(End::Cancelled);
            return None;
        }
        let Some(row) = self.rows.next() else {
            self.finish(self.rows.end());
            return None;
        };
        if self.second.is_some() {
            self.portion.push(row.clone());
            if self.portion.len() >= self.portion_rows {
                self.flush();
            }
        }
        Some(row)
    }

    fn finish(&mut self, end: End) {
        self.end = end;
        if !self.portion.is_empty() {
            self.flush();
        }
        self.send(Portion::End(end));
        self.second = None;
    }

    fn flush(&mut self) {
        let portion = std::mem::take(&mut self.portion);
        self.send(Portion::Rows(portion));
    }

    /// Waits while the channel is full.
    fn send(&mut self, portion: Portion<Rw::Item>) {
        let gone = |second: &SyncSender<_>| second.send(portion).is_err();
        if self.second.as_ref().is_some_and(gone) {
            self.second = None;
        }
    }
}

impl<Rw: Rows<Item: Clone>> Iterator for FirstRows<'_, Rw> {
    type Item = Rw::Item;

    #[inline]
    fn next(&mut self) -> Option<Rw::Item> {
        let row = self.pull()?;
        self.read += 1;
        Some(row)
    }
}

impl<Rw: Rows> sealed::Sealed for FirstRows<'_, Rw> {
    fn set_skip_rest(&mut self) {
        self.task.skip_rest();
    }
}

impl<Rw: Rows<Item: Clone>> Rows for FirstRows<'_, Rw> {
    fn read(&self) -> u64 {
        self.read
    }

    fn end(&self) -> End {
        self.end
    }

    fn skip_rest(self) {
        self.task.skip_rest();
    }

    /// Pulls on for the second, as long as it is there, if the first skips the rest.
    fn read_rest(&mut self) -> Result<()> {
        while self.end == End::Open {
            if self.task.rest_is_skipped() && self.second.is_none() {
                return Ok(());
            }
            if self.pull().is_some() && !self.task.rest_is_skipped() {
                return Err(unread(self.read));
            }
        }
        self.require_complete()
    }
}

/// The rows of the writer that has a thread of its own.
#[derive(Debug)]
#[doc(hidden)]
pub struct SecondRows<'t, R> {
    receiver: Receiver<Portion<R>>,
    task: &'t TaskContext,
    portion: vec::IntoIter<R>,
    read: u64,
    end: End,
}

impl<'t, R> SecondRows<'t, R> {
    fn new(receiver: Receiver<Portion<R>>, task: &'t TaskContext) -> Self {
        Self {
            receiver,
            task,
            portion: Vec::new().into_iter(),
            read: 0,
            end: End::Open,
        }
    }

    /// Waits for the first to hand on rows, or to tell of the end.
    #[cold]
    fn receive(&mut self) -> Option<R> {
        loop {
            match self.receiver.recv() {
                Ok(Portion::Rows(rows)) => self.portion = rows.into_iter(),
                Ok(Portion::End(end)) => self.end = end,
                // IMPORTANT: the first has gone without a word. Taking that for the end of the
                // partition would commit a part of its rows.
                Err(_) => self.end = End::Cancelled,
            }
            if self.end != End::Open {
                return None;
            }
            if let Some(row) = self.portion.next() {
                return Some(row);
            }
        }
    }
}

impl<R> Iterator for SecondRows<'_, R> {
    type Item = R;

    #[inline]
    fn next(&mut self) -> Option<R> {
        if self.end != End::Open {
            return None;
        }
        if self.task.is_cancelled() {
            self.end = End::Cancelled;
            return None;
        }
        let row = match self.portion.next() {
            Some(row) => row,
            None => self.receive()?,
        };
        self.read += 1;
        Some(row)
    }
}

impl<R> sealed::Sealed for SecondRows<'_, R> {
    fn set_skip_rest(&mut self) {
        self.task.skip_rest();
    }
}

impl<R> Rows for SecondRows<'_, R> {
    fn read(&self) -> u64 {
        self.read
    }

    fn end(&self) -> End {
        self.end
    }

    fn skip_rest(self) {
        self.task.skip_rest();
    }

    /// Looks for one row more, unless the rest is skipped.
    fn read_rest(&mut self) -> Result<()> {
        if self.end == End::Open && self.task.rest_is_skipped() {
            return Ok(());
        }
        if self.end == End::Open && self.next().is_some() {
            return Err(unread(self.read - 1));
        }
        self.require_complete()
    }
}

#[cfg(test)]
mod tests;
