//! Faults at every durable operation of checkpoint and target, whatever step it belongs to.

use super::super::examiner::{Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use crate::testing::When;
use crate::writer::WriteRows;

/// Operations of one life that are struck at most; a life has about a hundred.
pub(super) const OPERATIONS_MAX: u64 = 1000;

/// Every how many-th operation of a first life is followed by faults in its recovery.
const FIRST_EVERY: usize = 5;

/// A fault at an operation, and what it leaves of the process.
fn struck(at: u64, when: When) -> Fault {
    Fault::new(Step::Operation(at), Action::Fail).when(when)
}

/// From the operation on every further one fails too: to the storage the process is dead.
fn dead_from(at: u64, when: When) -> Fault {
    let fault = Fault::new(Step::OperationsFrom(at), Action::Fail).when(when);
    fault.always()
}

pub(super) fn every_one<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let shape = Shape::default();
    let mut operations = 0;
    while operations < OPERATIONS_MAX {
        let mut reached = false;
        for when in [When::Before, When::After] {
            for fault in [struck(operations, when), dead_from(operations, when)] {
                reached |= examiner.case_that_may_be_spared(shape, &[Life::with([fault])])?;
            }
        }
        if !reached {
            break;
        }
        operations += 1;
    }
    for first in (0..operations).step_by(FIRST_EVERY) {
        recovery_from(examiner, shape, first)?;
    }
    Ok(())
}

/// A second fault at every operation of the recovery from a first.
fn recovery_from<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
    first: u64,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    for second in 0..OPERATIONS_MAX {
        let (one, other) = match (first + second) % 2 {
            0 => (When::Before, When::After),
            _ => (When::After, When::Before),
        };
        let lives = [
            Life::with([dead_from(first, one)]),
            Life::with([dead_from(second, other)]),
        ];
        if !examiner.case_that_may_be_spared(shape, &lives)? {
            return Ok(());
        }
    }
    Ok(())
}
