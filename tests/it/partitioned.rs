//! F4: what a sink writes with `partition_by` our own sources read back, value by value, while it grows.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, date, time};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use streamwriter::{
    Csv, Error, FileSink, JsonLines, Memory, MemorySink, ParquetFiles, ParquetSink, Row, Source,
    StreamWriter, Trigger, WriteRows, stream,
};
use tempfile::TempDir;

/// Texts that are hard on a path.
const TEXTS: [&str; 14] = [
    "Oslo",
    "..",
    "../../etc/passwd",
    "a=b/c=d",
    "100%",
    "%2F",
    " 007 ",
    "1e5",
    "true",
    "Tromsø 日本",
    "\r\n\t\u{7f}",
    "\"'#*:?\\{[]^",
    "null",
    "__HIVE_DEFAULT_PARTITION__x",
];

struct Desk {
    directory: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn target(&self) -> PathBuf {
        self.directory.path().join("target")
    }

    /// Runs a query that goes on where the last one of this name ended.
    fn run<S, W>(&self, name: &str, source: S, sink: W) -> Result<(), Error>
    where
        S: Source,
        W: StreamWriter + WriteRows<S::Row>,
    {
        stream(source)
            .write_to(sink)
            .checkpoint(self.directory.path().join(name))
            .trigger(Trigger::AvailableNow)
            .max_files_per_batch(3)
            .executors(2)
            .start()?
            .await_termination()
            .map(|_| ())
    }

    /// Writes rows in two runs, and reads what is there after each.
    fn there_and_back<R, F, S, W>(
        &self,
        rows: &[R],
        sink: impl Fn(&Path) -> W,
        source: impl Fn(&Path) -> S,
        found: F,
    ) -> Vec<R>
    where
        R: Clone + Send + Sync + 'static,
        S: Source,
        S::Row: Clone,
        W: StreamWriter + WriteRows<R>,
        F: Fn(Vec<S::Row>) -> Vec<R>,
    {
        let (mut all, sofar) = (Vec::new(), [rows.len() / 2, rows.len()]);
        for count in sofar {
            let memory = Memory::new(rows.iter().take(count).cloned()).partitions(2);
            self.run("write", memory, sink(&self.target())).unwrap();
            let read = MemorySink::new();
            self.run("read", source(&self.target()), read.clone())
                .unwrap();
            all.extend(found(read.rows()));
            assert_eq!(all.len(), count);
        }
        all
    }
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Typed {
    number: u64,
    city: Option<String>,
    flag: Option<bool>,
    small: i8,
    large: Option<u64>,
    day: Option<Date>,
    clock: Option<Time>,
    local: Option<DateTime>,
    instant: Option<Timestamp>,
    #[row(decimal(38, 10))]
    decimal: Option<i128>,
}

const COLUMNS: [&str; 9] = [
    "city", "flag", "small", "large", "day", "clock", "local", "instant", "decimal",
];

impl Typed {
    fn of(number: u64) -> Self {
        let some = |nth: u64| !number.is_multiple_of(nth);
        let text = TEXTS[number as usize % TEXTS.len()];
        Self {
            number,
            city: some(5).then(|| text.to_owned()),
            flag: some(3).then_some(some(2)),
            small: -(number as i8),
            large: some(4).then_some(u64::MAX - number),
            day: some(3).then_some(
                [date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31)][number as usize % 3],
            ),
            clock: some(4).then_some(time(23, 59, 59, 999_000_000 + number as i32 * 1_000)),
            local: some(5).then_some(date(1583, 1, 1).at(1, 2, number as i8, 4_000)),
            instant: some(2)
                .then(|| Timestamp::from_microsecond(number as i64 - 1_500_000).unwrap()),
            decimal: some(3).then_some(if some(2) { -10_i128.pow(38) + 1 } else { 5 }),
        }
    }
}

#[test]
fn f4_every_type_in_the_directories_of_parquet_files_comes_back() {
    let rows: Vec<Typed> = (0..30).map(Typed::of).collect();
    let mut found = Desk::new().there_and_back(
        &rows,
        |target| ParquetSink::rows(target).unwrap().partition_by(COLUMNS),
        |target| {
            let source = ParquetFiles::directory(target, Typed::schema()).unwrap();
            source.partitioned_by(COLUMNS)
        },
        |batches| {
            let rows = batches
                .iter()
                .flat_map(|batch| Typed::rows_of(batch).unwrap());
            rows.map(Result::unwrap).collect()
        },
    );
    found.sort_by_key(|row| row.number);
    assert_eq!(found, rows);
}

/// A row whose directories hold what serde writes as numbers, booleans and text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plain {
    number: u64,
    city: Option<String>,
    flag: Option<bool>,
    small: i8,
    large: Option<u64>,
    day: String,
    instant: String,
    decimal: Option<String>,
    what: Kind,
    /// Stays in the file.
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Sale,
    Return,
}

const PLAIN_COLUMNS: [&str; 8] = [
    "city", "flag", "small", "large", "day", "instant", "decimal", "what",
];

impl Plain {
    fn of(number: u64) -> Self {
        let some = |nth: u64| !number.is_multiple_of(nth);
        Self {
            number,
            city: some(5).then(|| TEXTS[number as usize % TEXTS.len()].to_owned()),
            flag: some(3).then_some(some(2)),
            small: -(number as i8),
            large: some(4).then_some(u64::MAX),
            day: "2026-01-02".to_owned(),
            instant: format!("2026-01-02 03:04:05.{number:06}"),
            decimal: some(2).then(|| format!("-0.{number}0")),
            what: if some(2) { Kind::Sale } else { Kind::Return },
            note: some(2).then(|| "a,\"b\"\n".to_owned()),
        }
    }
}

fn plain<S: Source<Row = Plain>, W: StreamWriter + WriteRows<Plain>>(
    sink: impl Fn(&Path) -> W,
    source: impl Fn(&Path) -> S,
) {
    let rows: Vec<Plain> = (0..30).map(Plain::of).collect();
    let mut found = Desk::new().there_and_back(&rows, sink, source, |rows| rows);
    found.sort_by_key(|row| row.number);
    assert_eq!(found, rows);
}

#[test]
fn f4_what_is_in_the_directories_of_json_lines_comes_back() {
    plain(
        |target| {
            FileSink::json_lines(target)
                .unwrap()
                .partition_by(PLAIN_COLUMNS)
        },
        |target| {
            JsonLines::directory(target)
                .unwrap()
                .partitioned_by(PLAIN_COLUMNS)
        },
    );
}

#[test]
fn f4_what_is_in_the_directories_of_csv_files_comes_back() {
    plain(
        |target| FileSink::csv(target).unwrap().partition_by(PLAIN_COLUMNS),
        |target| {
            let source = Csv::directory(target)
                .unwrap()
                .partitioned_by(PLAIN_COLUMNS);
            source.columns(["number", "note"])
        },
    );
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named<T> {
    number: u64,
    city: T,
}

fn city_of<T: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static>(
    desk: &Desk,
) -> Result<Vec<Named<T>>, Error> {
    let read = MemorySink::new();
    let source = JsonLines::<Named<T>>::directory(desk.target())?.partitioned_by(["city"]);
    desk.run("read", source, read.clone())?;
    Ok(read.rows())
}

#[test]
fn f4_an_empty_text_comes_back_as_a_null_and_fails_a_row_without_nulls() {
    let desk = Desk::new();
    let row = Named {
        number: 1,
        city: String::new(),
    };
    let sink = FileSink::json_lines(desk.target())
        .unwrap()
        .partition_by(["city"]);
    desk.run("write", Memory::new([row]), sink).unwrap();
    let error = city_of::<String>(&desk).unwrap_err().report().to_string();
    assert!(error.contains("is not an `Option`"), "{error}");
    assert!(error.contains("city=__HIVE_DEFAULT_PARTITION__"), "{error}");
    let rows = city_of::<Option<String>>(&desk).unwrap();
    assert_eq!(
        rows,
        [Named {
            number: 1,
            city: None
        }]
    );
}

#[test]
fn a_target_is_no_source_of_itself_without_its_columns() {
    let desk = Desk::new();
    let sink = FileSink::json_lines(desk.target())
        .unwrap()
        .partition_by(["city"]);
    let row = Named {
        number: 1,
        city: "Oslo".to_owned(),
    };
    desk.run("write", Memory::new([row]), sink).unwrap();
    let source = JsonLines::<serde_json::Value>::directory(desk.target()).unwrap();
    let error = desk.run("read", source.partitioned_by(["town"]), MemorySink::new());
    let error = error.unwrap_err().report().to_string();
    assert!(error.contains("`town=…`, but in \"city=Oslo\""), "{error}");
}
