//! W2, E3 and Q4 with ten thousand partitions in one batch.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    Error, FileSink, LocalStorage, Noop, SharedStorage, Staging, Trigger, WriteRows, stream,
};

use super::child;
use super::hooks::Hooked;
use super::work::{Row, visible};
use crate::support::{Event, Numbers, Scripted, drain, memory_directory};

const PARTITIONS: u64 = 10_000;
/// Two rows a partition.
const ROWS: u64 = 2 * PARTITIONS;
const TEST: &str = "limits::many::e3_q4_ten_thousand_files_are_published_and_rolled_forward";
/// Far more than ten thousand messages need, far less than a copy of them for each step would.
const PEAK_MEBIBYTES_MAX: u64 = 250;

fn numbers() -> Numbers {
    Numbers::new(ROWS).per_batch(ROWS).partitions(PARTITIONS)
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = run();
    println!("{PARTITIONS} partitions, {what}: {:.2?}", began.elapsed());
    result
}

#[test]
fn w2_the_messages_of_ten_thousand_tasks_come_in_partition_order() {
    let folder = memory_directory();
    let sink = Scripted::new();
    timed("messages only", || {
        drain(numbers(), sink.clone(), folder.path()).unwrap();
    });
    let [Event::Commit { partitions, .. }] = &sink.events()[..] else {
        panic!("one commit, and no abort");
    };
    let expected: Vec<Vec<u64>> = (0..PARTITIONS).map(|p| vec![2 * p, 2 * p + 1]).collect();
    assert_eq!(*partitions, expected);
}

#[test]
fn w2_ten_thousand_partitions_into_nothing() {
    let folder = memory_directory();
    let ended = timed("noop", || {
        let source = Hooked::plain(numbers());
        run_once(
            source,
            Noop::new(),
            LocalStorage::shared(folder.path()).unwrap(),
        )
    });
    ended.unwrap();
}

fn run_once<W: WriteRows<Row>>(
    source: Hooked,
    sink: W,
    checkpoint: SharedStorage,
) -> Result<(), Error> {
    stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(4)
        .task_retry_delay(Duration::ZERO)
        .start()?
        .await_termination()
        .map(|_| ())
}

fn files(target: SharedStorage, checkpoint: SharedStorage) -> Result<(), Error> {
    let sink = FileSink::json_lines_in(Staging::over(target));
    run_once(Hooked::plain(numbers()), sink, checkpoint)
}

fn local(path: &Path) -> SharedStorage {
    LocalStorage::shared(path).unwrap()
}

/// The peak of this process's memory.
fn peak_mebibytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}

#[test]
fn e3_q4_ten_thousand_files_are_published_and_rolled_forward() {
    if !child::is("files") {
        // The peak of memory is one of the process.
        println!("{}", child::run(TEST, "files", None).unwrap());
        return;
    }
    let folder = memory_directory();
    let (target, checkpoint) = (folder.path().join("t"), folder.path().join("c"));
    // Staged, recorded, and stopped before the first is published: the creation of the record
    // comes after query, owner, run, offsets, and staging and finishing of each file.
    let at = 4 + 2 * PARTITIONS;
    let faulty = FaultStorage::failing(local(&target), at, When::After);
    let both = faulty.and(local(&checkpoint)).shared();
    timed("staged and prepared", || files(faulty.shared(), both)).unwrap_err();
    let last = faulty.log().pop().unwrap();
    assert!(last.contains("create prepared/"), "{last}");
    assert_eq!(visible(&target), [0; 0]);

    let bytes = fs::metadata(checkpoint.join(format!("prepared/{:020}.json", 0)));
    println!("prepared/0 has {} bytes", bytes.unwrap().len());
    timed("restart from prepared", || {
        files(local(&target), local(&checkpoint))
    })
    .unwrap();
    assert_eq!(visible(&target), (0..ROWS).collect::<Vec<_>>());

    let (target, checkpoint) = (folder.path().join("t2"), folder.path().join("c2"));
    timed("a whole run", || files(local(&target), local(&checkpoint))).unwrap();
    assert_eq!(visible(&target), (0..ROWS).collect::<Vec<_>>());
    if let Some(peak) = peak_mebibytes() {
        println!("peak of memory: {peak} MiB");
        assert!(peak <= PEAK_MEBIBYTES_MAX, "{peak} MiB");
    }
}
