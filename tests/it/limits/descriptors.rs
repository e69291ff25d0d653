//! E1 and E8 in a process without file descriptors, at the start and between any two steps.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use streamwriter::{Error, ErrorKind};

use super::child;
use super::hooks::{At, Hooked, run_hooked};
use super::work::{Format, Struck, expect_all, expect_nothing_wrong, expect_typed, run, step_of};
use crate::support::{Numbers, memory_directory};

const ROWS: u64 = 48;
const TEST: &str = "limits::descriptors::e1_e8_a_process_without_file_descriptors";

fn numbers() -> Numbers {
    Numbers::new(ROWS).per_batch(16).partitions(8)
}

fn open_descriptors() -> u64 {
    fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

/// Sets how many descriptors the process may have.
fn limit(descriptors: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(descriptors);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

fn expect_exhausted(error: &Error, what: &str) {
    expect_typed(error, &[ErrorKind::Storage], what);
    let report = error.report().to_string();
    assert!(report.contains("Too many open files"), "{what}: {report}");
    assert!(report.contains("ulimit -n"), "{what}: {report}");
}

/// After the shortage: nothing wrong, and a restart ends with every row.
fn expect_recovery(target: &Path, checkpoint: &Path, what: &str) {
    expect_nothing_wrong(target, ROWS, what);
    run(
        Hooked::plain(numbers()),
        Format::JsonLines,
        target,
        checkpoint,
    )
    .unwrap_or_else(|error| panic!("{what}: {}", error.report()));
    expect_all(target, checkpoint, ROWS, what);
}

/// More and more descriptors from the start, until they are enough.
fn few_from_the_start() -> Struck {
    let mut struck = Struck::default();
    for spare in 0..60 {
        let folder = memory_directory();
        let (target, checkpoint) = (folder.path().join("t"), folder.path().join("c"));
        // The listing that counts them has one of its own.
        limit(open_descriptors() - 1 + spare);
        let ended = run(
            Hooked::plain(numbers()),
            Format::JsonLines,
            &target,
            &checkpoint,
        );
        limit(1024);
        let what = format!("{spare} spare descriptors");
        match ended {
            Ok(()) => {
                expect_all(&target, &checkpoint, ROWS, &what);
                return struck;
            }
            Err(error) => {
                struck.count(step_of(&error));
                expect_exhausted(&error, &what);
                expect_recovery(&target, &checkpoint, &what);
            }
        }
    }
    panic!("60 descriptors are not enough: {struck:?}");
}

/// Takes all descriptors but a few at one point of the second batch.
fn few_from_a_step_on(at: At, spare: usize, struck: &mut Struck) {
    let folder = memory_directory();
    let (target, checkpoint) = (folder.path().join("t"), folder.path().join("c"));
    let held: Arc<Mutex<Vec<File>>> = Arc::default();
    let taken = Arc::clone(&held);
    let hook = move |here, batch| {
        let mut taken = taken.lock().unwrap();
        if (here, batch) == (at, 1) && taken.is_empty() {
            while let Ok(file) = File::open("/dev/null") {
                taken.push(file);
            }
            let left = taken.len().saturating_sub(spare);
            taken.truncate(left);
        }
    };
    limit(open_descriptors() + 40);
    let ended = run_hooked(numbers(), hook, &target, &checkpoint);
    held.lock().unwrap().clear();
    limit(1024);
    let what = format!("{spare} descriptors from {at:?} on");
    match ended {
        Ok(()) => expect_all(&target, &checkpoint, ROWS, &what),
        Err(error) => {
            struck.count(step_of(&error));
            expect_exhausted(&error, &what);
            expect_recovery(&target, &checkpoint, &what);
        }
    }
}

#[test]
fn e1_e8_a_process_without_file_descriptors() {
    if !child::is("all") {
        // The limit is one of the process; the other tests need their descriptors.
        println!("{}", child::run(TEST, "all", None).unwrap());
        return;
    }
    let struck = few_from_the_start();
    println!("few from the start: {struck:?}");
    // The start has one open at a time besides its locks; the tasks have the most.
    struck.expect(&["staging"]);
    assert!(struck.0.len() >= 2, "{struck:?}");
    let mut struck = Struck::default();
    for at in At::ALL {
        for spare in 0..4 {
            few_from_a_step_on(at, spare, &mut struck);
        }
    }
    println!("few from a step on: {struck:?}");
    // The record in `committed` comes behind a look at the owner, which needs as many.
    struck.expect(&["offsets", "staging", "prepared", "owner"]);
}
