//! What lies in a target and is not published: listed, or removed as far as E7 allows.

use std::fmt;
use std::time::Duration;

use super::builder::CheckpointPlace;
use super::start::storage_of;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{FileFinding, StoredMessage};
use crate::ids::{BatchId, QueryId, Run};
use crate::journal::{self, Checkpoint, Found};
use crate::leftover::{Leftover, SweepScope};
use crate::message::stored_messages;
use crate::storage::{LockHolder, SharedStorage};
use crate::target::{LEFTOVER_AGE, Sweep, Target, TargetClaim};

/// How often a look is tried anew that a live driver disturbs.
const LOOKS_MAX: u32 = 20;

/// Looks after the target of a query that is not running, from outside (E7).
///
/// A query sweeps its target by itself, at each start and after each commit. This is for people who
/// want to see what is there, or to clean up after a query that is not started any more.
///
/// ```no_run
/// use streamwriter_core::{Error, Target, Upkeep};
///
/// fn show(target: &dyn Target) -> Result<(), Error> {
///     let upkeep = Upkeep::new("state/orders", target)?;
///     println!("{}", upkeep.look()?); // changes nothing
///     upkeep.sweep()?; // removes what the list says goes
///     Ok(())
/// }
/// ```
#[must_use = "nothing is looked at yet"]
pub struct Upkeep<'t> {
    storage: SharedStorage,
    target: &'t dyn Target,
    age: Duration,
}

/// What was found in a target, and what a sweep does about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Survey {
    /// The query that the checkpoint belongs to.
    pub query: QueryId,
    /// Where the checkpoint is.
    pub checkpoint: String,
    /// Where the target is.
    pub target: String,
    /// The newest batch with a `commits` record.
    pub committed: Option<BatchId>,
    /// The batch that is prepared and not committed: none of its files is ever removed.
    pub prepared: Option<BatchId>,
    /// What became of the files of that batch.
    pub files: Vec<FileFinding>,
    /// What is not published, with its fate. Published files are not listed: a sweep never touches
    /// them.
    pub leftovers: Vec<Leftover>,
    /// Why the list may be out of date already: the error that kept the checkpoint from being
    /// locked, with the live driver's process.
    pub not_locked: Option<String>,
}

/// What the journal says about what may go.
struct Known {
    committed: Option<BatchId>,
    prepared: Option<(BatchId, Vec<StoredMessage>)>,
}

impl<'t> Upkeep<'t> {
    /// Names the checkpoint and the target of one query; nothing is read yet.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) if a relative path cannot be made absolute.
    pub fn new(checkpoint: impl Into<CheckpointPlace>, target: &'t dyn Target) -> Result<Self> {
        let storage = storage_of(&checkpoint.into().0)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "a query without a checkpoint leaves nothing",
            )
        })?;
        Ok(Self {
            storage,
            target,
            age: LEFTOVER_AGE,
        })
    }

    /// Sets how old a leftover is before it goes although its run may not be over; 24 hours by
    /// default.
    pub fn leftover_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Lists what is not published, with the reason why a sweep would remove or leave it.
    ///
    /// This is the dry run of [`sweep`](Self::sweep): it changes nothing, but that it holds the
    /// checkpoint's lock meanwhile. If a driver holds it, the list is made all the same and says so
    /// in [`not_locked`](Survey::not_locked): that driver may have changed things already.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) if there is no checkpoint, or the target does not know its
    /// query; [`Corrupted`](ErrorKind::Corrupted); [`Unsupported`](ErrorKind::Unsupported) for a
    /// target that cannot list; [`Storage`](ErrorKind::Storage).
    pub fn look(&self) -> Result<Survey> {
        let query = journal::look(&self.storage)?.query;
        let locked =
            Checkpoint::open_existing(self.storage.clone(), &LockHolder::this_process(), false);
        match locked {
            Ok(checkpoint) => self.survey(query, &checkpoint.look()?, checkpoint.next_run()?),
            Err(error) if is_only_not_locked(&error) => {
                let found = self.look_beside_a_driver(query)?;
                // The newest run may be the live one.
                let run = journal::next_run(&self.storage)?.get().saturating_sub(1);
                let mut survey = self.survey(query, &found, Run::new(run))?;
                survey.not_locked = Some(error.to_string());
                Ok(survey)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes what [`look`](Self::look) says goes; returns how much that was, and what waits.
    ///
    /// Holds the locks of checkpoint and target meanwhile, as a query does.
    ///
    /// # Errors
    /// Those of [`look`](Self::look), and [`Locked`](ErrorKind::Locked) if a driver is alive. What
    /// was removed until then is gone; the rest is as before.
    pub fn sweep(&self) -> Result<Sweep> {
        let holder = LockHolder::this_process();
        let checkpoint = Checkpoint::open_existing(self.storage.clone(), &holder, false)?;
        let claim = TargetClaim::new(checkpoint.query(), checkpoint.location())
            .leftover_age(self.age)
            .claimed_before(true);
        self.target.open(&claim)?;
        // IMPORTANT: what was found is made durable before anything is removed because of it (E8).
        let found = checkpoint.find()?;
        let committed = known(&found)?.committed;
        let run = checkpoint.next_run()?;
        match committed {
            Some(through) => self.target.sweep(checkpoint.query(), run, through),
            None => Ok(Sweep::default()),
        }
    }

    fn survey(&self, query: QueryId, found: &Found, run: Run) -> Result<Survey> {
        let Known {
            committed,
            prepared,
        } = known(found)?;
        let mut scope = SweepScope::new(query, run)
            .committed(committed)
            .age(self.age);
        let mut files = Vec::new();
        if let Some((batch, messages)) = &prepared {
            let objects = messages.iter().flat_map(StoredMessage::staged_objects);
            scope = scope.prepared(*batch, objects.map(|object| object.staged).collect());
            files = self.target.inspect(messages)?;
        }
        Ok(Survey {
            query,
            checkpoint: self.storage.location(),
            target: self.target.location(),
            committed,
            prepared: prepared.map(|(batch, _)| batch),
            files,
            leftovers: self.target.leftovers(&scope)?,
            not_locked: None,
        })
    }

    /// Reads the journal while a driver may go on: a record that it purges in between is no damage.
    fn look_beside_a_driver(&self, query: QueryId) -> Result<Found> {
        let mut looks = 0;
        loop {
            looks += 1;
            match journal::look_at_found(&self.storage, query) {
                Err(error) if error.kind() == ErrorKind::Corrupted && looks < LOOKS_MAX => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                found => return found,
            }
        }
    }
}

/// A storage that cannot be written to cannot be locked either, and can be looked at.
fn is_only_not_locked(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Locked | ErrorKind::Storage)
}

fn known(found: &Found) -> Result<Known> {
    let committed = found.commits.keys().next_back().copied();
    let newest = found.prepared.last_key_value();
    let pending = newest.filter(|(batch, _)| committed.is_none_or(|c| **batch > c));
    let prepared = match pending {
        Some((batch, stored)) => Some((*batch, stored_messages(&stored.body.messages)?)),
        None => None,
    };
    Ok(Known {
        committed,
        prepared,
    })
}

impl fmt::Debug for Upkeep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep")
            .field("checkpoint", &self.storage)
            .field("target", &self.target.location())
            .field("age", &self.age)
            .finish()
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            query,
            checkpoint,
            target,
            ..
        } = self;
        write!(
            f,
            "query {query}\n  checkpoint {checkpoint}\n  target {target}\n"
        )?;
        match self.committed {
            Some(batch) => writeln!(f, "  committed up to batch {batch}")?,
            None => writeln!(f, "  no batch is committed")?,
        }
        if let Some(why) = &self.not_locked {
            writeln!(f, "  this may be out of date already: {why}")?;
        }
        if let Some(batch) = self.prepared {
            writeln!(f, "batch {batch} is prepared and not committed; its files:")?;
            for file in &self.files {
                writeln!(f, "  {file}")?;
            }
            if self.files.iter().any(|file| file.state.is_wrong()) {
                writeln!(
                    f,
                    "  a start is refused until they are put right, or decided about with \
                     .repair()? in the place of .start()?"
                )?;
            }
        }
        if self.leftovers.is_empty() {
            return writeln!(f, "nothing else lies there that is not published");
        }
        for leftover in &self.leftovers {
            writeln!(f, "{leftover}")?;
        }
        let goes = self.leftovers.iter().filter(|l| l.fate.goes());
        let (count, bytes) = goes.fold((0u64, 0u64), |(count, bytes), leftover| {
            (count + 1, bytes + leftover.bytes.unwrap_or(0))
        });
        writeln!(f, "{count} of them go, {bytes} bytes")
    }
}
