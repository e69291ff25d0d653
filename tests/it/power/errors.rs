//! Errors of the device: each of `ENOSPC`, `EIO` and `EACCES` at every system call, before and
//! after its effect, once and for ever, in a first run and in the recovery from a kill.

use std::path::Path;

use streamwriter::testing::{DiskError, DiskFault, DiskOperation, OperationKind, SimulatedDisk};
use streamwriter::{Error, ErrorKind};

use super::bench::{NUMBERS, expect_no_row_twice, expect_once, good_disk, numbers, restart, tail};

/// Runs the query with a fault; `None` if the fault never had its turn.
fn run_with(disk: &SimulatedDisk, fault: DiskFault) -> Option<(DiskOperation, Result<(), Error>)> {
    disk.begin(Some(fault));
    let ended = numbers(disk);
    Some((disk.struck()?, ended))
}

/// An error that the disk has caused is typed, and says where: it names the file, or the directory
/// of a temporary file, of one of the operations that have failed (E9).
fn expect_typed(
    disk: &SimulatedDisk,
    failed: &[DiskOperation],
    error: &Error,
) -> Result<(), String> {
    let report = error.report().to_string();
    let names = |place: &Path| report.contains(&disk.path(place).display().to_string());
    let names_the_place = failed.iter().any(|failed| {
        let place = failed.to.as_ref().unwrap_or(&failed.path);
        names(place) || place.parent().is_some_and(names)
    });
    if matches!(error.kind(), ErrorKind::Storage | ErrorKind::Task) && names_the_place {
        Ok(())
    } else {
        Err(format!("not typed, or it does not say where: {report}"))
    }
}

/// A query outlives an error only where nothing depends on the call: removals and the sweep are
/// tried again, and "may not be written to" is an answer where it is asked above the own directory.
fn may_survive(struck: &DiskOperation) -> bool {
    let is_of_the_sweep = || struck.path.iter().any(|part| part == "staging");
    match struck.kind {
        OperationKind::Unlink | OperationKind::RemoveDirectory | OperationKind::MayWrite => true,
        OperationKind::List | OperationKind::Look => is_of_the_sweep(),
        _ => false,
    }
}

/// Runs with a fault that goes by, then again in the same process.
fn fail_and_go_on(disk: &SimulatedDisk, fault: DiskFault) -> Option<Result<(), String>> {
    let (struck, ended) = run_with(disk, fault)?;
    let log = disk.log();
    let judged = match &ended {
        Ok(()) if may_survive(&struck) => Ok(()),
        Ok(()) => Err("the query goes on as if nothing had happened".to_owned()),
        Err(error) => expect_typed(disk, std::slice::from_ref(&struck), error),
    };
    let judged = judged.and_then(|()| expect_no_row_twice(disk));
    let judged = judged.and_then(|()| {
        let again = numbers(disk).map_err(|error| error.report().to_string());
        again.and_then(|()| expect_once(disk, NUMBERS))
    });
    Some(judged.map_err(|violation| {
        let steps = tail("the process runs", &log);
        format!("{violation}\n{fault:?}\nhas struck at {struck}; {steps}")
    }))
}

/// Tries a fault at every point that there is.
#[track_caller]
fn at_every(
    fault_at: impl Fn(u64) -> DiskFault,
    attempt: impl Fn(DiskFault) -> Option<Result<(), String>>,
) -> u64 {
    for at in 0.. {
        match attempt(fault_at(at)) {
            None => return at,
            Some(Ok(())) => {}
            Some(Err(violation)) => panic!("{violation}"),
        }
    }
    0
}

#[test]
fn e1_e8_e9_an_error_of_any_change_ends_the_query_by_name_and_the_next_start_goes_on() {
    let attempt = |fault| fail_and_go_on(&good_disk().1, fault);
    for error in DiskError::ALL {
        let before = at_every(|at| DiskFault::fail(at, error), attempt);
        let after = at_every(|at| DiskFault::fail(at, error).after_its_effect(), attempt);
        assert!(before > 150 && after > 150, "{before} and {after} changes");
    }
}

#[test]
fn e9_an_error_of_any_look_is_never_taken_for_an_absence() {
    for error in DiskError::ALL {
        let looks = at_every(
            |at| DiskFault::fail_look(at, error),
            |fault| fail_and_go_on(&good_disk().1, fault),
        );
        assert!(looks > 100, "{looks} looks");
    }
}

#[test]
fn e1_e9_an_error_anywhere_in_the_recovery_from_a_kill_is_named_and_the_next_start_goes_on() {
    let mut errors = DiskError::ALL.iter().copied().cycle();
    let mut struck = 0;
    for kill in 0.. {
        let (_directory, disk) = good_disk();
        let Some((at, _)) = run_with(&disk, DiskFault::stop(kill)) else {
            break;
        };
        if at.kind != OperationKind::SyncDirectory {
            continue;
        }
        let left = disk.save();
        let attempt = |fault| {
            disk.restore(&left).unwrap();
            fail_and_go_on(&disk, fault)
        };
        for at in (kill % 16..).step_by(16) {
            let error = errors.next().unwrap();
            let change = attempt(DiskFault::fail(at, error));
            let look = attempt(DiskFault::fail_look(at, error));
            for judged in [&change, &look].into_iter().flatten() {
                struck += 1;
                if let Err(violation) = judged {
                    panic!("killed in front of change {kill}, then {violation}");
                }
            }
            if change.is_none() && look.is_none() {
                break;
            }
        }
    }
    assert!(struck > 500, "{struck} errors");
}

#[test]
fn e1_e9_a_disk_that_stays_full_or_locked_ends_the_query_and_loses_nothing() {
    for error in [DiskError::Full, DiskError::Denied] {
        at_every(
            |at| DiskFault::fail(at, error).from_then_on(),
            |fault| {
                let (_directory, disk) = good_disk();
                let (struck, ended) = run_with(&disk, fault)?;
                let mut log = disk.log();
                log.retain(|one| one.kind.is_change() && one.number >= struck.number);
                // A last removal that fails keeps nobody from ending well.
                let judged = match ended {
                    Ok(()) if may_survive(&struck) => Ok(()),
                    Ok(()) => Err("the query goes on as if nothing had happened".to_owned()),
                    Err(error) => expect_typed(&disk, &log, &error),
                };
                let judged = judged
                    .and_then(|()| expect_no_row_twice(&disk))
                    .and_then(|()| restart(&disk));
                Some(judged.map_err(|violation| {
                    format!("{violation}\nfrom {struck} on; {}", tail("it runs", &log))
                }))
            },
        );
    }
}
