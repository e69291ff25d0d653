//! Steps 1 to 3: offsets, tasks, messages; and the abort that ends a batch before step 3.

use std::sync::Arc;

use serde_json::Value;

use super::attempt::{Finished, caught, own_or};
use super::board::{Board, Verdict};
use super::tasks::{Tasks, Written, task_count};
use super::{Batch, Engine, Prepared};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Withdrawal;
use crate::ids::Revision;
use crate::journal::{Log, Lost, OffsetsRecord, PreparedRecord, Recorded, StoredCounts};
use crate::message::{self, CommitMessage, EncodedMessage, MessageMetrics};
use crate::source::{ReadCounts, Source};
use crate::writer::WriteRows;

/// What the tasks of a batch made: staged, not decided yet.
pub(crate) struct Staged<M> {
    messages: Vec<M>,
    encoded: Vec<EncodedMessage>,
    read: StoredCounts,
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
    /// Step 1: records which rows the batch is (B2).
    pub(super) fn record_offsets(&mut self, batch: &mut Batch<S>) -> Result<()> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        let body = OffsetsRecord {
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            previous: self.offsets_tip.clone(),
            start: batch
                .start
                .as_ref()
                .map_or(Ok(Value::Null), |start| self.to_json(start))?,
            end: self.to_json(&batch.plan.end)?,
            rows: batch.plan.rows,
            partitions: batch
                .plan
                .partitions
                .iter()
                .map(|partition| self.to_json(partition))
                .collect::<Result<_>>()?,
        };
        match journal.record(Log::Offsets, batch.id, Revision::FIRST, &body)? {
            Recorded::Ours(checksum) => {
                batch.before_prepared = Some(checksum.clone());
                self.offsets_tip = Some(checksum);
                Ok(())
            }
            Recorded::Theirs(bytes) => {
                let (found, checksum) =
                    journal.decode(Log::Offsets, batch.id, Revision::FIRST, &bytes)?;
                self.adopt_offsets(batch, &body, found, checksum)
            }
        }
    }

    /// Goes on with the record of an earlier run that woke up late and was quicker, if it means the
    /// same rows in the same partitions (B2).
    fn adopt_offsets(
        &mut self,
        batch: &mut Batch<S>,
        ours: &OffsetsRecord,
        found: OffsetsRecord,
        checksum: String,
    ) -> Result<()> {
        let theirs = OffsetsRecord {
            run: ours.run,
            ..found
        };
        if theirs != *ours {
            return Err(Error::new(
                ErrorKind::Locked,
                "another run has recorded other rows for this batch",
            )
            .in_batch(batch.id)
            .with_help("start again: the batch is then written from what is recorded"));
        }
        batch.before_prepared = Some(checksum.clone());
        self.offsets_tip = Some(checksum);
        Ok(())
    }

    fn to_json<T: serde::Serialize>(&self, value: &T) -> Result<Value> {
        serde_json::to_value(value).map_err(|error| {
            Error::new(
                ErrorKind::Source,
                format!("{}: an offset or partition is not JSON", self.query.source),
            )
            .with_source(error)
        })
    }

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

    /// Step 2: runs the tasks. `None` if the batch was abandoned, and aborted, because of `stop`.
    pub(super) fn write(&mut self, batch: &Batch<S>) -> Result<Option<Staged<W::Message>>> {
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
        let written = tasks.run(&self.executors, &board);
        self.control.tasks_end();
        let Written {
            tasks,
            verdict,
            failed_attempts,
        } = written;
        self.control.count_failed_attempts(failed_attempts);
        // A failed attempt may have finished files that are in no message.
        self.leftovers |= failed_attempts > 0;
        match verdict {
            Verdict::Failed(error) => Err(self.abort(batch, partitions, tasks, error)),
            Verdict::Abandoned => self.abandon(batch, partitions, tasks).map(|()| None),
            Verdict::AllDone => self.accept(batch, partitions, tasks).map(Some),
        }
    }

    /// Lets the source judge the counts of the whole batch, and takes the messages.
    fn accept(
        &self,
        batch: &Batch<S>,
        partitions: u32,
        tasks: Vec<Option<Finished<W::Message>>>,
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
            return Err(self.abort(batch, partitions, tasks, error));
        }
        let read = StoredCounts::new(counts, skipped);
        if let Some(partition) = tasks.iter().position(Option::is_none) {
            let error = Error::new(
                ErrorKind::Task,
                format!("partition {partition} left nothing"),
            );
            return Err(self.abort(batch, partitions, tasks, error.in_batch(batch.id)));
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
        })
    }

    /// Step 3: records the messages. Afterwards, and also after an error, there is no abort (W5).
    pub(super) fn record_prepared(
        &mut self,
        batch: &Batch<S>,
        staged: Staged<W::Message>,
    ) -> Result<Prepared<W::Message>> {
        let Staged {
            messages,
            encoded,
            read,
        } = staged;
        let (Some(journal), Some(before)) = (&self.journal, &batch.before_prepared) else {
            return prepared_of(messages, read, None);
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
            Recorded::Ours(digest) => prepared_of(messages, read, Some(digest)),
            // An earlier run woke up and was quicker. Its messages count; what this run has
            // staged is removed once the batch is committed (E2).
            Recorded::Theirs(bytes) => {
                self.leftovers = true;
                let (found, digest) =
                    journal.decode(Log::Prepared, batch.id, batch.revision, &bytes)?;
                Prepared::from_record(&found, digest, before)
            }
        }
    }

    /// Records that the batch's rows are gone, since its source cannot give them again (S2).
    pub(super) fn record_lost(&mut self, batch: &Batch<S>) -> Result<Prepared<W::Message>> {
        tracing::error!(
            batch = %batch.id, rows = ?batch.plan.rows,
            "a crash has lost this batch: its source cannot replay"
        );
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
        match journal.record(Log::Prepared, batch.id, batch.revision, &body)? {
            Recorded::Ours(digest) => Prepared::from_record(&body, digest, before),
            Recorded::Theirs(bytes) => {
                let (found, digest) =
                    journal.decode(Log::Prepared, batch.id, batch.revision, &bytes)?;
                Prepared::from_record(&found, digest, before)
            }
        }
    }

    /// Aborts a batch because of an error, and returns it, with the abort's own error beside it
    /// (W3, W10).
    fn abort(
        &self,
        batch: &Batch<S>,
        partitions: u32,
        tasks: Vec<Option<Finished<W::Message>>>,
        error: Error,
    ) -> Error {
        match self.call_abort(batch, partitions, tasks) {
            Ok(()) => error,
            // There was no abort, and what failed may be what the successor took away.
            Err(other) if other.kind() == ErrorKind::Superseded => other.and_also(error),
            Err(other) => error.and_also(other),
        }
    }

    fn abandon(
        &self,
        batch: &Batch<S>,
        partitions: u32,
        tasks: Vec<Option<Finished<W::Message>>>,
    ) -> Result<()> {
        self.call_abort(batch, partitions, tasks)
    }

    fn call_abort(
        &self,
        batch: &Batch<S>,
        partitions: u32,
        tasks: Vec<Option<Finished<W::Message>>>,
    ) -> Result<()> {
        let context = self.batch_context(batch, partitions);
        // A driver that has been superseded leaves everything to its successor (E5).
        context.check_current()?;
        let messages = tasks
            .into_iter()
            .map(|task| task.map(|task| task.message))
            .collect();
        caught("abort", || self.writer.abort(messages, &context))
            .and_then(|aborted| {
                aborted.map_err(|e| own_or(e.into(), ErrorKind::Abort, "abort failed"))
            })
            .map_err(|error| error.in_batch(batch.id))
    }
}

fn prepared_of<M: CommitMessage>(
    messages: Vec<M>,
    read: StoredCounts,
    digest: Option<String>,
) -> Result<Prepared<M>> {
    Ok(Prepared {
        partitions: task_count(messages.len())?,
        metrics: metrics_of(&messages),
        messages,
        read,
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
            digest: Some(digest),
            replay: true,
            lost: record.lost.map(|lost| lost.rows.unwrap_or(0)),
            recorded: false,
            accepted: Arc::default(),
        })
    }
}
