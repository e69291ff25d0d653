//! Power cuts below the storage: what the steps promise must survive them (E8).

use super::super::examiner::{Case, Examiner, Failure};
use super::super::faults::{Life, Shape};
use super::super::life::{Setting, live};
use super::super::script::Script;
use crate::testing::{DiskFault, SimulatedDisk, Survival};
use crate::writer::WriteRows;

/// System calls of one life that are struck at most; a life has some hundreds.
const CHANGES_MAX: u64 = 10_000;

/// How densely the kills are taken, and the power cuts in the recovery from each.
const KILL_EVERY: usize = 23;
const CUT_EVERY: usize = 11;

pub(super) fn cuts<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if !examiner.uses_storage {
        examiner.skip("what this sink writes does not go through the storage of the place");
        return Ok(());
    }
    // Three batches, so that old records are purged on the way.
    let shape = Shape {
        rows: 5,
        per_batch: 2,
        partitions: 2,
    };
    let mut changes = 0;
    while changes < CHANGES_MAX {
        // By turns the worst that can be left, and anything else that can.
        let survival = match changes % 2 {
            0 => Survival::Nothing,
            _ => Survival::Seeded(changes),
        };
        if !struck_at(examiner, shape, &[changes], survival)? {
            break;
        }
        changes += 1;
    }
    for kill in (0..changes).step_by(KILL_EVERY) {
        for cut in (0..CHANGES_MAX).step_by(CUT_EVERY) {
            if !struck_at(examiner, shape, &[kill, cut], Survival::Nothing)? {
                break;
            }
        }
    }
    Ok(())
}

/// Kills a life at each of these system calls, cuts the power at the last, and lives on; returns
/// whether the last one was reached.
fn struck_at<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    shape: Shape,
    changes: &[u64],
    survival: Survival,
) -> Result<bool, Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let lives = vec![Life::default(); changes.len()];
    let case = examiner.begin(shape, &lives)?;
    let disk = SimulatedDisk::new(case.root())
        .map_err(|error| case.failed(0, error.report().to_string()))?;
    let mut reached = false;
    let mut strokes = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        disk.begin(Some(DiskFault::stop(*change)));
        one_life(examiner, &case, &disk, number)?;
        reached = disk.struck().is_some();
        if let Some(operation) = disk.struck() {
            strokes.push(format!("life {} was struck at {operation}", number + 1));
        }
    }
    let cut = disk
        .power_cut(survival)
        .map_err(|error| case.failed(changes.len(), error.report().to_string()))?;
    strokes.push(cut.to_string());
    examiner.finish(case).map_err(|failure| Failure {
        violation: format!("{}\n  {}", failure.violation, strokes.join("\n  ")),
        ..failure
    })?;
    Ok(reached)
}

fn one_life<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    case: &Case,
    disk: &SimulatedDisk,
    number: usize,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let setting = Setting::on(disk, case.root(), case.shape);
    let script = Script::new(&[], case.shape);
    let ended = live(examiner.subject, &setting, &Life::default(), &script);
    examiner.look(case, number, &ended, &script)
}
