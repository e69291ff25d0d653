//! The start of a query: check, lock, identify, claim, begin the run, decide what comes first.

use std::sync::Arc;

use super::Control;
use super::ahead;
use super::driver::Driver;
use super::gather::Gather;
use super::handle::StreamingQuery;
use super::listeners::Listeners;
use super::planner::Planner;
use super::settings::{CheckpointChoice, Settings};
use crate::engine::{Engine, Leftovers, QueryFacts, Recovery, caught};
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::failpoint;
use crate::guarantee::Guarantee;
use crate::ids::{QueryId, Run};
use crate::journal::{Checkpoint, Journal, source_prefix};
use crate::progress::QuerySummary;
use crate::runtime::AsyncRuntime;
use crate::source::{Replay, Source, SourceContext, SourceState, source_error};
use crate::storage::{LocalStorage, LockHolder, SharedStorage};
use crate::sync::{Executors, Instant, Mutex};
use crate::target::TargetClaim;
use crate::writer::WriteRows;

/// Starts a query; every error of the start comes back from here, before anything runs.
pub(super) fn start<S, W>(source: S, writer: W, settings: Settings) -> Result<StreamingQuery>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    let name = settings.name.clone();
    try_start(source, writer, settings).map_err(|error| match name {
        Some(name) => error.in_query(name),
        None => error,
    })
}

fn try_start<S, W>(source: S, writer: W, mut settings: Settings) -> Result<StreamingQuery>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    settings.validate()?;
    failpoint::check()?;
    let source_description = caught("the source's description", || source.description())?;
    let sink_description = caught("the sink's description", || writer.description())?;
    let storage = storage_of(&settings.checkpoint)?;
    let guarantee = guarantee_of(&source, &writer, storage.is_some());
    require(
        settings.required,
        guarantee,
        &source_description,
        &sink_description,
        &storage,
    )?;
    if source.sets_aside() && !writer.takes_set_aside() {
        return Err(no_place(&source_description, &sink_description));
    }
    let measures = caught("the source's measures", || source.measures())?;
    settings
        .gather
        .expect_measured(measures, &source_description)?;
    caught("check_rows", || writer.check_rows())?
        .map_err(|error| sink_error(&sink_description, error.into()))?;
    if let Some(target) = writer.target() {
        caught("the target's check", || target.check())??;
    }

    let opened = open(
        storage,
        &writer,
        &settings,
        &source_description,
        &sink_description,
    )?;
    let Opened {
        query,
        run,
        journal,
    } = opened;
    let recovery = recover(
        journal.as_ref(),
        query,
        &source,
        &source_description,
        &writer,
    )
    .map_err(|error| match &journal {
        Some(journal) => journal.superseded_or(error),
        None => error,
    })?;

    let summary = QuerySummary::new(query, settings.name.clone(), run, guarantee);
    let control = Arc::new(Control::new(summary));
    let listeners = Listeners::start(std::mem::take(&mut settings.listeners))?;
    let engine = Engine {
        source,
        writer,
        executors: Executors::start(settings.executors())?,
        runtime: AsyncRuntime::with_workers(settings.executors()),
        settings: settings.tasks(),
        control: Arc::clone(&control),
        query: QueryFacts {
            id: query,
            run,
            name: settings.name.clone(),
            guarantee,
            source: source_description,
            sink: sink_description,
            on_cluster: false,
        },
        journal,
        // Earlier runs may have left staged files of what they have planned (E7).
        leftovers: Leftovers::through(recovery.planned()),
        source_turn: Mutex::default(),
    };
    let planner = Planner::new(
        &recovery,
        settings.limits(),
        Gather::new(settings.gather, settings.trigger, Instant::now()),
    );
    let overlaps = settings.overlap && ahead::is_possible(settings.trigger, engine.source.replay());
    let driver = Driver::new(
        engine,
        recovery,
        planner,
        settings.trigger,
        overlaps,
        listeners,
    );
    StreamingQuery::spawn(driver, control)
}

pub(super) fn storage_of(choice: &CheckpointChoice) -> Result<Option<SharedStorage>> {
    match choice {
        CheckpointChoice::None => Ok(None),
        CheckpointChoice::Path(path) => LocalStorage::shared(path).map(Some),
        CheckpointChoice::Storage(storage) => Ok(Some(Arc::clone(storage))),
    }
}

/// The guarantee is the weakest of source, sink and storage (E4).
fn guarantee_of<S: Source, W: WriteRows<S::Row>>(
    source: &S,
    writer: &W,
    has_checkpoint: bool,
) -> Guarantee {
    let of_source = match source.replay() {
        Replay::Replayable => Guarantee::ExactlyOnce,
        Replay::Once => Guarantee::AtMostOnce,
    };
    // Without a checkpoint every start reads the source from its beginning.
    let of_storage = if has_checkpoint {
        Guarantee::ExactlyOnce
    } else {
        Guarantee::AtLeastOnce
    };
    of_source.min(of_storage).min(writer.guarantee())
}

fn require(
    required: Option<Guarantee>,
    holds: Guarantee,
    source: &str,
    sink: &str,
    storage: &Option<SharedStorage>,
) -> Result<()> {
    match required {
        Some(required) if required > holds => {
            let checkpoint = if storage.is_some() {
                "a checkpoint"
            } else {
                "no checkpoint"
            };
            Err(Error::new(
                ErrorKind::Guarantee,
                format!("{required} is required, {holds} holds"),
            )
            .with_help(format!(
                "the weakest of the source ({source}), the sink ({sink}) and {checkpoint} decides; \
                 exchange it or require less"
            )))
        }
        _ => Ok(()),
    }
}

fn no_place(source: &str, sink: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the source {source} sets rows aside that do not fit, and the sink {sink} has no place \
             for them"
        ),
    )
    .with_help(
        "name one: write_to(SetAside::new(sink, directory)?), or have such rows fail the batch or \
         be dropped",
    )
}

fn sink_error(description: &str, error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(
            ErrorKind::Config,
            format!("the sink {description} refuses these rows"),
        )
        .with_source(error),
    }
}

struct Opened {
    query: QueryId,
    run: Run,
    journal: Option<Journal>,
}

/// Opens checkpoint and target, in the order of E6: the query's id, then the claim on the target,
/// then the run.
fn open<R, W: WriteRows<R>>(
    storage: Option<SharedStorage>,
    writer: &W,
    settings: &Settings,
    source: &str,
    sink: &str,
) -> Result<Opened> {
    let holder = LockHolder::this_process();
    let former_owner = settings.former_owner()?;
    if former_owner.is_some() && writer.target().is_none() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the sink {sink} has no target that could be taken over"),
        )
        .with_help("leave take_over_target_from out"));
    }
    let claim = |query, checkpoint: String| {
        TargetClaim::new(query, checkpoint)
            .take_over(settings.take_over)
            .take_over_target_from(former_owner)
            .leftover_age(settings.leftover_age)
    };
    let Some(storage) = storage else {
        let query = QueryId::random();
        open_target(writer, claim(query, "no checkpoint".to_owned()))?;
        return Ok(Opened {
            query,
            run: Run::FIRST,
            journal: None,
        });
    };
    let checkpoint = Checkpoint::open(storage, source, sink, &holder, settings.take_over)?;
    let query = checkpoint.query();
    failpoint::pass("query");
    let claim = claim(query, checkpoint.location()).claimed_before(checkpoint.has_batches()?);
    open_target(writer, claim)?;
    failpoint::pass("claimed");
    let journal = checkpoint.begin_run(&holder, settings.batches_kept)?;
    failpoint::pass("run");
    Ok(Opened {
        query,
        run: journal.run(),
        journal: Some(journal),
    })
}

/// Decides what comes first, from what earlier runs left, and starts the source.
fn recover<S, W>(
    journal: Option<&Journal>,
    query: QueryId,
    source: &S,
    source_description: &str,
    writer: &W,
) -> Result<Recovery<S, W::Message>>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    let recovery = match journal {
        Some(journal) => {
            let recovery = Recovery::decide(&journal.find()?, query, writer.target())
                .map_err(|error| error.at_path(journal.storage().location()))?;
            journal.purge_strays(recovery.committed.as_ref().map(|(batch, _)| *batch))?;
            failpoint::pass("recovered");
            recovery
        }
        None => Recovery::none(),
    };
    let context = SourceContext::new(query, source_state(journal)?);
    caught("the source's start", || source.start(&context))?
        .map_err(|error| source_error(source_description, "start", error))?;
    Ok(recovery)
}

fn open_target<R, W: WriteRows<R>>(writer: &W, claim: TargetClaim) -> Result<()> {
    match writer.target() {
        Some(target) => caught("the target's open", || target.open(&claim))?,
        None => Ok(()),
    }
}

fn source_state(journal: Option<&Journal>) -> Result<Option<SourceState>> {
    let Some(journal) = journal else {
        return Ok(None);
    };
    Ok(Some(SourceState {
        storage: Arc::clone(journal.storage()),
        prefix: source_prefix()?,
    }))
}
