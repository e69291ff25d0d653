//! What a person looks at and decides about a query on a cluster that is not running (E3, E7).

use std::fmt;
use std::sync::Arc;

use super::sink::ClusterSink;
use super::source::ClusterSource;
use super::spark::SparkCheckpoint;
use super::writer::DriverWriter;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, QueryId};
use crate::query::{Repair, Survey, Upkeep};
use crate::storage::SharedStorage;
use crate::stream::stream;
use crate::target::{Sweep, Target};

/// A query on a cluster that is not running, and the batch of it that is prepared and not committed.
///
/// Made by [`ClusterSink::repair`]; printing it shows what is there. What can be decided, and what each
/// decision leads to, is that of [`Repair`]. Both locks are held until it is dropped.
#[must_use = "nothing is decided yet"]
pub struct ClusterRepair(Repair<ClusterSource, DriverWriter>);

impl ClusterRepair {
    /// Returns the batch that is prepared and not committed, if there is one to decide about.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        self.0.batch()
    }

    /// Declares that the files of the batch which are not as they should be count as published; see
    /// [`Repair::accept_as_published`].
    ///
    /// # Errors
    /// As there.
    pub fn accept_as_published(self, batch: BatchId) -> Result<()> {
        self.0.accept_as_published(batch)
    }

    /// Takes what the batch has published out of sight, so that what the cluster writes for it at the
    /// next start is published instead; see [`Repair::write_again`].
    ///
    /// # Errors
    /// As there.
    pub fn write_again(self, batch: BatchId) -> Result<()> {
        self.0.write_again(batch)
    }
}

impl fmt::Display for ClusterRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ClusterRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ClusterSink {
    /// Looks which batch of a query is prepared and not committed, so that a person can decide about it.
    ///
    /// Called while the query is not running. `query` may be left out if the option
    /// `checkpointLocation` says which one it is.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if nothing says which query it is;
    /// [`Mismatch`](ErrorKind::Mismatch) if the query has written nothing here;
    /// [`Locked`](ErrorKind::Locked) if its driver is alive;
    /// [`Unsupported`](ErrorKind::Unsupported) for a sink without a target of files.
    pub fn repair(&self, query: Option<QueryId>) -> Result<ClusterRepair> {
        let journal = self.journal_of_a_person(query)?;
        let writer = DriverWriter {
            sink: Arc::clone(&self.sink),
            claims: true,
        };
        let builder = stream(ClusterSource).write_to(writer).checkpoint(journal);
        let repair = builder.take_over(self.options.take_over).repair();
        repair
            .map(ClusterRepair)
            .map_err(|error| self.of_sink(error))
    }

    /// Lists what lies in the target unpublished, and why; changes nothing (E7).
    ///
    /// # Errors
    /// As [`repair`](Self::repair).
    pub fn survey(&self, query: Option<QueryId>) -> Result<Survey> {
        self.upkeep(query, |upkeep| upkeep.look())
    }

    /// Removes what [`survey`](Self::survey) says goes. A query does so by itself after each commit; this
    /// is for one that is not started any more.
    ///
    /// # Errors
    /// As [`repair`](Self::repair).
    pub fn sweep(&self, query: Option<QueryId>) -> Result<Sweep> {
        self.upkeep(query, |upkeep| upkeep.sweep())
    }

    fn upkeep<T>(
        &self,
        query: Option<QueryId>,
        run: impl FnOnce(&Upkeep<'_>) -> Result<T>,
    ) -> Result<T> {
        let journal = self.journal_of_a_person(query)?;
        let done = self.target_of_files().and_then(|target| {
            let upkeep = Upkeep::new(journal, target)?;
            run(&upkeep)
        });
        done.map_err(|error| self.of_sink(error))
    }

    fn target_of_files(&self) -> Result<&dyn Target> {
        use crate::writer::StreamWriter;
        self.sink.target().ok_or_else(|| {
            let message = "this sink has no target whose files could be looked after";
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    fn journal_of_a_person(&self, query: Option<QueryId>) -> Result<SharedStorage> {
        let query = match query {
            Some(query) => query,
            None => self.query_of_the_checkpoint()?,
        };
        self.journal_of(query)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "this sink keeps no journal on a cluster",
            )
        })
    }

    fn query_of_the_checkpoint(&self) -> Result<QueryId> {
        match SparkCheckpoint::of(self.options.checkpoint.as_deref()) {
            Some(checkpoint) => checkpoint.query(),
            None => Err(
                Error::new(ErrorKind::Config, "nothing says which query it is")
                    .with_help("give its id, or the option `checkpointLocation`"),
            ),
        }
    }
}
