//! What a directory says is waiting: every file that the next plans hold, and none that is planned.

use std::fs;

use streamwriter_core::{BatchId, Gathered, PlanLimits, Source};

use super::tests::{limits, put, read_plan};
use crate::JsonLines;

fn gathered(source: &JsonLines<u64>, limits: &PlanLimits) -> (u64, u64, bool) {
    let Gathered {
        files, bytes, full, ..
    } = source.gathered(None, limits).unwrap();
    (files, bytes, full)
}

#[test]
fn q1_files_are_added_up_until_they_are_planned() {
    let dir = tempfile::tempdir().unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let all = limits(None, None, None);
    assert!(source.gathered(None, &all).unwrap().is_nothing());
    put(dir.path(), "b.jsonl", "1\n", 5);
    put(dir.path(), "ignored.txt", "1\n", 5);
    assert_eq!(gathered(&source, &all), (1, 2, false));
    // One that is older than those that were seen comes before them all the same.
    put(dir.path(), "a.jsonl", "0\n", 3);
    put(dir.path(), "c.jsonl", "20\n30\n", 9);
    assert_eq!(gathered(&source, &all), (3, 10, false));
    assert_eq!(gathered(&source, &all), (3, 10, false));

    let first = source.plan(None, &limits(Some(3), None, None)).unwrap();
    let first = first.unwrap();
    assert_eq!(read_plan(&source, &first).unwrap(), [0, 1, 20]);
    // B5: the batch before need not be committed. Of the file that it has cut, the rest waits.
    let rest = source.gathered(Some(&first.end), &all).unwrap();
    assert_eq!((rest.files, rest.bytes), (1, 3));
    source.committed(BatchId::FIRST, &first).unwrap();
    put(dir.path(), "d.jsonl", "4\n", 9);
    let rest = source.gathered(Some(&first.end), &all).unwrap();
    assert_eq!((rest.files, rest.bytes), (2, 5));
    let second = source.plan(Some(&first.end), &all).unwrap().unwrap();
    assert_eq!(read_plan(&source, &second).unwrap(), [30, 4]);
    assert!(
        source
            .gathered(Some(&second.end), &all)
            .unwrap()
            .is_nothing()
    );
}

#[test]
fn q1_a_batch_is_full_by_its_bounds_and_ours_give_way_to_the_minimums() {
    let dir = tempfile::tempdir().unwrap();
    for name in 0..5 {
        put(dir.path(), &format!("{name}.jsonl"), "1\n", name);
    }
    let source = || JsonLines::<u64>::directory(dir.path()).unwrap();
    assert!(!gathered(&source(), &limits(Some(1), None, Some(6))).2);
    assert!(gathered(&source(), &limits(None, None, Some(5))).2);
    assert!(gathered(&source(), &limits(None, Some(10), None)).2);
    assert!(!gathered(&source(), &limits(None, Some(11), None)).2);

    let large = fs::File::create(dir.path().join("large.jsonl")).unwrap();
    large.set_len(300 << 20).unwrap();
    let mut limits = limits(None, None, None);
    assert!(gathered(&source(), &limits).2);
    limits.enough.bytes = Some(400 << 20);
    assert_eq!(gathered(&source(), &limits), (6, (300 << 20) + 10, false));
    limits.bytes = Some(200 << 20);
    assert!(gathered(&source(), &limits).2);
}

#[test]
fn q1_files_that_go_away_before_they_are_planned_are_not_planned() {
    let dir = tempfile::tempdir().unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let all = limits(None, None, None);
    put(dir.path(), "gone.jsonl", "1\n", 1);
    assert_eq!(gathered(&source, &all), (1, 2, false));
    fs::remove_file(dir.path().join("gone.jsonl")).unwrap();
    assert_eq!(source.plan(None, &all).unwrap(), None);
    assert!(source.gathered(None, &all).unwrap().is_nothing());
}

#[test]
fn q1_more_files_are_remembered_if_the_query_waits_for_more() {
    let dir = tempfile::tempdir().unwrap();
    for name in 0..10_001 {
        fs::write(dir.path().join(format!("{name}.jsonl")), "").unwrap();
    }
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let mut limits = limits(None, None, None);
    limits.enough.files = Some(10_002);
    assert_eq!(gathered(&source, &limits), (10_001, 0, false));
    fs::write(dir.path().join("one more.jsonl"), "").unwrap();
    assert_eq!(gathered(&source, &limits), (10_002, 0, true));
}
