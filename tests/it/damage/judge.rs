//! Damages a file, starts the query, and judges what came of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use streamwriter::{Error, ErrorKind};

use super::harm::Harm;
use super::{Bench, Expected, Kind, Specimen, Table, expected, names};

/// Starts after which a specimen is put back whole: each leaves the record of a run.
const STARTS_MAX: u32 = 40;

pub(super) struct Judge {
    pub(super) bench: Bench,
    pub(super) specimen: Specimen,
    /// The same state of another query with the same source and target.
    pub(super) other: Specimen,
    pub(super) table: Table,
    starts: u32,
}

impl Judge {
    pub(super) fn new(bench: Bench, specimen: Specimen, other: Specimen) -> Self {
        bench.put(&specimen.tree);
        Self {
            bench,
            specimen,
            other,
            table: Table::default(),
            starts: 0,
        }
    }

    pub(super) fn kind(&self, path: &Path) -> Kind {
        Kind::of(path, &self.specimen)
    }

    /// Tries a damage on a specimen that earlier, refused starts have seen: they change nothing
    /// but the number of the run. Quick, for the damages of which there are thousands.
    pub(super) fn try_in_place(&mut self, path: &Path, harm: &Harm) {
        let original = self.specimen.tree.files[path].clone();
        harm.strike(&self.bench.path(path), &original);
        self.starts += 1;
        if self.judge(path, harm) && self.starts < STARTS_MAX {
            fs::write(self.bench.path(path), original).unwrap();
        } else {
            self.put_back();
        }
    }

    /// Proves that the refused starts have lost nothing.
    pub(super) fn restore(&mut self, path: &Path) {
        self.expect_right(&format!("{} was put back", path.display()));
        self.put_back();
    }

    /// Tries a damage on a specimen as new; a refusal is followed by a restart with the file put
    /// back.
    pub(super) fn try_fresh(&mut self, path: &Path, harm: &Harm) {
        self.put_back();
        let original = self.specimen.tree.files[path].clone();
        let full = self.bench.path(path);
        harm.strike(&full, &original);
        if self.judge(path, harm) {
            if full.is_dir() {
                fs::remove_dir_all(&full).unwrap();
            }
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(&full, original).unwrap();
            let what = self.what(path, harm);
            self.expect_right(&format!("{what}, and it was put back"));
        }
    }

    pub(super) fn put_back(&mut self) {
        self.bench.put(&self.specimen.tree);
        self.starts = 0;
    }

    fn what(&self, path: &Path, harm: &Harm) -> String {
        let (step, path) = (self.specimen.step, path.display());
        let harm = match harm {
            Harm::Replaced { how, .. } => format!("{how:?}"),
            other => format!("{other:?}"),
        };
        format!("stopped at {step:?}, {path}: {harm}")
    }

    /// Starts once and judges; returns whether the start was refused.
    fn judge(&mut self, path: &Path, harm: &Harm) -> bool {
        let kind = self.kind(path);
        let what = self.what(path, harm);
        let outcome = self.start();
        match (&outcome, expected(kind, harm)) {
            (Ok(()), Expected::Refused) => self.table.problem(&what, "it went unnoticed"),
            (Err(error), Expected::Right) => {
                let why = format!("refused: {}", error.report());
                self.table.problem(&what, &why);
            }
            _ => {}
        }
        match &outcome {
            Ok(()) => {
                self.expect_rows(&what);
                // A foreign directory in the place of a leftover is not ours to remove.
                if *harm != Harm::FullDirectory {
                    self.expect_no_leftovers(&what);
                }
            }
            Err(error) => {
                self.expect_named(error, &names(kind, harm, path), &what);
                if harm.is_newer() {
                    self.expect_newer(error, &what);
                }
                // The damage itself may show, where it is in a file that readers see.
                if kind != Kind::PublishedPending {
                    self.expect_nothing_wrong(&what);
                }
            }
        }
        let refused = outcome.is_err();
        let row = format!("{kind:?}");
        self.table.count(&row, &harm.name(), refused);
        refused
    }

    pub(super) fn start(&self) -> Result<(), Error> {
        catch_unwind(AssertUnwindSafe(|| self.bench.restart())).unwrap_or_else(|_| {
            let text = "a panic came out of the start";
            Err(Error::new(ErrorKind::Panic, text))
        })
    }

    /// Expects each row once and nothing left over.
    pub(super) fn expect_right_now(&mut self, what: &str) {
        self.expect_rows(what);
        self.expect_no_leftovers(what);
    }

    /// Expects a restart to end with each row once.
    pub(super) fn expect_right(&mut self, what: &str) {
        match self.start() {
            Ok(()) => self.expect_right_now(what),
            Err(error) => {
                let why = format!("a restart fails: {}", error.report());
                self.table.problem(what, &why);
            }
        }
    }

    pub(super) fn expect_rows(&mut self, what: &str) {
        let rows = self.bench.visible_rows();
        if rows != Bench::expected_rows() {
            self.table.problem(what, &format!("wrong rows: {rows:?}"));
        }
    }

    fn expect_no_leftovers(&mut self, what: &str) {
        if self.bench.staged_files() != 0 {
            self.table.problem(what, "leftovers");
        }
    }

    /// Whatever happened, no row is visible twice, and none that the input has not.
    pub(super) fn expect_nothing_wrong(&mut self, what: &str) {
        let rows = self.bench.visible_rows();
        let expected = Bench::expected_rows();
        let once = rows.windows(2).all(|pair| pair[0] != pair[1]);
        if !once || !rows.iter().all(|row| expected.contains(row)) {
            self.table.problem(what, &format!("wrong rows: {rows:?}"));
        }
    }

    /// Expects an error of these kinds that names the file, and says what to do.
    pub(super) fn expect_named(&mut self, error: &Error, names: &[String], what: &str) {
        let report = error.report().to_string();
        let kinds = [
            ErrorKind::Corrupted,
            ErrorKind::Mismatch,
            ErrorKind::Storage,
            ErrorKind::Message,
            ErrorKind::Config,
        ];
        if !kinds.contains(&error.kind()) {
            self.table.problem(what, &format!("another kind: {report}"));
        }
        if !names.iter().any(|name| report.contains(name)) {
            self.table
                .problem(what, &format!("the error does not name the file: {report}"));
        }
        if error.help().is_none() {
            self.table.problem(what, &format!("no way out: {report}"));
        }
    }

    /// Expects the advice that fits a file of a newer program: it is not damaged.
    fn expect_newer(&mut self, error: &Error, what: &str) {
        let report = error.report().to_string();
        let advice = ["at least as new as the last one", "unknown to this release"];
        if !advice.iter().any(|text| report.contains(text)) {
            self.table
                .problem(what, &format!("not as a newer version: {report}"));
        }
    }
}
