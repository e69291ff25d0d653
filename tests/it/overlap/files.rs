//! Files that are staged while the batch before them is published and cleaned up.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{FileSink, Memory, Staging, Trigger, stream};

use super::{Story, local, overlapping, short};
use crate::support::{Numbers, staged_files, visible_numbers};

const ROWS: u64 = 40;

fn places(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("target"), directory.join("checkpoint"))
}

/// Which batch a staged or final path is of: `.../0…1/part…` or `part-b0…1-…`.
fn is_of(path: &str, batch: u64) -> bool {
    path.contains(&format!("{batch:020}")) || path.contains(&format!("b{batch}"))
}

/// E7: the sweep behind a batch, which a failed attempt of it brings about, leaves what the next one has
/// staged meanwhile.
#[test]
fn e7_b5_the_sweep_behind_a_batch_spares_what_the_next_one_has_staged() {
    let directory = tempfile::tempdir().unwrap();
    let (target, checkpoint) = places(directory.path());
    let story = Story::default();
    let (telling, seen) = (story.clone(), Arc::new(AtomicBool::new(false)));
    let look = target.clone();
    let saw = Arc::clone(&seen);
    let storage = FaultStorage::watched(local(&target), move |point| {
        let path = point.path.as_str();
        if point.operation == "finish" && point.when == When::After {
            telling.tell("finish");
        }
        // The first batch has two files: its publication waits until the second one's are staged too.
        if point.operation == "publish"
            && point.when == When::Before
            && telling.count("publish ") == 0
        {
            telling.wait_for_all("finish", 4);
            saw.store(staged_files(&look).len() >= 4, Ordering::SeqCst);
            telling.tell(format!("publish {path}"));
        }
        Ok(())
    });
    let source = Numbers::new(ROWS).failing_at(3, 1);
    let watched = story.watch(&checkpoint);
    let sink = FileSink::json_lines_in(Staging::over(storage.shared()));
    overlapping(source, sink, watched.shared())
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert!(seen.load(Ordering::SeqCst), "nothing of batch 1 was staged");
    story.expect_order("commits/0", "try prepared/1");
    assert_eq!(visible_numbers(&target), (0..ROWS).collect::<Vec<_>>());
    assert_eq!(staged_files(&target), Vec::<String>::new());
}

/// E7: what the run before has left of a batch is swept although something is always staged.
#[test]
fn e7_b5_what_an_earlier_run_has_left_is_swept_while_batches_overlap() {
    let directory = tempfile::tempdir().unwrap();
    let (target, checkpoint) = places(directory.path());
    let first = FaultStorage::watched(local(&checkpoint), |point| {
        match short(point.path.as_str()).as_str() {
            "prepared/1" => Err(point.error()),
            _ => Ok(()),
        }
    });
    let run = |checkpoint, rows| {
        let sink = FileSink::json_lines_in(Staging::over(local(&target)));
        overlapping(Numbers::new(rows), sink, checkpoint)
            .start()
            .unwrap()
            .await_termination()
    };
    run(first.shared(), ROWS).unwrap_err();
    assert_eq!(
        staged_files(&target).len(),
        2,
        "there is no abort of batch 1 (W5)"
    );
    run(local(&checkpoint), ROWS).unwrap();
    assert_eq!(visible_numbers(&target), (0..ROWS).collect::<Vec<_>>());
    assert_eq!(staged_files(&target), Vec::<String>::new());
}

/// The files of an aborted batch go; those of the one that was not published stay for the restart.
#[test]
fn w5_b5_a_publication_that_fails_keeps_its_own_files_and_drops_those_of_the_next_batch() {
    let directory = tempfile::tempdir().unwrap();
    let (target, checkpoint) = places(directory.path());
    let story = Story::default();
    let telling = story.clone();
    let storage = FaultStorage::watched(local(&target), move |point| {
        if point.operation == "finish" && point.when == When::After {
            telling.tell("finish");
        }
        if point.operation == "publish" && point.when == When::Before {
            telling.wait_for_all("finish", 4);
            return Err(point.error());
        }
        Ok(())
    });
    let query = |storage| {
        let sink = FileSink::json_lines_in(Staging::over(storage));
        overlapping(
            Memory::new(0..ROWS).partitions(2),
            sink,
            checkpoint.as_path(),
        )
        .max_rows_per_batch(10)
        .start()
        .unwrap()
        .await_termination()
    };
    let error = query(storage.shared()).unwrap_err();
    assert_eq!(error.batch().map(|batch| batch.get()), Some(0), "{error}");
    let left = staged_files(&target);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|path| is_of(path, 0)), "{left:?}");
    query(local(&target)).unwrap();
    assert_eq!(visible_numbers(&target), (0..ROWS).collect::<Vec<_>>());
    assert_eq!(staged_files(&target), Vec::<String>::new());
}

/// E10: the purge behind a batch leaves what the overlap needs, at the least number that may be kept.
#[test]
fn e10_b5_the_purge_behind_a_batch_keeps_the_batches_that_a_restart_needs() {
    let directory = tempfile::tempdir().unwrap();
    let (target, checkpoint) = places(directory.path());
    for rows in [200, 400] {
        let sink = FileSink::json_lines(&target).unwrap();
        overlapping(Memory::new(0..rows), sink, checkpoint.as_path())
            .max_rows_per_batch(10)
            .keep_batches(2)
            .start()
            .unwrap()
            .await_termination()
            .unwrap();
        for log in ["offsets", "prepared", "commits"] {
            assert_eq!(
                fs::read_dir(checkpoint.join(log)).unwrap().count(),
                2,
                "{log}"
            );
        }
    }
    assert_eq!(visible_numbers(&target), (0..400).collect::<Vec<_>>());
}

/// A directory as a source: its record of taken files is written by the driver while the next files
/// are planned.
#[test]
fn s1_b5_no_file_is_taken_twice_or_never_while_batches_overlap() {
    let directory = tempfile::tempdir().unwrap();
    let (target, checkpoint) = places(directory.path());
    let input = directory.path().join("input");
    fs::create_dir(&input).unwrap();
    for files in [0..40, 40..60] {
        for number in files.clone() {
            fs::write(input.join(format!("{number}.jsonl")), format!("{number}\n")).unwrap();
        }
        let source = streamwriter::JsonLines::<u64>::directory(&input).unwrap();
        let summary = stream(source)
            .write_to(FileSink::json_lines(&target).unwrap())
            .checkpoint(checkpoint.as_path())
            .trigger(Trigger::AvailableNow)
            .max_files_per_batch(1)
            .overlap_batches(true)
            .start()
            .unwrap()
            .await_termination()
            .unwrap();
        assert_eq!(summary.batches, files.len() as u64);
    }
    assert_eq!(visible_numbers(&target), (0..60).collect::<Vec<_>>());
}
