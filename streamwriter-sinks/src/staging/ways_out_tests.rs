//! Guards E3, E6 and E7 at the level of staging: who owns a target, and what leaves the sight.

use std::fs;

use streamwriter_core::testing::Pretend;
use streamwriter_core::{ErrorKind, Fate, FileState, StoredMessage};

use crate::StagedFiles;

use super::tests::{in_batch, in_partition, in_run, place, stage};
use super::*;

fn claim(query: QueryId) -> TargetClaim {
    TargetClaim::new(query, "/checkpoints/one")
}

fn record(query: QueryId, batch: u64, prepared: &str) -> TargetRecord {
    TargetRecord {
        query,
        batch: BatchId::new(batch),
        prepared: prepared.to_owned(),
    }
}

#[test]
fn e6_create_if_absent_makes_one_of_many_queries_the_new_owner() {
    for _ in 0..20 {
        let place = place();
        let former = QueryId::random();
        place.staging.open(&claim(former)).unwrap();
        // Without the lock, as if each had taken it over from the others.
        let storage = &**place.staging.storage();
        let won: Vec<QueryId> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let query = QueryId::random();
                    let claim = claim(query).take_over_target_from(Some(former));
                    scope.spawn(move || owner::claim(storage, &claim).is_ok().then_some(query))
                })
                .collect();
            threads
                .into_iter()
                .filter_map(|t| t.join().unwrap())
                .collect()
        });
        let owners = owner::read(storage).unwrap().unwrap();
        assert_eq!((won, owners.generation()), (vec![owners.newest().query], 2));
    }
}

#[test]
fn e5_e6_a_former_owner_is_fenced_off_between_two_parts_of_a_publication() {
    let place = place();
    let pretend = Pretend::default();
    place.staging.open(&claim(pretend.query)).unwrap();
    let count = FILES_PER_FENCE as u32 + 6;
    let files: Vec<_> = (0..count)
        .map(|partition| stage(&place.staging, &in_partition(pretend, partition), b"rows"))
        .collect();
    // The target is taken over after the first look: the second one is before the 65th file.
    let other = QueryId::random();
    let taken = claim(other)
        .take_over(true)
        .take_over_target_from(Some(pretend.query));
    let successor = place.again();
    successor.open(&taken).unwrap();
    for _ in 0..2 {
        let error = place.staging.publish(&files, &pretend.batch()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    }
    let error = place
        .staging
        .record(&record(pretend.query, 0, "a"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    let withdrawal = Withdrawal::new(pretend.query, BatchId::FIRST, Revision::new(1), Run::new(2));
    let error = place.staging.withdraw(&withdrawal).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    assert_eq!(place.visible(), [""; 0]);
    // As another process that has not opened the target, it is refused as well.
    let error = place.again().publish(&files, &pretend.batch()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert_eq!(place.staged().len(), count as usize);
}

#[test]
fn e6_the_records_of_two_queries_do_not_meet() {
    let place = place();
    let (first, second) = (QueryId::random(), QueryId::random());
    place.staging.open(&claim(first)).unwrap();
    for batch in [6, 7] {
        place
            .staging
            .record(&record(first, batch, "first"))
            .unwrap();
    }
    let taken = claim(second).take_over_target_from(Some(first));
    place.staging.open(&taken).unwrap();
    assert_eq!(place.staging.last_committed(second).unwrap(), None);
    place.staging.record(&record(second, 7, "second")).unwrap();
    place.staging.record(&record(second, 3, "second")).unwrap();
    for staging in [&place.staging, &place.again()] {
        let last = |query| staging.last_committed(query).unwrap().unwrap();
        assert_eq!(last(first), record(first, 7, "first"));
        assert_eq!(last(second), record(second, 7, "second"));
    }
    let of_second = format!("_streamwriter/committed/{second}/00000000000000000007");
    assert!(place.file(&of_second).exists());
}

#[test]
fn e3_the_record_of_a_later_revision_counts_also_if_an_earlier_one_comes_late() {
    let place = place();
    let query = QueryId::random();
    place.staging.record(&record(query, 6, "six")).unwrap();
    let again = record(query, 7, "again");
    place
        .staging
        .record_revision(&again, Revision::new(1))
        .unwrap();
    place
        .staging
        .record_revision(&again, Revision::new(1))
        .unwrap();
    place.staging.record(&record(query, 7, "late")).unwrap();
    assert_eq!(place.staging.last_committed(query).unwrap(), Some(again));
    let other = record(query, 7, "other");
    let error = place
        .staging
        .record_revision(&other, Revision::new(1))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn e3_files_leave_the_sight_also_those_in_partition_directories_and_nothing_else_does() {
    let place = place();
    let pretend = Pretend::default();
    let publish = |pretend: Pretend, directory: Option<&str>| {
        let directory = directory.map(|text| StorePath::parse(text).unwrap());
        let mut file = place
            .staging
            .file(&pretend.task(), directory.as_ref(), 0, "txt")
            .unwrap();
        std::io::Write::write_all(&mut file, b"rows").unwrap();
        let object = file.finish().unwrap();
        place
            .staging
            .publish(std::slice::from_ref(&object), &pretend.batch())
            .unwrap();
        object.path
    };
    let gone = [
        publish(pretend, None),
        publish(in_partition(pretend, 1), Some("city=Oslo/year=2026")),
    ];
    let kept = [
        publish(in_batch(pretend, 1), None),
        publish(Pretend::default(), Some("city=Oslo")),
    ];
    // Of the same batch: staged before the decision, and by the run that writes it again.
    stage(&place.staging, &in_partition(pretend, 2), b"old");
    stage(&place.staging, &in_run(in_partition(pretend, 2), 3), b"new");
    let withdrawal = Withdrawal::new(pretend.query, BatchId::FIRST, Revision::new(1), Run::new(2));
    assert_eq!(place.staging.withdraw(&withdrawal).unwrap(), 3);
    assert_eq!(place.staging.withdraw(&withdrawal).unwrap(), 0, "and again");
    let exists = |path: &StorePath| place.staging.storage().exists(path).unwrap();
    assert!(!gone.iter().any(exists) && kept.iter().all(exists));
    assert_eq!(place.staged(), ["00000000000000000000-r3-p2-a0-f0"]);
    let directory = StorePath::parse("_streamwriter/withdrawn").unwrap();
    let withdrawn = place.staging.storage().list(&directory).unwrap();
    let below = format!("{directory}/{}/00000000000000000000-1", pretend.query);
    let mut expected = vec![
        format!("{below}/final/{}.withdrawn", gone[0]),
        format!("{below}/final/{}.withdrawn", gone[1]),
        format!("{below}/staged/00000000000000000000-r1-p2-a0-f0.withdrawn"),
    ];
    expected.sort();
    let found: Vec<_> = withdrawn.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(found, expected);
    assert!(withdrawn.iter().all(|entry| entry.size > 0), "whole");
    // A second file of the same name finds a name of its own.
    fs::write(place.file(gone[0].as_str()), b"foreign").unwrap();
    assert_eq!(place.staging.withdraw(&withdrawal).unwrap(), 1);
    assert_eq!(place.staging.storage().list(&directory).unwrap().len(), 4);
}

#[test]
fn e8_what_leaves_the_sight_is_gone_after_a_power_cut_too() {
    use streamwriter_core::testing::{FaultStorage, When};

    let place = place();
    let pretend = Pretend::default();
    let directory = StorePath::parse("city=Oslo").unwrap();
    let mut file = place
        .staging
        .file(&pretend.task(), Some(&directory), 0, "txt")
        .unwrap();
    std::io::Write::write_all(&mut file, b"rows").unwrap();
    let object = file.finish().unwrap();
    place.staging.publish(&[object], &pretend.batch()).unwrap();
    let withdrawal = Withdrawal::new(pretend.query, BatchId::FIRST, Revision::new(1), Run::new(2));
    // Who moved the file may have died before its old name was durably gone.
    let inner = place.staging.storage();
    let storage = FaultStorage::failing(inner.clone(), 0, When::After);
    Staging::over(storage.shared())
        .withdraw(&withdrawal)
        .unwrap_err();
    assert!(
        storage.log()[0].contains("withdraw city=Oslo/"),
        "{:?}",
        storage.log()
    );
    // The next call finds nothing to move, and makes that durable all the same.
    let storage = FaultStorage::counting(inner.clone());
    Staging::over(storage.shared())
        .withdraw(&withdrawal)
        .unwrap();
    assert!(
        storage
            .log()
            .iter()
            .any(|step| step.ends_with("sync city=Oslo")),
        "{:?}",
        storage.log()
    );
}

#[test]
fn e3_a_file_is_looked_after_by_its_identity() {
    let place = place();
    let pretend = Pretend::default();
    let object = |partition| stage(&place.staging, &in_partition(pretend, partition), b"rows");
    let files: Vec<_> = (0..7).map(object).collect();
    place
        .staging
        .publish(&files[1..4], &pretend.batch())
        .unwrap();
    let at = |number: usize| place.file(files[number].path.as_str());
    fs::remove_file(at(2)).unwrap();
    fs::write(at(3), b"more rows").unwrap();
    fs::write(at(4), b"swor").unwrap(); // the same size
    fs::write(at(5), b"rows").unwrap(); // the same contents
    fs::write(place.file(files[6].staged.as_str()), b"ro").unwrap();
    let message = StagedFiles::new(0, files);
    let states: Vec<_> = place
        .staging
        .inspect(&[StoredMessage::of(&message).unwrap()])
        .unwrap()
        .into_iter()
        .map(|finding| finding.state)
        .collect();
    assert_eq!(
        states[..3],
        [FileState::Staged, FileState::Published, FileState::Missing]
    );
    let other = |state: &FileState, size: u64, is_staged: bool| {
        matches!(state, FileState::OtherIdentity { found, staged }
            if found.size == size && *staged == is_staged)
    };
    assert!(
        other(&states[3], 9, false) && other(&states[4], 4, true),
        "{states:?}"
    );
    assert_eq!(states[5], FileState::PublishedBefore);
    assert!(
        matches!(&states[6], FileState::StagedDamaged { found } if found.size == 2),
        "{states:?}"
    );
    assert_eq!(place.staged().len(), 4, "nothing was changed");
}

#[test]
fn e7_what_crashes_leave_beside_staged_files_is_listed_and_goes() {
    let place = place();
    let query = QueryId::random();
    place.staging.open(&claim(query)).unwrap();
    let batch = |number: u64| {
        // As earlier versions made them.
        let of_query = names::staging_of_query(query).unwrap();
        let name = names::batch_name(BatchId::new(number));
        place.file(&format!("{of_query}/{name}"))
    };
    for number in [0, 3, 4] {
        fs::create_dir_all(batch(number)).unwrap();
    }
    let probe = format!("_streamwriter/.tmp-probe-{query}");
    fs::write(place.file(&probe), "1").unwrap();
    fs::write(place.file(".tmp-foreign"), "1").unwrap();
    fs::write(place.file("_streamwriter/.tmp-torn"), "1").unwrap();
    let scope = SweepScope::new(query, Run::new(2)).committed(Some(BatchId::new(3)));
    let look = || place.staging.leftovers(&scope).unwrap();
    let fates: Vec<_> = look().into_iter().map(|leftover| leftover.fate).collect();
    let expected = [
        Fate::Temporary,
        Fate::Temporary,
        Fate::EmptyDirectory,
        Fate::EmptyDirectory,
    ];
    assert_eq!(fates, expected);
    place.staging.open(&claim(query)).unwrap();
    place
        .staging
        .sweep(query, Run::new(2), BatchId::new(3))
        .unwrap();
    assert!(look().is_empty(), "{:?}", look());
    assert!(batch(4).exists(), "the batch in hand keeps its directory");
    assert!(place.file(".tmp-foreign").exists());
    assert!(!place.file(&probe).exists());
}

#[cfg(unix)]
#[test]
fn e7_a_name_that_is_not_text_is_listed_as_foreign_and_stays() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let place = place();
    let pretend = Pretend::default();
    let old = stage(&place.staging, &pretend, b"rows");
    let directory = place.file(old.staged.parent().as_str());
    let foreign = directory.join(OsStr::from_bytes(b"r1-p0-a1-f0\xff"));
    fs::write(&foreign, b"foreign").unwrap();
    let scope = SweepScope::new(pretend.query, Run::new(2)).committed(Some(BatchId::FIRST));
    let listed = place.staging.leftovers(&scope).unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let fates: Vec<bool> = listed.iter().map(|leftover| leftover.fate.goes()).collect();
    assert!(fates.contains(&true) && listed.iter().any(|l| l.fate == Fate::Foreign));
    let swept = place
        .staging
        .sweep(pretend.query, Run::new(2), BatchId::FIRST);
    assert_eq!(swept.unwrap().removed, 1);
    assert!(foreign.exists());
}

#[test]
fn e7_a_query_that_has_never_owned_the_target_is_told_nothing() {
    let place = place();
    place.staging.open(&claim(QueryId::random())).unwrap();
    let scope = SweepScope::new(QueryId::random(), Run::new(2));
    let error = place.staging.leftovers(&scope).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}
