//! A place for rows that do not fit, around any sink (F5).

mod collector;
mod message;
mod place;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use streamwriter_core::{
    BatchContext, BatchId, BoxError, Error, ErrorKind, FileFinding, Guarantee, Leftover, QueryId,
    Result, Revision, Rows, Run, StoredMessage, StreamWriter, Sweep, SweepScope, Target,
    TargetClaim, TargetRecord, TaskContext, Withdrawal, WriteRows,
};

use crate::both::{Both, OfBoth, overlap};
use crate::staging::Staging;

pub use message::SetAsideFiles;

use collector::Collector;
use place::Place;

/// Gives a sink a place for the rows that do not fit.
///
/// A source that is told to set such rows aside (`BadRows::SetAside`) hands them on here. They are
/// streamed into files in a directory of their own, and published by the commit of the batch that
/// they came from: once, whatever the attempts, crashes and restarts (F5). The good rows go to the
/// sink inside as if nothing had happened, and its guarantee is that of the whole.
///
/// Each task that met a bad row leaves two files or more:
/// - `*.jsonl.rejected`, `*.csv.rejected`: the records as they were in the input, byte for byte,
///   CSV under the header of its file. Correct a copy, and the same source reads it.
/// - `*.reasons`: one JSON object a line for each of them: the file, line and byte it came from,
///   the column if it is known, the reason, and where the record stands in the file beside it.
///
/// The directory is a target with a memory and a lock of its own. It may be given to a query that
/// has committed batches already, and exchanged for another one between two runs: what was set
/// aside stays where it is. Only a batch that is prepared and not committed insists on its own.
///
/// Memory: two buffers of 1 MiB for each running task that met a bad row, and 64 KiB of a row,
/// however long it is.
///
/// ```
/// use streamwriter_sinks::{FileSink, SetAside};
///
/// # let directory = tempfile::tempdir()?;
/// # let lake = directory.path();
/// # #[cfg(feature = "jsonl")] {
/// let sink = SetAside::new(
///     FileSink::json_lines(lake.join("orders"))?,
///     lake.join("orders-set-aside"),
/// )?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct SetAside<W> {
    // The place first: should it fail for good, a sink that cannot repeat its commit unseen has
    // not begun it.
    both: Both<Place, W>,
}

impl<W: StreamWriter> SetAside<W> {
    /// Puts the rows into a local directory, which must not be that of the data, nor lie in it or
    /// around it.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn new(sink: W, path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new_in(sink, Staging::new(path)?))
    }

    /// Puts the rows into any storage.
    pub fn new_in(sink: W, staging: Staging) -> Self {
        Self {
            both: Both {
                first: Place::over(staging),
                second: sink,
            },
        }
    }

    fn sink(&self) -> &W {
        &self.both.second
    }

    fn place(&self) -> &Staging {
        &self.both.first.staging
    }

    /// Makes sure that set-aside rows do not lie among the data, nor the data among them (F1).
    fn expect_apart(&self, data: &dyn Target) -> Result<()> {
        let Some((data, aside)) = overlap(data, self.place()) else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::Config,
            format!("the rows that are set aside and the data ({data}) lie in one another"),
        )
        .at_path(aside)
        .with_help(
            "choose a directory for them beside the data, such as its name with `-set-aside`",
        ))
    }

    fn expect_one_place(&self) -> Result<()> {
        if self.sink().takes_set_aside() {
            return Err(Error::new(
                ErrorKind::Config,
                "the sink inside has a place for rows that are set aside already",
            )
            .with_help("wrap a sink in `SetAside` once"));
        }
        Ok(())
    }
}

impl<W: StreamWriter> StreamWriter for SetAside<W> {
    type Message = OfBoth<SetAsideFiles, W::Message>;
    type Error = BoxError;

    fn name(&self) -> &str {
        self.sink().name()
    }

    /// Returns that of the sink inside: a checkpoint is bound to where the data goes, and a place
    /// for bad rows may be added when the first of them has come.
    fn description(&self) -> String {
        self.sink().description()
    }

    fn guarantee(&self) -> Guarantee {
        self.both.guarantee()
    }

    fn takes_set_aside(&self) -> bool {
        true
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }

    fn commit(&self, messages: Vec<Self::Message>, batch: &BatchContext) -> Result<(), BoxError> {
        Ok(self.both.commit(messages, batch)?)
    }

    fn abort(
        &self,
        messages: Vec<Option<Self::Message>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        Ok(self.both.abort(messages, batch)?)
    }
}

impl<R, W: WriteRows<R>> WriteRows<R> for SetAside<W> {
    fn check_rows(&self) -> Result<(), BoxError> {
        self.expect_one_place()?;
        self.sink().check_rows().map_err(Into::into)
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<Self::Message, BoxError> {
        let aside = Arc::new(Collector::new(Arc::clone(&self.both.first.staging)));
        task.set_aside_into(aside.clone())?;
        let written = self.sink().write(&mut rows, task).map_err(Into::into)?;
        // IMPORTANT: bad rows behind the last good one are met only now, and the files of a part
        // of the partition must not be finished (W8).
        rows.read_rest()?;
        Ok(OfBoth::new(aside.finish()?, written))
    }
}

impl<W: StreamWriter> Target for SetAside<W> {
    fn location(&self) -> String {
        match self.sink().target() {
            Some(data) => format!("{}, {}", data.location(), self.both.first.description()),
            None => self.both.first.description(),
        }
    }

    /// Returns the data's target, and none for the place: it may be new to a query that has
    /// batches, so it cannot be held to all of them. Its memory is asked when a batch is committed
    /// again.
    fn parts(&self) -> Vec<Option<&dyn Target>> {
        vec![self.sink().target(), None]
    }

    fn check(&self) -> Result<()> {
        if let Some(data) = self.sink().target() {
            data.check()?;
            self.expect_apart(data)?;
        }
        self.place().check()
    }

    fn open(&self, claim: &TargetClaim) -> Result<()> {
        // The data first: a second driver is to hear that the query runs, not that its rows are
        // set aside elsewhere.
        if let Some(data) = self.sink().target() {
            data.open(claim)?;
        }
        self.place().open(&claim.clone().claimed_before(false))
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        self.both.last_committed(query)
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        self.both.record(record)
    }

    fn record_revision(&self, record: &TargetRecord, revision: Revision) -> Result<()> {
        self.both.record_revision(record, revision)
    }

    fn leftovers(&self, scope: &SweepScope) -> Result<Vec<Leftover>> {
        self.both.leftovers(scope)
    }

    fn inspect(&self, messages: &[StoredMessage]) -> Result<Vec<FileFinding>> {
        self.both.inspect(messages)
    }

    fn can_withdraw(&self) -> bool {
        self.both.can_withdraw()
    }

    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<u64> {
        self.both.withdraw(withdrawal)
    }

    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        self.both.sweep(query, run, through)
    }
}
