//! E6 and E8 with directories that are deleted underneath a query, at any step and between runs:
//! an error or the right continuation, and never rows that are lost without a word.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use streamwriter::{Error, ErrorKind};

use super::hooks::{At, run_hooked};
use super::work::{expect_nothing_wrong, visible};
use crate::support::{Numbers, memory_directory};

const ROWS: u64 = 40;
/// More than are kept of anything, so that what is deleted is not only of old batches.
const PER_BATCH: u64 = 10;

/// What is done to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    Deleted,
    /// Deleted, and made again, empty.
    Emptied,
    /// Exchanged for a copy of itself, as a person does who moves it to another disk.
    Copied,
}

fn numbers(rows: u64) -> Numbers {
    Numbers::new(rows).per_batch(PER_BATCH).partitions(2)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn strike(harm: Harm, directory: &Path) {
    if !directory.is_dir() {
        return;
    }
    let aside = directory.with_extension("aside");
    fs::rename(directory, &aside).unwrap();
    match harm {
        Harm::Deleted => {}
        // A task that runs meanwhile may have made it first.
        Harm::Emptied => fs::create_dir_all(directory).unwrap(),
        Harm::Copied => copy(&aside, directory),
    }
    fs::remove_dir_all(aside).unwrap();
}

/// The directories of a checkpoint and a target, once a batch is staged.
fn directories(query_staging: bool) -> Vec<&'static str> {
    let mut all = vec![
        "target",
        "target/_streamwriter",
        "target/_streamwriter/committed",
        "target/_streamwriter/staging",
        "checkpoint",
        "checkpoint/runs",
        "checkpoint/offsets",
        "checkpoint/prepared",
        "checkpoint/commits",
    ];
    if query_staging {
        all.push("target/_streamwriter/staging/*");
    }
    all
}

/// Finds the directory that a pattern names: `*` is the only one there.
fn resolve(folder: &Path, pattern: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in pattern.split('/') {
        if part != "*" {
            path.push(part);
            continue;
        }
        let only = fs::read_dir(&path)
            .ok()
            .and_then(|mut entries| entries.next());
        match only {
            Some(entry) => path = entry.unwrap().path(),
            None => path.push("none"),
        }
    }
    path
}

fn expect_typed(error: &Error, what: &str) {
    let kinds = [
        ErrorKind::Corrupted,
        ErrorKind::Mismatch,
        ErrorKind::Storage,
    ];
    let report = error.report();
    assert!(kinds.contains(&error.kind()), "{what}: {report}");
    assert!(error.path().is_some(), "no place: {what}: {report}");
}

/// What came of it: of the run in which it happened, and of the next start.
#[derive(Debug)]
struct Outcome {
    during: Result<(), Error>,
    after: Result<(), Error>,
    /// Rows that were visible and are gone, because their directory was deleted.
    lost: bool,
}

fn try_one(harm: Harm, pattern: &str, at: At, what: &str) -> Outcome {
    let folder = memory_directory();
    let (target, checkpoint) = (
        folder.path().join("target"),
        folder.path().join("checkpoint"),
    );
    let (root, of) = (folder.path().to_owned(), pattern.to_owned());
    let struck = AtomicBool::new(false);
    let hook = move |here, batch| {
        // Of two tasks the first, so that the other one may meet it in its middle.
        if (here, batch) == (at, 2) && !struck.swap(true, Ordering::SeqCst) {
            strike(harm, &resolve(&root, &of));
        }
    };
    // A copy is one only if nobody writes meanwhile: then the task that makes it has no sibling.
    let partitions = match (harm, at) {
        (Harm::Copied, At::Open(_)) => 1,
        _ => 2,
    };
    let source = numbers(ROWS).partitions(partitions);
    let during = run_hooked(source, hook, &target, &checkpoint);
    expect_nothing_wrong(&target, ROWS, what);
    let after = run_hooked(numbers(ROWS + PER_BATCH), |_, _| {}, &target, &checkpoint);
    expect_nothing_wrong(&target, ROWS + PER_BATCH, what);
    let lost = visible(&target) != (0..ROWS + PER_BATCH).collect::<Vec<_>>();
    Outcome {
        during,
        after,
        lost,
    }
}

#[test]
fn e6_e8_directories_that_are_deleted_underneath_at_any_step() {
    let (mut went_on, mut refused) = (0, 0);
    for harm in [Harm::Deleted, Harm::Emptied, Harm::Copied] {
        for pattern in directories(true) {
            for at in At::ALL {
                let what = format!("{harm:?} {pattern} at {at:?}");
                let outcome = try_one(harm, pattern, at, &what);
                for ended in [&outcome.during, &outcome.after] {
                    if let Err(error) = ended {
                        expect_typed(error, &what);
                    }
                }
                // Rows may be missing only if the query has said so, and says so at each start.
                if outcome.lost {
                    assert!(outcome.after.is_err(), "lost without a word: {what}");
                }
                expect_refused_where_it_must_be(harm, pattern, &outcome, &what);
                if outcome.during.is_ok() && outcome.after.is_ok() {
                    went_on += 1;
                } else {
                    refused += 1;
                }
                println!(
                    "{what}: {} / {}",
                    text_of(&outcome.during),
                    text_of(&outcome.after)
                );
            }
        }
    }
    println!("{went_on} went on, {refused} were refused");
}

/// What was emptied is not gone on with, and a copy is as good as what it is a copy of.
fn expect_refused_where_it_must_be(harm: Harm, pattern: &str, outcome: &Outcome, what: &str) {
    if harm == Harm::Copied {
        assert!(
            outcome.after.is_ok() && !outcome.lost,
            "{what}: {outcome:?}"
        );
    } else if ["target", "target/_streamwriter", "checkpoint"].contains(&pattern) {
        // Not only that something is not there: what was removed is named.
        let kind = outcome.during.as_ref().unwrap_err().kind();
        let kinds = [ErrorKind::Mismatch, ErrorKind::Corrupted];
        assert!(kinds.contains(&kind), "{what}: {outcome:?}");
        let error = outcome.after.as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{what}: {error}");
    }
}

fn text_of(ended: &Result<(), Error>) -> String {
    match ended {
        Ok(()) => "well".to_owned(),
        Err(error) => format!("{}: {}", error.kind(), error.message()),
    }
}

#[test]
fn e6_e8_directories_that_are_deleted_between_two_runs() {
    for harm in [Harm::Deleted, Harm::Emptied, Harm::Copied] {
        for pattern in directories(false) {
            let what = format!("{harm:?} {pattern} between two runs");
            let folder = memory_directory();
            let (target, checkpoint) = (
                folder.path().join("target"),
                folder.path().join("checkpoint"),
            );
            run_hooked(numbers(ROWS), |_, _| {}, &target, &checkpoint).unwrap();
            strike(harm, &resolve(folder.path(), pattern));
            let after = run_hooked(numbers(ROWS + PER_BATCH), |_, _| {}, &target, &checkpoint);
            println!("{what}: {}", text_of(&after));
            match after {
                Ok(()) => assert_eq!(
                    visible(&target),
                    (0..ROWS + PER_BATCH).collect::<Vec<_>>(),
                    "{what}"
                ),
                Err(error) => {
                    expect_typed(&error, &what);
                    assert!(error.help().is_some(), "{what}: {}", error.report());
                    assert_ne!(harm, Harm::Copied, "{what}: {}", error.report());
                    expect_nothing_wrong(&target, ROWS, &what);
                }
            }
        }
    }
}
