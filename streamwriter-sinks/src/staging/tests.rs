//! Guards F1 to F3 and E3, E5 to E7, E9 for everything that stages files.

use std::fs;
use std::io::Write;

use streamwriter_core::testing::Pretend;
use streamwriter_core::{Attempt, ErrorKind, LocalStorage, PartitionId};

use super::*;

pub(super) struct Place {
    directory: tempfile::TempDir,
    pub(super) staging: Staging,
}

pub(super) fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let staging = Staging::new(directory.path().join("lake")).unwrap();
    Place { directory, staging }
}

impl Place {
    /// The same directory as another process would open it.
    pub(super) fn again(&self) -> Staging {
        Staging::new(self.directory.path().join("lake")).unwrap()
    }

    pub(super) fn file(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join("lake").join(name)
    }

    /// What a reader sees that skips names with `_` and `.`, as Spark, pyarrow and DuckDB do.
    pub(super) fn visible(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.directory.path().join("lake")) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with(['_', '.'])).collect();
        names.sort();
        names
    }

    pub(super) fn staged(&self) -> Vec<String> {
        let root = StorePath::parse("_streamwriter/staging").unwrap();
        let entries = self.staging.storage().list(&root).unwrap();
        let names = entries
            .iter()
            .map(|entry| entry.path.file_name().to_owned());
        names.collect()
    }
}

pub(super) fn stage(staging: &Staging, pretend: &Pretend, bytes: &[u8]) -> StagedObject {
    let mut file = staging.file(&pretend.task(), None, 0, "txt").unwrap();
    file.write_all(bytes).unwrap();
    assert_eq!(file.bytes_written(), bytes.len() as u64);
    file.finish().unwrap()
}

pub(super) fn in_partition(pretend: Pretend, partition: u32) -> Pretend {
    Pretend {
        partition: PartitionId::new(partition),
        ..pretend
    }
}

pub(super) fn in_batch(pretend: Pretend, batch: u64) -> Pretend {
    Pretend {
        batch: BatchId::new(batch),
        ..pretend
    }
}

pub(super) fn in_run(pretend: Pretend, run: u64) -> Pretend {
    Pretend {
        run: Run::new(run),
        ..pretend
    }
}

#[test]
fn a_file_is_invisible_before_its_batch_is_published() {
    let place = place();
    let pretend = Pretend::default();
    let mut file = place.staging.file(&pretend.task(), None, 0, "txt").unwrap();
    file.write_all(b"rows").unwrap();
    assert_eq!(place.visible(), [""; 0]);
    let object = file.finish().unwrap();
    assert_eq!(place.visible(), [""; 0]);
    place.staging.publish(&[object], &pretend.batch()).unwrap();
    let name = format!("part-b0000000000-p00000-f0000-{}.txt", pretend.query);
    assert_eq!(place.visible(), [name.as_str()]);
    assert_eq!(fs::read(place.file(&name)).unwrap(), b"rows");
    let of_query = format!("_streamwriter/staging/{}", pretend.query);
    let left = fs::read_dir(place.file(&of_query)).unwrap().count();
    assert_eq!(left, 0, "nothing of the batch is left there");
}

#[test]
fn large_writes_keep_their_place_between_small_ones() {
    let place = place();
    let mut file = place
        .staging
        .file(&Pretend::default().task(), None, 0, "txt")
        .unwrap();
    let large = vec![b'x'; 300_000];
    let parts: [&[u8]; 5] = [b"first", &large, b"second", &large, b"last"];
    for part in parts {
        file.write_all(part).unwrap();
    }
    assert_eq!(file.bytes_written(), 600_015);
    let object = file.finish().unwrap();
    let written = fs::read(place.file(object.staged.as_str())).unwrap();
    assert!(written == parts.concat(), "the parts changed places");
}

#[test]
fn publishing_again_and_by_another_process_has_one_effect() {
    let place = place();
    let pretend = Pretend::default();
    let files: Vec<_> = (0..3)
        .map(|partition| stage(&place.staging, &in_partition(pretend, partition), b"rows"))
        .collect();
    // A crash after the first file.
    place
        .staging
        .publish(&files[..1], &pretend.batch())
        .unwrap();
    assert_eq!(place.visible().len(), 1);
    for _ in 0..2 {
        place.again().publish(&files, &pretend.batch()).unwrap();
        assert_eq!(place.visible().len(), 3);
        assert_eq!(place.staged(), [""; 0]);
    }
}

#[test]
fn a_final_file_with_other_contents_is_named_and_stays() {
    let place = place();
    let pretend = Pretend::default();
    let object = stage(&place.staging, &pretend, b"rows");
    let target = place.file(object.path.as_str());
    fs::write(&target, b"else").unwrap();
    let error = place
        .staging
        .publish(&[object], &pretend.batch())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("part-b0000000000"), "{error}");
    assert_eq!(fs::read(target).unwrap(), b"else");
}

#[test]
fn a_file_that_has_vanished_is_named() {
    let place = place();
    let pretend = Pretend::default();
    let object = stage(&place.staging, &pretend, b"rows");
    fs::remove_file(place.file(object.staged.as_str())).unwrap();
    let error = place
        .staging
        .publish(&[object], &pretend.batch())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("part-b0000000000"), "{error}");
}

#[test]
fn neither_another_attempt_nor_another_run_meets_the_files_of_the_first() {
    let place = place();
    let first = Pretend::default();
    let second = Pretend {
        attempt: Attempt::new(1),
        ..first
    };
    let third = in_run(first, 2);
    stage(&place.staging, &first, b"torn");
    let object = stage(&place.staging, &second, b"rows");
    let later = stage(&place.staging, &third, b"rows");
    assert_eq!(object.path, later.path, "the final name knows no attempt");
    place.staging.publish(&[object], &second.batch()).unwrap();
    assert_eq!(place.visible().len(), 1);
    let left = ["r1-p0-a0-f0", "r2-p0-a0-f0"].map(|name| format!("{:020}-{name}", 0));
    assert_eq!(place.staged(), left);
}

#[test]
fn a_number_is_given_to_one_file_of_a_task() {
    let place = place();
    let task = Pretend::default().task();
    let first = place.staging.file(&task, None, 0, "txt").unwrap();
    let error = place.staging.file(&task, None, 0, "txt").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let second = place.staging.file(&task, None, 1, "txt").unwrap();
    assert_ne!(first.path(), second.path());
}

#[test]
fn an_abort_and_a_dropped_file_leave_nothing() {
    let place = place();
    let pretend = Pretend::default();
    let object = stage(&place.staging, &pretend, b"rows");
    let mut file = place
        .staging
        .file(&in_partition(pretend, 1).task(), None, 0, "txt")
        .unwrap();
    file.write_all(b"rows").unwrap();
    drop(file);
    for _ in 0..2 {
        place
            .staging
            .discard(std::slice::from_ref(&object), &pretend.batch())
            .unwrap();
    }
    assert_eq!((place.visible(), place.staged()), (vec![], vec![]));
}

#[test]
fn a_message_can_name_nothing_but_files_of_its_batch() {
    let place = place();
    let pretend = Pretend::default();
    let good = stage(&place.staging, &pretend, b"rows");
    let mine = |change: fn(&mut StagedObject)| {
        let mut object = good.clone();
        change(&mut object);
        object
    };
    let path = |text: &str| StorePath::parse(text).unwrap();
    let other_query = stage(&place.staging, &Pretend::default(), b"rows");
    let other_batch = stage(&place.staging, &in_batch(pretend, 1), b"rows");
    let other_file = stage(&place.staging, &in_partition(pretend, 1), b"rows");
    let cases = [
        other_query,
        other_batch.clone(),
        mine(|object| object.path = StorePath::parse("precious.txt").unwrap()),
        mine(|object| object.staged = StorePath::parse("precious.txt").unwrap()),
        mine(|object| object.staged = StorePath::parse("_streamwriter/owner").unwrap()),
        StagedObject {
            path: path(&format!("_streamwriter/{}", good.path)),
            ..good.clone()
        },
        StagedObject {
            staged: other_batch.staged,
            ..good.clone()
        },
        StagedObject {
            staged: other_file.staged,
            ..good.clone()
        },
    ];
    for object in cases {
        let named = [object];
        for outcome in [
            place.staging.publish(&named, &pretend.batch()),
            place.staging.discard(&named, &pretend.batch()),
        ] {
            let error = outcome.expect_err(named[0].path.as_str());
            assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
        }
    }
    let twice = [good.clone(), good];
    place.staging.publish(&twice, &pretend.batch()).unwrap_err();
    assert_eq!(place.visible(), [""; 0]);
    assert_eq!(place.staged().len(), 4, "nothing was touched");
}

#[test]
fn a_superseded_driver_publishes_nothing_more() {
    let place = place();
    let pretend = Pretend::default();
    let count = FILES_PER_FENCE + 6;
    let files: Vec<_> = (0..count as u32)
        .map(|partition| stage(&place.staging, &in_partition(pretend, partition), b"rows"))
        .collect();
    for (checks, published) in [(0, 0), (1, FILES_PER_FENCE), (2, count)] {
        let outcome = place
            .staging
            .publish(&files, &pretend.superseded_batch(checks));
        assert_eq!(place.visible().len(), published);
        let kind = outcome.map_err(|error| error.kind());
        let expected = (published < count).then_some(ErrorKind::Superseded);
        assert_eq!(kind.err(), expected, "{checks} checks");
    }
}

#[test]
fn a_partition_directory_is_part_of_the_name_and_cannot_be_ours() {
    let place = place();
    let pretend = Pretend::default();
    let directory = StorePath::parse("city=Oslo/year=2026").unwrap();
    let file = place
        .staging
        .file(&pretend.task(), Some(&directory), 0, "txt")
        .unwrap();
    assert_eq!(file.path().parent(), directory);
    let object = file.finish().unwrap();
    let published = object.path.clone();
    place.staging.publish(&[object], &pretend.batch()).unwrap();
    assert!(place.file(published.as_str()).exists());
    let own = StorePath::parse("_streamwriter/committed").unwrap();
    let error = place
        .staging
        .file(&pretend.task(), Some(&own), 1, "txt")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn two_partitions_are_written_at_the_same_time() {
    let place = place();
    let pretend = Pretend::default();
    let files: Vec<StagedObject> = std::thread::scope(|scope| {
        let staging = &place.staging;
        let threads: Vec<_> = (0..8)
            .map(|at| {
                scope.spawn(move || stage(staging, &in_partition(pretend, at), &[at as u8; 9999]))
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    place.staging.publish(&files, &pretend.batch()).unwrap();
    assert_eq!(place.visible().len(), 8);
    for (at, name) in place.visible().iter().enumerate() {
        assert_eq!(fs::read(place.file(name)).unwrap(), [at as u8; 9999]);
    }
}

mod claims {
    use super::*;

    fn claim(query: QueryId) -> TargetClaim {
        TargetClaim::new(query, "/checkpoints/one")
    }

    #[test]
    fn the_first_query_owns_the_target_and_others_are_told_the_ways_out() {
        let place = place();
        let (mine, other) = (QueryId::random(), QueryId::random());
        place.staging.open(&claim(mine)).unwrap();
        place.staging.open(&claim(mine)).unwrap();
        drop(place.staging);
        let again = Staging::new(place.directory.path().join("lake")).unwrap();
        again.open(&claim(mine).claimed_before(true)).unwrap();
        let error = again.open(&claim(other)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let text = error.to_string();
        for word in [
            mine.to_string().as_str(),
            &other.to_string(),
            "/checkpoints/one",
            "another directory",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn a_target_that_was_emptied_or_exchanged_is_refused_and_not_touched() {
        let place = place();
        let error = place
            .staging
            .open(&claim(QueryId::random()).claimed_before(true))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(!place.file("").exists(), "nothing was made");
    }

    #[test]
    fn a_second_live_driver_is_refused_and_leaves_the_lock_with_the_first() {
        let place = place();
        let query = QueryId::random();
        place.staging.open(&claim(query)).unwrap();
        let second = place.again();
        let error = second.open(&claim(query)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        second.open(&claim(query).take_over(true)).unwrap();
    }

    #[test]
    fn nothing_is_published_into_the_target_of_another_query() {
        let place = place();
        place.staging.open(&claim(QueryId::random())).unwrap();
        let pretend = Pretend::default();
        let object = stage(&place.again(), &pretend, b"rows");
        for staging in [&place.staging, &place.again()] {
            let error = staging
                .publish(std::slice::from_ref(&object), &pretend.batch())
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
        }
        assert_eq!(place.visible(), [""; 0]);
    }

    #[test]
    fn every_damage_of_the_claim_is_detected() {
        let place = place();
        let query = QueryId::random();
        place.staging.open(&claim(query)).unwrap();
        let file = place.file("_streamwriter/owner");
        let good = fs::read(&file).unwrap();
        for bytes in damaged(&good) {
            fs::write(&file, &bytes).unwrap();
            let error = place.staging.open(&claim(query)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
            assert!(error.to_string().contains("_streamwriter/owner"), "{error}");
        }
        fs::write(&file, &good).unwrap();
        place.staging.open(&claim(query)).unwrap();
    }
}

mod records {
    use super::*;

    fn record(query: QueryId, batch: u64, prepared: &str) -> TargetRecord {
        TargetRecord {
            query,
            batch: BatchId::new(batch),
            prepared: prepared.to_owned(),
        }
    }

    #[test]
    fn the_newest_batch_is_remembered_also_by_another_process() {
        let place = place();
        let query = QueryId::random();
        assert_eq!(place.staging.last_committed(query).unwrap(), None);
        for batch in [8, 9, 10] {
            place.staging.record(&record(query, batch, "a")).unwrap();
        }
        let last = place.again().last_committed(query).unwrap().unwrap();
        assert_eq!(last, record(query, 10, "a"));
    }

    #[test]
    fn the_same_record_again_is_no_error_and_another_one_is() {
        let place = place();
        let query = QueryId::random();
        place.staging.record(&record(query, 3, "a")).unwrap();
        place.staging.record(&record(query, 3, "a")).unwrap();
        for other in [record(query, 3, "b"), record(QueryId::random(), 3, "a")] {
            let error = place.staging.record(&other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
        }
        let last = place.staging.last_committed(query).unwrap().unwrap();
        assert_eq!(last.prepared, "a");
        let error = place.staging.last_committed(QueryId::random()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn the_number_of_records_is_bounded() {
        let place = place();
        let query = QueryId::random();
        let files = || {
            let directory = place.file("_streamwriter/committed");
            fs::read_dir(directory).unwrap().count() as u64
        };
        for batch in 0..committed::KEPT + 20 {
            place.staging.record(&record(query, batch, "a")).unwrap();
        }
        assert_eq!(files(), committed::KEPT);
        // What a crash between record and purge left goes away at the next start.
        for batch in 0..10 {
            place.staging.record(&record(query, batch, "a")).unwrap();
        }
        place.staging.open(&TargetClaim::new(query, "c")).unwrap();
        assert_eq!(files(), committed::KEPT);
        let last = place.staging.last_committed(query).unwrap().unwrap();
        assert_eq!(last.batch.get(), committed::KEPT + 19);
    }

    #[test]
    fn every_damage_of_a_record_is_detected() {
        let place = place();
        let query = QueryId::random();
        place.staging.record(&record(query, 7, "sha256:x")).unwrap();
        let name = "_streamwriter/committed/00000000000000000007";
        let file = place.file(name);
        let good = fs::read(&file).unwrap();
        for bytes in damaged(&good) {
            fs::write(&file, &bytes).unwrap();
            for error in [
                place.staging.last_committed(query).unwrap_err(),
                place
                    .staging
                    .record(&record(query, 7, "sha256:x"))
                    .unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
                assert!(error.to_string().contains(name), "{error}");
            }
        }
        fs::write(&file, &good).unwrap();
        place.staging.last_committed(query).unwrap();
        fs::copy(&file, file.with_file_name("00000000000000000008")).unwrap();
        let error = place.staging.last_committed(query).unwrap_err();
        assert!(error.to_string().contains("record of batch 7"), "{error}");
    }

    #[test]
    fn a_foreign_file_among_the_records_is_named() {
        let place = place();
        let query = QueryId::random();
        place.staging.record(&record(query, 7, "a")).unwrap();
        for name in ["8", "00000000000000000008.bak", "notes"] {
            let file = place.file("_streamwriter/committed").join(name);
            fs::write(&file, b"x").unwrap();
            let error = place.staging.last_committed(query).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted);
            assert!(error.to_string().contains(name), "{error}");
            fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn a_sweep_removes_what_earlier_runs_left_for_committed_batches_and_nothing_else() {
    let place = place();
    let old = Pretend::default();
    let other = Pretend::default();
    for pretend in [old, in_batch(old, 1), in_batch(old, 2)] {
        stage(&place.staging, &pretend, b"old");
        stage(&place.staging, &in_run(pretend, 2), b"current");
    }
    stage(&place.staging, &other, b"of another query");
    let published = stage(&place.staging, &in_partition(old, 1), b"rows");
    place.staging.publish(&[published], &old.batch()).unwrap();
    let foreign = place.file(&format!("_streamwriter/staging/{}/notes", old.query));
    fs::write(&foreign, b"mine").unwrap();
    fs::write(place.file("precious.txt"), b"mine").unwrap();

    let sweep = || {
        place
            .staging
            .sweep(old.query, Run::new(2), BatchId::new(1))
            .unwrap()
    };
    assert_eq!(sweep(), Sweep::new(2, 3), "two are of a run that may go on");
    assert_eq!(
        sweep(),
        Sweep::new(0, 3),
        "and again there is nothing to do"
    );
    let mut left = place.staged();
    left.sort();
    let expected = [
        "00000000000000000000-r1-p0-a0-f0", // another query's
        "00000000000000000000-r2-p0-a0-f0",
        "00000000000000000001-r2-p0-a0-f0",
        "00000000000000000002-r1-p0-a0-f0", // not committed
        "00000000000000000002-r2-p0-a0-f0",
        "notes",
    ];
    assert_eq!(left, expected);
    assert_eq!(place.visible().len(), 2);
    let next = place.staging.sweep(old.query, Run::new(3), BatchId::new(2));
    assert_eq!(next.unwrap(), Sweep::new(4, 0));
    let of_query = place.file(&format!("_streamwriter/staging/{}", old.query));
    assert_eq!(
        fs::read_dir(of_query).unwrap().count(),
        1,
        "only `notes` stays"
    );
}

#[test]
fn temporary_files_of_a_crash_go_away_at_the_next_start() {
    let place = place();
    let claim = TargetClaim::new(QueryId::random(), "c");
    place.staging.open(&claim).unwrap();
    let left = ["_streamwriter", "_streamwriter/committed"]
        .map(|directory| place.file(directory).join(".tmp-crashed"));
    fs::create_dir_all(place.file("_streamwriter/committed")).unwrap();
    fs::write(place.file(".tmp-foreign"), b"mine").unwrap();
    for file in &left {
        fs::write(file, b"torn").unwrap();
    }
    place.staging.open(&claim).unwrap();
    assert!(left.iter().all(|file| !file.exists()));
    assert!(place.file(".tmp-foreign").exists());
}

#[test]
fn staging_works_over_a_storage_that_is_handed_in() {
    let directory = tempfile::tempdir().unwrap();
    let staging = Staging::over(LocalStorage::shared(directory.path()).unwrap());
    let pretend = Pretend::default();
    let object = stage(&staging, &pretend, b"rows");
    staging.publish(&[object], &pretend.batch()).unwrap();
    assert_eq!(staging.location(), directory.path().display().to_string());
}

/// Every truncation and every flipped bit.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let truncated = (0..good.len()).map(|length| good[..length].to_vec());
    let flipped = (0..good.len() * 8).map(|bit| {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    truncated.chain(flipped)
}
