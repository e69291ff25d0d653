//! The only module that knows the order of the steps of a batch.

mod attempt;
mod board;
mod clock;
mod publish;
mod recovery;
mod resume;
mod tasks;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "arrow")]
pub(crate) use attempt::run_open;
pub(crate) use attempt::{caught, own_or};
pub(crate) use board::{Board, Job};
#[cfg(all(test, streamwriter_model))]
pub(crate) use board::{Outcome, Verdict};
pub(crate) use recovery::{Pending, Recovery};
pub(crate) use tasks::TaskSettings;

use crate::context::BatchContext;
use crate::error::Result;
use crate::failpoint;
use crate::guarantee::Guarantee;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::journal::{Journal, StoredCounts};
use crate::message::MessageMetrics;
use crate::progress::{BatchOrigin, StreamingQueryProgress};
use crate::query::Control;
use crate::runtime::AsyncRuntime;
use crate::source::{PlanOf, Replay, Source};
use crate::storage::StorePath;
use crate::sync::Executors;
use crate::writer::{StreamWriter, WriteRows};
use clock::StepClock;
pub(crate) use write::Staged;

/// A batch whose rows are decided.
pub(crate) struct Batch<S: Source> {
    pub(crate) id: BatchId,
    pub(crate) start: Option<S::Offset>,
    pub(crate) plan: PlanOf<S>,
    /// The checksum of what `prepared` follows, once it is recorded: `offsets/N`, or the decision
    /// that the batch is written again.
    pub(crate) before_prepared: Option<String>,
    /// How often a person has had the batch written again (E3).
    pub(crate) revision: Revision,
    /// The run of the last such decision.
    pub(crate) revoked_in: Option<Run>,
    /// How long planning took, if this run planned the batch.
    pub(crate) planning: Option<Duration>,
}

/// A batch whose messages are decided.
pub(crate) struct Prepared<M> {
    messages: Vec<M>,
    partitions: u32,
    metrics: MessageMetrics,
    read: StoredCounts,
    /// The checksum of `prepared/N`; none without a checkpoint.
    digest: Option<String>,
    /// Whether the messages come from the journal rather than from this run's tasks.
    replay: bool,
    /// The number of rows known to be lost, if the batch is lost (S2).
    lost: Option<u64>,
    /// Whether the target already records the batch as committed (E3).
    recorded: bool,
    /// Files that a person has accepted as published, whatever became of them (E3).
    accepted: Arc<BTreeSet<StorePath>>,
}

/// Where a batch is entered.
pub(crate) enum Entry<S: Source, M> {
    /// Planned in this run, not recorded yet.
    Planned(Batch<S>),
    /// Found with its offsets: the rows are to be written again (E2).
    Found(Batch<S>),
    /// Found with its messages: they are to be committed (E3).
    Prepared(Batch<S>, Prepared<M>),
}

impl<S: Source, M> Entry<S, M> {
    /// Returns the batch that is entered.
    pub(crate) fn batch(&self) -> &Batch<S> {
        match self {
            Self::Planned(batch) | Self::Found(batch) | Self::Prepared(batch, _) => batch,
        }
    }
}

/// How a batch ended without an error.
pub(crate) enum Ended {
    Committed(Box<StreamingQueryProgress>),
    /// Given up by `stop` before its messages were recorded; the next start writes it again.
    Abandoned,
}

/// What the engine needs to know of its query.
pub(crate) struct QueryFacts {
    pub(crate) id: QueryId,
    pub(crate) run: Run,
    pub(crate) name: Option<String>,
    pub(crate) guarantee: Guarantee,
    pub(crate) source: String,
    pub(crate) sink: String,
    /// Whether a cluster runs its tasks and asks for its commits.
    pub(crate) on_cluster: bool,
}

/// Runs the batches of one query, one after another, on the driver's thread.
pub(crate) struct Engine<S, W> {
    pub(crate) source: S,
    pub(crate) writer: W,
    pub(crate) executors: Executors,
    /// Where the `async` methods of the sink run; it ends with the query.
    pub(crate) runtime: AsyncRuntime,
    pub(crate) settings: TaskSettings,
    pub(crate) control: Arc<Control>,
    pub(crate) query: QueryFacts,
    /// None for a query without a checkpoint.
    pub(crate) journal: Option<Journal>,
    /// The checksum of the newest `offsets` record, which the next one names.
    pub(crate) offsets_tip: Option<String>,
    /// Whether something may be staged that nobody will publish, so that the target is swept after
    /// the next commit (E7).
    pub(crate) leftovers: bool,
}

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Takes a batch from where it is entered to its end: the whole protocol, in order.
    ///
    /// Each step is durable before the next begins. A crash after any of them is entered again
    /// where [`resume`](resume::resume) says.
    ///
    /// `elsewhere` is what tasks on a cluster have staged for it; no task runs here then.
    pub(crate) fn run_batch(
        &mut self,
        entry: Entry<S, W::Message>,
        elsewhere: Option<Staged<W::Message>>,
    ) -> Result<Ended> {
        let mut clock = StepClock::start(entry.batch().planning);
        let (mut batch, origin, prepared) = match entry {
            Entry::Planned(batch) => (batch, BatchOrigin::Planned, None),
            Entry::Found(batch) if self.source.replay() == Replay::Once => {
                (batch, BatchOrigin::Lost, None)
            }
            Entry::Found(batch) => (batch, BatchOrigin::Rewritten, None),
            Entry::Prepared(batch, prepared) => (batch, BatchOrigin::RolledForward, Some(prepared)),
        };
        if origin == BatchOrigin::Planned {
            failpoint::pass("planned");
            self.record_offsets(&mut batch)?; // 1: from here on N means these rows
            clock.lap("walCommit");
            failpoint::pass("offsets");
        }
        let mut prepared = match (prepared, origin) {
            (Some(prepared), _) => prepared,
            (None, BatchOrigin::Lost) => self.record_lost(&batch)?,
            (None, _) => {
                self.withdraw_revoked(&batch)?; // what does not count any more leaves the sight
                let Some(written) =
                    elsewhere.map_or_else(|| self.write(&batch), |it| Ok(Some(it)))?
                else {
                    return Ok(Ended::Abandoned); // aborted: `stop` came before the messages
                };
                clock.lap("write"); // 2: staged, and visible to nobody
                failpoint::pass("written");
                self.record_prepared(&batch, written)? // 3: from here on N only goes forward
            }
        };
        clock.lap("prepare");
        failpoint::pass("prepared");
        if !prepared.recorded {
            self.commit(&batch, &mut prepared)?; // 4: the sink publishes …
            failpoint::pass("published");
            self.record_in_target(&batch, &prepared)?; // … then its target remembers
        }
        clock.lap("publish");
        failpoint::pass("recorded");
        self.record_commits(&batch, &prepared)?; // 5: done
        clock.lap("commitOffsets");
        failpoint::pass("committed");
        self.tell_source(&batch)?;
        failpoint::pass("told");
        self.clean_up(batch.id);
        Ok(Ended::Committed(Box::new(
            self.progress(batch, prepared, origin, clock),
        )))
    }

    fn batch_context(&self, batch: &Batch<S>, partitions: u32) -> BatchContext {
        let context = BatchContext::new(self.query.id, self.query.run, batch.id, partitions)
            .of_revision(batch.revision)
            .on_cluster(self.query.on_cluster)
            .with_runtime(&self.runtime);
        match &self.journal {
            Some(journal) => context.fenced_by(journal.fence()),
            None => context,
        }
    }
}

impl<S: Source, W: StreamWriter> std::fmt::Debug for Engine<S, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("query", &self.query.id)
            .finish_non_exhaustive()
    }
}
