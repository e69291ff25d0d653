//! Wraps a sink, so that its methods fail as the script says, and are observed.

use std::sync::Arc;

use super::faults::{Action, Step};
use super::script::{Script, hang};
use crate::context::{BatchContext, TaskContext};
use crate::error::{BoxError, Result};
use crate::finding::{FileFinding, StoredMessage, Withdrawal};
use crate::guarantee::Guarantee;
use crate::ids::{BatchId, QueryId, Revision, Run};
use crate::leftover::{Leftover, SweepScope};
use crate::message::{self, CommitMessage};
use crate::rows::{End, Rows, sealed};
use crate::target::{Sweep, Target, TargetClaim, TargetRecord};
use crate::testing::When;
use crate::writer::{StreamWriter, WriteRows};

/// A sink under test.
pub(super) struct Faulty<W> {
    inner: W,
    script: Arc<Script>,
    /// Whether a part of a partition may be accepted without harm (W8).
    parts_are_harmless: bool,
}

impl<W> Faulty<W> {
    pub(super) fn new(inner: W, script: Arc<Script>, parts_are_harmless: bool) -> Self {
        Self {
            inner,
            script,
            parts_are_harmless,
        }
    }
}

impl<W: StreamWriter> StreamWriter for Faulty<W> {
    type Message = W::Message;
    type Error = BoxError;

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn description(&self) -> String {
        self.inner.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.inner.guarantee()
    }

    fn takes_set_aside(&self) -> bool {
        self.inner.takes_set_aside()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.inner.target().map(|_| self as &dyn Target)
    }

    fn commit(&self, messages: Vec<W::Message>, batch: &BatchContext) -> Result<(), BoxError> {
        let id = batch.batch_id().get();
        self.script
            .observer
            .commit(id, messages.len(), batch.partitions(), batch.replay());
        self.script.pass(Step::Commit, id, When::Before)?;
        if self.script.commits_twice(id) {
            self.inner
                .commit(copies(&messages)?, batch)
                .map_err(Into::into)?;
        }
        self.inner.commit(messages, batch).map_err(Into::into)?;
        Ok(self.script.pass(Step::Commit, id, When::After)?)
    }

    fn abort(
        &self,
        messages: Vec<Option<W::Message>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        let id = batch.batch_id().get();
        self.script
            .observer
            .abort(id, messages.len(), batch.partitions());
        self.script.pass(Step::Abort, id, When::Before)?;
        self.inner.abort(messages, batch).map_err(Into::into)?;
        Ok(self.script.pass(Step::Abort, id, When::After)?)
    }
}

/// Copies messages the way a restart would: through their encoding.
fn copies<M: CommitMessage>(messages: &[M]) -> Result<Vec<M>> {
    messages
        .iter()
        .map(|message| message::decode(&message::encode(message, usize::MAX)?))
        .collect()
}

impl<R, W: WriteRows<R>> WriteRows<R> for Faulty<W> {
    fn check_rows(&self) -> Result<(), BoxError> {
        self.inner.check_rows().map_err(Into::into)
    }

    fn write(
        &self,
        rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<W::Message, BoxError> {
        let observer = &self.script.observer;
        observer.write_begins(task.batch_id().get());
        // Also if it panics: the attempt is over then.
        let _ends = OnDrop(|| observer.write_ends(task.batch_id().get()));
        self.write_observed(rows, task)
    }
}

impl<W> Faulty<W> {
    fn write_observed<R>(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<W::Message, BoxError>
    where
        W: WriteRows<R>,
    {
        let fault = self.script.task_fault(task, When::Before);
        if let Some(fault) = fault {
            self.script.strike(&fault)?;
        }
        let written = match fault.map(|fault| fault.action) {
            Some(Action::HangUntilCancelled) => return hang(task).and(Err("it goes on".into())),
            Some(Action::LeaveUnread) => self.inner.write(FirstRow(&mut rows), task),
            _ => self.inner.write(&mut rows, task),
        };
        let message = written.map_err(Into::into)?;
        if !self.parts_are_harmless && matches!(rows.end(), End::CutOff | End::Cancelled) {
            self.script.observer.violated(format!(
                "W8: write returned Ok for a partition that was cut off after {} rows",
                rows.read()
            ));
        }
        match self.script.task_fault(task, When::After) {
            Some(fault) => self.script.strike(&fault).map(|()| message),
            None => Ok(message),
        }
        .map_err(Into::into)
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Rows that claim to be complete after the first one, for the rule that rows left unread fail the
/// task (W9).
struct FirstRow<'r, R: Rows>(&'r mut R);

impl<R: Rows> Iterator for FirstRow<'_, R> {
    type Item = R::Item;

    fn next(&mut self) -> Option<R::Item> {
        if self.0.read() > 0 {
            return None;
        }
        self.0.next()
    }
}

impl<R: Rows> sealed::Sealed for FirstRow<'_, R> {
    fn set_skip_rest(&mut self) {
        self.0.set_skip_rest();
    }
}

impl<R: Rows> Rows for FirstRow<'_, R> {
    fn read(&self) -> u64 {
        self.0.read()
    }

    fn end(&self) -> End {
        match self.0.end() {
            End::Open if self.0.read() > 0 => End::Complete,
            end => end,
        }
    }

    fn read_rest(&mut self) -> Result<()> {
        match self.end() {
            // That is the lie.
            End::Complete => Ok(()),
            _ => self.0.read_rest(),
        }
    }

    fn skip_rest(self) {
        self.0.set_skip_rest();
    }
}

impl<W: StreamWriter> Faulty<W> {
    /// Runs something on the target, which is there: only then this is a target.
    fn with_target<T>(&self, run: impl FnOnce(&dyn Target) -> T) -> Option<T> {
        self.inner.target().map(run)
    }
}

impl<W: StreamWriter> Target for Faulty<W> {
    fn location(&self) -> String {
        self.with_target(|target| target.location())
            .unwrap_or_default()
    }

    fn parts(&self) -> Vec<Option<&dyn Target>> {
        self.inner
            .target()
            .map(|target| target.parts())
            .unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        self.with_target(|target| target.check()).unwrap_or(Ok(()))
    }

    fn open(&self, claim: &TargetClaim) -> Result<()> {
        self.script.pass(Step::Claim, 0, When::Before)?;
        self.with_target(|target| target.open(claim))
            .unwrap_or(Ok(()))?;
        self.script.pass(Step::Claim, 0, When::After)
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        self.with_target(|target| target.last_committed(query))
            .unwrap_or(Ok(None))
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        let id = record.batch.get();
        self.script.pass(Step::Record, id, When::Before)?;
        self.with_target(|target| target.record(record))
            .unwrap_or(Ok(()))?;
        self.script.pass(Step::Record, id, When::After)
    }

    fn record_revision(&self, record: &TargetRecord, revision: Revision) -> Result<()> {
        let id = record.batch.get();
        self.script.pass(Step::Record, id, When::Before)?;
        self.with_target(|target| target.record_revision(record, revision))
            .unwrap_or(Ok(()))?;
        self.script.pass(Step::Record, id, When::After)
    }

    fn leftovers(&self, scope: &SweepScope) -> Result<Vec<Leftover>> {
        self.with_target(|target| target.leftovers(scope))
            .unwrap_or_else(|| Ok(Vec::new()))
    }

    fn inspect(&self, messages: &[StoredMessage]) -> Result<Vec<FileFinding>> {
        self.with_target(|target| target.inspect(messages))
            .unwrap_or_else(|| Ok(Vec::new()))
    }

    fn can_withdraw(&self) -> bool {
        self.with_target(|target| target.can_withdraw())
            .unwrap_or(false)
    }

    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<u64> {
        self.with_target(|target| target.withdraw(withdrawal))
            .unwrap_or(Ok(0))
    }

    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        self.with_target(|target| target.sweep(query, run, through))
            .unwrap_or_else(|| Ok(Sweep::default()))
    }
}
