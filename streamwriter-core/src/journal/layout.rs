//! Where the records of a checkpoint are.

use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, Run};
use crate::storage::{Storage, StorePath};

/// The three records of a batch, each kind in a directory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    Offsets,
    Prepared,
    Commits,
}

impl Log {
    pub(crate) const ALL: [Self; 3] = [Self::Offsets, Self::Prepared, Self::Commits];

    /// The directory's name, and the kind of its records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Offsets => "offsets",
            Self::Prepared => "prepared",
            Self::Commits => "commits",
        }
    }

    /// The failpoint between the creation of a record and the look for a newer run.
    pub(crate) const fn unfenced(self) -> &'static str {
        match self {
            Self::Offsets => "offsets-unfenced",
            Self::Prepared => "prepared-unfenced",
            Self::Commits => "commits-unfenced",
        }
    }

    pub(crate) fn directory(self) -> Result<StorePath> {
        StorePath::parse(self.name())
    }

    pub(crate) fn path(self, batch: BatchId) -> Result<StorePath> {
        self.directory()?.join(&file_name(batch.get()))
    }
}

pub(crate) const RUNS: &str = "runs";

pub(crate) fn query_path() -> Result<StorePath> {
    StorePath::parse("query.json")
}

pub(crate) fn lock_path() -> Result<StorePath> {
    StorePath::parse("lock")
}

pub(crate) fn source_prefix() -> Result<StorePath> {
    StorePath::parse("source")
}

pub(crate) fn run_path(run: Run) -> Result<StorePath> {
    StorePath::parse(RUNS)?.join(&file_name(run.get()))
}

/// Twenty digits hold every `u64`, so that names sort as their numbers do.
fn file_name(number: u64) -> String {
    format!("{number:020}.json")
}

/// Lists the numbers of the records in a directory, in order.
pub(crate) fn numbers(storage: &dyn Storage, directory: &StorePath) -> Result<Vec<u64>> {
    storage
        .list(directory)?
        .iter()
        .map(|entry| number_of(storage, directory, &entry.path))
        .collect()
}

fn number_of(storage: &dyn Storage, directory: &StorePath, path: &StorePath) -> Result<u64> {
    let name = path.file_name();
    let number = name
        .strip_suffix(".json")
        .and_then(|digits| digits.parse().ok());
    // A name is printed in one way only, and the records lie in the directory itself.
    match number {
        Some(number) if file_name(number) == name && path.parent() == *directory => Ok(number),
        _ => {
            let place = format!("{}/{path}", storage.location());
            Err(Error::new(
                ErrorKind::Corrupted,
                "a foreign file stands among the records of the journal",
            )
            .at_path(place)
            .with_help("move it out of the checkpoint, then start again"))
        }
    }
}
