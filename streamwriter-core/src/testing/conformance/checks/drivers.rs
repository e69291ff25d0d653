//! More than one driver: one that wakes up late, and ones that are to be refused.

use std::sync::Arc;

use super::super::examiner::{Case, Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use super::super::life::{Ended, Setting, live};
use super::super::oracle;
use super::super::script::Script;
use super::super::subject::Conformance;
use super::steps::faults_of_a_first_run;
use crate::error::ErrorKind;
use crate::writer::WriteRows;

pub(super) fn late<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let shape = Shape::default();
    for fault in faults_of_a_first_run(examiner.has_target, &[Action::Pause]) {
        // What stops within its start has not become a driver yet, or has its run ahead of it.
        if Step::OF_A_START.contains(&fault.step) {
            continue;
        }
        let recovers = Fault::new(Step::Commit, Action::Fail).in_batch(fault.batch);
        sleeps_through_its_succession(examiner, shape, &[], fault)?;
        let in_a_recovery = matches!(fault.step, Step::Commit | Step::Record | Step::Commits);
        if in_a_recovery {
            sleeps_through_its_succession(examiner, shape, &[Life::with([recovers])], fault)?;
        }
    }
    Ok(())
}

/// A driver sleeps at a step, another one takes over and does everything, the first wakes up.
fn sleeps_through_its_succession<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
    before: &[Life],
    fault: Fault,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let sleeper = Life::with([fault]);
    let successor = Life {
        take_over: true,
        ..Life::default()
    };
    let lives = [before, &[sleeper.clone(), successor.clone()]].concat();
    let case = examiner.begin(shape, &lives)?;
    for (number, life) in before.iter().enumerate() {
        examiner.life(&case, number, life)?;
    }
    let number = before.len();
    let (woken, script) = while_asleep(examiner.subject, &case, &sleeper, number, || {
        let (ended, _) = examiner.life(&case, number + 1, &successor)?;
        match ended {
            Ended::Well(_) => Ok(()),
            other => Err(case.failed(
                number + 1,
                format!("the successor fails: {}", other.describe()),
            )),
        }
    })?;
    examiner.look(&case, number, &woken, &script)?;
    // Usually because it is superseded; what its successor has done may also show in another way.
    if woken.error().is_none() {
        let violation = format!(
            "E5: a driver that was superseded goes on: {}",
            woken.describe()
        );
        return Err(case.failed(number, violation));
    }
    let asleep_before_commit = matches!(fault.step, Step::Offsets | Step::Write | Step::Prepared);
    if asleep_before_commit && script.observer.committed() >= Some(fault.batch) {
        let violation = "E5: a driver that was superseded commits what it had not prepared in time";
        return Err(case.failed(number, violation));
    }
    if script.observer.aborts() > 0 {
        return Err(case.failed(number, "E5: a driver that was superseded called abort"));
    }
    examiner.finish(case)
}

/// Runs something while a life sleeps at its fault; returns how it ended after it woke up.
fn while_asleep<W, R>(
    subject: &Conformance<W, R>,
    case: &Case,
    sleeper: &Life,
    number: usize,
    run: impl FnOnce() -> Result<(), Failure>,
) -> Result<(Ended, Arc<Script>), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let script = Script::new(&sleeper.faults, case.shape);
    let setting = case.setting();
    let (ran, woken) = std::thread::scope(|scope| {
        let asleep = scope.spawn(|| live(subject, &setting, sleeper, &script));
        let ran = match script.gate().reached() {
            true => run(),
            false => Err(case.failed(number, "the fault never struck")),
        };
        script.gate().open();
        (ran, asleep.join())
    });
    ran?;
    let woken = woken.map_err(|_| case.failed(number, "the thread of the life panicked"))?;
    Ok((woken, script))
}

pub(super) fn second<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if !examiner.has_target {
        examiner.skip("a sink without a target cannot refuse another query");
    }
    let shape = Shape::default();
    if examiner.has_target {
        a_claim_without_a_batch(examiner, shape)?;
    }
    for step in [Step::Write, Step::Commit, Step::Commits] {
        let first = Life::with([Fault::new(step, Action::Pause).in_batch(1)]);
        let lives = [first.clone(), Life::default()];
        let case = examiner.begin(shape, &lives)?;
        let (subject, guarantee) = (examiner.subject, examiner.guarantee);
        let has_target = examiner.has_target;
        let (woken, script) = while_asleep(subject, &case, &first, 0, || {
            refused(subject, &case, false, &[ErrorKind::Locked])?;
            if has_target {
                let kinds = [ErrorKind::Locked, ErrorKind::Mismatch];
                refused(subject, &case, true, &kinds)?;
            }
            oracle::check_now(subject, case.root(), shape, guarantee)
                .map_err(|violation| case.failed(1, violation))
        })?;
        examiner.look(&case, 0, &woken, &script)?;
        if let Ended::Badly(error) = &woken {
            let violation = format!("the first driver was disturbed: {}", error.report());
            return Err(case.failed(0, violation));
        }
        // A query of its own is refused as well when the first one has ended.
        if has_target {
            refused(subject, &case, true, &[ErrorKind::Mismatch])?;
        }
        examiner.finish(case)?;
    }
    Ok(())
}

/// A query that has claimed the target and ended before its first batch keeps others out.
fn a_claim_without_a_batch<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let lives = [Life::with([Fault::new(Step::Offsets, Action::Fail)])];
    let case = examiner.begin(shape, &lives)?;
    for (number, life) in lives.iter().enumerate() {
        examiner.life(&case, number, life)?;
    }
    refused(examiner.subject, &case, true, &[ErrorKind::Mismatch])?;
    examiner.finish(case)
}

/// Starts a second driver, of the same query or of another one, which must be refused.
fn refused<W, R>(
    subject: &Conformance<W, R>,
    case: &Case,
    other_query: bool,
    kinds: &[ErrorKind],
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let (rule, checkpoint) = match other_query {
        true => ("E6: another query on the target", "another-checkpoint"),
        false => ("E5: a second driver on the checkpoint", "checkpoint"),
    };
    let script = Script::new(&[], case.shape);
    let setting = Setting {
        checkpoint,
        ..case.setting()
    };
    let ended = live(subject, &setting, &Life::default(), &script);
    let is_refused = ended
        .error()
        .is_some_and(|error| kinds.contains(&error.kind()));
    match is_refused {
        true => Ok(()),
        false => {
            let violation = format!("{rule} is not refused: {}", ended.describe());
            Err(case.failed(1, violation))
        }
    }
}
