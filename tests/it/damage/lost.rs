//! E6 and E9: newest records that are missing whole where the target has no record of the batch.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    Error, ErrorKind, FileSink, LocalStorage, SharedStorage, Staging, Trigger, stream,
};

use super::tree::Tree;
use crate::support::{Event, Numbers, Scripted, Table, drain, memory_directory, visible_numbers};

/// The files of a checkpoint that belong to the last two batches of three.
const LAST: [&str; 6] = [
    "offsets/1",
    "prepared/1",
    "commits/1",
    "offsets/2",
    "prepared/2",
    "commits/2",
];

fn file_of(record: &str) -> String {
    let (log, batch) = record.split_once('/').unwrap();
    format!("{log}/{:020}.json", batch.parse::<u64>().unwrap())
}

#[test]
fn e9_without_a_memory_of_the_target_lost_newest_records_are_a_crash_and_batches_are_repeated() {
    let folder = memory_directory();
    let checkpoint = folder.path().join("checkpoint");
    let mut sink = Scripted::new();
    sink.has_memory = false;
    drain(Numbers::new(30), sink.clone(), &checkpoint).unwrap();
    let whole = Tree::read(folder.path(), &[Path::new("checkpoint")]);
    let mut repeated = Vec::new();
    for bits in 1..1_u32 << LAST.len() {
        let chosen = LAST.iter().enumerate();
        let chosen = chosen.filter(|(index, _)| bits & (1 << index) != 0);
        let missing: Vec<&str> = chosen.map(|(_, record)| *record).collect();
        fs::remove_dir_all(&checkpoint).unwrap();
        whole.write(folder.path());
        for record in &missing {
            fs::remove_file(checkpoint.join(file_of(record))).unwrap();
        }
        let mut trial = sink.restarted();
        trial.log = Arc::default();
        trial.table = Arc::new(Mutex::new(Table {
            batches: sink.table.lock().unwrap().batches.clone(),
            ..Table::default()
        }));
        match drain(Numbers::new(40), trial.clone(), &checkpoint) {
            Ok(_) => {
                // A sink that is keyed by batch, as E4 asks, has the right rows all the same.
                assert_eq!(trial.rows(), (0..40).collect::<Vec<_>>(), "{missing:?}");
                let again = trial.events().into_iter().filter_map(|event| match event {
                    Event::Commit { batch, replay, .. } if batch < 3 => Some((batch, replay)),
                    _ => None,
                });
                repeated.push(format!(
                    "{}: {:?}",
                    missing.join(" "),
                    again.collect::<Vec<_>>()
                ));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "{missing:?}: {error}");
                assert_eq!(trial.events(), [], "{missing:?}");
            }
        }
    }
    println!("unnoticed without a memory, with the batches committed again (replay):");
    println!("{}", repeated.join("\n"));
    // What `docs/checkpoint-format.md` says of sinks without a memory of their own.
    assert_eq!(
        repeated,
        [
            "commits/2: [(2, true)]",
            "prepared/2 commits/2: [(2, false)]",
            "commits/1 prepared/2 commits/2: [(1, true), (2, false)]",
            "offsets/2 prepared/2 commits/2: [(2, false)]",
            "commits/1 offsets/2 prepared/2 commits/2: [(1, true), (2, false)]",
            "prepared/1 commits/1 offsets/2 prepared/2 commits/2: [(1, false), (2, false)]",
            "offsets/1 prepared/1 commits/1 offsets/2 prepared/2 commits/2: \
             [(1, false), (2, false)]",
        ]
    );
}

fn local(path: &Path) -> SharedStorage {
    LocalStorage::shared(path).unwrap()
}

fn files(source: Numbers, target: SharedStorage, checkpoint: SharedStorage) -> Result<(), Error> {
    stream(source)
        .write_to(FileSink::json_lines_in(Staging::over(target)))
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(1)
        .task_retry_delay(Duration::ZERO)
        .start()?
        .await_termination()
        .map(|_| ())
}

/// The window in which the target's record cannot help: the files are published, and it is not
/// written yet. If both records of the batch are lost then, it is planned anew, and it may be
/// planned otherwise.
#[test]
fn e9_a_batch_that_was_published_and_is_planned_otherwise_after_its_records_were_lost() {
    let folder = memory_directory();
    let (target, checkpoint) = (
        folder.path().join("target"),
        folder.path().join("checkpoint"),
    );
    let faulty = FaultStorage::counting(local(&target));
    files(
        Numbers::new(10).partitions(2),
        faulty.shared(),
        faulty.and(local(&checkpoint)).shared(),
    )
    .unwrap();
    let log = faulty.log();
    let record = log
        .iter()
        .position(|line| line.contains("create _streamwriter/committed"));
    for path in [&target, &checkpoint] {
        fs::remove_dir_all(path).unwrap();
    }
    let at = record.unwrap() as u64;
    let faulty = FaultStorage::failing(local(&target), at, When::Before);
    let both = faulty.and(local(&checkpoint)).shared();
    files(Numbers::new(10).partitions(2), faulty.shared(), both).unwrap_err();
    assert_eq!(visible_numbers(&target), (0..10).collect::<Vec<_>>());

    for record in ["offsets/0", "prepared/0"] {
        fs::remove_file(checkpoint.join(file_of(record))).unwrap();
    }
    // The same first partition, and the rows of the second one come in the next batch.
    let otherwise = || Numbers::new(10).per_batch(5).partitions(1);
    for _ in 0..2 {
        let error = files(otherwise(), local(&target), local(&checkpoint)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("lost the record"), "{error}");
        assert_eq!(visible_numbers(&target), (0..10).collect::<Vec<_>>());
    }
    // The way out that the error names.
    for entry in fs::read_dir(&target).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            fs::remove_file(path).unwrap();
        }
    }
    files(otherwise(), local(&target), local(&checkpoint)).unwrap();
    assert_eq!(visible_numbers(&target), (0..10).collect::<Vec<_>>());
}
