//! The checks, each with the rules of the contract that it examines.

mod checkpoint;
mod death;
mod drivers;
mod operations;
mod power;
mod random;
mod steps;
mod tasks;

use std::fmt;

use super::examiner::{Examiner, Failure, Report};
use super::process;
use super::subject::Conformance;
use crate::writer::WriteRows;

/// One check of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// E1, W5, W6: an error, a panic and a lost answer at every step of a first run.
    StepsOfAFirstRun,
    /// E2, E3: the same at every step of a recovery.
    StepsOfARecovery,
    /// E1: a fault at every durable operation of checkpoint and target, one after which the process
    /// goes on and one after which it does not, and a second one in the recovery.
    EveryOperation,
    /// E1: the process is killed before and after every step, in a first run and in a recovery.
    KilledAtEveryStep,
    /// E1: the process is killed before and after every durable operation.
    KilledAtEveryOperation,
    /// E1, E8: the power is cut at every system call of a life, and at some of a recovery from a kill;
    /// what was not synced is lost, or not. For sinks that write through [`Place::storage`].
    ///
    /// [`Place::storage`]: super::Place::storage
    PowerCuts,
    /// E1: random sequences of all faults that do not kill, shrunk to the shortest that fails.
    RandomSequences,
    /// E3: `commit` called again with the same messages.
    CommitAgain,
    /// E5: a driver that wakes up when another one has taken over, at every step.
    LateDriver,
    /// E5, E6: a second driver, and a second query, while the first lives.
    SecondDriver,
    /// E6: a checkpoint that went backwards or was reset, and a target that was emptied.
    Backwards,
    /// F1: a reader that looks before and after every step and every durable operation.
    ReaderAtEveryStep,
    /// Q2: the query is stopped at every step.
    StoppedAtEveryStep,
    /// W3, W6, W7, W9, W10: tasks that fail, panic, hang, are slow or leave rows unread, and an abort
    /// that fails.
    TasksThatFail,
    /// W8: a source that fails in the middle of a partition.
    PartitionCutOff,
    /// B2, W11: restarts with other numbers of executors.
    OtherExecutors,
}

impl Check {
    /// All checks.
    pub const ALL: [Self; 16] = [
        Self::StepsOfAFirstRun,
        Self::StepsOfARecovery,
        Self::EveryOperation,
        Self::KilledAtEveryStep,
        Self::KilledAtEveryOperation,
        Self::PowerCuts,
        Self::RandomSequences,
        Self::CommitAgain,
        Self::LateDriver,
        Self::SecondDriver,
        Self::Backwards,
        Self::ReaderAtEveryStep,
        Self::StoppedAtEveryStep,
        Self::TasksThatFail,
        Self::PartitionCutOff,
        Self::OtherExecutors,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Examines a sink under one check.
///
/// `test` is the name of the running test as the test harness prints it, without the name of the
/// crate: for a check that kills processes the test binary is started again with this test only, and
/// plays the part of the process to be killed when it comes to this call. So a test calls it once,
/// and first of all. [`sink_conformance!`](crate::sink_conformance) does that.
///
/// # Errors
/// [`Failure`] with the shortest sequence of lives that was found to break a rule.
pub fn examine<W, R>(
    subject: &Conformance<W, R>,
    check: Check,
    test: &str,
) -> Result<Report, Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    super::quiet::quiet_scripted_panics();
    process::take_role(subject);
    let mut examiner = Examiner::new(subject, test)?;
    match check {
        Check::StepsOfAFirstRun => steps::of_a_first_run(&mut examiner),
        Check::StepsOfARecovery => steps::of_a_recovery(&mut examiner),
        Check::CommitAgain => steps::commit_again(&mut examiner),
        Check::ReaderAtEveryStep => steps::reader(&mut examiner),
        Check::StoppedAtEveryStep => steps::stopped(&mut examiner),
        Check::EveryOperation => operations::every_one(&mut examiner),
        Check::KilledAtEveryStep => death::at_every_step(&mut examiner),
        Check::KilledAtEveryOperation => death::at_every_operation(&mut examiner),
        Check::PowerCuts => power::cuts(&mut examiner),
        Check::RandomSequences => random::sequences(&mut examiner),
        Check::LateDriver => drivers::late(&mut examiner),
        Check::SecondDriver => drivers::second(&mut examiner),
        Check::Backwards => checkpoint::backwards(&mut examiner),
        Check::TasksThatFail => tasks::that_fail(&mut examiner),
        Check::PartitionCutOff => tasks::cut_off(&mut examiner),
        Check::OtherExecutors => tasks::other_executors(&mut examiner),
    }?;
    Ok(examiner.report)
}
