//! One line of the table.

use std::path::{Path, PathBuf};

use streamwriter::BoxError;
use tempfile::TempDir;

/// What a number is held to.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Only shown.
    None,
}

impl Bound {
    pub(crate) fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(bound) => Some(value >= bound),
            Self::AtMost(bound) => Some(value <= bound),
            Self::None => None,
        }
    }

    /// Returns how far the value is ahead of the bound: 1 is exactly met.
    pub(crate) fn reached(self, value: f64) -> Option<f64> {
        match self {
            Self::AtLeast(bound) => Some(value / bound),
            Self::AtMost(bound) => Some(bound / value.max(f64::MIN_POSITIVE)),
            Self::None => None,
        }
    }
}

/// A measurement with its bound.
pub(crate) struct Case {
    /// What words on the command line are looked for in.
    pub(crate) name: &'static str,
    /// The unit of the value; a ratio has none.
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
    pub(crate) measure: fn(&Setting) -> Result<Outcome, BoxError>,
}

/// What came out.
pub(crate) struct Outcome {
    pub(crate) value: f64,
    /// What was measured, and what it is compared with, for people.
    pub(crate) ours: String,
    pub(crate) baseline: String,
    /// The value of each round, in their order; empty for what is measured once.
    pub(crate) rounds: Vec<f64>,
}

pub(crate) struct CaseResult {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) fn run(&self, setting: &Setting) -> Result<CaseResult, BoxError> {
        let outcome = (self.measure)(setting).map_err(|error| format!("{}: {error}", self.name))?;
        Ok(CaseResult {
            name: self.name,
            unit: self.unit,
            bound: self.bound,
            outcome,
        })
    }
}

/// Where and how large everything is measured.
pub(crate) struct Setting {
    pub(crate) scale: f64,
    directory: TempDir,
    in_memory: Option<TempDir>,
}

impl Setting {
    pub(crate) fn new(scale: f64) -> Result<Self, BoxError> {
        let directory = tempfile::tempdir()?;
        Ok(Self {
            scale,
            directory,
            in_memory: tempfile::tempdir_in("/dev/shm").ok(),
        })
    }

    /// Returns a number of rows, scaled.
    pub(crate) fn rows(&self, rows: u64) -> u64 {
        ((rows as f64 * self.scale) as u64).max(1)
    }

    /// Returns a directory for what several rounds read; it stays to the end.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns a directory in memory if there is one, for what is about numbers of files and not about
    /// the disk; it stays to the end.
    pub(crate) fn fast_place(&self, name: &str) -> PathBuf {
        let directory = self.in_memory.as_ref().unwrap_or(&self.directory);
        directory.path().join(name)
    }

    /// Runs something in a directory of its own, which is removed again.
    pub(crate) fn in_folder<T>(
        &self,
        run: impl FnOnce(&Path) -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        let directory = tempfile::tempdir_in(self.directory.path())?;
        run(directory.path())
    }
}
