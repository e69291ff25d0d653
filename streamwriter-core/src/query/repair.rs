//! What a person decides about a batch whose files are not as its messages name them (E3).

use std::fmt;

use super::settings::Settings;
use super::start::storage_of;
use crate::engine::{Pending, Recovery, caught};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{FileFinding, Withdrawal};
use crate::ids::{BatchId, QueryId};
use crate::journal::{Checkpoint, DecidedFile, Found};
use crate::message::stored_messages;
use crate::source::{Replay, Source};
use crate::storage::LockHolder;
use crate::target::{Target, TargetClaim};
use crate::writer::StreamWriter;

/// A query that is not running, and the batch of it that is prepared and not committed.
///
/// A commit fails, at every start, if a file that a message names is neither staged nor final, or
/// if something else lies under its final name: a consumer has taken the file away too early, or
/// somebody has written to the directory. What is right then only a person knows:
///
/// - put the file back, or move the foreign one away, and start the query as always;
/// - [`accept_as_published`](Self::accept_as_published): the rows are where they belong;
/// - [`write_again`](Self::write_again): have the batch written from its offsets once more.
///
/// Made by [`QueryBuilder::repair`](crate::QueryBuilder::repair); printing it shows what is there.
/// Both locks are held until it is dropped or a decision is made. A decision is durable, is made
/// once, and stays in the checkpoint with what was found, when and by whom.
///
/// ```no_run
/// use streamwriter_core::{BatchId, Error, Source, WriteRows, stream};
///
/// fn decide<S: Source, W: WriteRows<S::Row>>(source: S, sink: W) -> Result<(), Error> {
///     let repair = stream(source).write_to(sink).checkpoint("state/orders").repair()?;
///     eprintln!("{repair}");
///     repair.accept_as_published(BatchId::new(7)) // then start the query as always
/// }
/// ```
#[must_use = "nothing is decided yet"]
pub struct Repair<S, W> {
    source: S,
    writer: W,
    checkpoint: Checkpoint,
    holder: LockHolder,
    batches_kept: u64,
    batch: Option<PreparedBatch>,
}

/// The batch to decide about.
struct PreparedBatch {
    pending: Pending,
    /// How often a person has accepted files of it before.
    acceptances: u32,
    files: Vec<FileFinding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Accept,
    WriteAgain,
}

impl<S: Source, W: StreamWriter> Repair<S, W> {
    pub(super) fn open(source: S, writer: W, settings: Settings) -> Result<Self> {
        settings.validate()?;
        let of_source = caught("the source's description", || source.description())?;
        let of_sink = caught("the sink's description", || writer.description())?;
        let storage = storage_of(&settings.checkpoint)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "a query without a checkpoint has nothing to decide about",
            )
        })?;
        let target = target_of(&writer)?;
        let holder = LockHolder::this_process();
        let checkpoint = Checkpoint::open_existing(storage, &holder, settings.take_over)?;
        checkpoint.expect(&of_source, &of_sink)?;
        let claim = TargetClaim::new(checkpoint.query(), checkpoint.location())
            .take_over(settings.take_over)
            .leftover_age(settings.leftover_age)
            // A target that does not know the query is not to be claimed here.
            .claimed_before(true);
        caught("the target's open", || target.open(&claim))??;
        let batch = look::<S, W>(&checkpoint.look()?, checkpoint.query(), target)?;
        Ok(Self {
            source,
            writer,
            checkpoint,
            holder,
            batches_kept: settings.batches_kept,
            batch,
        })
    }

    /// Declares that the files of the batch which are not as they should be count as published.
    ///
    /// After `Ok` the next start publishes the other files of the batch, leaves those as they are,
    /// and goes on with the next batch. A file that goes wrong after the decision is not covered by
    /// it.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) if the batch is not the one that is prepared and not
    /// committed, or if nothing is wrong with it;
    /// [`Superseded`](ErrorKind::Superseded) if the query was started meanwhile;
    /// [`Storage`](ErrorKind::Storage). Nothing is decided then, or the decision is recorded: the
    /// next look tells.
    pub fn accept_as_published(self, batch: BatchId) -> Result<()> {
        self.decide(batch, Choice::Accept)
    }

    /// Has the batch written again, from the same offsets.
    ///
    /// After `Ok` none of its files is visible any more: those that were published, whatever lay
    /// under their names, and those that were staged are below `_streamwriter/withdrawn/` in the
    /// target; nothing is deleted. The next start writes and publishes the batch anew. Readers that
    /// have read the old files see the rows a second time in the new ones.
    ///
    /// # Errors
    /// As [`accept_as_published`](Self::accept_as_published), and
    /// [`Unsupported`](ErrorKind::Unsupported) if the source cannot give the rows again, or a target
    /// cannot take them back, such as that of a sink which is several sinks with one among them that
    /// has no target. If the
    /// decision is recorded already, the next start does the rest.
    pub fn write_again(self, batch: BatchId) -> Result<()> {
        self.decide(batch, Choice::WriteAgain)
    }

    fn decide(self, batch: BatchId, choice: Choice) -> Result<()> {
        let replay = caught("the source's replay", || self.source.replay())?;
        if choice == Choice::WriteAgain {
            expect_withdrawal(target_of(&self.writer)?).map_err(|error| error.in_batch(batch))?;
        }
        to_decide(self.batch.as_ref(), batch, choice, replay)?;
        let Self {
            writer,
            checkpoint,
            holder,
            ..
        } = self;
        let target = target_of(&writer)?;
        // IMPORTANT: the run comes first, then the second look. Every driver of an earlier run is
        // fenced off by it (E5), and what it has done until then is seen.
        let journal = checkpoint.begin_run(&holder, self.batches_kept)?;
        let found = journal.find()?;
        let seen = look::<S, W>(&found, journal.query(), target)?;
        let prepared = to_decide(seen.as_ref(), batch, choice, replay)?;
        let Pending {
            revision, digest, ..
        } = &prepared.pending;
        let wrong = wrong_files(&prepared.files);
        match choice {
            Choice::Accept => {
                let number = prepared.acceptances + 1;
                journal.accept(batch, number, digest, wrong, &holder)
            }
            Choice::WriteAgain => {
                journal.revoke(batch, *revision, digest, wrong, &holder)?;
                let what = Withdrawal::new(journal.query(), batch, revision.next(), journal.run());
                caught("the target's withdrawal", || target.withdraw(&what))
                    .and_then(|withdrawn| withdrawn)
                    .map(|_| ())
                    .map_err(|error| decided_all_the_same(error).in_batch(batch))
            }
        }
    }
}

impl<S, W> Repair<S, W> {
    /// Returns the batch that is prepared and not committed, if there is one to decide about.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        self.batch.as_ref().map(|batch| batch.pending.batch)
    }

    /// Returns what became of each file that the messages of the batch name.
    #[must_use]
    pub fn files(&self) -> &[FileFinding] {
        self.batch.as_ref().map_or(&[], |batch| &batch.files)
    }
}

/// Decides as a start would which batch is prepared and not committed, and looks after its files.
fn look<S: Source, W: StreamWriter>(
    found: &Found,
    query: QueryId,
    target: &dyn Target,
) -> Result<Option<PreparedBatch>> {
    let recovery = Recovery::<S, W::Message>::decide(found, query, Some(target))?;
    let Some(pending) = recovery.pending() else {
        return Ok(None);
    };
    let prepared = found.prepared.get(&pending.batch);
    let messages = prepared.map_or(&[][..], |prepared| &prepared.body.messages);
    let messages = stored_messages(messages)?;
    let files = caught("the target's inspection", || target.inspect(&messages))??;
    let decisions = found.decisions_of(pending.batch);
    Ok(Some(PreparedBatch {
        pending,
        acceptances: decisions.map_or(0, |decisions| decisions.acceptances),
        files,
    }))
}

/// Makes sure that the choice makes sense for what was found.
fn to_decide(
    found: Option<&PreparedBatch>,
    batch: BatchId,
    choice: Choice,
    replay: Replay,
) -> Result<&PreparedBatch> {
    let refuse = |message: &str, help: &str| {
        Error::new(ErrorKind::Mismatch, message)
            .in_batch(batch)
            .with_help(help)
    };
    let Some(found) = found else {
        return Err(refuse(
            "no batch is prepared and not committed, so there is nothing to decide",
            "start the query",
        ));
    };
    let pending = &found.pending;
    if pending.batch != batch {
        return Err(refuse(
            "this is not the batch that is prepared and not committed",
            &format!("that is batch {}", pending.batch),
        ));
    }
    if pending.recorded {
        return Err(refuse(
            "the target has this batch, so there is nothing to decide",
            "start the query: it says so in its journal",
        ));
    }
    if !found.files.iter().any(|file| file.state.is_wrong()) {
        return Err(refuse(
            "nothing is wrong with the files of this batch",
            "start the query: it publishes them",
        ));
    }
    if choice == Choice::WriteAgain && replay == Replay::Once {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "the source cannot give the rows of this batch again",
        )
        .in_batch(batch)
        .with_help("put its files back, or accept it as published"));
    }
    Ok(found)
}

/// Refuses what could not be carried out, before it is decided.
fn expect_withdrawal(target: &dyn Target) -> Result<()> {
    if caught("the target's ability to withdraw", || target.can_withdraw())? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        "this target cannot take the rows of a batch back, so they would be there twice",
    )
    .at_path(target.location())
    .with_help("put the files of the batch back, or accept it as published"))
}

fn wrong_files(files: &[FileFinding]) -> Vec<DecidedFile> {
    let wrong = files.iter().filter(|file| file.state.is_wrong());
    wrong
        .map(|file| DecidedFile {
            path: file.file.path.clone(),
            found: file.state.to_string(),
        })
        .collect()
}

fn target_of<W: StreamWriter>(writer: &W) -> Result<&dyn Target> {
    writer.target().ok_or_else(|| {
        Error::new(
            ErrorKind::Unsupported,
            "this sink has no target whose files could be looked after",
        )
    })
}

fn decided_all_the_same(error: Error) -> Error {
    Error::new(
        error.kind(),
        "that the batch is written again is recorded, but its files could not all be taken out of \
         sight",
    )
    .with_help("start the query: it does the rest before it writes the batch")
    .with_source(error)
}

impl<S, W> fmt::Display for Repair<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.checkpoint.query();
        let Some(found) = &self.batch else {
            return write!(f, "query {query}: no batch is prepared and not committed");
        };
        let Pending {
            batch, recorded, ..
        } = &found.pending;
        let wrong = found.files.iter().filter(|file| file.state.is_wrong());
        write!(
            f,
            "query {query}: batch {batch} is prepared and not committed; {} of its {} files are \
             not as they should be",
            wrong.count(),
            found.files.len()
        )?;
        if *recorded {
            write!(f, "; the target has the batch all the same")?;
        }
        for file in &found.files {
            write!(f, "\n  {file}")?;
        }
        Ok(())
    }
}

impl<S, W> fmt::Debug for Repair<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repair")
            .field("query", &self.checkpoint.query())
            .field("batch", &self.batch())
            .field("files", &self.files())
            .finish_non_exhaustive()
    }
}
