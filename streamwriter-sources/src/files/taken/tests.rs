//! The taken set equals a plain set whatever is folded, merged and restarted, and every damage to
//! a segment is an error.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use streamwriter_core::LocalStorage;

use super::*;

fn state(root: &Path) -> SourceState {
    SourceState {
        storage: LocalStorage::shared(root).unwrap(),
        prefix: StorePath::parse("source").unwrap(),
    }
}

fn hashes(range: std::ops::Range<u64>) -> Vec<FileHash> {
    let mut hashes: Vec<_> = range.map(|number| hash_of(&number.to_string())).collect();
    hashes.sort_unstable();
    hashes
}

fn segments(root: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(root.join("source/taken")) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[derive(Clone, Debug)]
enum Step {
    /// A batch that finishes so many files is committed.
    Fold(u64),
    /// The newest batch is told again.
    Again,
    Restart,
    /// A restart that finds the inputs of merges that were not removed.
    RestartWithLeftovers,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..40_u64).prop_map(Step::Fold),
        1 => (300..900_u64).prop_map(Step::Fold),
        1 => Just(Step::Again),
        1 => Just(Step::Restart),
        1 => Just(Step::RestartWithLeftovers),
    ]
}

/// Copies segments away, and back beside what they were merged into.
fn keep_copies(root: &Path, copies: &mut BTreeSet<(std::path::PathBuf, Vec<u8>)>) {
    for path in segments(root) {
        let bytes = fs::read(&path).unwrap();
        copies.insert((path, bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn it_equals_a_set_under_folds_merges_and_restarts(
        steps in prop::collection::vec(step(), 1..90),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let query = QueryId::random();
        let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
        let (mut batch, mut files, mut newest) = (0, 0, None);
        let mut copies = BTreeSet::new();
        for step in steps {
            match step {
                Step::Fold(count) => {
                    let new = hashes(files..files + count);
                    files += count;
                    set.fold(BatchId::new(batch), new.clone(), files).unwrap();
                    newest = Some((batch, new));
                    batch += 1;
                    keep_copies(dir.path(), &mut copies);
                }
                Step::Again => if let Some((batch, new)) = &newest {
                    // A batch without files leaves no trace, so it is told as if it were new.
                    set.fold(BatchId::new(*batch), new.clone(), files).unwrap();
                }
                Step::Restart => set = TakenSet::open(&state(dir.path()), query).unwrap(),
                Step::RestartWithLeftovers => {
                    for (path, bytes) in &copies {
                        fs::write(path, bytes).unwrap();
                    }
                    set = TakenSet::open(&state(dir.path()), query).unwrap();
                }
            }
            prop_assert_eq!(set.count(), files);
        }
        // What a restart found superfluous goes when the newest batch is told again.
        if let Some((batch, new)) = newest {
            set.fold(BatchId::new(batch), new, files).unwrap();
        }
        prop_assert!(segments(dir.path()).len() <= 7 * 3, "{:?}", segments(dir.path()));
        let asked = hashes(0..files + 500);
        let known: HashSet<_> = hashes(0..files).into_iter().collect();
        let found = set.which(&asked).unwrap();
        for (hash, found) in asked.iter().zip(&found) {
            prop_assert_eq!(known.contains(hash), *found);
        }
        for hash in asked.iter().step_by(97) {
            prop_assert_eq!(set.which(&[*hash]).unwrap(), [known.contains(hash)]);
        }
    }
}

#[test]
fn every_truncation_and_every_bit_flip_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
    set.fold(BatchId::FIRST, hashes(0..5), 5).unwrap();
    let path = segments(dir.path()).remove(0);
    let bytes = fs::read(&path).unwrap();
    let mut damages: Vec<Vec<u8>> = (0..bytes.len()).map(|end| bytes[..end].to_vec()).collect();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        damages.push(damaged);
    }
    damages.push([bytes.as_slice(), b"\0"].concat());
    for damaged in damages {
        fs::write(&path, &damaged).unwrap();
        let error = TakenSet::open(&state(dir.path()), query).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
        assert!(error.path().unwrap().ends_with(".seg") && error.help().is_some());
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        TakenSet::open(&state(dir.path()), query).unwrap().count(),
        5
    );
    let other = TakenSet::open(&state(dir.path()), QueryId::random()).unwrap_err();
    assert!(other.message().contains("another query"), "{other}");
}

#[test]
fn a_missing_renamed_or_foreign_segment_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
    for batch in 0..4 {
        let files = hashes(batch * 10..batch * 10 + 10);
        set.fold(BatchId::new(batch), files, batch * 10 + 10)
            .unwrap();
    }
    let open = || TakenSet::open(&state(dir.path()), query);
    let paths = segments(dir.path());
    for path in &paths[..3] {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let error = open().unwrap_err();
        assert!(error.message().contains("missing"), "{error}");
        fs::write(path, bytes).unwrap();
    }
    // The newest leaves no gap; the number of files in the journal tells.
    let bytes = fs::read(&paths[3]).unwrap();
    fs::remove_file(&paths[3]).unwrap();
    assert_eq!(open().unwrap().count(), 30);
    let error = open()
        .unwrap()
        .fold(BatchId::new(4), Vec::new(), 40)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);

    let renamed = paths[3].with_file_name(format!("{:020}-{:020}.seg", 3, 4));
    fs::write(&renamed, &bytes).unwrap();
    assert!(
        open()
            .unwrap_err()
            .message()
            .contains("not those of its name")
    );
    fs::rename(&renamed, paths[3].with_file_name("notes.txt")).unwrap();
    let error = open().unwrap_err();
    assert!(error.message().contains("foreign file"), "{error}");
    assert!(error.path().unwrap().ends_with("notes.txt"), "{error}");
}

#[test]
fn a_segment_is_removed_only_once_what_contains_it_has_proved_true() {
    let dir = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
    for batch in 0..3 {
        let files = hashes(batch * 10..batch * 10 + 10);
        set.fold(BatchId::new(batch), files, batch * 10 + 10)
            .unwrap();
    }
    let whole = segments(dir.path());
    // By its name it contains all of them.
    let wide = whole[0].with_file_name(format!("{:020}-{:020}.seg", 0, 9));
    fs::write(&wide, "not a segment").unwrap();
    let open = || TakenSet::open(&state(dir.path()), query);
    assert!(open().unwrap_err().path().unwrap().ends_with("09.seg"));
    assert!(whole.iter().all(|path| path.exists()), "{whole:?}");
    // Whole in itself, and of other files than the journal counts.
    let head = SegmentHead {
        tier: 1,
        first: BatchId::FIRST,
        last: BatchId::new(9),
        count: 5,
    };
    fs::write(&wide, segment::encode(&head, query, &hashes(0..5))).unwrap();
    let error = open().unwrap().fold(BatchId::new(2), hashes(20..30), 30);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Corrupted);
    assert!(whole.iter().all(|path| path.exists()), "{whole:?}");
    // The journal's total is met.
    let head = SegmentHead { count: 30, ..head };
    fs::write(&wide, segment::encode(&head, query, &hashes(0..30))).unwrap();
    open()
        .unwrap()
        .fold(BatchId::new(2), hashes(20..30), 30)
        .unwrap();
    assert_eq!(segments(dir.path()), [wide]);
}

#[test]
fn a_copy_of_segments_in_a_directory_beside_them_is_foreign_and_nothing_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
    set.fold(BatchId::FIRST, hashes(0..5), 5).unwrap();
    let path = segments(dir.path()).remove(0);
    let name = path.file_name().unwrap().to_owned();
    // It is listed before the segment itself, which it would have made superfluous.
    let copy = path.with_file_name("!copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(&path, copy.join(&name)).unwrap();
    let error = TakenSet::open(&state(dir.path()), query).unwrap_err();
    assert!(error.path().unwrap().contains("taken/!copy/"), "{error}");
    assert!(path.exists() && copy.join(name).exists());
}

#[test]
fn a_segment_that_changes_while_the_query_runs_is_noticed_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut set = TakenSet::open(&state(dir.path()), QueryId::random()).unwrap();
    set.fold(BatchId::FIRST, hashes(0..5), 5).unwrap();
    let path = segments(dir.path()).remove(0);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(100)
        .unwrap();
    assert_eq!(
        set.which(&hashes(0..5)).unwrap_err().kind(),
        ErrorKind::Corrupted
    );
}

#[test]
fn a_segment_is_documented_byte_by_byte() {
    let query: QueryId = "01234567-89ab-4def-8123-456789abcdef".parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut set = TakenSet::open(&state(dir.path()), query).unwrap();
    set.fold(BatchId::new(2), vec![hash_of("a.csv")], 1)
        .unwrap();
    let path = segments(dir.path()).remove(0);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "00000000000000000000-00000000000000000002.seg");
    let bytes = fs::read(path).unwrap();
    let mut expected = b"SWTAKEN\n\x01\0\0\0\0\0\0\0".to_vec();
    expected.extend([
        0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expected.extend(b"01234567-89ab-4def-8123-456789abcdef\0\0\0\0");
    expected.extend(hash_of("a.csv").to_be_bytes());
    expected.extend(xxh3_128(&expected).to_be_bytes());
    assert_eq!(bytes, expected);
}
