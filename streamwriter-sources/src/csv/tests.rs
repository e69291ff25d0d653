//! What a field and a header may be, and how a file or row that does not fit is named.

use std::path::Path;

use serde::Deserialize;
use streamwriter_core::{Error, ErrorKind};

use super::*;
use crate::BadRows;
use crate::files::tests::{drain, error_of, limits, put, read_plan};

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Flight {
    origin: String,
    delay: Option<i64>,
    tail: Option<String>,
}

fn flight(origin: &str, delay: Option<i64>, tail: Option<&str>) -> Flight {
    Flight {
        origin: origin.to_owned(),
        delay,
        tail: tail.map(str::to_owned),
    }
}

fn read<R>(dir: &Path, text: impl AsRef<[u8]>, set: fn(Csv<R>) -> Csv<R>) -> Result<Vec<R>, Error>
where
    R: DeserializeOwned + PartialEq + fmt::Debug + Send + 'static,
{
    put(dir, "1.csv", text, 1);
    let source = set(Csv::directory(dir)?.null_values(["NA"]));
    match drain(&source, &limits(None, None, None)) {
        Ok(batches) => Ok(batches.into_iter().flatten().collect()),
        Err(error) => Err(error_of::<()>(Err(error))),
    }
}

/// Reads one file with default options.
fn rows<R>(text: impl AsRef<[u8]>) -> Result<Vec<R>, Error>
where
    R: DeserializeOwned + PartialEq + fmt::Debug + Send + 'static,
{
    let dir = tempfile::tempdir().unwrap();
    read(dir.path(), text, |csv| csv)
}

#[test]
fn columns_are_matched_by_name_and_nulls_become_none() {
    let text =
        "\u{feff}tail,ignored,delay,origin\r\nN1,x,-2,EWR\r\n\r\nNA,y,NA,JFK\r\n,\"z\n\",,\"\"";
    assert_eq!(
        rows::<Flight>(text).unwrap(),
        [
            flight("EWR", Some(-2), Some("N1")),
            flight("JFK", None, None),
            flight("", None, None)
        ]
    );
}

#[test]
fn files_without_rows_are_taken_and_give_none() {
    for text in [
        "",
        "\n\r\n",
        "origin,delay,tail",
        "\n\norigin,delay,tail\n\n",
        "\u{feff}",
    ] {
        assert_eq!(rows::<Flight>(text).unwrap(), [], "{text:?}");
    }
}

#[test]
fn values_that_do_not_fit_are_named_by_line_byte_and_column() {
    for (field, reason) in [
        ("x", "\"x\" is not a number of type i64"),
        ("9223372036854775808", "is not a number of type i64"),
        (" 1", "\" 1\" is not"),
        ("\"a\nb\"", "is not a number"),
    ] {
        let error = rows::<Flight>(format!("origin,delay,tail\nA,1,\n\nB,{field},\n")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        assert!(error.is_permanent() && error.help().is_some());
        let place = "line 4, byte 24, column \"delay\"";
        assert!(error.message().contains(place), "{error}");
        assert!(error.message().contains(reason), "{error}");
        assert!(error.path().unwrap().ends_with("1.csv"));
    }
}

#[test]
fn a_null_in_a_field_that_is_no_option_is_an_error_that_names_the_column() {
    let error = rows::<Flight>("origin,delay,tail\nNA,1,x\n").unwrap_err();
    assert!(error.message().contains("column \"origin\""), "{error}");
    assert!(error.message().contains("not an `Option`"), "{error}");
}

#[test]
fn a_number_that_is_too_large_is_not_infinite() {
    assert!(rows::<(f64,)>("a\n1e999\n").is_err());
    assert!(rows::<(f32,)>("a\n1e40\n").is_err());
    assert_eq!(rows::<(f64,)>("a\n-inf\n").unwrap(), [(f64::NEG_INFINITY,)]);
}

#[test]
fn a_row_of_another_width_does_not_fit_unless_rows_may_differ() {
    let text = "origin,delay,tail\nA,1\nB,2,x,y\nC,3,z\n";
    let error = rows::<Flight>(text).unwrap_err();
    assert!(error.message().contains("2 fields"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let found = read::<Flight>(dir.path(), text, |csv| csv.flexible(true)).unwrap();
    assert_eq!(found[0], flight("A", Some(1), None));
    assert_eq!(found[1], flight("B", Some(2), Some("x")));

    let short = "delay,origin\n1\n2,B\n";
    let drop = |csv: Csv<Flight>| csv.flexible(true).bad_rows(BadRows::Drop { limit: 1 });
    let found = read::<Flight>(dir.path(), short, drop).unwrap();
    assert_eq!(found, [flight("B", Some(2), None)]);
}

#[test]
fn a_missing_column_is_an_error_whatever_the_policy() {
    let dir = tempfile::tempdir().unwrap();
    let text = "delay,tail,orign\n1,x,EWR\n2,y,JFK\n";
    let drop = |csv: Csv<Flight>| csv.bad_rows(BadRows::Drop { limit: 100 });
    let error = read::<Flight>(dir.path(), text, drop).unwrap_err();
    assert!(
        error.message().contains("the column \"origin\" is missing"),
        "{error}"
    );
    assert!(
        error.message().contains("columns delay, tail, orign"),
        "{error}"
    );
    assert!(
        error.message().contains("fields origin, delay, tail"),
        "{error}"
    );
    assert!(error.is_permanent() && error.path().unwrap().ends_with("1.csv"));
}

#[test]
fn a_column_that_is_there_twice_is_an_error_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let drop = |csv: Csv<Flight>| csv.bad_rows(BadRows::Drop { limit: 100 });
    let error = read::<Flight>(dir.path(), "origin,origin\na,b\n", drop).unwrap_err();
    assert!(error.message().contains("two columns"), "{error}");
}

#[test]
fn without_a_header_fields_are_matched_by_position() {
    let dir = tempfile::tempdir().unwrap();
    let plain = |csv: Csv<Flight>| csv.header(false);
    let found = read::<Flight>(dir.path(), "A,1,NA\nB,,x", plain).unwrap();
    assert_eq!(
        found,
        [flight("A", Some(1), None), flight("B", None, Some("x"))]
    );
    let found = read::<(u8, bool)>(dir.path(), "\u{feff}1;true\n", |csv| {
        csv.header(false).delimiter(b';')
    });
    assert_eq!(found.unwrap(), [(1, true)]);
    for text in ["A,1\n", "A,1,x,y\n"] {
        let error = read::<Flight>(dir.path(), text, plain).unwrap_err();
        assert!(
            error.message().contains("do not fit the row type"),
            "{error}"
        );
    }
}

#[test]
fn a_byte_order_mark_in_the_middle_of_a_file_is_data() {
    let dir = tempfile::tempdir().unwrap();
    let text = "\u{feff}a\n\u{feff}b\n\u{feff}c\n";
    put(dir.path(), "1.csv", text, 1);
    let source = Csv::<String>::directory(dir.path()).unwrap().header(false);
    let batches = drain(&source, &limits(Some(1), None, None)).unwrap();
    assert_eq!(batches.concat(), ["a", "\u{feff}b", "\u{feff}c"]);
}

#[test]
fn text_that_is_not_utf8_is_a_bad_row_that_names_the_column() {
    let error = rows::<Flight>(b"origin,delay\nok,1\nx\xff,2\n").unwrap_err();
    assert!(error.message().contains("line 3"), "{error}");
    assert!(error.message().contains("column \"origin\""), "{error}");
    assert!(error.message().contains("not UTF-8"), "{error}");
    // Each field alone is not UTF-8, both together are.
    let error = rows::<(String, String)>(b"a,b\n\xc3,\xa9\n").unwrap_err();
    assert!(error.message().contains("not UTF-8"), "{error}");
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_rest_silently() {
    let text = "a,b\n1,2\n3,\"4\n5,6\n7,8\n";
    let error = rows::<(String, String)>(text).unwrap_err();
    assert!(error.message().contains("line 3"), "{error}");
    assert!(error.message().contains("not closed"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    for last in ["\"", "\"x\"\"", "a,\"", "a,\"x,\n\n"] {
        let text = format!("a,b\n1,2\n{last}");
        let drop = |csv: Csv<(String, String)>| csv.bad_rows(BadRows::Drop { limit: 1 });
        let found = read(dir.path(), &text, drop).unwrap();
        assert_eq!(found, [("1".to_owned(), "2".to_owned())], "{text:?}");
    }
}

#[test]
fn a_row_that_is_too_long_is_a_bad_row_and_the_next_one_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(5_000);
    let commas = ",".repeat(5_000);
    let text = format!("a\n1\n{long}\n2\n\"{long}\n{long}\"\n{commas}\n3\n{long}");
    let drop = |csv: Csv<(u64,)>| {
        csv.record_bytes_max(100)
            .bad_rows(BadRows::Drop { limit: 4 })
    };
    assert_eq!(read(dir.path(), &text, drop).unwrap(), [(1,), (2,), (3,)]);
    let text = format!("a\n{}\n", "1".repeat(100));
    let error = read::<(u64,)>(dir.path(), text, drop);
    assert_eq!(
        error.unwrap(),
        [],
        "dropped for its value, not for its length"
    );
}

#[test]
fn other_types_of_fields_and_rows() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Big,
        Small,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u128);
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        kind: Kind,
        id: Id,
        letter: char,
        flag: Option<bool>,
        #[serde(default)]
        missing: u8,
    }
    let found = rows::<Row>("flag,letter,id,kind\ntrue,é,7,big\nNA,\",\",8,small\n").unwrap();
    assert_eq!(found[0].kind, Kind::Big);
    assert_eq!(
        (&found[1].kind, found[1].letter, found[1].flag),
        (&Kind::Small, ',', None)
    );
    assert!(rows::<Row>("flag,letter,id,kind\ntrue,é,7,huge\n").is_err());

    assert_eq!(rows::<u32>("n\n1\n2\n").unwrap(), [1, 2]);
    let maps = rows::<std::collections::BTreeMap<String, String>>("a,b\n1,2\n").unwrap();
    assert_eq!(maps[0]["b"], "2");
    let values = rows::<serde_json::Value>("a,b,c\n1,x,NA\n").unwrap();
    assert_eq!(values, [serde_json::json!({"a": 1, "b": "x", "c": null})]);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nested {
        a: Vec<u8>,
    }
    let error = rows::<Nested>("a\n1\n").unwrap_err();
    assert!(error.message().contains("one value"), "{error}");
}

#[test]
fn columns_that_no_field_is_for_can_be_refused() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: u8,
    }
    let error = rows::<Strict>("a,b\n1,2\n").unwrap_err();
    assert!(error.message().contains("\"b\""), "{error}");
}

#[test]
fn a_batch_that_ends_between_header_and_rows_reads_the_header_once() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", "\n\n\na\n\n1\n2\n", 1);
    for bytes in 1..9 {
        let source = Csv::<u8>::directory(dir.path()).unwrap();
        let batches = drain(&source, &limits(None, Some(bytes), None)).unwrap();
        assert_eq!(batches.concat(), [1, 2], "{bytes}");
    }
}

#[test]
fn flights_are_read_with_their_nulls() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        flight: u32,
        dep_time: Option<u16>,
        air_time: Option<f64>,
        tailnum: Option<String>,
    }
    let mut text = String::from("year,dep_time,flight,tailnum,air_time\n");
    for number in 0..2_000 {
        let time = if number % 7 == 0 {
            "NA".to_owned()
        } else {
            (number % 2_400).to_string()
        };
        text.push_str(&format!("2013,{time},{number},N{number},{number}.5\n"));
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.csv", text.as_bytes(), 1);
    let source = Csv::<Row>::directory(dir.path())
        .unwrap()
        .null_values(["NA"]);
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let found = read_plan(&source, &plan).unwrap();
    assert_eq!(found.len(), 2_000);
    assert_eq!(found[8].dep_time, Some(8));
    assert_eq!(found[14].dep_time, None);
    assert_eq!(found[14].air_time, Some(14.5));
}

#[test]
fn blank_lines_before_a_row_do_not_make_it_too_long() {
    let dir = tempfile::tempdir().unwrap();
    for blank in ["\n".repeat(50), "\r\n".repeat(25)] {
        let text = format!("a,b\n1,2\n{blank}3,\"\n\n\"\n");
        let rows = read::<(u8, String)>(dir.path(), text, |csv| csv.record_bytes_max(8)).unwrap();
        assert_eq!(rows, [(1, "2".to_owned()), (3, "\n\n".to_owned())]);
    }
}

#[test]
fn a_file_with_other_columns_than_those_declared_is_named_with_both_lists() {
    let declared = |csv: Csv<Flight>| csv.columns(["tail", "origin", "delay"]);
    for (header, differences) in [
        ("origin,delay,tail", None),
        ("origin,delay", Some("(missing: tail)")),
        ("origin,delay,tail,gate", Some("(further: gate)")),
        ("origin,delay,tale", Some("(further: tale; missing: tail)")),
        ("origin,delay,tail,tail", Some("(further: tail)")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let fields = vec!["1"; header.split(',').count()].join(",");
        let result = read(dir.path(), format!("{header}\n{fields}\n"), declared);
        let Some(differences) = differences else {
            assert_eq!(result.unwrap(), [flight("1", Some(1), Some("1"))]);
            continue;
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        assert!(error.is_permanent() && error.path().unwrap().ends_with("1.csv"));
        let lists = format!(
            "the file has {}; declared are tail, origin, delay",
            header.replace(',', ", ")
        );
        assert!(error.message().contains(differences), "{error}");
        assert!(error.message().contains(&lists), "{error}");
        assert!(error.help().unwrap().contains(".columns"), "{error}");
    }
}

#[test]
fn drift_is_no_bad_row_and_an_empty_file_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let declared = |csv: Csv<Flight>| {
        csv.columns(["origin", "delay", "tail"])
            .bad_rows(BadRows::Drop { limit: 100 })
    };
    assert_eq!(read(dir.path(), "\n", declared).unwrap(), []);
    let error = read(dir.path(), "origin,delay\nA,1\n", declared).unwrap_err();
    assert!(error.message().contains("missing: tail"), "{error}");
    // Undeclared, the row type decides, for each file by itself.
    let rows = read::<Flight>(dir.path(), "origin,delay\nA,1\n", |csv| csv).unwrap();
    assert_eq!(rows, [flight("A", Some(1), None)]);
}

#[test]
fn declared_columns_name_those_of_files_without_a_header() {
    let named = |csv: Csv<Flight>| csv.header(false).columns(["tail", "delay", "origin"]);
    let dir = tempfile::tempdir().unwrap();
    let rows = read(dir.path(), "N1,7,EWR\n,,JFK\n", named).unwrap();
    assert_eq!(
        rows,
        [
            flight("EWR", Some(7), Some("N1")),
            flight("JFK", None, None)
        ]
    );
    let error = read(dir.path(), "N1,7\n", named).unwrap_err();
    let text = "the first row of the file has 2 columns; declared are 3: tail, delay, origin";
    assert!(error.message().contains(text), "{error}");
    let error = read(dir.path(), "N1,x,EWR\n", named).unwrap_err();
    assert!(error.message().contains("column \"delay\""), "{error}");
    let flexible = |csv: Csv<Flight>| {
        csv.header(false)
            .columns(["origin", "delay", "tail"])
            .flexible(true)
    };
    let rows = read(dir.path(), "A\nB,1,N1,more\n", flexible).unwrap();
    assert_eq!(
        rows,
        [flight("A", None, None), flight("B", Some(1), Some("N1"))]
    );
}
