//! Every type and every null, through a query into Parquet files and back.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use arrow::array::RecordBatch;
use jiff::civil::{Date, DateTime, Time, date, time};
use jiff::{SignedDuration, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use streamwriter::{
    Encoding, Error, ErrorKind, Guarantee, Memory, ParquetSink, Row, Trigger, stream,
};

use super::rows_of;

#[derive(Clone, Debug, PartialEq, Row)]
struct Everything {
    number: u64,
    flag: Option<bool>,
    i8: Option<i8>,
    i16: i16,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: Option<u32>,
    f32: f32,
    f64: Option<f64>,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    hash: Option<[u8; 3]>,
    numbers: Option<Vec<Option<i32>>>,
    places: Vec<Place>,
    map: Option<BTreeMap<String, Option<Vec<u8>>>>,
    hashed: HashMap<u32, Place>,
    place: Option<Place>,
    payment: Option<Payment>,
    id: Id,
    date: Option<Date>,
    time: Option<Time>,
    local: Option<DateTime>,
    instant: Option<Timestamp>,
    system: SystemTime,
    duration: Option<Duration>,
    signed: SignedDuration,
    #[row(decimal(38, 10))]
    decimal: Option<i128>,
    #[row(decimal(9, 2))]
    small: i64,
    #[row(unit = "s")]
    seconds: Vec<Option<Timestamp>>,
    #[row(unit = "ms")]
    millis: Option<Time>,
    #[row(unit = "ns")]
    nanos: Option<DateTime>,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Place {
    name: String,
    inner: Option<Inner>,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Inner {
    always: i64,
    sometimes: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Row)]
enum Payment {
    Cash,
    Card,
}

#[derive(Clone, Copy, Debug, PartialEq, Row)]
struct Id(Option<u64>);

impl Everything {
    /// Each field is null in every other row of another rhythm.
    fn of(number: u64) -> Self {
        let some = |nth: u64| !number.is_multiple_of(nth);
        let instant = Timestamp::from_microsecond(number as i64 * 1_000_003 - 5_000_000).unwrap();
        let place = |name: &str| Place {
            name: name.to_owned(),
            inner: some(3).then(|| Inner {
                always: 1,
                sometimes: some(5).then(|| vec![name.to_owned()]),
            }),
        };
        Self {
            number,
            flag: some(2).then_some(some(3)),
            i8: some(3).then_some(-8),
            i16: -16,
            i32: i32::MIN,
            i64: i64::MAX,
            u8: 8,
            u16: 16,
            u32: some(2).then_some(u32::MAX),
            f32: 0.5,
            f64: some(3).then_some(f64::MAX),
            text: some(4).then(|| format!("row {number}")),
            bytes: some(2).then(|| vec![0; number as usize % 7]),
            hash: some(3).then_some([1, 2, 3]),
            numbers: some(4).then(|| vec![Some(1), None, some(2).then_some(3)]),
            places: (0..number % 3).map(|_| place("p")).collect(),
            map: some(3).then(|| [("a".into(), None), ("b".into(), Some(vec![1]))].into()),
            hashed: [(7, place("h"))].into(),
            place: some(2).then(|| place("q")),
            payment: some(4).then_some(if some(3) {
                Payment::Card
            } else {
                Payment::Cash
            }),
            id: Id(some(2).then_some(number)),
            date: some(2).then_some(date(1969, 12, 31)),
            time: some(3).then_some(time(23, 59, 59, 999_999_000)),
            local: some(4).then_some(date(-1, 1, 1).at(1, 2, 3, 4_000)),
            instant: some(2).then_some(instant),
            system: instant.into(),
            duration: some(3).then_some(Duration::from_micros(number)),
            signed: SignedDuration::from_micros(-(number as i64)),
            decimal: some(2).then_some(-10_i128.pow(38) + 1),
            small: -(number as i64),
            seconds: vec![None, some(2).then_some(Timestamp::UNIX_EPOCH)],
            millis: some(3).then_some(time(1, 2, 3, 4_000_000)),
            nanos: some(2).then_some(date(2200, 1, 1).at(0, 0, 0, 1)),
        }
    }
}

fn read(directory: &Path) -> Vec<RecordBatch> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == "parquet"))
        .collect();
    files.sort();
    let open = |path: &_| {
        let file = File::open(path).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap()
    };
    files.iter().flat_map(open).map(Result::unwrap).collect()
}

fn write(rows: Vec<Everything>, target: &Path) -> Result<(), Error> {
    let query = stream(Memory::new(rows).partitions(3))
        .write_to(ParquetSink::rows(target)?.batch_rows(7))
        .checkpoint(target.with_extension("state"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(40)
        .executors(2)
        .start()?;
    query.await_termination().map(|_| ())
}

#[test]
fn every_type_and_null_comes_back_from_the_files_of_a_query() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("rows");
    let rows: Vec<_> = (0..100).map(Everything::of).collect();
    write(rows.clone(), &target).unwrap();

    let batches = read(&target);
    for batch in &batches {
        assert_eq!(batch.schema_ref().fields(), Everything::schema().fields());
    }
    let mut found: Vec<Everything> = rows_of(&batches);
    found.sort_by_key(|row| row.number);
    assert_eq!(found, rows);
}

#[test]
fn a_row_that_does_not_fit_fails_the_batch_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("rows");
    let mut rows: Vec<_> = (0..9).map(Everything::of).collect();
    rows[4].small = 10_i64.pow(9);
    let error = write(rows, &target).unwrap_err();
    let report = error.report().to_string();
    assert!(
        report.contains("field `small`: 1000000000 has more than the 9 digits"),
        "{report}"
    );
    assert!(read(&target).is_empty(), "nothing of the batch is visible");
}

#[test]
fn batches_pass_through_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("rows");
    let rows: Vec<_> = (0..10).map(Everything::of).collect();
    let batch = super::batch_of(&rows);
    let sink = ParquetSink::arrow(&target, Everything::schema()).unwrap();
    stream(Memory::new([batch.clone()]))
        .write_to(sink)
        .checkpoint(target.with_extension("state"))
        .require(Guarantee::AtLeastOnce)
        .trigger(Trigger::AvailableNow)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(rows_of::<Everything>(&read(&target)), rows);
}

#[test]
fn the_schema_of_the_sink_is_the_one_of_the_row() {
    let encoding = streamwriter::Derived::default();
    let schema = Encoding::<Everything>::schema(&encoding).unwrap();
    assert_eq!(schema, Everything::schema());
    let error = Place::rows_of(&super::batch_of(&[Everything::of(1)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
}
