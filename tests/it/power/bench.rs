//! What the tests share: the query, and the judgement of what is left.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use streamwriter::testing::{DiskOperation, Judged, PowerViolation, SimulatedDisk};
use streamwriter::{Error, FileSink, Memory, Source, Staging, Trigger, stream};

/// Not there yet at the first start, so that making them is part of the matrix.
pub(super) const TARGET: &str = "lake/orders";
pub(super) const CHECKPOINT: &str = "state/orders";

pub(super) const NUMBERS: u64 = 14;

/// How a query runs.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) rows_per_batch: u64,
    pub(super) files_per_batch: u64,
    pub(super) executors: usize,
    pub(super) attempts: u32,
    /// Whether a batch is written while the one before it is published (B5).
    pub(super) overlaps: bool,
}

impl Default for Settings {
    /// Tasks are tried once: an error is not to be hidden by a second attempt.
    fn default() -> Self {
        Self {
            rows_per_batch: 4,
            files_per_batch: 1,
            executors: 2,
            attempts: 1,
            overlaps: false,
        }
    }
}

/// Four batches of two partitions, so that the purge has something to do.
pub(super) fn numbers(disk: &SimulatedDisk) -> Result<(), Error> {
    numbers_with(disk, Settings::default())
}

/// The same, and two threads change the disk at the same time.
pub(super) fn overlapping(disk: &SimulatedDisk) -> Result<(), Error> {
    let overlaps = true;
    numbers_with(
        disk,
        Settings {
            overlaps,
            ..Settings::default()
        },
    )
}

pub(super) fn numbers_with(disk: &SimulatedDisk, settings: Settings) -> Result<(), Error> {
    drain(disk, Memory::new(0..NUMBERS).partitions(2), settings)
}

pub(super) fn drain<S>(disk: &SimulatedDisk, source: S, settings: Settings) -> Result<(), Error>
where
    S: Source<Row = u64>,
{
    stream(source)
        .write_to(FileSink::json_lines_in(Staging::over(
            disk.storage(TARGET)?,
        )))
        .checkpoint(disk.storage(CHECKPOINT)?)
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(settings.rows_per_batch)
        .max_files_per_batch(settings.files_per_batch)
        .executors(settings.executors)
        .max_task_attempts(settings.attempts)
        .task_retry_delay(Duration::ZERO)
        .keep_batches(2)
        .overlap_batches(settings.overlaps)
        .start()?
        .await_termination()
        .map(|_| ())
}

/// A folder in memory where there is one; the disk makes no real syncs, but thousands of files.
pub(super) fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// A disk that keeps its promises, in a folder of its own.
pub(super) fn good_disk() -> (tempfile::TempDir, SimulatedDisk) {
    let directory = memory_directory();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    (directory, disk)
}

/// How many seeds are tried at each point.
pub(super) fn seeds() -> u64 {
    std::env::var("STREAMWRITER_POWER_SEEDS").map_or(3, |seeds| seeds.parse().unwrap())
}

/// Restarts the query and says what is wrong then, if anything.
pub(super) fn restart(disk: &SimulatedDisk) -> Result<(), String> {
    disk.begin(None);
    let ended = numbers(disk).map_err(|error| error.report().to_string());
    ended.map_err(|error| format!("the restart fails: {error}"))?;
    expect_once(disk, NUMBERS)
}

/// The judge of a matrix over a query with so many rows.
pub(super) fn judge(rows: u64) -> impl Fn(&SimulatedDisk, Judged) -> Result<(), String> {
    move |disk, judged| match judged {
        Judged::AfterRestart => expect_once(disk, rows),
        _ => expect_no_row_twice(disk),
    }
}

/// Every row is visible once, and nothing is left over (E1, E7).
pub(super) fn expect_once(disk: &SimulatedDisk, rows: u64) -> Result<(), String> {
    let found = visible(disk)?;
    if found != (0..rows).collect::<Vec<_>>() {
        return Err(format!("visible are {found:?}"));
    }
    let left: Vec<_> = files(&disk.path(""))
        .into_iter()
        .filter(|path| is_leftover(path))
        .collect();
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("left over are {left:?}"))
    }
}

/// A reader that looks in between sees whole files only, and no row twice (F1).
pub(super) fn expect_no_row_twice(disk: &SimulatedDisk) -> Result<(), String> {
    let found = visible(disk)?;
    let once: BTreeSet<_> = found.iter().collect();
    if once.len() == found.len() {
        Ok(())
    } else {
        Err(format!("a row is visible twice: {found:?}"))
    }
}

/// The rows that a reader of `*.jsonl` and `*.txt` sees.
pub(super) fn visible(disk: &SimulatedDisk) -> Result<Vec<u64>, String> {
    let mut rows = Vec::new();
    let own = disk.path(TARGET).join("_streamwriter");
    for path in files(&disk.path(TARGET)) {
        if path.starts_with(&own) {
            continue;
        }
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl" || extension == "txt")
        {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let whole = text.ends_with('\n');
            let numbers = text
                .lines()
                .map(str::parse)
                .collect::<Result<Vec<u64>, _>>();
            match numbers {
                Ok(numbers) if whole => rows.extend(numbers),
                _ => return Err(format!("not whole is {}: {text:?}", path.display())),
            }
        }
    }
    rows.sort_unstable();
    Ok(rows)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn is_leftover(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_string_lossy();
    name.starts_with(".tmp-") || file.components().any(|part| part.as_os_str() == "staging")
}

/// Prints how much a matrix has tried, or fails with what it has found.
#[track_caller]
pub(super) fn expect_restarts(restarts: Result<u64, PowerViolation>, at_least: u64) {
    match restarts {
        Ok(restarts) if restarts >= at_least => println!("{restarts} restarts, no violation"),
        Ok(restarts) => panic!("only {restarts} restarts"),
        Err(violation) => panic!("{violation}"),
    }
}

/// The last steps of a process, for a message.
pub(super) fn tail(what: &str, log: &[DiskOperation]) -> String {
    let mut text = format!("{what}; its last changes were");
    let changes: Vec<_> = log.iter().filter(|one| one.kind.is_change()).collect();
    for operation in &changes[changes.len().saturating_sub(4)..] {
        write!(text, "\n  {operation}").unwrap();
    }
    text
}
