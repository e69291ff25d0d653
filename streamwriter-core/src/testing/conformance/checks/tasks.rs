//! Faults of tasks, and of the abort that follows them.

use super::super::examiner::{Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use super::super::life::Ended;
use crate::testing::When;
use crate::writer::WriteRows;

fn in_task(action: Action) -> Fault {
    Fault::new(Step::Write, action).in_batch(1)
}

pub(super) fn that_fail<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let faults = [
        in_task(Action::Fail),
        in_task(Action::Fail).when(When::After),
        in_task(Action::Panic),
        in_task(Action::Panic).when(When::After),
        in_task(Action::SourceFails),
        in_task(Action::LeaveUnread),
    ];
    for partitions in [1, 3] {
        let shape = Shape::default().with_partitions(partitions);
        for fault in faults {
            // Once: the second attempt succeeds. Every time: the batch is aborted.
            expect_aborts(examiner, shape, Life::with([fault]), 0)?;
            expect_aborts(examiner, shape, Life::with([fault.always()]), 1)?;
            for when in [When::Before, When::After] {
                let abort = Fault::new(Step::Abort, Action::Fail).in_batch(1).when(when);
                expect_aborts(examiner, shape, Life::with([fault.always(), abort]), 1)?;
            }
        }
        let abort = Fault::new(Step::Abort, Action::Panic).in_batch(1);
        let for_good = in_task(Action::FailForGood);
        expect_aborts(examiner, shape, Life::with([for_good, abort]), 1)?;
    }
    siblings(examiner)
}

/// A task that fails for good while others hang, or are slow, or have finished.
fn siblings<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let slow = |partition| in_task(Action::BeSlow).in_partition(partition);
    let hangs = |partition| in_task(Action::HangUntilCancelled).in_partition(partition);
    // Partitions are handed out in order: when the last one fails, the others have begun.
    let fails_late = in_task(Action::FailForGood);
    let cases = [
        Life::with([slow(0), fails_late]),
        Life::with([slow(1), fails_late]),
        Life {
            executors: 3,
            ..Life::with([hangs(1), fails_late])
        },
    ];
    for life in cases {
        expect_aborts(examiner, Shape::default(), life, 1)?;
    }
    Ok(())
}

/// Runs a life in which so many aborts are to be seen, and on to the end.
fn expect_aborts<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
    life: Life,
    aborts: u32,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let lives = [life];
    let case = examiner.begin(shape, &lives)?;
    for (number, life) in lives.iter().enumerate() {
        let (ended, script) = examiner.life(&case, number, life)?;
        if let Some(fault) = script.spared() {
            return Err(case.failed(number, format!("the fault never struck: {fault}")));
        }
        let seen = script.observer.aborts();
        let failed = matches!(ended, Ended::Badly(_));
        if seen != aborts || failed != (aborts > 0) {
            let violation = format!(
                "W3: {aborts} aborts were due and {seen} were called; {}",
                ended.describe()
            );
            return Err(case.failed(number, violation));
        }
        expect_error_of_abort(&ended, life).map_err(|violation| case.failed(number, violation))?;
    }
    examiner.finish(case)
}

/// An abort's own error travels with the error that caused it (W10).
fn expect_error_of_abort(ended: &Ended, life: &Life) -> Result<(), String> {
    let abort_fails = life.faults.iter().any(|fault| fault.step == Step::Abort);
    let travels = ended.error().is_some_and(|error| !error.also().is_empty());
    if abort_fails == travels {
        return Ok(());
    }
    Err(format!(
        "W10: the abort failed: {abort_fails}; its error travels: {travels}"
    ))
}

pub(super) fn cut_off<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for partitions in [1, 2, 3] {
        let shape = Shape::default().with_partitions(partitions);
        for partition in 0..partitions {
            let fails = in_task(Action::SourceFails).in_partition(partition);
            // Tried again in this life, or in the next one.
            expect_aborts(examiner, shape, Life::with([fails]), 0)?;
            let once = Life {
                attempts: 1,
                ..Life::with([fails])
            };
            expect_aborts(examiner, shape, once, 1)?;
        }
    }
    Ok(())
}

pub(super) fn other_executors<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for step in [Step::Offsets, Step::Write, Step::Prepared, Step::Commit] {
        for when in [When::Before, When::After] {
            let lives = [1, 4, 2].map(|executors| Life {
                executors,
                ..Life::with([Fault::new(step, Action::FailForGood).in_batch(1).when(when)])
            });
            // After some faults there is nothing left to strike for the lives that follow.
            examiner.case_that_may_be_spared(Shape::default(), &lives)?;
        }
    }
    Ok(())
}
