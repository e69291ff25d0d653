//! What a query tells about itself: per batch, while it idles, and at its end (Q3).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gathered::Gathered;
use crate::guarantee::Guarantee;
use crate::ids::{BatchId, QueryId, Run};

/// The progress of one batch. Serialized, the field names follow Spark's `StreamingQueryProgress`
/// where the meaning is the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StreamingQueryProgress {
    /// The query's id; the same after every restart.
    pub id: QueryId,
    /// The number of the run.
    pub run: Run,
    /// The query's name, if it has one.
    pub name: Option<String>,
    /// When the trigger began, in UTC (RFC 3339, milliseconds).
    pub timestamp: String,
    /// The batch.
    pub batch_id: BatchId,
    /// How the batch was begun: planned now, or found in the journal after a restart.
    pub origin: BatchOrigin,
    /// How long the batch took from its planning to its end, in milliseconds. One that was written
    /// while the batch before it was published (B5) counts its wait for that as well, so the durations
    /// of batches that overlap add up to more than the time that has passed.
    pub batch_duration: u64,
    /// Rows read from the source, before filters.
    pub num_input_rows: u64,
    /// Rows read per second of [`batch_duration`](Self::batch_duration).
    pub processed_rows_per_second: f64,
    /// Attempts of tasks that failed and were tried again, or failed for good.
    pub num_failed_attempts: u64,
    /// Milliseconds of each step: `latestOffset` (planning), `walCommit` (offsets record), `write`
    /// (tasks), `prepare` (prepared record), `publish` (the sink's commit and the target's
    /// record), `addBatch` (the last three together, as in Spark), `commitOffsets` (commits
    /// record), `triggerExecution` (all). A batch that was written while the one before it was
    /// published has `waitForCommit` too, between `write` and `prepare` and in neither of them.
    pub duration_ms: BTreeMap<String, u64>,
    /// The guarantee that the query has.
    pub guarantee: Guarantee,
    /// What was read.
    pub source: SourceProgress,
    /// What was written.
    pub sink: SinkProgress,
}

/// How a batch came to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BatchOrigin {
    /// Planned in this run.
    Planned,
    /// Its offsets were found after a restart, and it was written again (E2).
    Rewritten,
    /// Its messages were found after a restart, and it was committed from them (E3).
    RolledForward,
    /// Its rows were lost in a crash, since the source cannot replay (S2).
    Lost,
}

/// The source's part of a [`StreamingQueryProgress`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SourceProgress {
    /// What a person calls the source.
    pub description: String,
    /// Where the batch began; null for the first.
    pub start_offset: Value,
    /// Where it ended.
    pub end_offset: Value,
    /// Rows read and handed on.
    pub num_input_rows: u64,
    /// Bytes read.
    pub num_input_bytes: u64,
    /// Rows that did not fit and were dropped by policy (F5).
    pub num_dropped_rows: u64,
    /// Rows that did not fit and were set aside (F5), from the sink's messages. They are not among
    /// the input rows.
    #[serde(default)]
    pub num_set_aside_rows: u64,
    /// Rows that the sink left unread on purpose (W9).
    pub num_skipped_rows: u64,
    /// Rows known to be lost, for a lost batch (S2).
    pub num_lost_rows: u64,
}

/// The sink's part of a [`StreamingQueryProgress`], from the roles in its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SinkProgress {
    /// What a person calls the sink.
    pub description: String,
    /// Rows written; null if the messages do not say.
    pub num_output_rows: Option<u64>,
    /// Bytes written; null if the messages do not say.
    pub num_output_bytes: Option<u64>,
    /// Files written; null if the messages do not say.
    pub num_output_files: Option<u64>,
}

/// What listeners get, on a thread of their own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QueryEvent {
    /// The query has started; sent before its first batch.
    Started {
        /// The query's id.
        id: QueryId,
        /// The number of the run.
        run: Run,
        /// The query's name, if it has one.
        name: Option<String>,
        /// The guarantee that holds.
        guarantee: Guarantee,
    },
    /// A batch is committed.
    Progress(Box<StreamingQueryProgress>),
    /// A trigger found nothing new; sent at most every ten seconds.
    Idle {
        /// The query's id.
        id: QueryId,
        /// The id that the next batch will have.
        next_batch: BatchId,
    },
    /// A trigger found rows and waits for more to gather; sent at most every ten seconds.
    Gathering {
        /// The query's id.
        id: QueryId,
        /// The id that the next batch will have.
        next_batch: BatchId,
        /// How much waits.
        gathered: Gathered,
    },
    /// The query has ended; always the last event.
    Ended {
        /// The query's id.
        id: QueryId,
        /// The error it ended with, as text.
        error: Option<String>,
    },
}

/// Hears of a query's events. Closures are listeners.
///
/// Events come one at a time, on a thread that serves the listeners only. A listener that is slow
/// loses events beyond the last 1,024 and one that panics hears no more; neither holds up the
/// query (Q3).
pub trait QueryListener: Send + 'static {
    /// Hears of one event.
    fn on_event(&mut self, event: &QueryEvent);
}

impl<F: FnMut(&QueryEvent) + Send + 'static> QueryListener for F {
    fn on_event(&mut self, event: &QueryEvent) {
        self(event);
    }
}

/// What a run of a query did, from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuerySummary {
    /// The query's id.
    pub id: QueryId,
    /// The query's name, if it has one.
    pub name: Option<String>,
    /// The number of the run.
    pub run: Run,
    /// The guarantee that held.
    pub guarantee: Guarantee,
    /// The number of batches committed in this run.
    pub batches: u64,
    /// The newest committed batch, also if an earlier run committed it.
    pub last_batch: Option<BatchId>,
    /// Rows read from the source.
    pub input_rows: u64,
    /// Rows written, as far as the messages say; 0 for a sink whose messages do not.
    pub output_rows: u64,
    /// Bytes written, as far as the messages say.
    pub output_bytes: u64,
    /// Files written, as far as the messages say.
    pub output_files: u64,
    /// Rows that did not fit and were dropped by policy.
    pub dropped_rows: u64,
    /// Rows that did not fit and were set aside.
    #[serde(default)]
    pub set_aside_rows: u64,
    /// Rows that a crash has lost, for a source that cannot replay.
    pub lost_rows: u64,
    /// How long the run took.
    pub duration: Duration,
    /// Whether it ended because it was told to stop.
    pub stopped: bool,
    /// Whether the messages say how many rows were written.
    #[serde(default)]
    pub tells_rows: bool,
}

impl QuerySummary {
    pub(crate) fn new(id: QueryId, name: Option<String>, run: Run, guarantee: Guarantee) -> Self {
        Self {
            id,
            name,
            run,
            guarantee,
            batches: 0,
            last_batch: None,
            input_rows: 0,
            output_rows: 0,
            output_bytes: 0,
            output_files: 0,
            dropped_rows: 0,
            set_aside_rows: 0,
            lost_rows: 0,
            duration: Duration::ZERO,
            stopped: false,
            tells_rows: false,
        }
    }

    pub(crate) fn add(&mut self, progress: &StreamingQueryProgress) {
        self.batches += 1;
        self.last_batch = Some(progress.batch_id);
        self.input_rows += progress.source.num_input_rows;
        self.output_rows += progress.sink.num_output_rows.unwrap_or(0);
        self.tells_rows |= progress.sink.num_output_rows.is_some();
        self.output_bytes += progress.sink.num_output_bytes.unwrap_or(0);
        self.output_files += progress.sink.num_output_files.unwrap_or(0);
        self.dropped_rows += progress.source.num_dropped_rows;
        self.set_aside_rows += progress.source.num_set_aside_rows;
        self.lost_rows += progress.source.num_lost_rows;
    }
}

impl fmt::Display for QuerySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("query");
        let (run, guarantee) = (self.run, self.guarantee);
        let batches = Counted(self.batches, "batch", "batches");
        let rows = |rows| Counted(rows, "row", "rows");
        write!(f, "{name} (run {run}, {guarantee}): {batches}")?;
        write!(f, ", {} in", rows(self.input_rows))?;
        // A sink that counts nothing has not written nothing.
        if self.tells_rows || self.input_rows == 0 {
            write!(f, ", {} out", rows(self.output_rows))?;
        }
        write!(f, ", {:.1} s", self.duration.as_secs_f64())?;
        for (count, what) in [
            (self.dropped_rows, "dropped"),
            (self.set_aside_rows, "set aside"),
            (self.lost_rows, "lost"),
        ] {
            if count > 0 {
                write!(f, ", {} {what}", rows(count))?;
            }
        }
        if self.stopped {
            f.write_str(", stopped")
        } else {
            Ok(())
        }
    }
}

/// A number of things, as a person says it.
pub(crate) struct Counted(
    pub(crate) u64,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(count, one, many) = self;
        write!(f, "{count} {}", if count == 1 { one } else { many })
    }
}

/// The newest progress of a query, bounded.
#[derive(Debug, Default)]
pub(crate) struct RecentProgress(VecDeque<StreamingQueryProgress>);

/// How many batches' progress a query keeps in memory, as Spark does.
const RECENT_MAX: usize = 100;

impl RecentProgress {
    pub(crate) fn push(&mut self, progress: StreamingQueryProgress) {
        if self.0.len() == RECENT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(progress);
    }

    pub(crate) fn to_vec(&self) -> Vec<StreamingQueryProgress> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn last(&self) -> Option<StreamingQueryProgress> {
        self.0.back().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_as_people_do_and_says_nothing_that_the_sink_has_not_said() {
        let id = QueryId::random();
        let summary = QuerySummary::new(id, None, Run::FIRST, Guarantee::AtLeastOnce);
        let text = |summary: &QuerySummary| summary.to_string();
        assert_eq!(
            text(&summary),
            "query (run 1, at-least-once): 0 batches, 0 rows in, 0 rows out, 0.0 s"
        );
        let mut summary = QuerySummary {
            batches: 1,
            input_rows: 3,
            set_aside_rows: 1,
            lost_rows: 2,
            ..summary
        };
        assert_eq!(
            text(&summary),
            "query (run 1, at-least-once): 1 batch, 3 rows in, 0.0 s, 1 row set aside, 2 rows lost"
        );
        (summary.tells_rows, summary.output_rows) = (true, 1);
        assert!(text(&summary).contains(", 3 rows in, 1 row out, "));
    }
}
