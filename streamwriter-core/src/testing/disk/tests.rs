//! Guards the simulation itself: what a file system promises survives, and nothing else has to.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::storage::{DiskCall, DiskHook, StorePath};

/// Makes single system calls on a disk.
struct Calls {
    _directory: tempfile::TempDir,
    disk: SimulatedDisk,
}

impl Calls {
    fn new() -> Self {
        Self::on(|directory| SimulatedDisk::new(directory).unwrap())
    }

    fn on(disk: impl FnOnce(&Path) -> SimulatedDisk) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let disk = disk(directory.path());
        Self {
            _directory: directory,
            disk,
        }
    }

    fn hook(&self) -> Process {
        let number = self.disk.0.state().process;
        Process {
            disk: Arc::clone(&self.disk.0),
            number,
        }
    }

    fn call(&self, call: DiskCall<'_>, effect: impl Fn() -> io::Result<()>) -> io::Result<()> {
        self.hook().call(call, &mut || effect())
    }

    fn create(&self, path: &str) -> io::Result<()> {
        let path = self.disk.path(path);
        self.call(DiskCall::CreateFile(&path), || {
            fs::File::create_new(&path).map(drop)
        })
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<usize> {
        let path = self.disk.path(path);
        self.hook().write(&path, bytes, &mut |bytes| {
            let mut file = fs::OpenOptions::new().append(true).open(&path)?;
            io::Write::write(&mut file, bytes)
        })
    }

    fn sync_file(&self, path: &str) {
        let path = self.disk.path(path);
        self.call(DiskCall::SyncFile(&path), || Ok(())).unwrap();
    }

    fn sync_directory(&self, path: &str) {
        let path = self.disk.path(path);
        self.call(DiskCall::SyncDirectory(&path), || Ok(()))
            .unwrap();
    }

    fn make_directory(&self, path: &str) {
        let path = self.disk.path(path);
        self.call(DiskCall::CreateDirectory(&path), || fs::create_dir(&path))
            .unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        let (from, to) = (self.disk.path(from), self.disk.path(to));
        let call = DiskCall::Rename {
            from: &from,
            to: &to,
        };
        self.call(call, || fs::rename(&from, &to)).unwrap();
    }

    fn unlink(&self, path: &str) {
        let path = self.disk.path(path);
        self.call(DiskCall::Unlink(&path), || fs::remove_file(&path))
            .unwrap();
    }

    /// A file that is durable under its name.
    fn durable(&self, path: &str, bytes: &[u8]) {
        self.create(path).unwrap();
        self.write(path, bytes).unwrap();
        self.sync_file(path);
        let directory = Path::new(path).parent().unwrap().to_str().unwrap();
        self.sync_directory(directory);
    }

    fn cut(&self, survival: Survival) -> PowerCut {
        self.disk.power_cut(survival).unwrap()
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.disk.path(path)).ok()
    }

    /// Everything that a cut at this point can leave under these paths.
    fn outcomes(&self, paths: &[&str]) -> BTreeSet<Vec<Option<Vec<u8>>>> {
        let saved = self.disk.save();
        let mut outcomes = BTreeSet::new();
        for seed in 0..300 {
            self.cut(Survival::Seeded(seed));
            outcomes.insert(paths.iter().map(|path| self.read(path)).collect());
            self.disk.restore(&saved).unwrap();
        }
        self.disk.begin(None);
        outcomes
    }
}

#[test]
fn a_file_is_durable_when_it_and_its_directory_are_synced_in_any_order() {
    let calls = Calls::new();
    for (path, file, directory) in [
        ("neither", false, false),
        ("name", false, true),
        ("bytes", true, false),
    ] {
        calls.make_directory(path);
        calls.sync_directory("");
        let name = format!("{path}/f");
        calls.create(&name).unwrap();
        calls.write(&name, b"x").unwrap();
        if file {
            calls.sync_file(&name);
        }
        if directory {
            calls.sync_directory(path);
        }
    }
    calls.durable("both", b"x");
    let cut = calls.cut(Survival::Nothing);
    assert_eq!(calls.read("neither/f"), None);
    assert_eq!(calls.read("name/f"), Some(Vec::new()), "{cut}");
    assert_eq!(calls.read("bytes/f"), None);
    assert_eq!(calls.read("both"), Some(b"x".to_vec()));
    assert_eq!(cut.losses.len(), 3, "{cut}");
    assert!(cut.to_string().contains("neither/f is gone"), "{cut}");
}

#[test]
fn a_directory_that_is_not_synced_in_its_parent_goes_with_all_that_is_in_it() {
    let calls = Calls::new();
    calls.make_directory("a");
    calls.make_directory("a/b");
    calls.sync_directory("a");
    calls.durable("a/b/f", b"x");
    calls.cut(Survival::Nothing);
    assert!(!calls.disk.path("a").exists());
}

#[test]
fn everything_survives_as_it_was_and_is_durable_from_then_on() {
    let calls = Calls::new();
    calls.make_directory("a");
    calls.create("a/f").unwrap();
    calls.write("a/f", b"x").unwrap();
    let cut = calls.cut(Survival::Everything);
    assert_eq!(cut.losses, []);
    calls.cut(Survival::Nothing);
    assert_eq!(calls.read("a/f"), Some(b"x".to_vec()));
}

#[test]
fn a_removal_that_was_not_synced_may_be_taken_back() {
    let calls = Calls::new();
    calls.durable("f", b"x");
    calls.unlink("f");
    assert_eq!(
        calls.outcomes(&["f"]),
        BTreeSet::from([vec![None], vec![Some(b"x".to_vec())]])
    );
    assert_eq!(calls.read("f"), None, "restored as it was");
    calls.sync_directory("");
    calls.cut(Survival::Nothing);
    assert_eq!(calls.read("f"), None);
}

#[test]
fn a_file_that_was_not_synced_holds_old_no_some_zero_or_all_bytes() {
    let calls = Calls::new();
    calls.durable("f", b"ab");
    calls.write("f", b"cd").unwrap();
    let found: BTreeSet<Vec<u8>> = calls
        .outcomes(&["f"])
        .into_iter()
        .map(|mut one| one.pop().unwrap().unwrap())
        .collect();
    let expected: [&[u8]; 6] = [b"", b"a", b"ab", b"abc", b"abcd", b"\0\0\0\0"];
    assert_eq!(found, expected.map(<[u8]>::to_vec).into());
}

#[test]
fn a_rename_that_was_not_synced_leaves_one_name_or_both_and_tears_on_a_bad_disk_only() {
    let x = || Some(b"x".to_vec());
    let kept = BTreeSet::from([vec![x(), None], vec![None, x()], vec![x(), x()]]);
    let mut torn = kept.clone();
    torn.insert(vec![None, None]);
    for (flaw, expected) in [(None, kept), (Some(DiskFlaw::TearsRenames), torn)] {
        let calls = Calls::on(|directory| match flaw {
            Some(flaw) => SimulatedDisk::flawed(directory, flaw).unwrap(),
            None => SimulatedDisk::new(directory).unwrap(),
        });
        calls.make_directory("a");
        calls.sync_directory("");
        calls.durable("a/f", b"x");
        calls.rename("a/f", "g");
        assert_eq!(calls.outcomes(&["a/f", "g"]), expected, "{flaw:?}");
    }
}

#[test]
fn a_renamed_file_may_vanish_if_its_first_name_was_not_durable() {
    let calls = Calls::new();
    calls.create("a").unwrap();
    calls.sync_file("a");
    calls.rename("a", "b");
    let vanished = calls.outcomes(&["a", "b"]).contains(&vec![None, None]);
    assert!(vanished);
}

#[test]
fn two_names_of_one_file_stay_two_names_of_one_file() {
    use std::os::unix::fs::MetadataExt;
    let calls = Calls::new();
    calls.durable("a", b"x");
    let (from, to) = (calls.disk.path("a"), calls.disk.path("b"));
    let link = DiskCall::Link {
        from: &from,
        to: &to,
    };
    calls.call(link, || fs::hard_link(&from, &to)).unwrap();
    calls.sync_directory("");
    calls.create("c").unwrap();
    let saved = calls.disk.save();
    calls.unlink("a");
    calls.disk.restore(&saved).unwrap();
    calls.cut(Survival::Nothing);
    assert_eq!(
        fs::metadata(&from).unwrap().ino(),
        fs::metadata(&to).unwrap().ino()
    );
    assert_eq!(calls.read("c"), None);
}

#[test]
fn the_same_seed_takes_back_the_same_and_spared_changes_survive() {
    let calls = Calls::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        calls.create(name).unwrap();
    }
    let saved = calls.disk.save();
    let cut = |seed, spared: &[u64]| {
        calls.disk.restore(&saved).unwrap();
        calls
            .disk
            .power_cut_sparing(Survival::Seeded(seed), spared)
            .unwrap()
    };
    let first = cut(1, &[]);
    assert_eq!(first, cut(1, &[]));
    assert_ne!(first, cut(2, &[]));
    let loss = first.losses.first().unwrap();
    let spared = cut(1, &[loss.change]);
    assert_eq!(spared.losses, first.losses[1..]);
}

#[test]
fn what_a_killed_process_has_not_synced_is_not_durable_for_the_next_one() {
    let calls = Calls::new();
    calls.create("f").unwrap();
    calls.disk.begin(None);
    assert_eq!(
        calls.read("f"),
        Some(Vec::new()),
        "a kill takes nothing back"
    );
    calls.create("g").unwrap();
    calls.disk.power_cut(Survival::Nothing).unwrap();
    assert_eq!(calls.read("f"), None);
}

#[test]
fn a_stopped_process_and_one_that_was_followed_by_another_have_no_effect() {
    let calls = Calls::new();
    let first = calls.disk.storage("s").unwrap();
    calls.disk.begin(Some(DiskFault::stop(1)));
    assert!(first.create(&StorePath::root(), b"").is_err());
    calls.create("a").unwrap();
    assert_eq!(calls.disk.struck(), None);
    assert!(calls.create("b").is_err());
    assert!(calls.create("c").is_err());
    assert_eq!(
        calls.disk.struck().unwrap().to_string(),
        "change 1: create b"
    );
    assert_eq!(fs::read_dir(calls.disk.path("")).unwrap().count(), 1);
    let second = calls.disk.storage("s").unwrap();
    calls.disk.power_cut(Survival::Everything).unwrap();
    assert!(second.create(&StorePath::root(), b"").is_err());
}

#[test]
fn a_call_fails_with_the_error_given_before_or_after_its_effect_once_or_from_then_on() {
    let calls = Calls::new();
    let code = |answer: io::Result<()>| answer.unwrap_err().raw_os_error().unwrap();
    calls.disk.begin(Some(DiskFault::fail(0, DiskError::Full)));
    assert_eq!(code(calls.create("a")), 28);
    calls.create("a").unwrap();
    let fault = DiskFault::fail(0, DiskError::Io).after_its_effect();
    calls.disk.begin(Some(fault.from_then_on()));
    assert_eq!(code(calls.create("b")), 5);
    assert_eq!(code(calls.create("c")), 5);
    assert!(calls.disk.path("c").exists());
    calls
        .disk
        .begin(Some(DiskFault::fail_look(0, DiskError::Denied)));
    calls.create("d").unwrap();
    let path = calls.disk.path("d");
    assert_eq!(code(calls.call(DiskCall::Look(&path), || Ok(()))), 13);
    assert_eq!((calls.disk.changes(), calls.disk.looks()), (1, 1));
}

#[test]
fn a_write_is_torn_at_the_byte_given() {
    let calls = Calls::new();
    for (bytes, expected) in [(0, ""), (2, "ab"), (9, "abc")] {
        for fault in [DiskFault::fail(1, DiskError::Full), DiskFault::stop(1)] {
            calls.disk.begin(Some(fault.tearing(bytes)));
            calls.create("f").unwrap();
            assert!(calls.write("f", b"abc").is_err());
            assert_eq!(calls.read("f").unwrap(), expected.as_bytes());
            calls.disk.power_cut(Survival::Everything).unwrap();
            assert_eq!(
                calls.read("f").unwrap(),
                expected.as_bytes(),
                "the image agrees"
            );
            calls.disk.begin(None);
            calls.unlink("f");
        }
    }
}

#[test]
fn a_bad_disk_forgets_what_it_has_promised() {
    for (flaw, left) in [
        (DiskFlaw::IgnoresFileSyncs, Some(Vec::new())),
        (DiskFlaw::IgnoresDirectorySyncs, None),
    ] {
        let calls = Calls::on(|directory| SimulatedDisk::flawed(directory, flaw).unwrap());
        calls.durable("f", b"x");
        calls.cut(Survival::Nothing);
        assert_eq!(calls.read("f"), left, "{flaw:?}");
    }
}

#[test]
fn what_the_simulation_has_not_made_stays() {
    let calls = Calls::new();
    calls.make_directory("a");
    fs::write(calls.disk.path("a/foreign"), "x").unwrap();
    calls.cut(Survival::Nothing);
    assert_eq!(calls.read("a/foreign"), Some(b"x".to_vec()));
}
