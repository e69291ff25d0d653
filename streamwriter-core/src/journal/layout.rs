//! Where the records of a checkpoint are.

use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, Revision, Run};
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

    /// The first revision of a batch has the batch's own name. Offsets have no other.
    pub(crate) fn path(self, batch: BatchId, revision: Revision) -> Result<StorePath> {
        self.directory()?
            .join(&part_name(batch.get(), revision.get()))
    }
}

pub(crate) const RUNS: &str = "runs";

/// Where a person's acceptances of files are.
pub(crate) fn accepted_directory() -> Result<StorePath> {
    StorePath::parse("accepted")
}

/// Acceptances of a batch count from 1.
pub(crate) fn accepted_path(batch: BatchId, number: u32) -> Result<StorePath> {
    accepted_directory()?.join(&part_name(batch.get(), number))
}

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

/// The name of a part of what has a number; the part 0 has the name of the whole.
fn part_name(number: u64, part: u32) -> String {
    match part {
        0 => file_name(number),
        _ => format!("{number:020}-{part}.json"),
    }
}

/// Lists the numbers of the records in a directory whose records have no parts, in order.
pub(crate) fn numbers(storage: &dyn Storage, directory: &StorePath) -> Result<Vec<u64>> {
    let whole = |(number, part): (u64, u32)| match part {
        0 => Ok(number),
        _ => {
            let path = directory.join(&part_name(number, part))?;
            Err(foreign(storage, path.as_str()))
        }
    };
    parts(storage, directory)?.into_iter().map(whole).collect()
}

/// Lists the numbers and parts of the records in a directory, in order.
pub(crate) fn parts(storage: &dyn Storage, directory: &StorePath) -> Result<Vec<(u64, u32)>> {
    let mut parts = Vec::new();
    for entry in storage.list(directory)? {
        let direct = entry.path.parent() == *directory;
        let part = parse_part(entry.path.file_name()).filter(|_| direct);
        parts.push(part.ok_or_else(|| foreign(storage, entry.path.as_str()))?);
    }
    if let Some(path) = storage.name_that_is_not_text(directory)? {
        return Err(foreign_at(&path));
    }
    parts.sort_unstable();
    Ok(parts)
}

/// Reads what [`part_name`] printed, and nothing else.
fn parse_part(name: &str) -> Option<(u64, u32)> {
    let stem = name.strip_suffix(".json")?;
    let (number, part) = stem.split_once('-').unwrap_or((stem, "0"));
    let (number, part) = (number.parse().ok()?, part.parse().ok()?);
    (part_name(number, part) == name).then_some((number, part))
}

fn foreign(storage: &dyn Storage, path: &str) -> Error {
    foreign_at(&format!("{}/{path}", storage.location()))
}

fn foreign_at(place: &str) -> Error {
    Error::new(
        ErrorKind::Corrupted,
        "a foreign file stands among the records of the journal",
    )
    .at_path(place)
    .with_help("move it out of the checkpoint, then start again")
}
