//! E1 and E8 on a disk that is really full: at whichever step it strikes, nothing is lost, nothing
//! is doubled, and once there is space a restart ends with every row.

use std::path::{Path, PathBuf};

use streamwriter::{Error, ErrorKind, JsonLines};

use super::hooks::Hooked;
use super::mounts::Mounted;
use super::work::{
    Format, Row, Struck, expect_all, expect_nothing_wrong, expect_typed, run, step_of,
};
use crate::support::Numbers;

const ROWS: u64 = 12;
/// More than a whole run needs of anything.
const UNITS_MAX: u64 = 150;

/// What lies on the full disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Both,
    Checkpoint,
    Target,
}

/// One sweep over what is left on the disk, from nothing until it is enough.
struct Sweep<'m> {
    disk: &'m Mounted,
    place: Place,
    format: Format,
    /// What is taken away: all but so many units.
    leave: fn(&Mounted, u64),
    /// How many units one case has more than the one before.
    stride: u64,
    /// Files to read, one a batch, instead of numbers.
    input: Option<PathBuf>,
}

impl Sweep<'_> {
    fn run(&self, target: &Path, checkpoint: &Path) -> Result<(), Error> {
        if let Some(input) = &self.input {
            let source = JsonLines::<Row>::directory(input)?;
            return run(source, self.format, target, checkpoint);
        }
        let numbers = Numbers::new(ROWS).per_batch(5).partitions(2);
        // The record of the query has more pages than the proof of create-if-absent before it, so
        // that it does not always fit where that has fitted.
        let numbers = numbers.described_as("numbers ".repeat(1200));
        run(Hooked::plain(numbers), self.format, target, checkpoint)
    }

    /// Tries every amount; returns which steps met the full disk.
    fn over_all(&self) -> Struck {
        let mut struck = Struck::default();
        for units in (0..UNITS_MAX).step_by(self.stride as usize) {
            if self.with(units, &mut struck) {
                println!("{:?} {:?}: {struck:?}", self.place, self.format);
                return struck;
            }
        }
        panic!("{UNITS_MAX} units are not enough: {struck:?}");
    }

    /// Runs with so much left; returns whether that was enough.
    fn with(&self, units: u64, struck: &mut Struck) -> bool {
        self.disk.clear();
        let elsewhere = tempfile::tempdir().unwrap();
        let place = |on_disk: bool, name: &str| -> PathBuf {
            let folder = if on_disk {
                self.disk.path()
            } else {
                elsewhere.path()
            };
            folder.join(name)
        };
        let target = place(self.place != Place::Checkpoint, "target");
        // So has the target's record of its owner, which names the checkpoint.
        let long = vec!["\u{1}".repeat(200); 8].join("/");
        let checkpoint = place(self.place != Place::Target, "checkpoint").join(long);
        let what = format!("{units} units left, {:?} {:?}", self.place, self.format);
        (self.leave)(self.disk, units);
        let Err(error) = self.run(&target, &checkpoint) else {
            self.disk.free();
            expect_all(&target, &checkpoint, ROWS, &what);
            return true;
        };
        struck.count(step_of(&error));
        self.expect_full(&error, &what);
        expect_nothing_wrong(&target, ROWS, &what);
        // Still full: what was dropped may have left some room, but a start needs some, too.
        if let Err(error) = self.run(&target, &checkpoint) {
            self.expect_full(&error, &format!("{what}, again"));
        }
        expect_nothing_wrong(&target, ROWS, &what);
        self.disk.free();
        self.run(&target, &checkpoint)
            .unwrap_or_else(|error| panic!("{what}, then freed: {}", error.report()));
        expect_all(&target, &checkpoint, ROWS, &what);
        false
    }

    fn expect_full(&self, error: &Error, what: &str) {
        expect_typed(error, &[ErrorKind::Storage], what);
        let report = error.report().to_string();
        assert!(report.contains("No space left"), "{what}: {report}");
        assert!(
            error.help().unwrap().contains("free some space"),
            "{what}: {report}"
        );
        let place = self.disk.path().to_str().unwrap();
        assert!(error.path().unwrap().starts_with(place), "{what}: {report}");
    }
}

/// The steps that write to a disk, of checkpoint and target.
const OF_CHECKPOINT: [&str; 7] = [
    "lock", "probe", "query", "runs", "offsets", "prepared", "commits",
];
const OF_TARGET: [&str; 5] = ["lock", "probe", "owner", "staging", "committed"];

fn expect_steps(place: Place, struck: &Struck) {
    if place != Place::Target {
        struck.expect(&OF_CHECKPOINT);
    }
    if place != Place::Checkpoint {
        struck.expect(&OF_TARGET);
    }
}

#[test]
fn e1_e8_a_disk_without_space_at_any_step_of_any_batch() {
    let what = "a full tmpfs";
    let Some(disk) = Mounted::tmpfs(what, "size=1m") else {
        return;
    };
    for format in [Format::JsonLines, Format::Parquet] {
        for place in [Place::Both, Place::Checkpoint, Place::Target] {
            let sweep = Sweep {
                disk: &disk,
                place,
                format,
                // A file takes whole pages.
                leave: |disk, pages| disk.leave_bytes(pages * 4096),
                stride: 1,
                input: None,
            };
            expect_steps(place, &sweep.over_all());
        }
    }
}

#[test]
fn e1_e8_a_disk_without_space_for_what_the_source_remembers() {
    let what = "a full tmpfs under a directory source";
    let Some(disk) = Mounted::tmpfs(what, "size=1m") else {
        return;
    };
    let input = tempfile::tempdir().unwrap();
    for file in 0..4 {
        let rows = (file * 3..file * 3 + 3).map(|number| format!("{{\"number\":{number}}}\n"));
        let rows: String = rows.collect();
        std::fs::write(input.path().join(format!("{file}.jsonl")), rows).unwrap();
    }
    let sweep = Sweep {
        disk: &disk,
        place: Place::Checkpoint,
        format: Format::JsonLines,
        leave: |disk, pages| disk.leave_bytes(pages * 4096),
        stride: 1,
        input: Some(input.path().to_owned()),
    };
    sweep
        .over_all()
        .expect(&["offsets", "prepared", "commits", "taken"]);
}

#[test]
fn e1_e8_a_disk_without_inodes_at_any_step_of_any_batch() {
    let what = "a tmpfs without inodes";
    let Some(disk) = Mounted::tmpfs(what, "size=4m,nr_inodes=200") else {
        return;
    };
    for (format, place) in [
        (Format::JsonLines, Place::Both),
        (Format::Parquet, Place::Both),
        (Format::JsonLines, Place::Checkpoint),
        (Format::JsonLines, Place::Target),
    ] {
        let sweep = Sweep {
            disk: &disk,
            place,
            format,
            leave: |disk, inodes| disk.leave_inodes(inodes),
            stride: 1,
            input: None,
        };
        // Names lie in directories, whose creation comes first.
        sweep.over_all().expect(&["directory"]);
    }
}

#[test]
fn e1_e8_a_full_ext4_where_space_is_given_out_late() {
    let what = "a full ext4 in a loop file";
    let Some(disk) = Mounted::ext4(what, 3) else {
        return;
    };
    for format in [Format::JsonLines, Format::Parquet] {
        let sweep = Sweep {
            disk: &disk,
            place: Place::Both,
            format,
            leave: |disk, blocks| disk.leave_bytes(blocks * 1024),
            stride: 4,
            input: None,
        };
        let struck = sweep.over_all();
        // Which steps these are depends on what the file system keeps for itself.
        assert!(struck.0.len() >= 3, "{struck:?}");
    }
}
