//! The names of published and of staged files (F2), made and read in one place.

use std::fmt;

use streamwriter_core::{
    BatchContext, BatchId, PartitionId, QueryId, Result, Revision, Run, StagedObject, StorePath,
    TaskContext,
};

use super::error::StagingError;

/// The directory for everything that is not data. Readers skip names that begin with `_`.
pub(super) const OWN_DIRECTORY: &str = "_streamwriter";

/// The final name of a data file, without its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FinalName {
    pub(super) query: QueryId,
    pub(super) batch: BatchId,
    /// A part of the name, so that a driver that wakes up late and moves the files of a revoked
    /// revision out of sight cannot meet those of the next one.
    pub(super) revision: Revision,
    pub(super) partition: PartitionId,
    pub(super) file: u32,
    pub(super) extension: String,
}

impl FinalName {
    pub(super) fn new(task: &TaskContext, file: u32, extension: &str) -> Result<Self> {
        Ok(Self {
            query: task.query_id(),
            batch: task.batch_id(),
            revision: task.revision(),
            partition: task.partition(),
            file,
            extension: checked_extension(extension)?.to_owned(),
        })
    }

    /// Reads a name; `None` if it is not one that [`Display`](fmt::Display) would print.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (stem, extension) = name.split_once('.')?;
        let rest = stem.strip_prefix("part-b")?;
        let (batch, rest) = rest.split_once("-p")?;
        let (partition, rest) = rest.split_once("-f")?;
        let (file, query) = rest.split_once('-')?;
        let (batch, revision) = batch.split_once("-w").unwrap_or((batch, "0"));
        let parsed = Self {
            query: query.parse().ok()?,
            batch: BatchId::new(batch.parse().ok()?),
            revision: Revision::new(revision.parse().ok()?),
            partition: PartitionId::new(partition.parse().ok()?),
            file: file.parse().ok()?,
            extension: extension.to_owned(),
        };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for FinalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            query,
            batch,
            revision,
            partition,
            file,
            extension,
        } = self;
        let (batch, partition) = (batch.get(), partition.get());
        write!(f, "part-b{batch:010}")?;
        if *revision > Revision::FIRST {
            write!(f, "-w{revision}")?;
        }
        write!(f, "-p{partition:05}-f{file:04}-{query}.{extension}")
    }
}

/// The name of a staged file, without its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StagedName {
    pub(super) run: Run,
    pub(super) partition: PartitionId,
    /// Tells the tries of a task apart, also where a cluster counts them anew.
    pub(super) attempt: u64,
    pub(super) file: u32,
}

impl StagedName {
    pub(super) fn new(task: &TaskContext, file: u32) -> Self {
        Self {
            run: task.run(),
            partition: task.partition(),
            attempt: task.attempt_id(),
            file,
        }
    }

    /// Reads a name; `None` if it is not one that [`Display`](fmt::Display) would print.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix('r')?;
        let (run, rest) = rest.split_once("-p")?;
        let (partition, rest) = rest.split_once("-a")?;
        let (attempt, file) = rest.split_once("-f")?;
        let parsed = Self {
            run: Run::new(run.parse().ok()?),
            partition: PartitionId::new(partition.parse().ok()?),
            attempt: attempt.parse().ok()?,
            file: file.parse().ok()?,
        };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for StagedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            run,
            partition,
            attempt,
            file,
        } = self;
        write!(f, "r{run}-p{partition}-a{attempt}-f{file}")
    }
}

pub(super) fn own_directory() -> Result<StorePath> {
    StorePath::parse(OWN_DIRECTORY)
}

pub(super) fn owner() -> Result<StorePath> {
    own_directory()?.join("owner")
}

pub(super) fn owners_directory() -> Result<StorePath> {
    own_directory()?.join("owners")
}

/// Names the record of a take-over: the owner of this generation, from 2 on.
pub(super) fn owner_of_generation(generation: u64) -> Result<StorePath> {
    owners_directory()?.join(&format!("{generation:020}"))
}

/// Reads what [`owner_of_generation`] printed, and nothing else.
pub(super) fn parse_generation(name: &str) -> Option<u64> {
    let generation = name.parse().ok()?;
    (generation >= 2 && format!("{generation:020}") == name).then_some(generation)
}

pub(super) fn lock() -> Result<StorePath> {
    own_directory()?.join("lock")
}

pub(super) fn committed_directory() -> Result<StorePath> {
    own_directory()?.join("committed")
}

pub(super) fn staging_directory() -> Result<StorePath> {
    own_directory()?.join("staging")
}

pub(super) fn staging_of_query(query: QueryId) -> Result<StorePath> {
    staging_directory()?.join(&query.to_string())
}

/// Where queries keep their journals whose drivers have no checkpoint of ours.
pub(super) fn journals_directory() -> Result<StorePath> {
    own_directory()?.join("journals")
}

/// Where files go that a person's decision takes out of the readers' sight (E3).
pub(super) fn withdrawn_directory() -> Result<StorePath> {
    own_directory()?.join("withdrawn")
}

pub(super) fn withdrawn_of(
    query: QueryId,
    batch: BatchId,
    revision: Revision,
) -> Result<StorePath> {
    withdrawn_directory()?
        .join(&query.to_string())?
        .join(&record_name(batch, revision))
}

/// Names a staged file. All of a query lie side by side: a directory for each batch would be made, synced
/// and removed with it.
pub(super) fn staged_path(query: QueryId, batch: BatchId, name: &StagedName) -> Result<StorePath> {
    staging_of_query(query)?.join(&format!("{}-{name}", batch_name(batch)))
}

/// Prints a batch as a fixed-width name, so that names sort as numbers do.
pub(super) fn batch_name(batch: BatchId) -> String {
    format!("{:020}", batch.get())
}

/// Reads what [`batch_name`] printed, and nothing else.
pub(super) fn parse_batch_name(name: &str) -> Option<BatchId> {
    let batch = BatchId::new(name.parse().ok()?);
    (batch_name(batch) == name).then_some(batch)
}

/// Prints a batch and its revision; the name of a batch as it was written first is its own.
pub(super) fn record_name(batch: BatchId, revision: Revision) -> String {
    if revision == Revision::FIRST {
        return batch_name(batch);
    }
    format!("{}-{revision}", batch_name(batch))
}

/// Reads what [`record_name`] printed, and nothing else.
pub(super) fn parse_record_name(name: &str) -> Option<(BatchId, Revision)> {
    let (batch, revision) = name.split_once('-').unwrap_or((name, "0"));
    let batch = parse_batch_name(batch)?;
    let revision = Revision::new(revision.parse().ok()?);
    (record_name(batch, revision) == name).then_some((batch, revision))
}

/// Tells which batch and which staged name a path below the query's staging directory has.
///
/// Targets of earlier versions have a directory for each batch.
pub(super) fn parse_staged(below: &StorePath, path: &StorePath) -> Option<(BatchId, StagedName)> {
    let rest = path.as_str().strip_prefix(below.as_str())?;
    let (batch, name) = rest.strip_prefix('/')?.split_once(['-', '/'])?;
    Some((parse_batch_name(batch)?, StagedName::parse(name)?))
}

/// Makes the final path of a file.
pub(super) fn final_path(directory: Option<&StorePath>, name: &FinalName) -> Result<StorePath> {
    match directory {
        None => StorePath::parse(name.to_string()),
        Some(directory) if is_own(directory) => {
            Err(StagingError::OwnDirectory(directory.clone()).into())
        }
        Some(directory) => directory.join(&name.to_string()),
    }
}

/// Tells whether a path lies where no data belongs.
pub(super) fn is_own(path: &StorePath) -> bool {
    path.as_str().split('/').next() == Some(OWN_DIRECTORY)
}

/// Says why an object is not one that the batch has staged; `None` if it is.
pub(super) fn foreign_to(
    batch: &BatchContext,
    object: &StagedObject,
) -> Result<Option<&'static str>> {
    if is_own(&object.path) {
        return Ok(Some("its final name is not in the data directory"));
    }
    let Some(name) = FinalName::parse(object.path.file_name()) else {
        return Ok(Some("its final name is not one that staging gives"));
    };
    if name.query != batch.query_id() {
        return Ok(Some("it belongs to another query"));
    }
    if name.batch != batch.batch_id() {
        return Ok(Some("it belongs to another batch"));
    }
    if name.revision != batch.revision() {
        return Ok(Some("it belongs to another revision of the batch"));
    }
    let below = staging_of_query(name.query)?;
    let Some((staged_for, staged)) = parse_staged(&below, &object.staged) else {
        return Ok(Some("its staged name is not one that staging gives"));
    };
    let agree =
        (staged_for, staged.partition, staged.file) == (name.batch, name.partition, name.file);
    Ok((!agree).then_some("its staged name belongs to another file"))
}

fn checked_extension(extension: &str) -> Result<&str> {
    let plain = !extension.is_empty()
        && extension
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if plain {
        Ok(extension)
    } else {
        Err(StagingError::Extension(extension.to_owned()).into())
    }
}

#[cfg(test)]
mod tests {
    use streamwriter_core::testing::Pretend;

    use super::*;

    #[test]
    fn names_are_read_as_they_were_printed_and_not_otherwise() {
        let task = Pretend::default().task();
        let name = FinalName::new(&task, 3, "csv.zst").unwrap();
        assert_eq!(FinalName::parse(&name.to_string()), Some(name.clone()));
        let text = name.to_string();
        for bad in [
            text.replace("b0000000000", "b0"),
            text.replace("-f0003", "-f+003"),
            text.replace("-p00000", "-w0-p00000"),
            text.replace("-p00000", "-w01-p00000"),
            text.replace("-p00000", "-w-p00000"),
            text.to_uppercase(),
            format!("x{text}"),
            text.replace(".csv.zst", ""),
        ] {
            assert_eq!(FinalName::parse(&bad), None, "{bad}");
        }
        let staged = StagedName::new(&task, 3);
        assert_eq!(staged.to_string(), "r1-p0-a0-f3");
        assert_eq!(StagedName::parse("r1-p0-a0-f3"), Some(staged));
        for bad in [
            "r01-p0-a0-f3",
            "r1-p0-a0-f3.parquet",
            "r1-p0-a0",
            "r1-p0-a0-f+3",
        ] {
            assert_eq!(StagedName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn e3_the_revision_of_a_batch_that_was_written_again_is_a_part_of_its_names() {
        let first = FinalName::new(&Pretend::default().task(), 3, "csv").unwrap();
        let again = FinalName {
            revision: Revision::new(12),
            ..first.clone()
        };
        let text = again.to_string();
        assert!(
            text.starts_with("part-b0000000000-w12-p00000-f0003-"),
            "{text}"
        );
        assert_eq!(FinalName::parse(&text), Some(again));
        let batch = BatchId::new(3);
        assert_eq!(record_name(batch, Revision::FIRST), batch_name(batch));
        for (name, parsed) in [
            ("00000000000000000003", Some((batch, Revision::FIRST))),
            ("00000000000000000003-2", Some((batch, Revision::new(2)))),
            ("00000000000000000003-0", None),
            ("00000000000000000003-02", None),
            ("00000000000000000003-", None),
            ("3-2", None),
        ] {
            assert_eq!(parse_record_name(name), parsed, "{name}");
        }
        assert_eq!(parse_generation("00000000000000000002"), Some(2));
        assert_eq!(parse_generation("00000000000000000001"), None);
        assert_eq!(parse_generation("2"), None);
    }

    #[test]
    fn an_extension_cannot_change_the_directory_or_hide_the_file() {
        let task = Pretend::default().task();
        for bad in ["", ".", "a/b", "..", ".csv", "csv.", "c v", "../x"] {
            assert!(FinalName::new(&task, 0, bad).is_err(), "{bad:?}");
        }
    }
}
