//! The target's own memory: who writes to it, and which batch was committed last (E6).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::finding::{FileFinding, StoredMessage, Withdrawal};
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::leftover::{Leftover, SweepScope};
use crate::storage::{LockHolder, SharedStorage};

/// How old a leftover is before it goes although its run is not known to be over (E7).
pub(crate) const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a query says when it opens its target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetClaim {
    /// The query that writes from now on.
    pub query: QueryId,
    /// Where its checkpoint is, for the person who finds the claim.
    pub checkpoint: String,
    /// The process that opens it.
    pub holder: LockHolder,
    /// Whether to take the lock from a holder that is still alive (E5).
    pub take_over: bool,
    /// Whether the journal shows that this query has claimed the target before: a target without
    /// a claim has been emptied or exchanged then.
    pub claimed_before: bool,
    /// The query that the target is to be taken over from, if it is its owner now (E6).
    pub take_over_target_from: Option<QueryId>,
    /// How old a leftover is before it goes although its run is not known to be over (E7).
    pub leftover_age: Duration,
    /// Whether this run has opened the target and committed to it before, in this process or another one:
    /// what the storage has proved then it need not prove again.
    pub reopened: bool,
}

impl TargetClaim {
    /// Makes a claim of this process that takes nothing over.
    #[must_use]
    pub fn new(query: QueryId, checkpoint: impl Into<String>) -> Self {
        Self {
            query,
            checkpoint: checkpoint.into(),
            holder: LockHolder::this_process(),
            take_over: false,
            claimed_before: false,
            take_over_target_from: None,
            leftover_age: LEFTOVER_AGE,
            reopened: false,
        }
    }

    /// Sets whether this run has opened the target and committed to it before.
    #[must_use]
    pub fn reopened(mut self, reopened: bool) -> Self {
        self.reopened = reopened;
        self
    }

    /// Sets whether the lock may be taken from a live holder.
    #[must_use]
    pub fn take_over(mut self, take_over: bool) -> Self {
        self.take_over = take_over;
        self
    }

    /// Sets whether the journal shows an earlier claim.
    #[must_use]
    pub fn claimed_before(mut self, claimed_before: bool) -> Self {
        self.claimed_before = claimed_before;
        self
    }

    /// Names the query that the target is to be taken over from.
    #[must_use]
    pub fn take_over_target_from(mut self, former: Option<QueryId>) -> Self {
        self.take_over_target_from = former;
        self
    }

    /// Sets how old a leftover is before it goes although its run is not known to be over.
    #[must_use]
    pub fn leftover_age(mut self, age: Duration) -> Self {
        self.leftover_age = age;
        self
    }
}

/// What a target remembers of one committed batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRecord {
    /// The query that committed it.
    pub query: QueryId,
    /// The batch.
    pub batch: BatchId,
    /// The checksum of the batch's `prepared` record.
    pub prepared: String,
}

/// What a sweep found (E7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sweep {
    /// Leftovers that were removed.
    pub removed: u64,
    /// Leftovers that are not proven unpublished yet, or whose run is not known to be over and that
    /// are not old.
    pub remaining: u64,
}

impl Sweep {
    /// Makes the report of a sweep.
    #[must_use]
    pub const fn new(removed: u64, remaining: u64) -> Self {
        Self { removed, remaining }
    }
}

/// A target that remembers its query and its last batch, so that a restart knows what a crash
/// left (E3), and a wrong checkpoint is refused (E6).
///
/// All methods are called on the driver thread. If the query overlaps batches (B5), tasks of the next one may
/// stage files meanwhile.
pub trait Target: Send + Sync {
    /// Returns where the target is; the checkpoint remembers it (E6).
    ///
    /// It tells this target from every other one, and a place inside another one begins with that one's
    /// location and `/`. It holds no secret.
    fn location(&self) -> String;

    /// Returns the parts of a target that is several, such as that of a sink with two places; none,
    /// the default, for a target that is one.
    ///
    /// Each part remembers for itself, and `None` stands for one that cannot. A restart holds each
    /// memory against the journal on its own, and a batch counts as recorded only if every part
    /// records it: `commit` is called again otherwise, and is to leave alone the parts that have
    /// it (E3).
    fn parts(&self) -> Vec<Option<&dyn Target>> {
        Vec::new()
    }

    /// Looks, without changing anything, whether the target is one that can never be used.
    ///
    /// Called once per run before anything is recorded anywhere, so that a mistyped place does not
    /// bind the checkpoint to it.
    ///
    /// # Errors
    /// Whatever keeps it from being used, such as a file where a directory is needed.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Looks, without changing anything, whether a query may write here.
    ///
    /// A process that only writes a task asks, before it makes anything: the claim itself is the
    /// driver's. By default everybody may.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch), as [`open`](Self::open) would.
    fn check_claim(&self, claim: &TargetClaim) -> Result<()> {
        let _ = claim;
        Ok(())
    }

    /// Returns a place inside of the target for the journals of queries whose drivers have no
    /// checkpoint of ours, such as those on a cluster; none by default.
    ///
    /// No reader looks there, every process that writes to the target reaches it, and it comes and
    /// goes with the target.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the storage cannot.
    fn journals(&self) -> Result<Option<SharedStorage>> {
        Ok(None)
    }

    /// Makes the target ready, locks it, and claims it for the query if nobody has.
    ///
    /// A claim by the same query is its own. If the claim names the owner as the query that the
    /// target is to be taken over from, it is this query's from now on, and the former owner is
    /// refused or, if it still runs, fenced off at its next publication; a target that knows no
    /// such thing refuses the claim. The lock is held until the target is dropped. Called once per
    /// run, before anything else.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) if another query owns the target, if
    /// `claimed_before` holds and there is no claim, or none of this query's to take over to; [`Locked`](crate::ErrorKind::Locked) if
    /// another driver holds it.
    fn open(&self, claim: &TargetClaim) -> Result<()>;

    /// Returns the record of the newest batch that this query has committed here.
    ///
    /// # Errors
    /// [`Corrupted`](crate::ErrorKind::Corrupted) if the record cannot be trusted.
    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>>;

    /// Remembers, durably, that a batch is committed.
    ///
    /// Called after `commit` returned `Ok`, again after a crash, also for a record that is there
    /// already: the same record once more is no error. A sink that wrote it in the transaction of
    /// its `commit` finds it here. Called without a `commit` before it for a batch that a crash has lost,
    /// since its source cannot replay (S2): the record is written then, or the target would stay behind.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) if another record of the batch is there.
    fn record(&self, record: &TargetRecord) -> Result<()>;

    /// Remembers, durably, that a batch is committed which a person has had written again.
    ///
    /// Like [`record`](Self::record), but beside a record of an earlier revision: a driver that
    /// wakes up late may still make one. [`last_committed`](Self::last_committed) returns the
    /// record of the last revision. Called only for a target that can [`withdraw`](Self::withdraw).
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn record_revision(&self, record: &TargetRecord, revision: Revision) -> Result<()> {
        let _ = revision;
        self.record(record)
    }

    /// Removes leftovers of runs before `run` for batches up to `through`, all of them committed; of
    /// other runs, those that are older than [`leftover_age`](TargetClaim::leftover_age).
    ///
    /// A query passes the run after its own: no task of a batch that it has committed is running
    /// any more (W4). What it has staged for a batch behind `through` is in hand, and stays (B5).
    /// Nothing that a `prepared` record without `commits` names is among them (E7).
    ///
    /// # Errors
    /// A failed sweep is reported and tried again later; it never ends the query.
    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        let _ = (query, run, through);
        Ok(Sweep::default())
    }

    /// Lists what is not published in the target, with the reason why a sweep with this knowledge
    /// would remove or leave it; changes nothing (E7).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the target cannot tell, as by default;
    /// [`Mismatch`](ErrorKind::Mismatch) if the query has never owned it.
    fn leftovers(&self, scope: &SweepScope) -> Result<Vec<Leftover>> {
        let _ = scope;
        Err(cannot(self.location(), "list what is not published"))
    }

    /// Looks what became of the files that the messages of a prepared batch name; changes nothing
    /// (E3).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the target knows no files, as by default.
    fn inspect(&self, messages: &[StoredMessage]) -> Result<Vec<FileFinding>> {
        let _ = messages;
        Err(cannot(self.location(), "look after the files of a batch"))
    }

    /// Tells whether the target can [`withdraw`](Self::withdraw) a batch; not by default.
    fn can_withdraw(&self) -> bool {
        false
    }

    /// Takes all files of earlier revisions of a batch out of the readers' sight, durably, and what
    /// earlier runs have staged for it; returns how many.
    ///
    /// After `Ok` none of them is visible, none can become visible any more, whoever tries, and none
    /// is lost. May be repeated, also by another process after a crash in its middle.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the target cannot, as by default. After another
    /// error some are out of sight; the next call does the rest.
    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<u64> {
        let _ = withdrawal;
        Err(cannot(
            self.location(),
            "take the files of a batch out of sight",
        ))
    }
}

fn cannot(location: String, what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("this target cannot {what}")).at_path(location)
}
