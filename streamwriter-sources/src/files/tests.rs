//! What the directory sources promise: every row once and in order, whatever the limits, the
//! number of executors and the restarts; and errors instead of other rows.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use streamwriter_core::testing::{Pretend, read_partition};
use streamwriter_core::{
    BatchId, BoxError, Error, ErrorKind, LocalStorage, Plan, PlanLimits, QueryId, ReadCounts,
    RowReader, Source, SourceContext, SourceState, StorePath,
};

use super::*;
use crate::{Csv, JsonLines};

pub(crate) type FilesPlan = Plan<FilesOffset, FilesPartition>;

pub(crate) fn limits(rows: Option<u64>, bytes: Option<u64>, files: Option<u64>) -> PlanLimits {
    let mut limits = PlanLimits::unbounded(4);
    (limits.rows, limits.bytes, limits.files) = (rows, bytes, files);
    limits
}

pub(crate) fn context(checkpoint: &Path, query: QueryId) -> SourceContext {
    let state = SourceState {
        storage: LocalStorage::shared(checkpoint).unwrap(),
        prefix: StorePath::parse("sources/0").unwrap(),
    };
    SourceContext::new(query, Some(state))
}

pub(crate) fn read_plan<S>(source: &S, plan: &FilesPlan) -> Result<Vec<S::Row>, BoxError>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
{
    let task = Pretend::default().task();
    let mut rows = Vec::new();
    for partition in &plan.partitions {
        rows.extend(read_partition(source, partition, &task)?);
    }
    Ok(rows)
}

/// A plan as it comes back from the journal.
pub(crate) fn logged(plan: &FilesPlan) -> FilesPlan {
    let json = serde_json::to_string(&(&plan.end, &plan.partitions)).unwrap();
    let (end, partitions) = serde_json::from_str(&json).unwrap();
    Plan {
        end,
        partitions,
        rows: plan.rows,
    }
}

/// Reads all that there is, a batch at a time, checking each plan's replay and bounds.
pub(crate) fn drain<S>(source: &S, limits: &PlanLimits) -> Result<Vec<Vec<S::Row>>, BoxError>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
    S::Row: PartialEq + std::fmt::Debug,
{
    let mut batches = Vec::new();
    let mut start = None;
    while let Some(plan) = source.plan(start.as_ref(), limits)? {
        let rows = read_plan(source, &plan)?;
        assert_eq!(read_plan(source, &logged(&plan))?, rows);
        assert!(limits.rows.is_none_or(|max| rows.len() as u64 <= max));
        source.committed(BatchId::new(batches.len() as u64), &plan)?;
        start = Some(plan.end);
        batches.push(rows);
    }
    Ok(batches)
}

pub(crate) fn error_of<T>(result: Result<T, BoxError>) -> Error {
    let error = result.map(|_| ()).unwrap_err();
    *error.downcast::<Error>().expect("an error of ours")
}

pub(super) fn numbers(range: std::ops::Range<u64>) -> String {
    range.map(|number| format!("{number}\n")).collect()
}

/// Puts a file in with a modification time of its own, so that the order is known.
pub(crate) fn put(dir: &Path, name: &str, text: impl AsRef<[u8]>, second: u64) {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + second);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
}

fn json_field() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z,\"\\\\é\u{1F600} ]{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
    ]
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\n\n"), 1 => Just("\r\n\r\n\n")]
}

/// The text of a file of such records; the last one may lack its line end.
fn text_of(records: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let lines = prop::collection::vec((records, line_end()), 0..40);
    (any::<bool>(), lines, any::<bool>()).prop_map(|(mark, lines, cut)| {
        let mut text = String::from(if mark { "\u{feff}" } else { "" });
        for (record, end) in lines {
            text.push_str(&record);
            text.push_str(end);
        }
        if cut {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        text
    })
}

fn csv_field() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-zé ]{0,5}",
        1 => "[a-z][a-z\"]{0,4}",
        2 => "[a-z\",;\né]{0,6}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
        1 => "[a-z\r\n]{0,3}".prop_map(|text| format!("\"{text}\"")),
    ]
}

fn csv_record() -> impl Strategy<Value = String> {
    (csv_field(), csv_field(), csv_field()).prop_map(|(a, b, c)| format!("{a},{b},{c}"))
}

fn some_limits() -> impl Strategy<Value = PlanLimits> {
    let some = |range| prop::option::of(range);
    (
        some(1..20_u64),
        some(1..200_u64),
        some(1..4_u64),
        1..6_usize,
    )
        .prop_map(|(rows, bytes, files, executors)| {
            let mut made = limits(rows, bytes, files);
            made.executors = executors;
            made
        })
}

/// Drains a source and expects these rows.
fn expect_rows<R>(
    source: &impl Source<Row = R, Offset = FilesOffset, Partition = FilesPartition>,
    limits: &PlanLimits,
    expected: &[R],
) where
    R: DeserializeOwned + PartialEq + std::fmt::Debug + Send + 'static,
{
    let rows: Vec<R> = drain(source, limits)
        .unwrap()
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(rows, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn json_lines_are_read_once_each_and_in_order(
        files in prop::collection::vec(text_of(json_field()), 1..4),
        limits in some_limits(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut expected: Vec<serde_json::Value> = Vec::new();
        for (index, text) in files.iter().enumerate() {
            put(dir.path(), &format!("{index}.jsonl"), text, index as u64);
            let text = text.trim_start_matches('\u{feff}');
            let lines = text.lines().filter(|line| !line.is_empty());
            expected.extend(lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()));
        }
        let source = JsonLines::directory(dir.path()).unwrap().partition_bytes_min(1);
        expect_rows(&source, &limits, &expected);
    }

    #[test]
    fn csv_rows_are_read_once_each_and_in_order(
        files in prop::collection::vec(text_of(csv_record()), 1..4),
        header in any::<bool>(),
        limits in some_limits(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut expected: Vec<Vec<String>> = Vec::new();
        for (index, text) in files.iter().enumerate() {
            put(dir.path(), &format!("{index}.csv"), text, index as u64);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(header)
                .flexible(true)
                .from_reader(text.as_bytes());
            let records = reader.records().map(|record| record.unwrap());
            expected.extend(records.map(|record| record.iter().map(str::to_owned).collect()));
        }
        let source = Csv::directory(dir.path()).unwrap().header(header).flexible(true);
        let source = source.schema_drift(SchemaDrift::Adapt);
        expect_rows(&source.partition_bytes_min(1), &limits, &expected);
    }

    #[test]
    fn csv_without_quoting_is_read_once_and_in_order(
        text in text_of("[a-z\"]{0,5},[a-z\"\r]{0,3},[a-z]{1,2}"),
        limits in some_limits(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "1.csv", &text, 1);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .quoting(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let records = reader.records().map(|record| record.unwrap());
        let expected: Vec<Vec<String>> =
            records.map(|record| record.iter().map(str::to_owned).collect()).collect();
        let source =
            Csv::directory(dir.path()).unwrap().header(false).quoting(false).flexible(true);
        expect_rows(&source.partition_bytes_min(1), &limits, &expected);
    }
}

#[test]
fn a_bound_on_rows_is_filled_exactly() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.jsonl", numbers(0..25), 1);
    put(dir.path(), "b.jsonl", numbers(25..30), 2);
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let batches = drain(&source, &limits(Some(10), None, None)).unwrap();
    let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 10]);
}

#[test]
fn a_bound_on_bytes_keeps_files_whole_where_it_can() {
    let dir = tempfile::tempdir().unwrap();
    for name in 0..4 {
        put(dir.path(), &format!("{name}.jsonl"), numbers(10..20), name);
    }
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let batches = drain(&source, &limits(None, Some(70), None)).unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20]);

    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let batches = drain(&source, &limits(None, Some(20), None)).unwrap();
    assert_eq!(
        batches.iter().map(Vec::len).collect::<Vec<_>>(),
        [7, 3, 7, 3, 7, 3, 7, 3]
    );
}

#[test]
fn files_come_by_time_then_name_and_only_those_that_count() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "b.jsonl", "1\n", 5);
    put(dir.path(), "a.JSON", "2\n", 5);
    put(dir.path(), "z.ndjson", "0\n", 1);
    for ignored in [
        ".a.jsonl",
        "_b.jsonl",
        "c.csv",
        "jsonl",
        "d.jsonl.tmp",
        "e-jsonl",
    ] {
        put(dir.path(), ignored, "not read", 0);
    }
    fs::create_dir(dir.path().join("nested.jsonl")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.jsonl")).unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    assert_eq!(
        drain(&source, &limits(None, None, None)).unwrap(),
        [[0, 2, 1]]
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf8_is_an_error_that_names_it() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jsonl");
    fs::write(dir.path().join(name), "1\n").unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let error = error_of(source.plan(None, &limits(None, None, None)));
    assert!(error.to_string().contains("caf"), "{error}");
}

#[test]
fn an_empty_directory_has_nothing_and_a_missing_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    assert!(
        source
            .plan(None, &limits(None, None, None))
            .unwrap()
            .is_none()
    );

    let missing = dir.path().join("missing");
    let error = JsonLines::<u64>::directory(&missing).unwrap_err();
    assert!(error.to_string().contains("does not exist") && error.help().is_some());
    fs::write(&missing, "").unwrap();
    let error = JsonLines::<u64>::directory(&missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.path().unwrap().ends_with("missing"));
}

#[test]
fn the_description_does_not_depend_on_how_the_path_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let plain = JsonLines::<u64>::directory(dir.path()).unwrap();
    let slash = JsonLines::<u64>::directory(format!("{}/./", dir.path().display())).unwrap();
    assert_eq!(plain.description(), slash.description());
    assert_eq!(
        plain.description(),
        format!("json lines directory {}", dir.path().display())
    );
}

#[test]
fn options_that_make_no_sense_are_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let context = SourceContext::new(QueryId::random(), None);
    let json = || JsonLines::<u64>::directory(dir.path()).unwrap();
    let csv = || Csv::<u64>::directory(dir.path()).unwrap();
    let none: [&str; 0] = [];
    for result in [
        json().extensions(none).start(&context),
        json().extensions([""]).start(&context),
        json().extensions(["a/b"]).start(&context),
        json().record_bytes_max(0).start(&context),
        json().partition_bytes_min(0).start(&context),
        csv().delimiter(b'\n').start(&context),
        csv().delimiter(0xe9).start(&context),
        csv().quote(b',').start(&context),
    ] {
        let error = error_of(result);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.help().is_some(), "{error}");
    }
    json().extensions([".log"]).start(&context).unwrap();
}

#[test]
fn a_file_that_changes_after_planning_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    put(dir.path(), "1.jsonl", numbers(0..10), 1);
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let changes: [fn(&Path); 4] = [
        |dir| put(dir, "1.jsonl", numbers(0..11), 1),
        |dir| put(dir, "1.jsonl", numbers(0..9), 1),
        |dir| put(dir, "1.jsonl", numbers(0..10), 2),
        |dir| fs::remove_file(dir.join("1.jsonl")).unwrap(),
    ];
    for change in changes {
        change(dir.path());
        let error = error_of(read_plan(&source, &plan));
        assert!(
            error.to_string().contains("changed since it was planned"),
            "{error}"
        );
        assert!(error.path().unwrap().ends_with("1.jsonl"));
        assert!(error.is_permanent());
    }
    put(dir.path(), "1.jsonl", numbers(0..10), 1);
    assert_eq!(read_plan(&source, &plan).unwrap().len(), 10);
}

#[test]
fn a_file_that_changes_while_it_is_read_fails_after_its_last_row() {
    let dir = tempfile::tempdir().unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    put(dir.path(), "1.jsonl", numbers(0..3), 1);
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let task = Pretend::default().task();
    let mut reader = source.open(&plan.partitions[0], &task).unwrap();
    assert_eq!(reader.next_row().unwrap().unwrap(), 0);
    put(dir.path(), "1.jsonl", numbers(5..8), 2);
    assert_eq!(reader.next_row().unwrap().unwrap(), 1);
    assert_eq!(reader.next_row().unwrap().unwrap(), 2);
    let error = error_of(reader.next_row().unwrap());
    assert!(error.to_string().contains("changed since"), "{error}");
}

#[test]
fn a_file_in_progress_must_not_change_between_batches() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", numbers(0..30), 1);
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let limits = limits(Some(10), None, None);
    let plan = source.plan(None, &limits).unwrap().unwrap();
    put(dir.path(), "1.jsonl", numbers(0..31), 1);
    let error = error_of(source.plan(Some(&plan.end), &limits));
    assert!(error.to_string().contains("changed since"), "{error}");
}

#[test]
fn a_logged_path_cannot_lead_out_of_the_directory() {
    let partition = |path: &str| {
        let file = serde_json::json!({ "path": path, "size": 2, "modified_ns": 1 });
        let ranges = serde_json::json!([{ "file": file, "start": 0, "end": 2 }]);
        let offset = serde_json::json!({ "files": 1, "partial": { "file": file, "position": 1 } });
        let offset = serde_json::from_value::<FilesOffset>(offset);
        let partition =
            serde_json::from_value::<FilesPartition>(serde_json::json!({ "ranges": ranges }));
        assert_eq!(offset.is_ok(), partition.is_ok());
        partition.map(|_| ()).map_err(|error| error.to_string())
    };
    for good in ["1.jsonl", "city=Oslo/year=2026/1.jsonl", "..a/b../…"] {
        partition(good).unwrap();
    }
    for bad in [
        "",
        "/etc/passwd",
        "..",
        "../1",
        "a/../../1",
        "a/./1",
        "a//1",
        "a/",
        "a\0b",
    ] {
        let error = partition(bad).unwrap_err();
        assert!(
            error.contains(&format!("{bad:?} is not the path of a file")),
            "{error}"
        );
    }
}

#[test]
fn bad_lines_are_named_or_dropped_up_to_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    put(
        dir.path(),
        "1.jsonl",
        b"1\r\n\r\n\n2\nx\n{\n3\n\"\xff\"\n-1\n4".as_slice(),
        1,
    );
    let plain = limits(None, None, None);
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let plan = source.plan(None, &plain).unwrap().unwrap();
    let error = error_of(read_plan(&source, &plan));
    assert_eq!(error.kind(), ErrorKind::Row);
    assert!(error.is_permanent());
    assert!(error.message().contains("line 5, byte 8"), "{error}");
    assert!(error.path().unwrap().ends_with("1.jsonl"));

    let drop = |limit| {
        JsonLines::<u64>::directory(dir.path())
            .unwrap()
            .bad_rows(BadRows::Drop { limit })
    };
    assert_eq!(drain(&drop(4), &plain).unwrap(), [[1, 2, 3, 4]]);
    let error = error_of(drain(&drop(3), &plain));
    assert!(error.message().contains("line 9"), "{error}");
    assert!(error.help().unwrap().contains("limit of 3"), "{error}");

    let source = drop(4);
    let task = Pretend::default().task();
    let mut reader = source.open(&plan.partitions[0], &task).unwrap();
    while let Some(row) = reader.next_row() {
        row.unwrap();
    }
    let size = fs::metadata(dir.path().join("1.jsonl")).unwrap().len();
    let counts = ReadCounts::new(4, size).with_dropped(4);
    assert_eq!(reader.counts().unwrap(), counts);
    source.accept(BatchId::FIRST, &counts).unwrap();
    let error = error_of(source.accept(BatchId::FIRST, &counts.with_dropped(5)));
    assert_eq!(
        (error.kind(), error.batch()),
        (ErrorKind::Row, Some(BatchId::FIRST))
    );
}

#[test]
fn a_line_that_is_too_long_is_a_bad_row_and_the_next_one_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let long = "1".repeat(400_000);
    put(
        dir.path(),
        "1.jsonl",
        format!("1\n{long}\n2\n123456\n3\n{long}"),
        1,
    );
    let source = JsonLines::<u64>::directory(dir.path())
        .unwrap()
        .record_bytes_max(5)
        .bad_rows(BadRows::Drop { limit: 3 });
    assert_eq!(
        drain(&source, &limits(None, None, None)).unwrap(),
        [[1, 2, 3]]
    );
}

#[test]
fn a_long_line_that_is_allowed_makes_the_buffer_grow() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(1 << 20);
    put(
        dir.path(),
        "1.jsonl",
        format!("\"a\"\n\"{long}\"\n\"b\"\n"),
        1,
    );
    let source = JsonLines::<String>::directory(dir.path()).unwrap();
    let rows = drain(&source, &limits(None, None, None)).unwrap().concat();
    assert_eq!(rows, ["a".to_owned(), long, "b".to_owned()]);
}

#[test]
fn a_cancelled_reader_that_drops_rows_ends() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", "x\n".repeat(100), 1);
    let source = JsonLines::<u64>::directory(dir.path())
        .unwrap()
        .bad_rows(BadRows::Drop { limit: 1_000 });
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let task = Pretend::default().cancelled_task();
    let mut reader = source.open(&plan.partitions[0], &task).unwrap();
    assert!(reader.next_row().is_none());
    assert_eq!(reader.counts().unwrap().dropped, 1);
}

#[test]
fn frozen_sources_take_only_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl", numbers(0..5), 9);
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    source.freeze().unwrap();
    put(dir.path(), "0.jsonl", numbers(5..9), 1);
    let plain = limits(Some(3), None, None);
    assert_eq!(drain(&source, &plain).unwrap().concat(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_batch_may_be_planned_before_the_one_before_it_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    for name in 0..6 {
        put(
            dir.path(),
            &format!("{name}.jsonl"),
            format!("{name}\n"),
            name,
        );
    }
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    let two = limits(None, None, Some(2));
    let first = source.plan(None, &two).unwrap().unwrap();
    let second = source.plan(Some(&first.end), &two).unwrap().unwrap();
    source.committed(BatchId::new(0), &first).unwrap();
    let third = source.plan(Some(&second.end), &two).unwrap().unwrap();
    // A plan is a function of its start: planning again from there gives the same.
    assert_eq!(
        source.plan(Some(&second.end), &two).unwrap().unwrap(),
        third
    );
    assert_eq!(
        source.plan(Some(&first.end), &two).unwrap().unwrap(),
        second
    );
    let rows: Vec<u64> = [&first, &second, &third]
        .iter()
        .flat_map(|plan| read_plan(&source, plan).unwrap())
        .collect();
    assert_eq!(rows, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn after_a_restart_the_batches_of_the_journal_are_not_planned_again() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = tempfile::tempdir().unwrap();
    let query = QueryId::random();
    for name in 0..6 {
        put(
            dir.path(),
            &format!("{name}.jsonl"),
            format!("{name}\n"),
            name,
        );
    }
    let two = limits(None, None, Some(2));
    let begin = || {
        let source = JsonLines::<u64>::directory(dir.path()).unwrap();
        source.start(&context(checkpoint.path(), query)).unwrap();
        source
    };
    let source = begin();
    let first = source.plan(None, &two).unwrap().unwrap();
    let second = source.plan(Some(&first.end), &two).unwrap().unwrap();
    source.committed(BatchId::new(0), &first).unwrap();

    // Crash with batch 1 in the journal; batch 0 is told again, then batch 1 is resumed.
    let source = begin();
    source.committed(BatchId::new(0), &logged(&first)).unwrap();
    source.resumed(BatchId::new(1), &logged(&second)).unwrap();
    let third = source.plan(Some(&second.end), &two).unwrap().unwrap();
    assert_eq!(read_plan(&source, &third).unwrap(), [4, 5]);

    // Without being told, the source notices that it would give rows twice.
    let source = begin();
    let error = error_of(source.plan(Some(&second.end), &two));
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn a_lost_record_of_taken_files_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = tempfile::tempdir().unwrap();
    let context = context(checkpoint.path(), QueryId::random());
    for name in 0..4 {
        put(
            dir.path(),
            &format!("{name}.jsonl"),
            format!("{name}\n"),
            name,
        );
    }
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    source.start(&context).unwrap();
    let one = limits(None, None, Some(1));
    let first = source.plan(None, &one).unwrap().unwrap();
    source.committed(BatchId::new(0), &first).unwrap();
    let second = source.plan(Some(&first.end), &one).unwrap().unwrap();
    source.committed(BatchId::new(1), &second).unwrap();

    fs::remove_dir_all(checkpoint.path().join("sources")).unwrap();
    let source = JsonLines::<u64>::directory(dir.path()).unwrap();
    source.start(&context).unwrap();
    let error = error_of(source.committed(BatchId::new(1), &second));
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(error.help().is_some());
}

#[test]
fn large_files_are_cut_for_the_executors_and_small_ones_share_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!("\"{}\"\n", "x".repeat(97));
    put(dir.path(), "1.jsonl", line.repeat(80_000), 1);
    let source = JsonLines::<String>::directory(dir.path()).unwrap();
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    assert_eq!(plan.partitions.len(), 4);
    assert!(
        plan.partitions
            .iter()
            .all(|part| part.bytes().abs_diff(2_000_000) < 200)
    );

    let dir = tempfile::tempdir().unwrap();
    for name in 0..50 {
        put(dir.path(), &format!("{name}.jsonl"), &line, name);
    }
    let source = JsonLines::<String>::directory(dir.path()).unwrap();
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    assert_eq!(plan.partitions.len(), 1);
    assert_eq!(plan.partitions[0].ranges.len(), 50);
}

#[test]
fn the_row_type_is_inferred_from_its_use() {
    struct Stream<S>(S);
    impl<S: Source> Stream<S> {
        fn filter(self, keep: impl Fn(&S::Row) -> bool) -> usize {
            let _ = (&self.0, keep);
            0
        }
    }
    fn stream<S: Source>(source: S) -> Stream<S> {
        Stream(source)
    }
    let dir = tempfile::tempdir().unwrap();
    let json = JsonLines::directory(dir.path()).unwrap();
    assert_eq!(stream(json).filter(|row: &(String, u64)| row.1 > 0), 0);
    let csv = Csv::directory(dir.path()).unwrap();
    assert_eq!(stream(csv).filter(|row: &(String, u64)| row.1 > 0), 0);
}
