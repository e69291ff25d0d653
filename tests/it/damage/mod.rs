//! E6 and E9: every file of a checkpoint and of a target's own metadata, damaged in every way.
//!
//! A restart ends with each row once, or fails with an error that names the file; then the file is
//! put back, and a restart ends with each row once. It never shows a wrong row, never panics and
//! never begins again.

mod bench;
mod foreign;
mod harm;
mod judge;
mod kind;
mod lost;
mod missing;
mod table;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bench::{Bench, Specimen, Step};
use judge::Judge;
use kind::{Expected, Kind, expected, names};
use table::Table;

/// Every so many bytes, where a file is damaged more loosely.
const STRIDE: usize = 23;

/// Runs a check over the files of a specimen, and returns what it found.
///
/// Of the files from which nothing is decided any more there are many; one of each kind is enough.
fn over_files(step: Step, check: impl Fn(&mut Judge, &Path)) -> Table {
    let bench = Bench::new();
    let other = bench.specimen(step);
    let specimen = bench.specimen(step);
    let mut seen = BTreeSet::new();
    let mut judge = Judge::new(bench, specimen, other);
    let files: Vec<PathBuf> = judge.specimen.tree.files.keys().cloned().collect();
    for path in files {
        let kind = judge.kind(&path);
        let is_first = seen.insert((kind, path.parent().map(Path::to_owned)));
        // Data of batches that are done is not looked at any more.
        if kind != Kind::Published && (kind.is_acted_on() || is_first) {
            check(&mut judge, &path);
        }
    }
    judge.table
}

#[test]
fn e9_every_truncation_and_a_flipped_bit_in_every_byte_are_noticed() {
    // Of these two states every file is acted on by the restart.
    let mut table = Table::default();
    for step in [Step::Prepared, Step::Published, Step::Done] {
        table = table.merged(over_files(step, |judge, path| {
            let kind = judge.kind(path);
            let bytes = judge.specimen.tree.files[path].len();
            // What is large, and what changes nothing, is damaged at some places.
            let stride = match kind {
                _ if !kind.is_acted_on() => bytes / 8,
                _ if step != Step::Prepared => STRIDE,
                _ => bytes / 700,
            };
            for harm in harm::dense(&judge.specimen.tree.files[path], stride.max(1)) {
                judge.try_in_place(path, &harm);
            }
            judge.restore(path);
        }));
    }
    table.conclude();
}

#[test]
fn e9_files_that_are_missing_exchanged_newer_or_foreign_are_noticed() {
    let mut table = Table::default();
    for step in Step::ALL {
        table = table.merged(over_files(step, |judge, path| {
            for harm in harm::coarse(path, &judge.specimen.tree, &judge.other.tree) {
                judge.try_fresh(path, &harm);
            }
        }));
    }
    table.conclude();
}
