//! The only module that knows the order of the steps of a batch.

mod abort;
mod attempt;
mod board;
mod clock;
mod leftovers;
mod offsets;
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
pub(crate) use leftovers::Leftovers;
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
use crate::sync::{Executors, Mutex};
use crate::writer::{StreamWriter, WriteRows};
use clock::StepClock;
use write::Made;
pub(crate) use write::Staged;

/// A batch whose rows are decided.
pub(crate) struct Batch<S: Source> {
    pub(crate) id: BatchId,
    pub(crate) start: Option<S::Offset>,
    pub(crate) plan: PlanOf<S>,
    /// The checksum of the `offsets` record that its own one follows and names, until it is recorded.
    pub(crate) offsets_before: Option<String>,
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

/// A batch whose tasks have run. What they made is neither judged nor recorded.
pub(crate) struct InHand<S: Source, M> {
    batch: Batch<S>,
    origin: BatchOrigin,
    made: Made<M>,
    clock: StepClock,
}

impl<S: Source, M> InHand<S, M> {
    /// Returns the checksum of its `offsets` record, which the next one names.
    pub(crate) fn offsets(&self) -> Option<&String> {
        self.batch.before_prepared.as_ref()
    }

    /// Counts the time since its last step as a wait for the batch before it (B5).
    pub(crate) fn has_waited(&mut self) {
        self.clock.lap("waitForCommit");
    }
}

/// A batch whose messages are durable: from here on it only goes forward (W5).
pub(crate) struct Decided<S: Source, M> {
    batch: Batch<S>,
    origin: BatchOrigin,
    prepared: Prepared<M>,
    clock: StepClock,
}

impl<S: Source, M> Decided<S, M> {
    fn found(batch: Batch<S>, prepared: Prepared<M>) -> Self {
        Self {
            clock: StepClock::start(batch.planning),
            batch,
            origin: BatchOrigin::RolledForward,
            prepared,
        }
    }
}

/// The messages of a batch that are decided.
pub(crate) struct Prepared<M> {
    messages: Vec<M>,
    partitions: u32,
    metrics: MessageMetrics,
    read: StoredCounts,
    /// How many attempts of this run's tasks failed on the way to them.
    failed_attempts: u64,
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
    /// Planned in this run, not recorded yet; a query of our own takes its steps one by one.
    #[cfg_attr(
        not(feature = "arrow"),
        expect(dead_code, reason = "only a cluster's batch is entered so")
    )]
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

/// Runs the batches of one query, in order.
///
/// Two threads may share it: one publishes a batch while the other writes the next (B5), see
/// `query/ahead.rs`.
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
    /// What may be staged and nobody will publish, so that the target is swept after the next
    /// commit (E7).
    pub(crate) leftovers: Leftovers,
    /// Held while the source is asked about a batch: it is asked one thing at a time, whichever
    /// thread asks. Nothing else is locked meanwhile.
    pub(crate) source_turn: Mutex<()>,
}

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Takes a batch from where it is entered to its end: the whole protocol, in order. `None` if it
    /// was given up by `stop` before its messages were recorded; the next start writes it again.
    ///
    /// Each step is durable before the next begins. A crash after any of them is entered again
    /// where [`resume`](resume::resume) says.
    ///
    /// `elsewhere` is what tasks on a cluster have staged for it; no task runs here then.
    pub(crate) fn run_batch(
        &self,
        entry: Entry<S, W::Message>,
        elsewhere: Option<Staged<W::Message>>,
    ) -> Result<Option<Box<StreamingQueryProgress>>> {
        let decided = match entry {
            Entry::Prepared(batch, prepared) => Some(Decided::found(batch, prepared)),
            Entry::Found(batch) if self.source.replay() == Replay::Once => {
                Some(self.record_lost(batch)?)
            }
            Entry::Found(batch) => {
                self.prepare(self.write(batch, BatchOrigin::Rewritten, elsewhere)?)?
            }
            Entry::Planned(batch) => {
                self.prepare(self.write(batch, BatchOrigin::Planned, elsewhere)?)?
            }
        };
        decided.map(|decided| self.publish(decided)).transpose()
    }

    /// Steps 1 and 2: decides which rows the batch is, and runs its tasks. After an error there is
    /// nothing to abort; what the tasks came to is judged by [`prepare`](Self::prepare).
    pub(crate) fn write(
        &self,
        mut batch: Batch<S>,
        origin: BatchOrigin,
        elsewhere: Option<Staged<W::Message>>,
    ) -> Result<InHand<S, W::Message>> {
        let mut clock = StepClock::start(batch.planning);
        if origin == BatchOrigin::Planned {
            failpoint::pass("planned");
            self.record_offsets(&mut batch)?; // 1: from here on N means these rows
            clock.lap("walCommit");
            failpoint::pass("offsets");
        }
        self.withdraw_revoked(&batch)?; // what does not count any more leaves the sight
        let made = match elsewhere {
            Some(staged) => Made::Elsewhere(staged),
            None => Made::Here(self.run_tasks(&batch)?), // 2: staged, and visible to nobody
        };
        clock.lap("write");
        Ok(InHand {
            batch,
            origin,
            made,
            clock,
        })
    }

    /// Step 3: judges what the tasks came to, and decides the messages. `None` if the batch was
    /// abandoned, and aborted, because of `stop`.
    ///
    /// IMPORTANT: not before `commits` of the batch before it is durable (B5).
    pub(crate) fn prepare(
        &self,
        in_hand: InHand<S, W::Message>,
    ) -> Result<Option<Decided<S, W::Message>>> {
        let InHand {
            batch,
            origin,
            made,
            clock,
        } = in_hand;
        let Some(staged) = self.judge(&batch, made)? else {
            return Ok(None);
        };
        failpoint::pass("written");
        let prepared = self.record_prepared(&batch, staged)?; // 3: from here on N only goes forward
        Ok(Some(Decided {
            batch,
            origin,
            prepared,
            clock,
        }))
    }

    /// Steps 4 and 5: publishes the batch, says that it is done, and cleans up behind it.
    pub(crate) fn publish(
        &self,
        decided: Decided<S, W::Message>,
    ) -> Result<Box<StreamingQueryProgress>> {
        let Decided {
            batch,
            origin,
            mut prepared,
            mut clock,
        } = decided;
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
        Ok(Box::new(self.progress(batch, prepared, origin, clock)))
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
