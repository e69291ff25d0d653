//! Steps 4 and 5: the sink publishes, its target remembers, the journal says done, the source is
//! told.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::attempt::{caught, own_or};
use super::clock::{StepClock, millis};
use super::{Batch, Engine, Prepared};
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::ids::{BatchId, Revision};
use crate::journal::{CommitsRecord, Log, Recorded};
use crate::progress::{BatchOrigin, SinkProgress, SourceProgress, StreamingQueryProgress};
use crate::source::{PlanOf, Source, source_error};
use crate::target::TargetRecord;
use crate::writer::WriteRows;

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Step 4, first half: the sink publishes what the messages name (W2).
    ///
    /// An error ends the query without an abort: the commit may have taken effect (W5).
    pub(super) fn commit(
        &self,
        batch: &Batch<S>,
        prepared: &mut Prepared<W::Message>,
    ) -> Result<()> {
        // A lost batch has no messages, and commit is never called without one (B4, S2).
        if prepared.lost.is_some() {
            return Ok(());
        }
        self.control.committing();
        let mut context = self
            .batch_context(batch, prepared.partitions)
            .accepting(Arc::clone(&prepared.accepted))
            .replayed(prepared.replay);
        if let Some(digest) = &prepared.digest {
            context = context.prepared_as(digest);
        }
        let messages = std::mem::take(&mut prepared.messages);
        caught("commit", || self.writer.commit(messages, &context))
            .and_then(|committed| {
                committed.map_err(|e| own_or(e.into(), ErrorKind::Commit, "commit failed"))
            })
            .map_err(|error| error.in_batch(batch.id))
    }

    /// Step 4, second half: the target remembers the batch (E6).
    pub(super) fn record_in_target(
        &self,
        batch: &Batch<S>,
        prepared: &Prepared<W::Message>,
    ) -> Result<()> {
        let (Some(target), Some(digest)) = (self.writer.target(), &prepared.digest) else {
            return Ok(());
        };
        let record = TargetRecord {
            query: self.query.id,
            batch: batch.id,
            prepared: digest.clone(),
        };
        caught("the target's record", || match batch.revision {
            Revision::FIRST => target.record(&record),
            revision => target.record_revision(&record, revision),
        })
        .and_then(|recorded| recorded)
        .map_err(|error| error.in_batch(batch.id))
    }

    /// Step 5: the batch is done.
    pub(super) fn record_commits(
        &self,
        batch: &Batch<S>,
        prepared: &Prepared<W::Message>,
    ) -> Result<()> {
        let (Some(journal), Some(digest)) = (&self.journal, &prepared.digest) else {
            return Ok(());
        };
        let body = CommitsRecord {
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            previous: digest.clone(),
        };
        match journal.record(Log::Commits, batch.id, batch.revision, &body)? {
            Recorded::Ours(_) => Ok(()),
            Recorded::Theirs(bytes) => {
                let (found, _): (CommitsRecord, _) =
                    journal.decode(Log::Commits, batch.id, batch.revision, &bytes)?;
                expect_same_prepared(&found, digest)
            }
        }
    }

    /// Tells the source that the batch is done (S1).
    pub(super) fn tell_source(&self, batch: &Batch<S>) -> Result<()> {
        self.tell_source_of(batch.id, &batch.plan)
    }

    /// Tells the source that a batch is done; also for the newest one at a restart (S1).
    pub(crate) fn tell_source_of(&self, batch: BatchId, plan: &PlanOf<S>) -> Result<()> {
        self.ask_source(batch, "remember the committed batch", || {
            self.source.committed(batch, plan)
        })
    }

    /// Tells the source of a batch that an earlier run planned and that runs now (B5).
    pub(crate) fn resume_source(&self, batch: &Batch<S>) -> Result<()> {
        self.ask_source(batch.id, "go on after a planned batch", || {
            self.source.resumed(batch.id, &batch.plan)
        })
    }

    /// Calls a method of the source about one batch; its panic and its error name that batch.
    ///
    /// Two threads may ask (B5); the source is asked one thing at a time. A lock held while code of
    /// the user's runs: nothing that the source may call takes it, and it protects nothing but the turn.
    pub(crate) fn ask_source<T>(
        &self,
        batch: BatchId,
        to_do: &str,
        ask: impl FnOnce() -> Result<T, BoxError>,
    ) -> Result<T> {
        let _turn = self
            .source_turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        caught(&format!("the source, asked to {to_do},"), ask)
            .and_then(|answer| {
                answer.map_err(|error| source_error(&self.query.source, to_do, error))
            })
            .map_err(|error| error.in_batch(batch))
    }

    /// Removes what a commit makes superfluous (E7, E10). Nothing depends on it, so a failure is a
    /// warning, and it is tried again after the next batch.
    pub(super) fn clean_up(&self, committed: BatchId) {
        let Some(journal) = &self.journal else { return };
        if let Err(error) = journal.purge(committed) {
            tracing::warn!(error = %error.report(), "old records could not be removed");
        }
        self.sweep(committed);
    }

    /// Has the target remove what is staged for batches up to a committed one.
    ///
    /// What this run has staged for them goes as well: no task of a batch that it has committed is
    /// running any more (W4). What it stages meanwhile for the next batch (B5) lies behind
    /// `committed`, and stays.
    ///
    /// Called after each commit until nothing is left, and at a restart: the crash may have come
    /// between the last commit and its sweep, and no further batch may ever come.
    pub(crate) fn sweep(&self, committed: BatchId) {
        if !self.leftovers.may_be() {
            return;
        }
        let Some(target) = self.writer.target() else {
            return;
        };
        let swept = caught("the target's sweep", || {
            target.sweep(self.query.id, self.query.run.next(), committed)
        })
        .and_then(|swept| swept);
        match swept {
            Ok(sweep) => self.leftovers.swept(committed, sweep.remaining),
            Err(error) => {
                tracing::warn!(error = %error.report(), "leftovers could not be removed");
            }
        }
    }

    pub(super) fn progress(
        &self,
        batch: Batch<S>,
        prepared: Prepared<W::Message>,
        origin: BatchOrigin,
        clock: StepClock,
    ) -> StreamingQueryProgress {
        let took = clock.elapsed();
        let read = prepared.read;
        let json = |offset: &S::Offset| serde_json::to_value(offset).unwrap_or(Value::Null);
        StreamingQueryProgress {
            id: self.query.id,
            run: self.query.run,
            name: self.query.name.clone(),
            timestamp: crate::journal::now(),
            batch_id: batch.id,
            origin,
            batch_duration: millis(took),
            num_input_rows: read.rows,
            processed_rows_per_second: read.rows as f64 / took.as_secs_f64().max(1e-9),
            num_failed_attempts: prepared.failed_attempts,
            duration_ms: clock.into_millis(),
            guarantee: self.query.guarantee,
            source: SourceProgress {
                description: self.query.source.clone(),
                start_offset: batch.start.as_ref().map_or(Value::Null, json),
                end_offset: json(&batch.plan.end),
                num_input_rows: read.rows,
                num_input_bytes: read.bytes,
                num_dropped_rows: read.dropped,
                num_set_aside_rows: prepared.metrics.set_aside.unwrap_or(0),
                num_skipped_rows: read.skipped,
                num_lost_rows: prepared.lost.unwrap_or(0),
            },
            sink: SinkProgress {
                description: self.query.sink.clone(),
                num_output_rows: prepared.metrics.rows,
                num_output_bytes: prepared.metrics.bytes,
                num_output_files: prepared.metrics.files,
            },
        }
    }
}

fn expect_same_prepared(found: &CommitsRecord, digest: &str) -> Result<()> {
    if found.previous == digest {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Corrupted,
        "another run has recorded this batch as committed from other messages",
    )
    .in_batch(found.batch)
    .with_help("look for a second copy of this checkpoint that is in use"))
}
