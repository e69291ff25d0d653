//! The death of the process: SIGKILL, in a process of its own.

use super::super::examiner::{Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use super::operations::OPERATIONS_MAX;
use super::steps::{faults_of_a_first_run, faults_of_a_recovery};
use crate::testing::When;
use crate::writer::WriteRows;

const FORGETS: &str = "what this sink holds dies with its process";

pub(super) fn at_every_step<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if examiner.subject.forgets_with_process {
        examiner.skip(FORGETS);
        return Ok(());
    }
    let shape = Shape::default();
    for fault in faults_of_a_first_run(examiner.has_target, &[Action::Kill]) {
        examiner.case(shape, &[Life::with([fault])])?;
    }
    for (first, second) in faults_of_a_recovery(examiner.has_target, &[Action::Kill]) {
        // Dead twice: in the first life, and while the second recovers from that.
        let first = Fault {
            action: Action::Kill,
            ..first
        };
        examiner.case(shape, &[Life::with([first]), Life::with([second])])?;
    }
    Ok(())
}

pub(super) fn at_every_operation<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if examiner.subject.forgets_with_process {
        examiner.skip(FORGETS);
        return Ok(());
    }
    let shape = Shape {
        rows: 7,
        ..Shape::default()
    };
    let operations = operations_of_a_clean_life(examiner, shape)?;
    for at in 0..operations {
        // The instants after one operation and before the next differ by what is not durable; one
        // of them is struck at each, in turn.
        let when = if at % 2 == 0 {
            When::Before
        } else {
            When::After
        };
        let kill = Fault::new(Step::Operation(at), Action::Kill).when(when);
        examiner.case(shape, &[Life::with([kill])])?;
        // Where two threads work, the same number is another operation each time.
        let overlapping = Life {
            overlaps: true,
            ..Life::with([kill])
        };
        examiner.case_that_may_be_spared(shape, &[overlapping])?;
    }
    Ok(())
}

/// Counts the operations of a life without a fault: it ends at the first that is spared.
fn operations_of_a_clean_life<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
) -> Result<u64, Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    // Slow nothing down, and see whether the instant comes at all.
    let passes = |at| Fault::new(Step::Operation(at), Action::BeSlow);
    let (mut low, mut high) = (0, OPERATIONS_MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        match examiner.case_that_may_be_spared(shape, &[Life::with([passes(middle)])])? {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    Ok(low)
}
