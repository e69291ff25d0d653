//! F5, third policy, at the source: every row that does not fit is handed on once, in order, with
//! its place, its reason and its bytes as they were.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde::Deserialize;
use streamwriter_core::testing::{Pretend, read_partition};
use streamwriter_core::{
    BatchId, BoxError, Error, ErrorKind, PlanLimits, ReadCounts, Result, SetAsidePlace,
    SetAsideRow, Source, TaskContext,
};

use super::tests::{FilesPlan, error_of, limits, put};
use super::*;
use crate::{Csv, JsonLines};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) source: String,
    position: u64,
    line: Option<u64>,
    column: Option<String>,
    reason: String,
    format: String,
    header: Option<Vec<u8>>,
    raw: Vec<u8>,
}

/// A place that keeps rows in memory.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Vec<Kept>>>);

impl SetAsidePlace for Shelf {
    fn put(&self, row: SetAsideRow<'_>, _: &TaskContext) -> Result<()> {
        let mut raw = Vec::new();
        row.raw.read_to_end(&mut raw).unwrap();
        self.0.lock().unwrap().push(Kept {
            source: row.source.to_owned(),
            position: row.position,
            line: row.line,
            column: row.column.map(str::to_owned),
            reason: row.reason.to_owned(),
            format: row.format.to_owned(),
            header: row.header.map(<[u8]>::to_vec),
            raw,
        });
        Ok(())
    }
}

impl Shelf {
    pub(super) fn rows(&self) -> Vec<Kept> {
        self.0.lock().unwrap().clone()
    }

    fn raws(&self) -> Vec<String> {
        let text = |kept: &Kept| String::from_utf8_lossy(&kept.raw).into_owned();
        self.rows().iter().map(text).collect()
    }
}

pub(super) const ALL: BadRows = BadRows::SetAside { limit: u64::MAX };

/// Reads one partition after another, each as a task of its own; returns rows and shelf.
pub(super) fn read<S>(source: &S, plan: &FilesPlan) -> Result<(Vec<S::Row>, Shelf), BoxError>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
{
    let (shelf, mut rows) = (Shelf::default(), Vec::new());
    for partition in &plan.partitions {
        let task = Pretend::default().task();
        task.set_aside_into(Arc::new(shelf.clone()))?;
        let before = shelf.rows().len() as u64;
        rows.extend(read_partition(source, partition, &task)?);
        assert_eq!(task.rows_set_aside(), shelf.rows().len() as u64 - before);
    }
    Ok((rows, shelf))
}

fn plan<S>(source: &S, limits: &PlanLimits) -> FilesPlan
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
{
    source.plan(None, limits).unwrap().unwrap()
}

pub(super) fn json(dir: &Path, policy: BadRows) -> JsonLines<u64> {
    JsonLines::directory(dir).unwrap().bad_rows(policy)
}

fn plain() -> PlanLimits {
    limits(None, None, None)
}

/// Holds what was kept against the file it came from.
fn expect_places(kept: &[Kept], text: &[u8]) {
    for row in kept {
        let (start, end) = (row.position as usize, row.position as usize + row.raw.len());
        assert_eq!(row.raw, text[start..end], "{row:?}");
        let lines_before = text[..start].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(row.line, Some(lines_before as u64 + 1), "{row:?}");
    }
}

#[test]
fn f5_bad_lines_are_handed_on_with_place_reason_and_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let text = b"\xef\xbb\xbfbad\r\n1\r\n\r\n\n2\nx\n{ \n3\n\"\xff\"\n1234567\n-1".as_slice();
    put(dir.path(), "1.jsonl", text, 1);
    let source = json(dir.path(), ALL).record_bytes_max(6);
    assert!(source.sets_aside());
    let plan = plan(&source, &plain());
    let (rows, shelf) = read(&source, &plan).unwrap();
    assert_eq!(rows, [1, 2, 3]);
    let kept = shelf.rows();
    expect_places(&kept, text);
    let raws: Vec<&[u8]> = kept.iter().map(|kept| kept.raw.as_slice()).collect();
    let expected: [&[u8]; 6] = [b"bad\r", b"x", b"{ ", b"\"\xff\"", b"1234567", b"-1"];
    assert_eq!(raws, expected);
    let lines: Vec<_> = kept.iter().filter_map(|kept| kept.line).collect();
    assert_eq!(lines, [1, 6, 7, 9, 10, 11]);
    assert!(kept[3].reason.contains("not UTF-8"), "{:?}", kept[3]);
    assert!(kept[4].reason.contains("longer than 6"), "{:?}", kept[4]);
    for row in &kept {
        assert!(row.source.ends_with("1.jsonl"), "{row:?}");
        assert_eq!((row.format.as_str(), &row.header), ("jsonl", &None));
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Count {
    name: String,
    count: u64,
}

#[test]
fn f5_bad_records_are_handed_on_with_column_and_the_header_of_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let first =
        b"name,count\r\na,x\r\n\"b\nb\",\"y\r\n\"\r\nc,1\r\n\r\n\r\nd,1,2\re,\xff".as_slice();
    let second = b"\xef\xbb\xbf\ncount,name\n-1,f\n2,g\n3,\"h\n".as_slice();
    put(dir.path(), "1.csv", first, 1);
    put(dir.path(), "2.csv", second, 2);
    let source = Csv::<Count>::directory(dir.path()).unwrap().bad_rows(ALL);
    let plan = plan(&source, &plain());
    let (rows, shelf) = read(&source, &plan).unwrap();
    let named = |name: &str, count| Count {
        name: name.to_owned(),
        count,
    };
    assert_eq!(rows, [named("c", 1), named("g", 2)]);
    let kept = shelf.rows();
    expect_places(&kept[..4], first);
    expect_places(&kept[4..], second);
    let raws: Vec<&[u8]> = kept.iter().map(|kept| kept.raw.as_slice()).collect();
    let expected: [&[u8]; 6] = [
        b"a,x",
        b"\"b\nb\",\"y\r\n\"",
        b"d,1,2",
        b"e,\xff",
        b"-1,f",
        b"3,\"h\n",
    ];
    assert_eq!(raws, expected);
    for (index, row) in kept.iter().enumerate() {
        let header: &[u8] = if index < 4 {
            b"name,count"
        } else {
            b"count,name"
        };
        assert_eq!(row.header.as_deref(), Some(header), "{row:?}");
        assert_eq!(row.format, "csv");
    }
    let count = Some("\"count\"".to_owned());
    assert_eq!((&kept[0].column, &kept[4].column), (&count, &count));
    assert_eq!(kept[5].column, None);
}

#[test]
fn f5_a_record_of_any_length_is_handed_on_whole() {
    let dir = tempfile::tempdir().unwrap();
    let long = "9".repeat(300_000);
    put(dir.path(), "1.jsonl", format!("{long}\n1\n{long}"), 1);
    let source = json(dir.path(), ALL).record_bytes_max(5);
    let (rows, shelf) = read(&source, &plan(&source, &plain())).unwrap();
    assert_eq!(rows, [1]);
    assert_eq!(shelf.raws(), [long.clone(), long.clone()]);

    let dir = tempfile::tempdir().unwrap();
    let text = format!("n\n\"{long}\n{long}\"\r\n1\n\"{long}\n\n");
    put(dir.path(), "1.csv", &text, 1);
    let source = Csv::<u64>::directory(dir.path()).unwrap();
    let source = source.record_bytes_max(5).bad_rows(ALL);
    let (rows, shelf) = read(&source, &plan(&source, &plain())).unwrap();
    assert_eq!(rows, [1]);
    let expected = [format!("\"{long}\n{long}\""), format!("\"{long}\n\n")];
    assert_eq!(shelf.raws(), expected);
}

#[test]
fn f5_one_more_than_the_limit_fails_the_batch_whether_in_one_partition_or_in_all() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", "1\nx\ny\n2\nz\n", 1);
    let source = json(dir.path(), BadRows::SetAside { limit: 3 });
    let plan = plan(&source, &plain());
    assert_eq!(read(&source, &plan).unwrap().1.raws(), ["x", "y", "z"]);
    let source = json(dir.path(), BadRows::SetAside { limit: 2 });
    let error = error_of(read(&source, &plan).map(|_| ()));
    assert_eq!(error.kind(), ErrorKind::Row);
    assert!(error.message().contains("line 5"), "{error}");
    assert!(
        error.help().unwrap().contains("BadRows::SetAside"),
        "{error}"
    );
    assert!(error.is_permanent());

    let counts = ReadCounts::new(2, 10).with_set_aside(2);
    source.accept(BatchId::FIRST, &counts).unwrap();
    let error = error_of(source.accept(BatchId::FIRST, &counts.with_set_aside(3)));
    assert_eq!(
        (error.kind(), error.batch()),
        (ErrorKind::Row, Some(BatchId::FIRST))
    );
    assert!(
        error.help().unwrap().contains("BadRows::SetAside"),
        "{error}"
    );
}

#[test]
fn f5_a_row_that_nobody_takes_fails_the_task() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", "1\nx\n2\n", 1);
    let source = json(dir.path(), ALL);
    let plan = plan(&source, &plain());
    let nowhere = Pretend::default().task();
    let error = error_of(read_partition(&source, &plan.partitions[0], &nowhere));
    assert_eq!(error.kind(), ErrorKind::Config);

    struct Full;
    impl SetAsidePlace for Full {
        fn put(&self, _: SetAsideRow<'_>, _: &TaskContext) -> Result<()> {
            Err(Error::new(ErrorKind::Storage, "full"))
        }
    }
    let full = Pretend::default().task();
    full.set_aside_into(Arc::new(Full)).unwrap();
    let error = error_of(read_partition(&source, &plan.partitions[0], &full));
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Storage, "full")
    );
    assert_eq!(full.rows_set_aside(), 0);
}

#[test]
fn f5_a_file_that_shrinks_under_its_reader_is_named() {
    struct Cut<'p>(&'p Path);
    impl SetAsidePlace for Cut<'static> {
        fn put(&self, row: SetAsideRow<'_>, _: &TaskContext) -> Result<()> {
            fs::File::options()
                .write(true)
                .open(self.0)
                .unwrap()
                .set_len(3)
                .unwrap();
            std::io::copy(row.raw, &mut std::io::sink()).unwrap();
            Ok(())
        }
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", "1\nxxxxxxxxxxxxxxx\n2\n", 1);
    let source = json(dir.path(), ALL);
    let plan = plan(&source, &plain());
    let task = Pretend::default().task();
    let path: &'static Path = Box::leak(dir.path().join("1.jsonl").into_boxed_path());
    task.set_aside_into(Arc::new(Cut(path))).unwrap();
    let error = error_of(read_partition(&source, &plan.partitions[0], &task));
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.message().contains("shorter"), "{error}");
}

#[test]
fn f5_lines_are_counted_only_as_far_as_that_is_quick_and_bytes_always() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", "", 1);
    let path = dir.path().join("1.jsonl");
    let mut file = fs::File::options().write(true).open(&path).unwrap();
    let start = (256 << 20) + 1;
    // Sparse: nothing but a hole before the rows.
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(b"1\nx\n").unwrap();
    let identity = FileIdentity::of("1.jsonl", &file.metadata().unwrap()).unwrap();
    let range = FileRange {
        start,
        end: identity.size,
        file: identity,
    };
    let far = FilesPlan {
        end: FilesOffset::default(),
        partitions: vec![FilesPartition {
            ranges: vec![range],
        }],
        rows: None,
    };
    let (rows, shelf) = read(&json(dir.path(), ALL), &far).unwrap();
    assert_eq!(rows, [1]);
    let [kept] = shelf.rows().try_into().unwrap();
    assert_eq!(
        (kept.position, kept.line, kept.raw),
        (start + 2, None, b"x".to_vec())
    );
}

/// A record, and whether it fits the row type.
fn csv_record() -> impl Strategy<Value = (String, bool)> {
    let name = prop_oneof![
        "[a-z]{0,3}",
        Just("\"a\n,\"\"\r\n\"".to_owned()),
        Just("\"\"".to_owned())
    ];
    let count = prop_oneof![
        3 => (0u64..1000).prop_map(|count| (count.to_string(), true)),
        1 => Just(("x".to_owned(), false)),
        1 => Just(("\"1\r\n2\"".to_owned(), false)),
        1 => Just(("1,2".to_owned(), false)),
    ];
    (name, count).prop_map(|(name, (count, fits))| (format!("{name},{count}"), fits))
}

fn json_record() -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        (0u64..1000).prop_map(|number| (number.to_string(), true)),
        "[a-z{},:]{1,9}".prop_map(|text| (text, false)),
        Just(("-1 ".to_owned(), false)),
    ]
}

fn file_of(
    record: impl Strategy<Value = (String, bool)>,
    line_ends: &'static [&'static str],
) -> impl Strategy<Value = (String, Vec<String>, usize)> {
    let lines = prop::collection::vec((record, prop::sample::select(line_ends)), 0..30);
    (lines, any::<bool>()).prop_map(|(lines, cut)| {
        let (mut text, mut bad, mut good) = (String::new(), Vec::new(), 0);
        for ((record, fits), end) in lines {
            text.push_str(&record);
            text.push_str(end);
            match fits {
                true => good += 1,
                false => bad.push(record),
            }
        }
        if cut {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        (text, bad, good)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn f5_csv_records_are_handed_on_byte_for_byte_however_the_files_are_cut(
        files in prop::collection::vec(file_of(csv_record(), &["\n", "\r\n", "\r", "\n\n", "\r\n\r\n"]), 1..4),
        executors in 1usize..5,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let texts = files.iter().map(|(text, ..)| format!("name,count\n{text}"));
        let texts: Vec<String> = texts.collect();
        for (index, text) in texts.iter().enumerate() {
            put(dir.path(), &format!("{index}.csv"), text, index as u64);
        }
        let source = Csv::<Count>::directory(dir.path()).unwrap().bad_rows(ALL).partition_bytes_min(1);
        let (good, bad): (usize, Vec<String>) =
            (files.iter().map(|file| file.2).sum(), files.iter().flat_map(|file| file.1.clone()).collect());
        let plan = plan(&source, &PlanLimits::unbounded(executors));
        let (rows, shelf) = read(&source, &plan).unwrap();
        assert_eq!(rows.len(), good);
        assert_eq!(shelf.raws(), bad);
        for row in shelf.rows() {
            let index = texts.iter().enumerate().position(|(index, _)| row.source.ends_with(&format!("/{index}.csv")));
            expect_places(&[row], texts[index.unwrap()].as_bytes());
        }
    }

    #[test]
    fn f5_lines_are_handed_on_byte_for_byte_however_the_file_is_cut(
        file in file_of(json_record(), &["\n", "\n\n", "\n\r\n"]),
        executors in 1usize..5,
    ) {
        let (text, bad, good) = file;
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "1.jsonl", &text, 1);
        let source = json(dir.path(), ALL).partition_bytes_min(1);
        if let Some(plan) = source.plan(None, &PlanLimits::unbounded(executors)).unwrap() {
            let (rows, shelf) = read(&source, &plan).unwrap();
            assert_eq!(rows.len(), good);
            assert_eq!(shelf.raws(), bad);
            expect_places(&shelf.rows(), text.as_bytes());
        }
    }
}
