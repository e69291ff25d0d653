//! Guards what the text files hold, and that they appear with the commit only.

use std::fs;

use serde::{Deserialize, Serialize};
use streamwriter_core::ErrorKind;
use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trip {
    id: i64,
    city: String,
    fare: Option<f64>,
}

fn trips() -> Vec<Trip> {
    let trip = |id, city: &str, fare| Trip {
        id,
        city: city.to_owned(),
        fare,
    };
    vec![
        trip(1, "Oslo", Some(0.1)),
        trip(-2, "a \"quoted\", word\nand a line", None),
        trip(i64::MAX, "", Some(1e300)),
    ]
}

/// What a reader sees that lists files with this extension.
fn listed(directory: &Path, extension: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    let read = |path: &std::path::PathBuf| fs::read_to_string(path).unwrap();
    paths.iter().map(read).collect()
}

/// Writes the rows, checks that nothing is visible, and commits by a fresh sink, twice.
fn committed<R: Serialize + Send, F: FileFormat>(
    directory: &Path,
    make: impl Fn() -> FileSink<F>,
    rows: Vec<R>,
) -> Vec<String> {
    let pretend = Pretend::default();
    let message = write_rows(&make(), rows, &pretend.task()).unwrap();
    assert_eq!(listed(directory, F::NAME), [""; 0]);
    for _ in 0..2 {
        let message = round_trip(&message).unwrap();
        make().commit(vec![message], &pretend.batch()).unwrap();
    }
    listed(directory, F::NAME)
}

/// Returns how many staged files there are.
fn staged(directory: &Path) -> usize {
    let storage = streamwriter_core::LocalStorage::shared(directory).unwrap();
    let own = streamwriter_core::StorePath::parse("_streamwriter/staging").unwrap();
    storage.list(&own).unwrap().len()
}

#[cfg(feature = "jsonl")]
mod json_lines {
    use super::*;

    #[test]
    fn lines_read_back_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::json_lines(directory.path()).unwrap();
        let files = committed(directory.path(), make, trips());
        assert_eq!(files.len(), 1);
        assert!(files[0].ends_with('\n'));
        let read = files[0]
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        assert_eq!(read.collect::<Vec<Trip>>(), trips());
    }

    #[test]
    fn a_full_file_is_followed_by_another() {
        let directory = tempfile::tempdir().unwrap();
        let make = || {
            let sink = FileSink::json_lines(directory.path()).unwrap();
            sink.max_rows_per_file(2)
        };
        let files = committed(directory.path(), make, vec![1, 2, 3, 4, 5]);
        assert_eq!(files, ["1\n2\n", "3\n4\n", "5\n"]);
        let sink = make().max_rows_per_file(0);
        let error = WriteRows::<u8>::check_rows(&sink).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }

    #[test]
    fn an_empty_partition_writes_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::json_lines(directory.path()).unwrap();
        assert!(committed::<Trip, _>(directory.path(), make, vec![]).is_empty());
    }

    #[test]
    fn a_partition_that_was_cut_off_or_cancelled_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::json_lines(directory.path()).unwrap();
        let pretend = Pretend::default();
        let error = write_rows_cut_off(&sink, trips(), &pretend.task()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutOff);
        assert!(write_rows(&sink, trips(), &pretend.cancelled_task()).is_err());
        assert_eq!(staged(directory.path()), 0);
    }

    #[test]
    fn an_abort_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::json_lines(directory.path()).unwrap();
        let pretend = Pretend::default();
        let message = write_rows(&sink, trips(), &pretend.task()).unwrap();
        assert_eq!(staged(directory.path()), 1);
        sink.abort(vec![None, Some(message)], &pretend.batch())
            .unwrap();
        assert_eq!(staged(directory.path()), 0);
        assert!(listed(directory.path(), "jsonl").is_empty());
    }

    #[test]
    fn a_row_that_does_not_fit_is_named_and_permanent() {
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::json_lines(directory.path()).unwrap();
        let bad = std::collections::BTreeMap::from([((1, 2), 3)]);
        let rows = vec![Default::default(), bad];
        let error = write_rows(&sink, rows, &Pretend::default().task()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        assert!(error.is_permanent());
        assert!(error.to_string().contains("row 2"), "{error}");
        assert_eq!(staged(directory.path()), 0);
    }
}

#[cfg(feature = "csv")]
mod csv {
    use super::*;

    #[test]
    fn records_read_back_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::csv(directory.path()).unwrap();
        let files = committed(directory.path(), make, trips());
        assert!(files[0].starts_with("id,city,fare\n1,Oslo,0.1\n"));
        let mut reader = ::csv::Reader::from_reader(files[0].as_bytes());
        let read: Vec<Trip> = reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(read, trips());
    }

    #[test]
    fn a_partition_that_was_cut_off_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::csv(directory.path()).unwrap();
        let error = write_rows_cut_off(&sink, trips(), &Pretend::default().task()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutOff);
        assert_eq!(staged(directory.path()), 0);
    }

    #[test]
    fn header_delimiter_and_null_value_are_options() {
        let directory = tempfile::tempdir().unwrap();
        let make = || {
            let sink = FileSink::csv(directory.path()).unwrap();
            sink.header(false).delimiter(b'\t').null_value("NA")
        };
        let files = committed(
            directory.path(),
            make,
            vec![("a,b", None::<u8>), ("c", Some(1))],
        );
        assert_eq!(files, ["a,b\tNA\nc\t1\n"]);
        let sink = FileSink::csv(directory.path()).unwrap().delimiter(b'"');
        let error = WriteRows::<u8>::check_rows(&sink).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }

    #[test]
    fn quoting_is_an_option() {
        for (quoting, expected) in [
            (CsvQuoting::Necessary, "_1,_2,_3\na,1,\n"),
            (CsvQuoting::NonNumeric, "\"_1\",\"_2\",\"_3\"\n\"a\",1,\n"),
            (
                CsvQuoting::Always,
                "\"_1\",\"_2\",\"_3\"\n\"a\",\"1\",\"\"\n",
            ),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let make = || FileSink::csv(directory.path()).unwrap().quoting(quoting);
            let rows = vec![("a", 1, None::<u8>)];
            assert_eq!(committed(directory.path(), make, rows), [expected]);
        }
    }

    #[test]
    fn a_text_is_told_from_a_missing_value() {
        for (null_value, expected) in [
            ("", "_1,_2\n,1\n\"\",2\nNA,3\n"),
            ("NA", "_1,_2\nNA,1\n\"\",2\n\"NA\",3\n"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let make = || {
                FileSink::csv(directory.path())
                    .unwrap()
                    .null_value(null_value)
            };
            let rows = vec![(None, 1), (Some(""), 2), (Some("NA"), 3)];
            assert_eq!(committed(directory.path(), make, rows), [expected]);
        }
    }

    #[test]
    fn bytes_are_counted_row_by_row_and_each_file_has_its_header() {
        let directory = tempfile::tempdir().unwrap();
        let make = || {
            let sink = FileSink::csv(directory.path()).unwrap();
            sink.max_bytes_per_file("value\n12345\n".len() as u64)
        };
        let files = committed(directory.path(), make, vec!["12345", "1", "2345"]);
        assert_eq!(files, ["value\n12345\n", "value\n1\n2345\n"]);
    }

    #[test]
    fn tuples_and_single_values_have_column_names() {
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::csv(directory.path()).unwrap();
        assert_eq!(
            committed(directory.path(), make, vec![(1, "x")]),
            ["_1,_2\n1,x\n"]
        );
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::csv(directory.path()).unwrap();
        let rows = vec![None, Some("")];
        assert_eq!(
            committed(directory.path(), make, rows),
            ["value\n\"\"\n\"\"\n"]
        );
    }

    #[test]
    fn a_nested_value_is_an_error_that_names_its_column() {
        #[derive(Serialize)]
        struct Outer {
            id: u8,
            inner: Option<Trip>,
        }
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::csv(directory.path()).unwrap().header(false);
        let inner = Some(trips().remove(0));
        let rows = vec![Outer { id: 1, inner: None }, Outer { id: 2, inner }];
        let error = write_rows(&sink, rows, &Pretend::default().task()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        let text = error.to_string();
        assert!(
            text.contains("row 2") && text.contains("`inner` is a struct"),
            "{text}"
        );
        assert!(error.is_permanent());
        assert_eq!(staged(directory.path()), 0);
    }

    #[test]
    fn rows_with_other_columns_than_the_first_are_refused() {
        use std::collections::BTreeMap;
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::csv(directory.path()).unwrap();
        let first = BTreeMap::from([("a", 1), ("b", 2)]);
        for (other, named) in [
            (BTreeMap::from([("a", 1)]), "no column `b`"),
            (BTreeMap::from([("a", 1), ("c", 2)]), "column `c` where"),
            (
                BTreeMap::from([("a", 1), ("b", 2), ("c", 2)]),
                "column `c`, and",
            ),
        ] {
            let rows = vec![first.clone(), other];
            let error = write_rows(&sink, rows, &Pretend::default().task()).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert_eq!(error.kind(), ErrorKind::Row, "{error}");
        }
        // Structs, whose fields are known by where their names are.
        let rows = vec![Either::First { a: 1, b: 2 }, Either::Second { a: 1, c: 2 }];
        let error = write_rows(&sink, rows, &Pretend::default().task()).unwrap_err();
        assert!(error.to_string().contains("column `c` where"), "{error}");
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Either {
        First { a: i32, b: i32 },
        Second { a: i32, c: i32 },
    }
}

mod text {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_row_is_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let make = || FileSink::text(directory.path()).unwrap();
        let message = write_rows(&make(), ["", "ä b"], &Pretend::default().task()).unwrap();
        assert!(message.files[0].path.as_str().ends_with(".txt"));
        let path = directory.path().join(message.files[0].staged.as_str());
        assert_eq!(fs::read_to_string(path).unwrap(), "\nä b\n");
        let rows = [BTreeMap::from([("line", "x"), ("key", "k")])];
        let sink = make().partition_by(["key"]);
        let message = write_rows(&sink, rows, &Pretend::default().task()).unwrap();
        assert!(message.files[0].path.as_str().starts_with("key=k/"));
    }

    #[test]
    fn what_is_not_one_line_of_text_does_not_fit() {
        fn refused<R: Serialize + Send>(row: R, part: &str) {
            let directory = tempfile::tempdir().unwrap();
            let sink = FileSink::text(directory.path()).unwrap();
            let error = write_rows(&sink, [row], &Pretend::default().task()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Row);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(staged(directory.path()), 0);
        }
        refused("a\nb", "several lines");
        refused("a\r", "several lines");
        refused(None::<&str>, "null");
        refused(5, "a number");
        refused(0.5, "a number");
        refused(("a", "b"), "`_2` beside `_1`");
        refused((vec!["a"],), "`_1` is a list");
        refused(BTreeMap::<u8, u8>::new(), "no column");
    }
}

#[cfg(all(feature = "gzip", feature = "jsonl", feature = "zstd"))]
/// Rows on their way are kept in blocks: many rows to one, and one row that is larger than several.
#[test]
fn w2_files_of_many_blocks_hold_each_row_once_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..3_000)
        .map(|row| match row {
            1_500 => "x".repeat(300_000),
            _ => format!("row {row} {}", "-".repeat(row % 100)),
        })
        .collect();
    let below = |name: &str| directory.path().join(name);
    let lines = |each: &dyn Fn(&String) -> String| rows.iter().map(each).collect::<String>();

    let json = || FileSink::json_lines(below("json")).unwrap();
    let written = committed(&below("json"), json, rows.clone());
    assert!(written == [lines(&|row| format!("\"{row}\"\n"))], "json");

    let csv = || FileSink::csv(below("csv")).unwrap();
    let written = committed(&below("csv"), csv, rows.clone());
    let expected = format!("value\n{}", lines(&|row| format!("{row}\n")));
    assert!(written == [expected], "csv");

    let text = || FileSink::text(below("text")).unwrap();
    let message = write_rows(&text(), rows.clone(), &Pretend::default().task()).unwrap();
    let staged = &message.files[0].staged;
    let written = text().staging.storage().read(staged).unwrap().unwrap();
    assert!(
        written == lines(&|row| format!("{row}\n")).into_bytes(),
        "text"
    );
}

mod compressed {
    use std::io::Read;

    use super::*;

    fn only_file(sink: &FileSink<JsonLines>, rows: u32) -> (String, Vec<u8>) {
        let rows = (0..rows).map(|row| row.wrapping_mul(2_654_435_761));
        let message = write_rows(sink, rows, &Pretend::default().task()).unwrap();
        let file = &message.files[0];
        let bytes = sink.staging.storage().read(&file.staged).unwrap().unwrap();
        (file.path.to_string(), bytes)
    }

    #[test]
    fn a_file_is_one_complete_stream_and_says_so_in_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let sink = || FileSink::json_lines(directory.path()).unwrap();
        let (_, plain) = only_file(&sink(), 20_000);
        let lines = (0..20_000_u32).map(|row| format!("{}\n", row.wrapping_mul(2_654_435_761)));
        assert!(plain == lines.collect::<String>().into_bytes());
        let (name, bytes) = only_file(&sink().compression(FileCompression::Gzip(6)), 20_000);
        assert!(name.ends_with(".jsonl.gz"), "{name}");
        let mut back = Vec::new();
        let mut decoder = flate2::bufread::GzDecoder::new(bytes.as_slice());
        decoder.read_to_end(&mut back).unwrap();
        assert_eq!(back, plain);
        assert!(decoder.into_inner().is_empty(), "one member");
        let (name, bytes) = only_file(&sink().compression(FileCompression::Zstd(3)), 20_000);
        assert!(name.ends_with(".jsonl.zst"), "{name}");
        assert_eq!(zstd::decode_all(bytes.as_slice()).unwrap(), plain);
        assert!(zstd::decode_all(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn compressed_files_roll_by_the_bytes_that_the_compressor_gave() {
        let directory = tempfile::tempdir().unwrap();
        for compression in [FileCompression::Gzip(1), FileCompression::Zstd(1)] {
            let sink = FileSink::json_lines(directory.path()).unwrap();
            let sink = sink.compression(compression).max_bytes_per_file(20_000);
            let rows = (0..100_000_u32).map(|row| row.wrapping_mul(2_654_435_761));
            let message = write_rows(&sink, rows, &Pretend::default().task()).unwrap();
            let sizes: Vec<_> = message.files.iter().map(|file| file.size).collect();
            let [full @ .., _] = sizes.as_slice() else {
                panic!("no file");
            };
            assert!(full.len() > 2, "{sizes:?}");
            assert!(
                full.iter().all(|size| (20_000..220_000).contains(size)),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn a_level_that_is_not_there_is_refused_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        for (bad, part) in [
            (FileCompression::Gzip(10), "gzip has no level 10"),
            (FileCompression::Zstd(0), "zstd has no level 0"),
            (FileCompression::Zstd(23), "zstd has no level 23"),
        ] {
            let sink = FileSink::json_lines(directory.path()).unwrap();
            let sink = sink.compression(bad);
            let error = WriteRows::<u8>::check_rows(&sink).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[cfg(all(feature = "csv", feature = "jsonl"))]
mod partitioned {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[derive(Clone, Serialize)]
    struct Stay {
        city: Option<String>,
        nights: i32,
        paid: bool,
        rating: f32,
        guests: Vec<u8>,
    }

    fn stay(city: Option<&str>, nights: i32) -> Stay {
        Stay {
            city: city.map(str::to_owned),
            nights,
            paid: nights > 1,
            rating: 0.5,
            guests: vec![],
        }
    }

    /// Writes rows and returns the path of each file without the constant part, with its text.
    fn layout<R: Serialize + Send, F: FileFormat>(
        sink: FileSink<F>,
        rows: Vec<R>,
    ) -> Result<Vec<(String, String)>> {
        let message = write_rows(&sink, rows, &Pretend::default().task())?;
        let storage = sink.staging.storage();
        let files = message.files.iter().map(|file| {
            let name = file.path.file_name().split_once("-f").unwrap().1;
            let path = format!("{}/{}", file.path.parent(), &name[..4]);
            let bytes = storage.read(&file.staged).unwrap().unwrap();
            (path, String::from_utf8(bytes).unwrap())
        });
        Ok(files.collect())
    }

    #[test]
    fn f4_the_columns_leave_the_rows_and_name_the_directories() {
        let directory = tempfile::tempdir().unwrap();
        let rows = vec![
            stay(Some("Oslo"), 1),
            stay(Some("a/b: ..\n"), 2),
            stay(None, 2),
            stay(Some(""), 2),
            stay(Some("Oslo"), 1),
        ];
        let sink = FileSink::json_lines(directory.path()).unwrap();
        let sink = sink.partition_by(["paid", "city", "nights"]);
        let rest = "{\"rating\":0.5,\"guests\":[]}\n";
        let expected = [
            ("paid=false/city=Oslo/nights=1/0000", rest.repeat(2)),
            (
                "paid=true/city=a%2Fb%3A ..%0A/nights=2/0001",
                rest.to_owned(),
            ),
            (
                "paid=true/city=__HIVE_DEFAULT_PARTITION__/nights=2/0002",
                rest.repeat(2),
            ),
        ];
        let expected = expected.map(|(path, text)| (path.to_owned(), text));
        assert_eq!(layout(sink, rows).unwrap(), expected);
    }

    #[test]
    fn f4_csv_has_neither_the_column_nor_its_header_and_skipped_fields_keep_theirs() {
        #[derive(Serialize)]
        struct Row {
            a: u8,
            #[serde(skip_serializing_if = "Option::is_none")]
            b: Option<u8>,
            c: char,
        }
        let directory = tempfile::tempdir().unwrap();
        let sink = || FileSink::csv(directory.path()).unwrap();
        let rows = vec![
            Row {
                a: 1,
                b: None,
                c: 'x',
            },
            Row {
                a: 1,
                b: Some(2),
                c: 'y',
            },
        ];
        let files = layout(sink().partition_by(["a"]), rows).unwrap();
        assert_eq!(
            files,
            [("a=1/0000".to_owned(), "b,c\n,x\n2,y\n".to_owned())]
        );
        let map = BTreeMap::from([("k", 1), ("l", 2)]);
        let files = layout(sink().partition_by(["l"]), vec![map]).unwrap();
        assert_eq!(files, [("l=2/0000".to_owned(), "k\n1\n".to_owned())]);
    }

    #[test]
    fn f4_files_are_rolled_in_each_directory_and_numbered_in_the_task() {
        let directory = tempfile::tempdir().unwrap();
        let sink = FileSink::json_lines(directory.path()).unwrap();
        let sink = sink.partition_by(["key"]).max_rows_per_file(2);
        let row = |key: &'static str, n: &'static str| HashMap::from([("key", key), ("n", n)]);
        let keys = ["a", "b", "a", "a", "b", "b"];
        let rows = keys.iter().zip(["1", "2", "3", "4", "5", "6"]);
        let rows = rows.map(|(key, n)| row(key, n)).collect();
        let files = layout(sink, rows).unwrap();
        let line = |n: u8| format!("{{\"n\":\"{n}\"}}\n");
        let expected = [
            ("key=a/0000", line(1) + &line(3)),
            ("key=b/0001", line(2) + &line(5)),
            ("key=a/0002", line(4)),
            ("key=b/0003", line(6)),
        ];
        assert_eq!(files, expected.map(|(path, text)| (path.to_owned(), text)));
    }

    #[test]
    fn f4_rows_without_a_directory_are_named_with_their_column() {
        let directory = tempfile::tempdir().unwrap();
        let sink = || FileSink::json_lines(directory.path()).unwrap();
        let refused = |columns: &[&str], part: &str| {
            let sink = sink().partition_by(columns.iter().copied());
            let rows = vec![stay(Some("x"), 1)];
            let error = layout(sink, rows).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Row, "{error}");
            assert!(error.is_permanent());
            let text = error.to_string();
            assert!(text.contains("row 1") && text.contains(part), "{text}");
            assert_eq!(staged(directory.path()), 0);
        };
        refused(&["town"], "no column `town`");
        refused(
            &["rating"],
            "`rating`, by which rows are partitioned, is a float",
        );
        refused(
            &["guests"],
            "`guests`, by which rows are partitioned, is a list",
        );
        refused(&["guests", "town"], "`guests`");
        let all = sink().partition_by(["a"]);
        let error = layout(all, vec![BTreeMap::from([("a", 1)])]).unwrap_err();
        assert!(error.to_string().contains("no columns beside"), "{error}");
        let single = sink().partition_by(["value"]);
        let error = layout(single, vec![5]).unwrap_err();
        assert!(error.to_string().contains("no columns beside"), "{error}");
        let long = sink().partition_by(["city"]);
        let error = layout(long, vec![stay(Some(&"x".repeat(300)), 1)]).unwrap_err();
        assert!(error.to_string().contains("`city`"), "{error}");
        let hidden = sink().partition_by(["_1"]);
        let error = WriteRows::<Stay>::check_rows(&hidden).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
