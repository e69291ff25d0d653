//! Guards that a file with other columns than the first one is named before it is planned, whatever happens
//! between (B2).

use std::path::Path;

use serde_json::{Value, from_value, json, to_value};
use streamwriter_core::{BatchId, Error, ErrorKind};

use super::*;
use crate::FilesOffset;
use crate::files::tests::{drain, error_of, limits, logged, put, read_plan};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Row {
    a: Option<String>,
    b: Option<String>,
}

fn source(dir: &Path) -> Csv<Row> {
    Csv::directory(dir).unwrap()
}

fn drifted(error: &Error, file: &str, differences: &str) {
    assert_eq!(error.kind(), ErrorKind::Source, "{error}");
    assert!(error.is_permanent() && error.path().unwrap().ends_with(file));
    assert!(error.message().contains(differences), "{error}");
    assert!(
        error.help().unwrap().contains("SchemaDrift::Adapt"),
        "{error}"
    );
}

#[test]
fn a_file_with_other_columns_than_the_first_is_named_and_not_planned() {
    for (second, differences) in [
        ("b,a\n1,2\n", None),
        ("\u{feff}\"a\",b\n", None),
        ("", None),
        ("a\n1\n", Some("(missing: b)")),
        ("a,b,c\n1,2,3\n", Some("(further: c)")),
        ("a,b,\"\u{1b}[2J\"\n1,2,3\n", Some("(further: \\u{1b}[2J)")),
        (
            "a,B\n1,2\n",
            Some("(further: B; missing: b); it has a, B; the first one had a, b"),
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "1.csv", "a,b\n1,2\n", 1);
        put(dir.path(), "2.csv", second, 2);
        for batch in [None, Some(1)] {
            let result = drain(&source(dir.path()), &limits(None, None, batch));
            match differences {
                None => drop(result.unwrap()),
                Some(differences) => drifted(&error_of(result), "2.csv", differences),
            }
        }
        let adapts = source(dir.path()).schema_drift(SchemaDrift::Adapt);
        drain(&adapts.flexible(true), &limits(None, None, None)).unwrap();
    }
}

#[test]
fn b2_a_restart_compares_with_the_first_file_of_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "a,b\n1,2\n", 1);
    let first = source(dir.path());
    let all = limits(None, None, None);
    let plan = logged(&first.plan(None, &all).unwrap().unwrap());
    // The program dies, and its first file is gone when the next one starts.
    let again = source(dir.path());
    again.resumed(BatchId::new(0), &plan).unwrap();
    assert_eq!(read_plan(&again, &plan).unwrap().len(), 1);
    again.committed(BatchId::new(0), &plan).unwrap();
    std::fs::remove_file(dir.path().join("1.csv")).unwrap();
    put(dir.path(), "2.csv", "a,c\n1,2\n", 2);
    let error = error_of(again.plan(Some(&plan.end), &all));
    drifted(&error, "2.csv", "(further: c; missing: b)");
    // It was not planned: corrected, it is read.
    put(dir.path(), "2.csv", "b,a\n1,2\n", 3);
    let next = again.plan(Some(&plan.end), &all).unwrap().unwrap();
    assert_eq!(next.end.columns, plan.end.columns);
}

/// A large file is cut; its later parts are not taken for files.
#[test]
fn the_rest_of_a_file_is_not_looked_at_again() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "a,b\n1,2\n3,4\n5,6\n", 1);
    let batches = drain(&source(dir.path()), &limits(Some(1), None, None)).unwrap();
    assert_eq!(batches.len(), 3);
}

#[test]
fn nothing_is_compared_where_the_program_says_what_holds() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "a,b\n1,2\n", 1);
    put(dir.path(), "2.csv", "x,y\n1,2\n", 2);
    let all = limits(None, None, None);
    let without_header = Csv::<(String, String)>::directory(dir.path()).unwrap();
    let without_header = drain(&without_header.header(false), &all).unwrap();
    assert_eq!(without_header[0].len(), 4);
    // Those that are declared are held to as the file is read, and name it as well.
    let declared = source(dir.path()).columns(["a", "b"]);
    let error = error_of(drain(&declared, &all));
    assert!(error.message().contains("declared are a, b"), "{error}");
}

#[test]
fn an_offset_without_columns_is_read_and_begins_with_the_next_file() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "a,b\n1,2\n", 1);
    let source = source(dir.path());
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let mut old: Value = to_value(&plan.end).unwrap();
    assert_eq!(old["columns"], json!(["a", "b"]));
    old.as_object_mut().unwrap().remove("columns");
    let old: FilesOffset = from_value(old).unwrap();
    assert_eq!((old.files, old.columns), (1, None));
    let adapts = Csv::<Row>::directory(dir.path())
        .unwrap()
        .schema_drift(SchemaDrift::Adapt);
    let plan = adapts
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    assert!(to_value(&plan.end).unwrap().get("columns").is_none());
}

#[cfg(all(feature = "gzip", feature = "zstd"))]
#[test]
fn compressed_files_are_held_to_the_same_columns() {
    use std::io::Write;

    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "a,b\n1,2\n", 1);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(b"a,c\n1,2\n").unwrap();
    put(dir.path(), "2.csv.gz", encoder.finish().unwrap(), 2);
    let error = error_of(drain(&source(dir.path()), &limits(None, None, None)));
    drifted(&error, "2.csv.gz", "(further: c; missing: b)");
}
