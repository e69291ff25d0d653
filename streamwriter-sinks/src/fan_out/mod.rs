//! Several sinks that get every row, and commit as one.

#[cfg(test)]
mod tests;

use streamwriter_core::__private::share;
use streamwriter_core::{
    BatchContext, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, Target, TaskContext,
    WriteRows,
};

use crate::both::{Both, OfBoth, named, of};

/// How many rows wait between two members, unless the program says otherwise.
const ROWS_IN_FLIGHT: usize = 256;

/// Writes one stream to several sinks, each batch to all of them or to none.
///
/// Every member gets every row of every partition. One durable record holds the messages of all of
/// them, and rolls all of them forward: a crash between their commits, or between what their targets
/// remember, leaves some ahead for a moment, and the restart brings the others up from the stored
/// messages, without reading a row and without committing again what a member has committed
/// already. After a restart none is ahead.
///
/// ```
/// use streamwriter_sinks::{FanOut, FileSink, Stdout};
///
/// # let directory = tempfile::tempdir()?;
/// # let lake = directory.path();
/// # #[cfg(all(feature = "csv", feature = "jsonl"))] {
/// let sink = FanOut::new(
///     FileSink::json_lines(lake.join("orders"))?,
///     FileSink::csv(lake.join("orders-for-the-office"))?,
/// )
/// .and(Stdout::table());
/// # let _ = sink;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantee
/// That of the weakest member (E4): beside a `Stdout` a file sink is at-least-once to the engine,
/// although its own files still hold each row once. A member without a target of its own cannot
/// say that it has committed a batch; it is committed again after a crash between its commit and
/// the end of the batch, as it would be alone.
///
/// # Errors of a member
/// They name the member. A task fails for all if it fails for one, and is tried again for all
/// (W7). A commit goes through the members in their order; at the first error it stops, and no
/// further batch begins until that one is committed everywhere. An abort reaches all (W10).
///
/// Members share what they share: one that waits, while it writes, for a lock that another one
/// holds while it writes stops both.
///
/// # Threads and memory
/// The first member writes on the executor; each further one on a thread of its own for the time
/// of the task, so that three members on four executors are up to twelve threads. Rows are cloned
/// from one to the next, and [a bounded number](Self::rows_in_flight) of them waits there: the
/// slowest member sets the pace.
///
/// # What it is bound to
/// The checkpoint remembers all members by their descriptions, in their order: one that is added,
/// removed or moved later is refused (E6). Members lie in directories of their own, none in that of
/// another. A place for rows that do not fit goes around the whole, `SetAside::new(FanOut…)`. Rows
/// that every member skips are counted as skipped; rows, bytes and files written are those of all
/// members together.
#[derive(Debug)]
#[must_use]
pub struct FanOut<A, B> {
    both: Both<A, B>,
    rows_in_flight: usize,
}

impl<A: StreamWriter, B: StreamWriter> FanOut<A, B> {
    /// Writes to these two; [`and`](Self::and) adds more.
    pub fn new(first: A, second: B) -> Self {
        Self {
            both: Both { first, second },
            rows_in_flight: ROWS_IN_FLIGHT,
        }
    }

    /// Writes to one more.
    pub fn and<C: StreamWriter>(self, another: C) -> FanOut<Self, C> {
        let rows_in_flight = self.rows_in_flight;
        FanOut {
            rows_in_flight,
            ..FanOut::new(self, another)
        }
    }

    /// Sets about how many rows may wait between two members of a running task; 256 by default.
    ///
    /// Fewer for rows that are large, such as record batches; more rows make fewer hand-overs.
    /// Called after [`and`](Self::and) it is about the rows on their way to the last member.
    pub fn rows_in_flight(mut self, rows: usize) -> Self {
        self.rows_in_flight = rows;
        self
    }

    fn expect_no_place_inside(&self) -> Result<()> {
        let inside = |takes: bool, description: String| match takes {
            true => Err(Error::new(
                ErrorKind::Config,
                format!("{description}, a member of a fan-out, has a place for rows set aside"),
            )
            .with_help("wrap the whole: `SetAside::new(FanOut::new(..), dir)`")),
            false => Ok(()),
        };
        let Both { first, second } = &self.both;
        inside(first.takes_set_aside(), first.description())?;
        inside(second.takes_set_aside(), second.description())
    }
}

impl<A: StreamWriter, B: StreamWriter> StreamWriter for FanOut<A, B> {
    type Message = OfBoth<A::Message, B::Message>;
    type Error = Error;

    fn name(&self) -> &str {
        "fan-out"
    }

    fn description(&self) -> String {
        self.both.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.both.guarantee()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.both.target()
    }

    fn commit(&self, messages: Vec<Self::Message>, batch: &BatchContext) -> Result<()> {
        self.both.commit(messages, batch)
    }

    fn abort(&self, messages: Vec<Option<Self::Message>>, batch: &BatchContext) -> Result<()> {
        self.both.abort(messages, batch)
    }
}

impl<R, A, B> WriteRows<R> for FanOut<A, B>
where
    R: Clone + Send,
    A: WriteRows<R>,
    B: WriteRows<R>,
{
    fn check_rows(&self) -> Result<()> {
        self.expect_no_place_inside()?;
        let Both { first, second } = &self.both;
        first.check_rows().map_err(|error| {
            named(
                first,
                of(first, ErrorKind::Config, "the check", error.into()),
            )
        })?;
        second.check_rows().map_err(|error| {
            named(
                second,
                of(second, ErrorKind::Config, "the check", error.into()),
            )
        })
    }

    fn write(&self, rows: impl Rows<Item = R> + Send, task: &TaskContext) -> Result<Self::Message> {
        let Both { first, second } = &self.both;
        let (of_first, of_second) = share(
            rows,
            task,
            self.rows_in_flight,
            |rows, task| {
                let written = first.write(rows, task);
                written.map_err(|error| of(first, ErrorKind::Task, "write", error.into()))
            },
            |rows, task| {
                let written = second.write(rows, task);
                written.map_err(|error| of(second, ErrorKind::Task, "write", error.into()))
            },
        );
        let of_first = of_first.map_err(|error| named(first, error));
        let of_second = of_second.map_err(|error| named(second, error));
        match (of_first, of_second) {
            (Ok(first), Ok(second)) => Ok(OfBoth::new(first, second)),
            (Err(first), Err(second)) => Err(the_cause(first, second)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        }
    }
}

/// Puts the error that came first before the one that may only follow from it.
fn the_cause(first: Error, second: Error) -> Error {
    match (first.kind(), second.kind()) {
        (_, ErrorKind::CutOff) => first,
        (ErrorKind::CutOff, _) => second,
        // A second try would meet the permanent one again (W7).
        _ if second.is_permanent() && !first.is_permanent() => second.and_also(first),
        _ => first.and_also(second),
    }
}
