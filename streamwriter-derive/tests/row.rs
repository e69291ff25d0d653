//! Derived rows: their schema, their columns, and the way back.

#![deny(warnings)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Int32Type, Schema, TimeUnit, TimestampMillisecondType, UInt32Type,
};
use jiff::civil::{Date, DateTime, Time, date, time};
use jiff::{SignedDuration, Timestamp};
use streamwriter_core::{
    BoxError, Column, ColumnCodec, ColumnType, ErrorKind, Row as _, RowBuilder,
};
use streamwriter_derive::Row;

#[derive(Clone, Debug, PartialEq, Row)]
struct Everything {
    flag: bool,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    f32: f32,
    f64: f64,
    text: String,
    bytes: Vec<u8>,
    hash: [u8; 4],
    maybe: Option<i64>,
    numbers: Vec<Option<i32>>,
    places: Vec<Place>,
    lists: Vec<Vec<u8>>,
    map: BTreeMap<String, Option<f64>>,
    hashed: HashMap<u32, Place>,
    place: Place,
    maybe_place: Option<Place>,
    boxed: Option<Box<Place>>,
    payment: Payment,
    maybe_payment: Option<Payment>,
    id: Id,
    date: Date,
    time: Time,
    local: DateTime,
    instant: Timestamp,
    system: SystemTime,
    duration: Duration,
    signed: Option<SignedDuration>,
    #[row(decimal(38, 10))]
    decimal: i128,
    #[row(decimal(5, 2))]
    small: Option<i64>,
    #[row(unit = "s")]
    second: Vec<Timestamp>,
    #[row(unit = "ms")]
    of_day: Option<Time>,
    #[row(unit = "ns")]
    fine: Option<DateTime>,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Place {
    name: String,
    at: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Row)]
#[row(rename_all = "snake_case")]
enum Payment {
    Cash,
    CreditCard,
    #[row(rename = "?")]
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Row)]
struct Id(u64);

fn place(name: &str) -> Place {
    Place {
        name: name.into(),
        at: None,
    }
}

fn full() -> Everything {
    let instant: Timestamp = "2024-02-29T12:34:56.789012Z".parse().unwrap();
    Everything {
        flag: true,
        i8: i8::MIN,
        i16: i16::MIN,
        i32: i32::MIN,
        i64: i64::MIN,
        u8: u8::MAX,
        u16: u16::MAX,
        u32: u32::MAX,
        u64: u64::MAX,
        f32: f32::MIN_POSITIVE,
        f64: f64::INFINITY,
        text: "ä\0".into(),
        bytes: vec![0, 255],
        hash: [1, 2, 3, 4],
        maybe: Some(0),
        numbers: vec![Some(1), None, Some(3)],
        places: vec![place("a"), place("b")],
        lists: vec![vec![], vec![7]],
        map: [("x".into(), Some(1.5)), ("y".into(), None)].into(),
        hashed: [(1, place("c"))].into(),
        place: Place {
            name: "d".into(),
            at: Some(-0.0),
        },
        maybe_place: Some(place("e")),
        boxed: Some(Box::new(place("f"))),
        payment: Payment::CreditCard,
        maybe_payment: Some(Payment::Unknown),
        id: Id(9),
        date: date(-9999, 1, 1),
        time: time(23, 59, 59, 999_999_000),
        local: date(1969, 12, 31).at(23, 59, 59, 1_000),
        instant,
        system: instant.into(),
        duration: Duration::from_micros(5),
        signed: Some(SignedDuration::from_micros(-5)),
        decimal: -10_i128.pow(38) + 1,
        small: Some(-99_999),
        second: vec!["1960-01-01T00:00:00Z".parse().unwrap()],
        of_day: Some(time(0, 0, 0, 1_000_000)),
        fine: Some(date(2024, 1, 1).at(0, 0, 0, 1)),
    }
}

fn bare() -> Everything {
    Everything {
        maybe: None,
        numbers: vec![],
        places: vec![],
        lists: vec![],
        map: BTreeMap::new(),
        hashed: HashMap::new(),
        maybe_place: None,
        boxed: None,
        maybe_payment: None,
        signed: None,
        small: None,
        second: vec![],
        of_day: None,
        fine: None,
        ..full()
    }
}

fn batch_of<R: streamwriter_core::Row>(rows: &[R]) -> RecordBatch {
    let mut builder = RowBuilder::with_capacity(rows.len());
    for row in rows {
        builder.push(row).unwrap();
    }
    builder.finish().unwrap()
}

fn read<R: streamwriter_core::Row>(batch: &RecordBatch) -> Vec<R> {
    R::rows_of(batch).unwrap().map(Result::unwrap).collect()
}

#[track_caller]
fn round_trip<R: streamwriter_core::Row + PartialEq + Debug>(rows: &[R]) {
    let batch = batch_of(rows);
    assert_eq!(batch.schema(), R::schema());
    assert_eq!(batch.num_rows(), rows.len());
    assert_eq!(read::<R>(&batch), rows);
}

#[test]
fn every_type_comes_back_with_and_without_nulls() {
    round_trip::<Everything>(&[]);
    round_trip(&[full()]);
    round_trip(&[bare()]);
    round_trip(&[full(), bare(), full(), bare(), bare(), full()]);
}

#[test]
fn every_part_of_a_batch_comes_back() {
    let rows = [full(), bare(), full(), bare()];
    let batch = batch_of(&rows);
    for start in 0..rows.len() {
        for end in start..=rows.len() {
            let part = batch.slice(start, end - start);
            assert_eq!(read::<Everything>(&part), rows[start..end]);
        }
    }
}

#[test]
fn the_schema_is_a_constant_and_the_one_of_the_table() {
    const COLUMNS: usize = <Everything as streamwriter_core::Row>::COLUMNS.len();
    let schema = Everything::schema();
    assert_eq!(schema.fields().len(), COLUMNS);
    let micros = TimeUnit::Microsecond;
    let utc = Some("UTC".into());
    for (name, expected) in [
        ("bytes", DataType::Binary),
        ("hash", DataType::FixedSizeBinary(4)),
        ("id", DataType::UInt64),
        ("date", DataType::Date32),
        ("time", DataType::Time64(micros)),
        ("local", DataType::Timestamp(micros, None)),
        ("instant", DataType::Timestamp(micros, utc.clone())),
        ("duration", DataType::Duration(micros)),
        ("decimal", DataType::Decimal128(38, 10)),
        ("of_day", DataType::Time32(TimeUnit::Millisecond)),
        ("fine", DataType::Timestamp(TimeUnit::Nanosecond, None)),
        (
            "payment",
            DataType::Dictionary(DataType::UInt32.into(), DataType::Utf8.into()),
        ),
        (
            "second",
            DataType::List(Arc::new(Field::new(
                "element",
                DataType::Timestamp(TimeUnit::Second, utc),
                false,
            ))),
        ),
    ] {
        assert_eq!(*schema.field_with_name(name).unwrap().data_type(), expected);
    }
    let nullable: Vec<&str> = schema
        .fields()
        .iter()
        .filter(|field| field.is_nullable())
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(
        nullable,
        [
            "maybe",
            "maybe_place",
            "boxed",
            "maybe_payment",
            "signed",
            "small",
            "of_day",
            "fine"
        ]
    );
    assert_eq!(<Payment as Column>::TYPE, ColumnType::Enum);
}

#[test]
fn a_missing_struct_is_null_as_a_whole() {
    let batch = batch_of(&[full(), bare()]);
    let places = batch.column_by_name("maybe_place").unwrap();
    assert!(places.is_valid(0) && places.is_null(1));
    let inside = places.as_struct();
    assert!(
        !inside.fields()[0].is_nullable(),
        "the name is not an Option"
    );
}

#[test]
fn the_names_of_an_enum_are_all_in_the_dictionary() {
    let batch = batch_of(&[full()]);
    let payments = batch.column_by_name("payment").unwrap();
    let dictionary = payments.as_dictionary::<UInt32Type>();
    let names: Vec<_> = dictionary
        .values()
        .as_string::<i32>()
        .iter()
        .flatten()
        .collect();
    assert_eq!(names, ["cash", "credit_card", "?"]);
    assert_eq!(dictionary.keys().value(0), 1);
}

#[derive(Clone, Debug, PartialEq, Row)]
#[row(rename_all = "camelCase")]
struct Named {
    fare_total: f64,
    #[row(rename = "ID")]
    r#type: u64,
    #[row(skip)]
    seen: Option<std::time::Instant>,
}

#[test]
fn columns_are_renamed_and_skipped() {
    let row = Named {
        fare_total: 1.0,
        r#type: 2,
        seen: Some(std::time::Instant::now()),
    };
    let batch = batch_of(std::slice::from_ref(&row));
    let names: Vec<_> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["fareTotal", "ID"]);
    assert_eq!(read::<Named>(&batch), [Named { seen: None, ..row }]);
}

/// Paths as text; an empty path has none.
struct PathText;

impl ColumnCodec<Option<PathBuf>> for PathText {
    type Column = Option<String>;

    fn encode(path: &Option<PathBuf>) -> Result<Option<String>, BoxError> {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(
            path.to_str().ok_or("the path is not UTF-8")?.to_owned(),
        ))
    }

    fn decode(text: Option<String>) -> Result<Option<PathBuf>, BoxError> {
        match text.as_deref() {
            Some("") => Err("the path is empty".into()),
            _ => Ok(text.map(PathBuf::from)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Coded {
    #[row(with = PathText)]
    path: Option<PathBuf>,
    inner: Wrapped,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Wrapped(#[row(with = PathText)] Option<PathBuf>);

#[test]
fn a_codec_makes_the_column_and_its_reasons_are_told() {
    let coded = |path: &str| Coded {
        path: Some(path.into()),
        inner: Wrapped(None),
    };
    let none = Coded {
        path: None,
        inner: Wrapped(Some("x".into())),
    };
    round_trip(&[coded("a/b"), none]);
    assert_eq!(
        *Coded::schema().field(0),
        Field::new("path", DataType::Utf8, true)
    );

    let batch = batch_of(&[coded("a"), coded("")]);
    let mut rows = Coded::rows_of(&batch).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows.next().unwrap().unwrap(), coded("a"));
    let error = rows.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 of the batch cannot be read: field `path`: the path is empty"
    );
}

#[cfg(unix)]
#[test]
fn a_row_that_does_not_fit_spoils_the_builder() {
    use std::os::unix::ffi::OsStringExt;
    let bad = std::ffi::OsString::from_vec(vec![255]);
    let row = |path| Coded {
        path: Some(path),
        inner: Wrapped(None),
    };
    let mut builder = RowBuilder::with_capacity(2);
    builder.push(&row("a".into())).unwrap();
    let error = builder.push(&row(bad.into())).unwrap_err();
    assert_eq!(error.to_string(), "field `path`: the path is not UTF-8");
    assert!(
        builder.push(&row("b".into())).is_err(),
        "half a row is in it"
    );
    assert!(builder.finish().is_err());
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Held<T, K, const N: usize>
where
    K: Ord,
{
    item: T,
    items: Vec<T>,
    by_key: BTreeMap<K, Option<T>>,
    key: [u8; N],
    #[row(skip)]
    of: std::marker::PhantomData<T>,
}

#[test]
fn generic_rows_need_no_bounds_of_their_own() {
    fn held<T: Clone, K: Ord>(item: T, key: K) -> Held<T, K, 2> {
        Held {
            items: vec![item.clone(), item.clone()],
            by_key: [(key, Some(item.clone()))].into(),
            item,
            key: [1, 2],
            of: std::marker::PhantomData,
        }
    }
    round_trip(&[held(1_u8, 2_i16)]);
    round_trip(&[held(place("a"), "key".to_owned())]);
    round_trip(&[held(Payment::Cash, Id(1))]);
    let schema = Held::<u8, u8, 2>::schema();
    assert_eq!(*schema.field(1).data_type(), DataType::Binary);
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Simple {
    id: i64,
    name: Option<String>,
    place: Place,
}

fn simple() -> Vec<Simple> {
    ["a", "b", "a"]
        .iter()
        .enumerate()
        .map(|(at, name)| Simple {
            id: at as i64,
            name: (at != 1).then(|| (*name).to_owned()),
            place: place(name),
        })
        .collect()
}

/// Replaces a column.
fn with_column(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| match field.name() == name {
        true => (name.to_owned(), ArrayRef::clone(&array)),
        false => (field.name().clone(), ArrayRef::clone(column)),
    });
    let columns: Vec<_> = columns.collect();
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

#[track_caller]
fn refused<R: streamwriter_core::Row>(batch: &RecordBatch) -> String {
    let error = R::rows_of(batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
    let text = error.to_string();
    let (_, reason) = text.split_once("`: ").unwrap();
    reason.to_owned()
}

#[test]
fn columns_are_found_by_name_in_any_order_among_others() {
    let batch = batch_of(&simple());
    let turned = batch.project(&[2, 0, 1]).unwrap();
    assert_eq!(read::<Simple>(&turned), simple());
    let columns = vec![
        batch.column(1),
        batch.column(2),
        batch.column(0),
        batch.column(0),
    ];
    let names = ["name", "place", "id", "more"];
    let more = RecordBatch::try_from_iter(names.into_iter().zip(columns.into_iter().cloned()));
    assert_eq!(read::<Simple>(&more.unwrap()), simple());
}

#[test]
fn a_batch_of_another_schema_is_refused_by_column() {
    let batch = batch_of(&simple());
    assert_eq!(
        refused::<Simple>(&batch.project(&[1, 2]).unwrap()),
        "field `id`: expected Int64, found no column of that name: the columns are name, place"
    );
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1", "2", "3"]));
    assert_eq!(
        refused::<Simple>(&with_column(&batch, "id", texts)),
        "field `id`: expected Int64, found Utf8"
    );
    let small: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    assert_eq!(
        refused::<Simple>(&with_column(&batch, "id", small)),
        "field `id`: expected Int64, found Int32"
    );
    let nulls: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    assert_eq!(
        refused::<Simple>(&with_column(&batch, "id", nulls)),
        "field `id`: expected Int64 without nulls, found 1 nulls in 3 rows: make the field an \
         `Option`"
    );
    let places: ArrayRef = Arc::new(StructArray::from(vec![(
        Arc::new(Field::new("name", DataType::Boolean, false)),
        Arc::new(arrow::array::BooleanArray::from(vec![true; 3])) as ArrayRef,
    )]));
    assert_eq!(
        refused::<Simple>(&with_column(&batch, "place", places)),
        "field `place.name`: expected Utf8, found Boolean"
    );
    let twice = Schema::new(vec![
        batch.schema().field(0).clone(),
        batch.schema().field(0).clone(),
    ]);
    let columns = vec![Arc::clone(batch.column(0)), Arc::clone(batch.column(0))];
    assert_eq!(
        refused::<Simple>(&RecordBatch::try_new(twice.into(), columns).unwrap()),
        "field `id`: expected one column, found two of that name"
    );
}

#[test]
fn a_null_inside_is_an_error_of_its_row_only() {
    #[derive(Debug, PartialEq, Row)]
    struct Lists {
        items: Vec<i64>,
    }
    let items =
        arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([
            Some(vec![Some(1)]),
            Some(vec![Some(2), None]),
            Some(vec![Some(3)]),
        ]);
    let batch = RecordBatch::try_from_iter([("items", Arc::new(items) as ArrayRef)]).unwrap();
    let rows: Vec<_> = Lists::rows_of(&batch).unwrap().collect();
    assert_eq!(*rows[0].as_ref().unwrap(), Lists { items: vec![1] });
    assert_eq!(
        rows[1].as_ref().unwrap_err().to_string(),
        "row 1 of the batch cannot be read: field `items[1]`: expected a value, found null: make \
         the field an `Option`"
    );
    assert_eq!(*rows[2].as_ref().unwrap(), Lists { items: vec![3] });
}

#[test]
fn other_layouts_of_the_same_values_are_read() {
    let batch = batch_of(&simple());
    let dictionary = |key: DataType, value| DataType::Dictionary(key.into(), Box::new(value));
    for layout in [
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int8, DataType::Utf8),
        dictionary(DataType::Int64, DataType::LargeUtf8),
    ] {
        let names = cast(batch.column(1), &layout).unwrap();
        assert_eq!(
            read::<Simple>(&with_column(&batch, "name", names)),
            simple()
        );
    }
    let batch = batch_of(&[full(), bare()]);
    for (column, layout) in [
        ("payment", DataType::Utf8),
        ("maybe_payment", DataType::LargeUtf8),
        ("payment", dictionary(DataType::Int8, DataType::Utf8)),
        ("bytes", DataType::LargeBinary),
        ("bytes", DataType::BinaryView),
        (
            "numbers",
            DataType::LargeList(Arc::new(Field::new("item", DataType::Int32, true))),
        ),
    ] {
        let array = cast(batch.column_by_name(column).unwrap(), &layout).unwrap();
        let other = with_column(&batch, column, array);
        assert_eq!(
            read::<Everything>(&other),
            [full(), bare()],
            "{column} as {layout}"
        );
    }
    let shown: ArrayRef = Arc::new(
        batch
            .column_by_name("instant")
            .unwrap()
            .as_primitive::<arrow::datatypes::TimestampMicrosecondType>()
            .clone()
            .with_timezone("Europe/Berlin"),
    );
    let other = with_column(&batch, "instant", shown);
    assert_eq!(read::<Everything>(&other), [full(), bare()]);
}

#[test]
fn a_name_that_no_variant_has_is_an_error_of_its_row() {
    #[derive(Debug, PartialEq, Row)]
    struct Paid {
        by: Payment,
    }
    let names: ArrayRef = Arc::new(StringArray::from(vec!["cash", "cheque"]));
    let batch = RecordBatch::try_from_iter([("by", names)]).unwrap();
    let rows: Vec<_> = Paid::rows_of(&batch).unwrap().collect();
    assert_eq!(rows[0].as_ref().unwrap().by, Payment::Cash);
    assert_eq!(
        rows[1].as_ref().unwrap_err().to_string(),
        "row 1 of the batch cannot be read: field `by`: expected one of cash, credit_card, ?, \
         found \"cheque\""
    );
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Times {
    #[row(unit = "ms")]
    at: Timestamp,
    #[row(unit = "ns")]
    fine: Timestamp,
    #[row(decimal(3, 1))]
    fare: i64,
}

#[test]
fn what_is_finer_than_the_unit_is_cut_off_towards_the_past() {
    let times = |at: &str| Times {
        at: at.parse().unwrap(),
        fine: Timestamp::UNIX_EPOCH,
        fare: 0,
    };
    let batch = batch_of(&[
        times("1969-12-31T23:59:59.9985Z"),
        times("1970-01-01T00:00:00.0015Z"),
    ]);
    let millis = batch.column(0).as_primitive::<TimestampMillisecondType>();
    assert_eq!(millis.values()[..], [-2, 1]);
}

#[test]
fn what_the_column_cannot_hold_is_an_error() {
    let good = Times {
        at: Timestamp::MIN,
        fine: Timestamp::UNIX_EPOCH,
        fare: -999,
    };
    round_trip(std::slice::from_ref(&good));
    let far = Times {
        fine: Timestamp::MAX,
        ..good.clone()
    };
    let mut builder = RowBuilder::with_capacity(1);
    let error = builder.push(&far).unwrap_err();
    assert_eq!(error.path(), "fine");
    assert!(
        error.to_string().contains("choose a larger unit"),
        "{error}"
    );
    let mut builder = RowBuilder::with_capacity(1);
    let error = builder.push(&Times { fare: 1000, ..good }).unwrap_err();
    assert!(
        error.to_string().contains("more than the 3 digits"),
        "{error}"
    );
}

#[test]
fn numbers_that_are_no_times_are_errors() {
    #[derive(Debug, Row)]
    struct Odd {
        time: Time,
    }
    let micros =
        arrow::array::Time64MicrosecondArray::from(vec![-1, 86_400_000_000, 86_399_999_999]);
    let batch = RecordBatch::try_from_iter([("time", Arc::new(micros) as ArrayRef)]).unwrap();
    let rows: Vec<_> = Odd::rows_of(&batch).unwrap().collect();
    assert!(rows[0].is_err() && rows[1].is_err());
    assert_eq!(
        rows[2].as_ref().unwrap().time,
        time(23, 59, 59, 999_999_000)
    );
}

#[test]
fn a_key_twice_is_an_error() {
    #[derive(Debug, Row)]
    struct Keyed {
        map: BTreeMap<String, i32>,
    }
    let mut maps = arrow::array::builder::MapBuilder::new(
        None,
        arrow::array::builder::StringBuilder::new(),
        arrow::array::builder::PrimitiveBuilder::<Int32Type>::new(),
    );
    for _ in 0..2 {
        maps.keys().append_value("a");
        maps.values().append_value(1);
    }
    maps.append(true).unwrap();
    let batch = RecordBatch::try_from_iter([("map", Arc::new(maps.finish()) as ArrayRef)]).unwrap();
    let error = Keyed::rows_of(&batch).unwrap().next().unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("field `map[1]`: the map has this key twice"),
        "{error}"
    );
}

#[test]
fn a_builder_begins_anew() {
    let mut builder = RowBuilder::with_capacity(0);
    for rows in [3, 0, 2] {
        assert_eq!(builder.rows(), 0);
        for _ in 0..rows {
            builder.push(&bare()).unwrap();
        }
        assert_eq!(builder.rows(), rows);
        assert_eq!(builder.finish().unwrap().num_rows(), rows);
    }
}
