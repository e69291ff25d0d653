//! Faults at the steps of the protocol.

use super::super::examiner::{Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use super::super::life::live;
use super::super::oracle;
use super::super::script::Script;
use crate::guarantee::Guarantee;
use crate::testing::When;
use crate::writer::WriteRows;

/// The batches that are struck: the first, which also claims and identifies, and one in the middle.
const BATCHES: [u64; 2] = [0, 1];

const SIDES: [When; 2] = [When::Before, When::After];

/// The shapes of a matrix: one partition, and several.
fn shapes() -> [Shape; 2] {
    [Shape::default().with_partitions(1), Shape::default()]
}

/// Every fault at every step that a first run passes.
pub(super) fn faults_of_a_first_run(has_target: bool, actions: &[Action]) -> Vec<Fault> {
    let of_a_batch = BATCHES
        .iter()
        .flat_map(|batch| Step::OF_A_BATCH.map(|step| (step, *batch)));
    let steps = Step::OF_A_START.map(|step| (step, 0)).into_iter();
    faults(steps.chain(of_a_batch), has_target, actions)
}

fn faults(
    steps: impl Iterator<Item = (Step, u64)>,
    has_target: bool,
    actions: &[Action],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (step, batch) in steps {
        if !has_target && matches!(step, Step::Claim | Step::Record) {
            continue;
        }
        for when in SIDES {
            for action in actions {
                faults.push(Fault::new(step, *action).in_batch(batch).when(when));
            }
        }
    }
    faults
}

/// A task fails for good only if it fails every time.
fn for_good(fault: Fault) -> Fault {
    match fault.step {
        Step::Write => fault.always(),
        _ => fault,
    }
}

pub(super) fn of_a_first_run<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for shape in shapes() {
        let actions = [Action::Fail, Action::Panic];
        for fault in faults_of_a_first_run(examiner.has_target, &actions) {
            examiner.case(shape, &[Life::with([for_good(fault)])])?;
        }
    }
    Ok(())
}

/// How a first life ends so that the second has something to recover, with the steps of the second.
pub(super) fn recoveries() -> [(Fault, Vec<Step>); 3] {
    use Step::{Claim, Commit, Commits, Offsets, Prepared, Record, Run, Write};
    let crash = |step, when| Fault::new(step, Action::Fail).in_batch(1).when(when);
    [
        // Only the offsets are there: the batch is written again (E2).
        (
            crash(Prepared, When::Before),
            vec![Claim, Run, Write, Prepared, Commit, Record, Commits],
        ),
        // The messages are there: they are committed again (E3).
        (
            crash(Commit, When::Before),
            vec![Claim, Run, Commit, Record, Commits],
        ),
        // The commit has taken effect, and nobody knows.
        (
            crash(Commit, When::After),
            vec![Claim, Run, Commit, Record, Commits, Offsets],
        ),
    ]
}

/// Every fault of a recovery, behind the fault that it recovers from.
pub(super) fn faults_of_a_recovery(has_target: bool, actions: &[Action]) -> Vec<(Fault, Fault)> {
    recoveries()
        .into_iter()
        .flat_map(|(first, steps)| {
            // The recovery of batch 1 is followed by a batch of its own.
            let steps = steps
                .into_iter()
                .map(|step| (step, if step == Step::Offsets { 2 } else { 1 }));
            let seconds = faults(steps, has_target, actions);
            seconds.into_iter().map(move |second| (first, second))
        })
        .collect()
}

pub(super) fn of_a_recovery<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for shape in shapes() {
        let actions = [Action::Fail, Action::Panic];
        for (first, second) in faults_of_a_recovery(examiner.has_target, &actions) {
            let lives = [Life::with([first]), Life::with([for_good(second)])];
            examiner.case(shape, &lives)?;
        }
    }
    Ok(())
}

pub(super) fn commit_again<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if examiner.guarantee == Guarantee::AtLeastOnce {
        examiner.skip("an at-least-once sink may show a batch again when commit is repeated");
        return Ok(());
    }
    for shape in shapes() {
        for batch in 0..shape.batches() {
            let twice = Fault::new(Step::Commit, Action::CommitTwice).in_batch(batch);
            examiner.case(shape, &[Life::with([twice])])?;
            // And in other lives: its answer lost three times running.
            let lost = Fault::new(Step::Commit, Action::Fail)
                .in_batch(batch)
                .when(When::After);
            let lives = [(); 3].map(|()| Life::with([lost]));
            examiner.case(shape, &lives)?;
        }
    }
    Ok(())
}

pub(super) fn stopped<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for shape in shapes() {
        for fault in faults_of_a_first_run(examiner.has_target, &[Action::Stop]) {
            // A query whose start has not returned cannot be stopped yet.
            if Step::OF_A_START.contains(&fault.step) {
                continue;
            }
            examiner.case(shape, &[Life::with([fault])])?;
        }
    }
    Ok(())
}

pub(super) fn reader<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let crash = |step| Fault::new(step, Action::Fail).in_batch(1);
    let lives = [
        Life::with([crash(Step::Prepared)]),
        Life::with([crash(Step::Commits)]),
        Life::default(),
    ];
    for shape in shapes() {
        let case = examiner.begin(shape, &lives)?;
        for (number, life) in lives.iter().enumerate() {
            let script = Script::new(&life.faults, shape);
            let (subject, guarantee) = (examiner.subject.clone(), examiner.guarantee);
            let root = case.root().to_owned();
            script.read_at_every_step(move || oracle::check_now(&subject, &root, shape, guarantee));
            let ended = live(examiner.subject, &case.setting(), life, &script);
            examiner.look(&case, number, &ended, &script)?;
        }
        examiner.finish(case)?;
    }
    Ok(())
}
