//! The driver's half: commit and abort (W2 to W5, E2, E3, E5 to E7).
//!
//! A commit enters the engine's own protocol behind the tasks, which have run elsewhere:
//!
//! 1. the messages are read: all there, all of this batch, one run, one sink;
//! 2. the journal is locked and the target claimed;
//! 3. the run must be the newest, and [`decide`](super::decide) compares the batch with what is recorded;
//! 4. the engine takes it from `offsets/N` or `prepared/N` to `commits/N`, and sweeps.
//!
//! A crash between any two of its steps leaves a state that the next call, of this run or a later one,
//! enters again: Spark writes the batch once more, and whatever is recorded of it decides.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::decide::{Known, Step, decide};
use super::jobs;
use super::received::{Complete, Received, no_message};
use super::sink::{ClusterCommit, ClusterSink};
use super::source::{ClusterOffset, ClusterPlan, ClusterSource};
use super::spark::SparkCheckpoint;
use super::work::ClusterWork;
use super::writer::DriverWriter;
use crate::by_name::AnyMessage;
use crate::context::BatchContext;
use crate::engine::{
    Batch, Engine, Entry, Leftovers, QueryFacts, Recovery, Staged, TaskSettings, caught, own_or,
};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::journal::{BATCHES_KEPT, Checkpoint, Found, Journal, OffsetsRecord};
use crate::message;
use crate::progress::QuerySummary;
use crate::query::Control;
use crate::runtime::AsyncRuntime;
use crate::source::Plan;
use crate::storage::{LockHolder, SharedStorage};
use crate::sync::{Executors, Mutex};
use crate::writer::StreamWriter;

/// How long a commit waits for a lock: a driver that was killed takes its Python processes with it, and
/// the last of them may be just about to end.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// The engine over the rows of a cluster.
type ClusterEngine = Engine<ClusterSource, DriverWriter>;

pub(super) fn commit(
    cluster: &ClusterSink,
    work: ClusterWork,
    messages: &[Option<Vec<u8>>],
) -> Result<ClusterCommit> {
    let received = Received::read(work, messages, &cluster.description)?;
    let received = received.ok_or_else(|| no_message(work))?;
    let (query, run, revision) = (received.query, received.run, received.revision);
    let complete = received.complete(work)?;
    let Some(place) = cluster.journal_of(query)? else {
        return commit_unrecorded(cluster, work, query, complete);
    };
    let end = offset_of(cluster, work, query)?;
    let (mut engine, found) = open(cluster, work, query, run, place)?;
    engine
        .take(work, revision, end, complete, &found)
        .map_err(|error| match &engine.journal {
            Some(journal) => journal.superseded_or(error),
            None => error,
        })
        .and_then(|committed| {
            if work == ClusterWork::Job {
                jobs::forget(cluster, engine.journal.take(), query, run)?;
            }
            Ok(committed)
        })
}

/// A sink without any place for records: each batch is committed as often as the cluster asks (E4).
fn commit_unrecorded(
    cluster: &ClusterSink,
    work: ClusterWork,
    query: QueryId,
    complete: Complete,
) -> Result<ClusterCommit> {
    let staged = Staged::<AnyMessage>::elsewhere(complete.messages, complete.read)?;
    let messages = staged.into_messages();
    let partitions = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let runtime = AsyncRuntime::with_workers(1);
    let context =
        BatchContext::new(query, Run::FIRST, work.batch(), partitions).with_runtime(&runtime);
    caught("commit", || cluster.sink.commit(messages, &context))?
        .map_err(|error| own_or(error, ErrorKind::Commit, "commit failed"))?;
    Ok(ClusterCommit::Published)
}

/// Says which rows the batch is, as far as the cluster's checkpoint can be read.
fn offset_of(cluster: &ClusterSink, work: ClusterWork, query: QueryId) -> Result<ClusterOffset> {
    let batch = work.batch();
    let mut end = ClusterOffset {
        batch,
        offsets: None,
    };
    let checkpoint = SparkCheckpoint::of(cluster.options.checkpoint.as_deref());
    if let (ClusterWork::Batch(_), Some(checkpoint)) = (work, checkpoint) {
        let of_checkpoint = checkpoint.query()?;
        if of_checkpoint != query {
            let message = format!(
                "the option `checkpointLocation` names the checkpoint of query {of_checkpoint}, and \
                 the batch is one of query {query}"
            );
            return Err(Error::new(ErrorKind::Mismatch, message)
                .with_help("name the checkpoint of this query, or leave the option out"));
        }
        end.offsets = checkpoint.offsets(batch)?;
    }
    Ok(end)
}

/// Locks the journal, reads it, and claims the target (E6).
fn open(
    cluster: &ClusterSink,
    work: ClusterWork,
    query: QueryId,
    run: Run,
    place: SharedStorage,
) -> Result<(ClusterEngine, Found)> {
    let journal = open_journal(cluster, work, query, run, place)?;
    let found = journal.find_joined()?;
    let newest = found.commits.last_key_value();
    let is_first_of_run = newest.is_none_or(|(_, commits)| commits.body.run != run);
    if is_first_of_run {
        journal.tidy(newest.map(|(batch, _)| *batch))?;
    }
    let claims = work != ClusterWork::Job;
    let claim = cluster
        .claim(query, journal.storage().location())
        .claimed_before(claims && !found.offsets.is_empty())
        .reopened(!is_first_of_run);
    let writer = DriverWriter {
        sink: Arc::clone(&cluster.sink),
        claims,
    };
    match (writer.target(), cluster.sink.target()) {
        (Some(target), _) => waiting(|| caught("the target's open", || target.open(&claim))?)?,
        (None, Some(target)) => {
            caught("the target's look at its owner", || {
                target.check_claim(&claim)
            })??;
        }
        (None, None) => {}
    }
    failpoint::pass("claimed");
    Ok((engine_of(cluster, writer, query, run, journal)?, found))
}

fn open_journal(
    cluster: &ClusterSink,
    work: ClusterWork,
    query: QueryId,
    run: Run,
    place: SharedStorage,
) -> Result<Journal> {
    let holder = LockHolder::this_process();
    let take_over = cluster.options.take_over;
    let checkpoint = waiting(|| {
        let place = Arc::clone(&place);
        let sink = &cluster.description;
        Checkpoint::open_joined(place, query, work.source(), sink, &holder, take_over)
    })?;
    Ok(checkpoint.in_run(run, BATCHES_KEPT))
}

/// Tries again while another process holds a lock, for a while.
fn waiting<T>(mut open: impl FnMut() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match open() {
            Err(error) if error.kind() == ErrorKind::Locked && began.elapsed() < LOCK_WAIT => {
                thread::sleep(Duration::from_millis(50));
            }
            answer => return answer,
        }
    }
}

fn engine_of(
    cluster: &ClusterSink,
    writer: DriverWriter,
    query: QueryId,
    run: Run,
    journal: Journal,
) -> Result<ClusterEngine> {
    let guarantee = cluster.sink.guarantee();
    Ok(Engine {
        source: ClusterSource,
        writer,
        executors: Executors::start(1)?,
        runtime: AsyncRuntime::with_workers(1),
        settings: TaskSettings {
            attempts_max: 1,
            timeout: None,
            retry_delay: Duration::ZERO,
            message_bytes_max: 0,
        },
        control: Arc::new(Control::new(QuerySummary::new(query, None, run, guarantee))),
        query: QueryFacts {
            id: query,
            run,
            name: None,
            guarantee,
            source: String::new(),
            sink: cluster.description.clone(),
            on_cluster: true,
        },
        journal: Some(journal),
        // Attempts that failed, on a cluster, tell nobody (E7).
        leftovers: Leftovers::unknown(),
        source_turn: Mutex::default(),
    })
}

impl ClusterEngine {
    /// Decides about the batch, and takes it as far as it goes.
    fn take(
        &self,
        work: ClusterWork,
        revision: Revision,
        end: ClusterOffset,
        complete: Complete,
        found: &Found,
    ) -> Result<ClusterCommit> {
        let Some(journal) = &self.journal else {
            return Err(Error::new(ErrorKind::Config, "a commit without a journal"));
        };
        let mut recovery = Recovery::<ClusterSource, AnyMessage>::decide(
            found,
            self.query.id,
            self.writer.target(),
        )
        .map_err(|error| error.at_path(journal.storage().location()))?;
        let asked = ClusterPlan {
            end,
            rows: Some(complete.read.rows),
            partitions: complete.partitions,
        };
        let in_hand = recovery.entries.pop_front();
        let known = Known {
            next: in_hand
                .as_ref()
                .map_or(recovery.next, |entry| entry.batch().id),
            in_hand: in_hand.as_ref().map(|entry| {
                let prepared = matches!(entry, Entry::Prepared(..));
                (entry.batch().plan.clone(), prepared)
            }),
            earlier: journal.offsets_of(work.batch())?.map(plan_of).transpose()?,
        };
        let step = decide(&asked, &known)?;
        failpoint::pass("recovered");
        if step == Step::Drop {
            if let Some((newest, _)) = recovery.committed {
                self.sweep(newest);
            }
            return Ok(ClusterCommit::Already);
        }
        let entry = in_hand.unwrap_or_else(|| {
            Entry::Planned(Batch {
                id: work.batch(),
                start: recovery.start,
                plan: asked,
                offsets_before: recovery.offsets_tip,
                before_prepared: None,
                revision: Revision::FIRST,
                revoked_in: None,
                planning: None,
            })
        });
        if step == Step::Record && entry.batch().revision != revision {
            return Err(decided_meanwhile(work.batch()));
        }
        let staged = Staged::elsewhere(complete.messages, complete.read)?;
        self.run_batch(entry, Some(staged))?;
        Ok(match step {
            Step::RollForward => ClusterCommit::RolledForward,
            Step::Record | Step::Drop => ClusterCommit::Published,
        })
    }
}

fn plan_of(record: OffsetsRecord) -> Result<ClusterPlan> {
    let damaged = |error| {
        Error::new(
            ErrorKind::Corrupted,
            "the offsets that are recorded for this batch are not those of a cluster",
        )
        .in_batch(record.batch)
        .with_source(error)
    };
    let partitions = record
        .partitions
        .iter()
        .cloned()
        .map(serde_json::from_value);
    Ok(Plan {
        end: serde_json::from_value(record.end.clone()).map_err(damaged)?,
        partitions: partitions
            .collect::<serde_json::Result<_>>()
            .map_err(damaged)?,
        rows: record.rows,
    })
}

fn decided_meanwhile(batch: BatchId) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        "a person has decided about this batch while its tasks were running",
    )
    .in_batch(batch)
    .with_help("start the query again: the batch is written as it was decided")
}

pub(super) fn abort(
    cluster: &ClusterSink,
    work: ClusterWork,
    messages: &[Option<Vec<u8>>],
) -> Result<()> {
    let Some(received) = Received::read(work, messages, &cluster.description)? else {
        // Nothing says whose the batch was; what is staged for it, a later commit sweeps (E7).
        return Ok(());
    };
    if received.is_complete() {
        // A commit that has failed, or may have taken effect: only a restart decides (W5).
        return Ok(());
    }
    match cluster.journal_of(received.query)? {
        Some(place) => abort_recorded(cluster, work, received, place),
        None => call_abort(cluster, work, received),
    }
}

fn abort_recorded(
    cluster: &ClusterSink,
    work: ClusterWork,
    received: Received,
    place: SharedStorage,
) -> Result<()> {
    let journal = open_journal(cluster, work, received.query, received.run, place)?;
    match journal.find_joined() {
        // The successor decides, and sweeps.
        Err(error) if error.kind() == ErrorKind::Superseded => return Ok(()),
        Err(error) => return Err(error),
        // What is recorded of the batch may name anything; the commit that follows it sweeps.
        Ok(found) if found.prepared.contains_key(&work.batch()) => return Ok(()),
        Ok(found) if newest(&found.commits) >= Some(work.batch()) => return Ok(()),
        Ok(_) => {}
    }
    // IMPORTANT: durable before anything is dropped. From here on no commit of this run can record what
    // is dropped now.
    journal.close(&format!("{work} was aborted in run {}", received.run))?;
    call_abort(cluster, work, received)
}

fn newest<T>(records: &std::collections::BTreeMap<BatchId, T>) -> Option<BatchId> {
    records.keys().next_back().copied()
}

fn call_abort(cluster: &ClusterSink, work: ClusterWork, received: Received) -> Result<()> {
    let partitions = u32::try_from(received.tasks.len()).unwrap_or(u32::MAX);
    let runtime = AsyncRuntime::with_workers(1);
    let context = BatchContext::new(received.query, received.run, work.batch(), partitions)
        .of_revision(received.revision)
        .with_runtime(&runtime);
    let tasks = received.tasks.into_iter();
    let messages = tasks.map(|task| task.map(|task| message::decode(&task.message)).transpose());
    let messages = messages.collect::<Result<Vec<Option<AnyMessage>>>>()?;
    caught("abort", || cluster.sink.abort(messages, &context))?
        .map_err(|error| own_or(error, ErrorKind::Abort, "abort failed"))
}
