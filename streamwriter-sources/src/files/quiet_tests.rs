//! What a directory is listed for, and that nothing is missed where it is not.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use streamwriter_core::{BatchId, QueryId, Source};

use super::quiet::Changed;
use super::tests::{context, limits, numbers, put, read_plan};
use super::{Directory, FilesOffset, Framing};
use crate::JsonLines;

#[test]
fn b2_a_stream_that_is_frozen_in_the_middle_of_a_file_goes_on_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    put(dir.path(), "0.jsonl", numbers(0..5), 1);
    put(dir.path(), "1.jsonl", numbers(5..8), 2);
    let three = limits(Some(3), None, None);
    let mut read = Vec::new();
    let (mut start, mut batch) = (None, BatchId::FIRST);
    for life in 0..3 {
        let source = JsonLines::<u64>::directory(dir.path()).unwrap();
        source.start(&context(checkpoint.path(), query)).unwrap();
        source.freeze().unwrap();
        let gathered = source.gathered(start.as_ref(), &three).unwrap();
        assert_eq!(gathered.files, [2, 2, 1][life], "{gathered}");
        let plan = source.plan(start.as_ref(), &three).unwrap().unwrap();
        read.extend(read_plan(&source, &plan).unwrap());
        source.committed(batch, &plan).unwrap();
        (start, batch) = (Some(plan.end), batch.next());
    }
    assert_eq!(read, (0..8).collect::<Vec<_>>());
}

#[test]
fn a_directory_at_rest_is_not_listed_and_what_comes_then_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    put(dir.path(), "0.jsonl", numbers(0..1), 1);
    let directory = Directory::new(dir.path(), &["jsonl"]).unwrap();
    let all = limits(None, None, None);
    let plan_after = |start: Option<&FilesOffset>| {
        directory
            .plan(Framing::Lines, |_| Ok(None), start, &all)
            .unwrap()
    };
    let listings = || directory.listings();
    let first = plan_after(None).unwrap();
    directory.committed(BatchId::FIRST, &first).unwrap();
    let begun = Instant::now();
    assert_eq!(plan_after(Some(&first.end)), None);
    while begun.elapsed() < Duration::from_millis(3_500) {
        sleep(Duration::from_millis(100));
        assert_eq!(plan_after(Some(&first.end)), None);
    }
    let before = listings();
    for _ in 0..10 {
        assert_eq!(plan_after(Some(&first.end)), None);
    }
    // Where a file system is not asked, each look is a listing.
    let is_asked = Changed::of(dir.path()).is_some();
    assert_eq!(listings() - before, if is_asked { 0 } else { 10 });
    put(dir.path(), "1.jsonl", numbers(1..2), 2);
    let second = plan_after(Some(&first.end)).unwrap();
    assert_eq!(second.partitions[0].ranges[0].file.path(), "1.jsonl");
    directory.committed(BatchId::FIRST.next(), &second).unwrap();
    #[cfg(unix)]
    {
        let target = elsewhere.path().join("2.jsonl");
        std::os::unix::fs::symlink(&target, dir.path().join("2.jsonl")).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(3_500) {
            assert_eq!(plan_after(Some(&second.end)), None);
            sleep(Duration::from_millis(100));
        }
        put(elsewhere.path(), "2.jsonl", numbers(2..3), 3);
        assert!(
            plan_after(Some(&second.end)).is_some(),
            "the link leads to a file by now"
        );
    }
}

#[test]
fn what_comes_into_a_directory_inside_is_found_after_a_rest() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("inside")).unwrap();
    put(dir.path(), "inside/0.jsonl", numbers(0..1), 1);
    let source = JsonLines::<u64>::directory(dir.path())
        .unwrap()
        .recursive(true);
    let all = limits(None, None, None);
    let first = source.plan(None, &all).unwrap().unwrap();
    source.committed(BatchId::FIRST, &first).unwrap();
    for _ in 0..36 {
        assert_eq!(source.plan(Some(&first.end), &all).unwrap(), None);
        sleep(Duration::from_millis(100));
    }
    put(dir.path(), "inside/1.jsonl", numbers(1..2), 2);
    assert!(source.plan(Some(&first.end), &all).unwrap().is_some());
}

#[test]
fn a_frozen_stream_of_more_files_than_one_listing_remembers_is_read_whole() {
    let dir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let files = 10_050;
    for number in 0..files {
        fs::write(
            dir.path().join(format!("{number:05}.jsonl")),
            format!("{number}\n"),
        )
        .unwrap();
    }
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    source.freeze().unwrap();
    let mut read = Vec::new();
    let mut start = None;
    while let Some(plan) = source
        .plan(start.as_ref(), &limits(None, None, Some(5_000)))
        .unwrap()
    {
        read.extend(read_plan(&source, &plan).unwrap());
        source.committed(BatchId::FIRST, &plan).unwrap();
        start = Some(plan.end);
    }
    read.sort_unstable();
    assert_eq!(read, (0..files).collect::<Vec<u64>>());
}
