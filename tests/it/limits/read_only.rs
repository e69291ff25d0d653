//! E1 and E8 in a directory that becomes read-only, and writable again, at any step.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use streamwriter::{Error, ErrorKind};

use super::child;
use super::hooks::{At, run_hooked};
use super::mounts::ReadOnly;
use super::work::{Struck, expect_all, expect_nothing_wrong, expect_typed, step_of};
use crate::support::{Numbers, memory_directory, skipped};

const ROWS: u64 = 12;
const MODES: &str = "limits::read_only::e1_e8_directories_whose_mode_forbids_to_write_at_any_step";
/// The user that owns nothing.
const NOBODY: u32 = 65534;

fn numbers() -> Numbers {
    Numbers::new(ROWS).per_batch(5).partitions(2)
}

/// A way to forbid writing to a directory; dropping what it returns allows it again.
type Forbid = fn(&Path) -> Option<Box<dyn Send>>;

fn by_mount(directory: &Path) -> Option<Box<dyn Send>> {
    let guard = ReadOnly::on(directory, "a directory that is mounted read-only")?;
    Some(Box::new(guard))
}

fn by_mode(directory: &Path) -> Option<Box<dyn Send>> {
    struct Modes(Vec<PathBuf>);
    impl Drop for Modes {
        fn drop(&mut self) {
            for directory in &self.0 {
                let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o755));
            }
        }
    }
    let mut all = vec![directory.to_owned()];
    let mut next = 0;
    while let Some(directory) = all.get(next).cloned() {
        let entries = fs::read_dir(directory).unwrap();
        all.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_dir()),
        );
        next += 1;
    }
    for directory in &all {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o555)).unwrap();
    }
    Some(Box::new(Modes(all)))
}

fn expect_forbidden(error: &Error, what: &str) {
    expect_typed(error, &[ErrorKind::Storage], what);
    let report = error.report().to_string();
    let forbidden = ["Read-only file system", "Permission denied"];
    assert!(
        forbidden.iter().any(|text| report.contains(text)),
        "{what}: {report}"
    );
    let help = error.help().unwrap();
    assert!(
        help.contains("writable") || help.contains("permission"),
        "{what}: {report}"
    );
}

/// Forbids writing at one point of the second batch, and allows it again when the query has ended;
/// returns which step met it. `None` if it cannot be tried here.
fn forbidden_from(at: At, directory: &str, forbid: Forbid) -> Option<&'static str> {
    let folder = memory_directory();
    let (target, checkpoint) = (
        folder.path().join("target"),
        folder.path().join("checkpoint"),
    );
    let place = folder.path().join(directory);
    let guard: Arc<Mutex<Option<Box<dyn Send>>>> = Arc::default();
    let holds = Arc::clone(&guard);
    let hook = move |here, batch| {
        let mut guard = holds.lock().unwrap();
        if (here, batch) == (at, 1) && guard.is_none() {
            *guard = forbid(&place);
        }
    };
    let ended = run_hooked(numbers(), hook, &target, &checkpoint);
    // It could not be forbidden, which has been said.
    guard.lock().unwrap().as_ref()?;
    let what = format!("{directory} is read-only from {at:?} on");
    // What is forbidden to the last batch may not matter to it any more.
    let step = match &ended {
        Ok(()) => "nothing",
        Err(error) => {
            expect_forbidden(error, &what);
            step_of(error)
        }
    };
    expect_nothing_wrong(&target, ROWS, &what);
    if ended.is_err() {
        let error = run_hooked(numbers(), |_, _| {}, &target, &checkpoint).unwrap_err();
        expect_forbidden(&error, &format!("{what}, at the next start"));
    }
    guard.lock().unwrap().take();
    run_hooked(numbers(), |_, _| {}, &target, &checkpoint)
        .unwrap_or_else(|error| panic!("{what}, then writable: {}", error.report()));
    expect_all(&target, &checkpoint, ROWS, &what);
    Some(step)
}

/// Forbids writing to the target when a task is tried first, and allows it before the second try.
fn forbidden_for_one_attempt(forbid: Forbid) {
    let folder = memory_directory();
    let (target, checkpoint) = (
        folder.path().join("target"),
        folder.path().join("checkpoint"),
    );
    let place = target.clone();
    let guard: Mutex<Option<Box<dyn Send>>> = Mutex::default();
    let hook = move |here, batch| {
        let mut guard = guard.lock().unwrap();
        match here {
            At::Open(0) if batch == 1 && guard.is_none() => *guard = forbid(&place),
            At::Open(1) => *guard = None,
            _ => {}
        }
    };
    let one = numbers().partitions(1);
    run_hooked(one, hook, &target, &checkpoint).unwrap();
    expect_all(&target, &checkpoint, ROWS, "read-only for one attempt");
}

fn at_every_point(forbid: Forbid) {
    for (directory, steps) in [
        ("target", &["staging", "publication", "committed"][..]),
        ("checkpoint", &["offsets", "prepared", "commits"][..]),
    ] {
        let mut struck = Struck::default();
        for at in At::ALL {
            let Some(step) = forbidden_from(at, directory, forbid) else {
                return;
            };
            struck.count(step);
        }
        println!("{directory}: {struck:?}");
        struck.expect(steps);
    }
    forbidden_for_one_attempt(forbid);
}

#[test]
fn e1_e8_directories_that_are_mounted_read_only_at_any_step() {
    at_every_point(by_mount);
}

#[test]
fn e1_e8_directories_whose_mode_forbids_to_write_at_any_step() {
    let is_root = rustix::process::geteuid().is_root();
    if child::is("modes") || !is_root {
        return at_every_point(by_mode);
    }
    // Root may write everywhere, nobody may not.
    match child::run(MODES, "modes", Some(NOBODY)) {
        Ok(printed) => println!("{printed}"),
        Err(why) => skipped("directories whose mode forbids to write", &why),
    }
}
