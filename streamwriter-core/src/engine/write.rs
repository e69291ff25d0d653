//! Steps 2 and 3: tasks, messages.

use std::sync::Arc;

use super::attempt::{Finished, caught};
use super::board::{Board, Verdict};
use super::clock::StepClock;
use super::tasks::{Tasks, Written, task_count};
use super::{Batch, Decided, Engine, Prepared};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Withdrawal;
use crate::journal::{Log, Lost, PreparedRecord, Recorded, StoredCounts};
use crate::message::{self, CommitMessage, EncodedMessage, MessageMetrics};
use crate::progress::BatchOrigin;
use crate::source::{ReadCounts, Source};
use crate::writer::WriteRows;

/// What the tasks of a batch made: staged, not decided yet.
pub(crate) struct Staged<M> {
    messages: Vec<M>,
    encoded: Vec<EncodedMessage>,
    read: StoredCounts,
    failed_attempts: u64,
}

/// What tasks came to, before anybody has judged it.
pub(super) enum Made<M> {
    /// The tasks have run here, all of them or not.
    Here(Written<M>),
    /// A cluster has run them; only what is complete gets here.
    Elsewhere(Staged<M>),
}

#[cfg(feature = "arrow")]
impl<M: CommitMessage> Staged<M> {
    /// Takes what tasks on a cluster made: their messages in partition order, and what they read.
    pub(crate) fn elsewhere(encoded: Vec<EncodedMessage>, read: StoredCounts) -> Result<Self> {
        let messages = encoded.iter().map(message::decode).collect::<Result<_>>()?;
        Ok(Self {
            messages,
            encoded,
            read,
            failed_attempts: 0,
        })
    }

    /// Returns the messages.
    pub(crate) fn into_messages(self) -> Vec<M> {
        self.messages
    }
}

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Before step 2 of a batch that a person has had written again (E3): the files of its earlier
    /// revisions leave the readers' sight.
    ///
    /// Repeated at every start until the new messages are durable, so that a crash in the middle of
    /// it, or between the decision and it, changes nothing.
    pub(super) fn withdraw_revoked(&self, batch: &Batch<S>) -> Result<()> {
        let Some(run) = batch.revoked_in else {
            return Ok(());
        };
        let Some(target) = self.writer.target() else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this batch is to be written again, and the sink has no target to take its files from",
            )
            .in_batch(batch.id)
            .with_help("start it with the sink that it was decided for"));
        };
        let what = Withdrawal::new(self.query.id, batch.id, batch.revision, run);
        caught("the target's withdrawal", || target.withdraw(&what))
            .and_then(|withdrawn| withdrawn)
            .map(|_| ())
            .map_err(|error| error.in_batch(batch.id))
    }

    /// Step 2: runs the tasks; when it returns, none of them runs any more (W4).
    pub(super) fn run_tasks(&self, batch: &Batch<S>) -> Result<Written<W::Message>> {
        let partitions = task_count(batch.plan.partitions.len())?;
        let board = Arc::new(Board::new(partitions, self.settings.timeout));
        self.control.tasks_begin(&board);
        let tasks = Tasks {
            source: &self.source,
            writer: &self.writer,
            partitions: &batch.plan.partitions,
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            revision: batch.revision,
            settings: self.settings,
            runtime: &self.runtime,
        };
        self.leftovers.tasks_begin(batch.id);
        let written = tasks.run(&self.executors, &board);
        self.control.tasks_end();
        // A failed attempt may have finished files that are in no message.
        if written.failed_attempts > 0 {
            self.leftovers.may_be_of(batch.id);
        }
        Ok(written)
    }

    /// Judges what the tasks made. `None` if the batch was abandoned, and aborted, because of `stop`.
    pub(super) fn judge(
        &self,
        batch: &Batch<S>,
        made: Made<W::Message>,
    ) -> Result<Option<Staged<W::Message>>> {
        let written = match made {
            Made::Here(written) => written,
            Made::Elsewhere(staged) => return Ok(Some(staged)),
        };
        let (left, failed_attempts) = (written.tasks, written.failed_attempts);
        match written.verdict {
            Verdict::Failed(error) => Err(self.abort(batch, left, error)),
            Verdict::Abandoned => self.call_abort(batch, left).map(|()| None),
            Verdict::AllDone => self.accept(batch, left, failed_attempts).map(Some),
        }
    }

    /// Lets the source judge the counts of the whole batch, and takes the messages.
    fn accept(
        &self,
        batch: &Batch<S>,
        tasks: Vec<Option<Finished<W::Message>>>,
        failed_attempts: u64,
    ) -> Result<Staged<W::Message>> {
        let (mut counts, mut skipped) = (ReadCounts::default(), 0u64);
        for task in tasks.iter().flatten() {
            counts.add(task.counts);
            skipped = skipped.saturating_add(task.skipped);
        }
        let accepted = self.ask_source(batch.id, "accept the batch", || {
            self.source.accept(batch.id, &counts)
        });
        if let Err(error) = accepted {
            return Err(self.abort(batch, tasks, error));
        }
        let read = StoredCounts::new(counts, skipped);
        if let Some(partition) = tasks.iter().position(Option::is_none) {
            let error = Error::new(
                ErrorKind::Task,
                format!("partition {partition} left nothing"),
            );
            return Err(self.abort(batch, tasks, error.in_batch(batch.id)));
        }
        let (messages, encoded) = tasks
            .into_iter()
            .flatten()
            .map(|task| (task.message, task.encoded))
            .unzip();
        Ok(Staged {
            messages,
            encoded,
            read,
            failed_attempts,
        })
    }

    /// Step 3: records the messages. Afterwards, and also after an error, there is no abort (W5).
    pub(super) fn record_prepared(
        &self,
        batch: &Batch<S>,
        staged: Staged<W::Message>,
    ) -> Result<Prepared<W::Message>> {
        let Staged {
            messages,
            encoded,
            read,
            failed_attempts,
        } = staged;
        let (Some(journal), Some(before)) = (&self.journal, &batch.before_prepared) else {
            return prepared_of(messages, read, failed_attempts, None);
        };
        let body = PreparedRecord {
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            previous: before.clone(),
            read,
            lost: None,
            messages: encoded,
        };
        match journal.record(Log::Prepared, batch.id, batch.revision, &body)? {
            Recorded::Ours(digest) => prepared_of(messages, read, failed_attempts, Some(digest)),
            // An earlier run woke up and was quicker. Its messages count; what this run has
            // staged is removed once the batch is committed (E2).
            Recorded::Theirs(bytes) => {
                self.leftovers.may_be_of(batch.id);
                let (found, digest) =
                    journal.decode(Log::Prepared, batch.id, batch.revision, &bytes)?;
                let prepared = Prepared::from_record(&found, digest, before)?;
                Ok(Prepared {
                    failed_attempts,
                    ..prepared
                })
            }
        }
    }

    /// Step 3 of a batch whose rows are gone, since its source cannot give them again (S2).
    pub(super) fn record_lost(&self, batch: Batch<S>) -> Result<Decided<S, W::Message>> {
        tracing::error!(
            batch = %batch.id, rows = ?batch.plan.rows,
            "a crash has lost this batch: its source cannot replay"
        );
        let clock = StepClock::start(batch.planning);
        let (Some(journal), Some(before)) = (&self.journal, &batch.before_prepared) else {
            return Err(Error::new(
                ErrorKind::Corrupted,
                "a lost batch without its offsets",
            ));
        };
        let body = PreparedRecord {
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            previous: before.clone(),
            read: StoredCounts::default(),
            lost: Some(Lost {
                rows: batch.plan.rows,
            }),
            messages: Vec::new(),
        };
        let prepared = match journal.record(Log::Prepared, batch.id, batch.revision, &body)? {
            Recorded::Ours(digest) => Prepared::from_record(&body, digest, before)?,
            Recorded::Theirs(bytes) => {
                let (found, digest) =
                    journal.decode(Log::Prepared, batch.id, batch.revision, &bytes)?;
                Prepared::from_record(&found, digest, before)?
            }
        };
        Ok(Decided {
            batch,
            origin: BatchOrigin::Lost,
            prepared,
            clock,
        })
    }
}

fn prepared_of<M: CommitMessage>(
    messages: Vec<M>,
    read: StoredCounts,
    failed_attempts: u64,
    digest: Option<String>,
) -> Result<Prepared<M>> {
    Ok(Prepared {
        partitions: task_count(messages.len())?,
        metrics: metrics_of(&messages),
        messages,
        read,
        failed_attempts,
        digest,
        replay: false,
        lost: None,
        recorded: false,
        accepted: Arc::default(),
    })
}

fn metrics_of<M: CommitMessage>(messages: &[M]) -> MessageMetrics {
    let mut sum = MessageMetrics::default();
    for message in messages {
        sum.add(message.metrics());
    }
    sum
}

impl<M: CommitMessage> Prepared<M> {
    /// Decodes the messages of a stored record (E3, W12).
    pub(super) fn from_record(
        record: &PreparedRecord,
        digest: String,
        before: &str,
    ) -> Result<Self> {
        if record.previous != before {
            return Err(Error::new(
                ErrorKind::Corrupted,
                "the prepared record belongs to other offsets than those in the checkpoint",
            )
            .in_batch(record.batch));
        }
        let messages = record
            .messages
            .iter()
            .map(message::decode)
            .collect::<Result<Vec<M>>>()
            .map_err(|error| error.in_batch(record.batch))?;
        Ok(Self {
            partitions: task_count(messages.len())?,
            metrics: metrics_of(&messages),
            messages,
            read: record.read,
            failed_attempts: 0,
            digest: Some(digest),
            replay: true,
            lost: record.lost.map(|lost| lost.rows.unwrap_or(0)),
            recorded: false,
            accepted: Arc::default(),
        })
    }
}
