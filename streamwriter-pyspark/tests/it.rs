//! What needs no Python. The crate itself has no tests: they would link libpython.

#[path = "../src/adopt.rs"]
mod adopt;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, LargeStringArray, ListArray, MapBuilder, RecordBatch,
    StringArray, StringBuilder, StructArray, Time64MicrosecondArray, Time64NanosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Field, Schema, SchemaRef, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};

use adopt::adopt;

fn zoned(zone: &str) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()))
}

fn instants(zone: &str) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from(vec![Some(0), None, Some(-1), Some(i64::MAX)])
        .with_timezone(zone)
}

#[expect(
    clippy::unwrap_used,
    reason = "tests only: clippy sees no test around it"
)]
fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

#[test]
fn a_time_keeps_its_microseconds_or_is_refused() {
    let declared = schema(vec![Field::new(
        "t",
        DataType::Time64(TimeUnit::Microsecond),
        true,
    )]);
    let times =
        |nanos: i64| -> ArrayRef { Arc::new(Time64NanosecondArray::from(vec![Some(nanos), None])) };
    let found = adopt(batch(vec![("t", times(1_234_000))]), &declared).unwrap();
    let micros = Time64MicrosecondArray::from(vec![Some(1234), None]);
    assert_eq!(
        found.column(0).as_primitive::<Time64MicrosecondType>(),
        &micros
    );
    let error = adopt(batch(vec![("t", times(1_234_001))]), &declared).unwrap_err();
    assert!(error.to_string().contains("column `t`"), "{error}");
}

#[test]
fn an_instant_stays_under_another_zone_also_inside_of_lists_and_structs() {
    let field = |zone| Arc::new(Field::new("element", zoned(zone), true));
    let part = |zone| Arc::new(Field::new("part", zoned(zone), true));
    let arrays = |zone| -> Vec<(&str, ArrayRef)> {
        let items: ArrayRef = Arc::new(instants(zone));
        let parts = StructArray::from(vec![(part(zone), Arc::clone(&items))]);
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([2, 0, 1, 1]);
        let list = ListArray::new(field(zone), offsets, Arc::clone(&items), None);
        vec![("t", items), ("s", Arc::new(parts)), ("l", Arc::new(list))]
    };
    let declared = batch(arrays("UTC"));
    let found = adopt(batch(arrays("America/New_York")), declared.schema_ref()).unwrap();
    assert_eq!(found, declared);
    assert_eq!(
        found
            .column(0)
            .as_primitive::<TimestampMicrosecondType>()
            .value(3),
        i64::MAX
    );
}

#[test]
fn long_offsets_names_of_parts_and_nullability_are_brought_to_what_was_declared() {
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), None]));
    let declared = schema(vec![Field::new("s", DataType::Utf8, true)]);
    let found = adopt(batch(vec![("s", large)]), &declared).unwrap();
    assert_eq!(
        found.column(0).as_string::<i32>(),
        &StringArray::from(vec![Some("a"), None])
    );

    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).unwrap();
    let map: ArrayRef = Arc::new(map.finish()); // its parts are `keys` and `values`
    let parts = vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Utf8, true),
    ];
    let entries = Field::new("entries", DataType::Struct(parts.into()), false);
    let declared = schema(vec![Field::new(
        "m",
        DataType::Map(Arc::new(entries), false),
        true,
    )]);
    assert_eq!(
        &adopt(batch(vec![("m", map)]), &declared).unwrap().schema(),
        &declared
    );

    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let declared = schema(vec![Field::new("n", DataType::Int64, false)]);
    let nullable = schema(vec![Field::new("n", DataType::Int64, true)]);
    let found = RecordBatch::try_new(nullable, vec![numbers]).unwrap();
    assert_eq!(&adopt(found, &declared).unwrap().schema(), &declared);
}

#[test]
fn what_would_change_a_value_is_refused_by_the_name_of_its_column() {
    let plain: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
    for (array, declared) in [
        (Arc::clone(&plain), zoned("UTC")), // local time is no instant
        (
            Arc::new(instants("UTC")) as ArrayRef,
            DataType::Timestamp(TimeUnit::Microsecond, None),
        ),
        (
            Arc::new(Int64Array::from(vec![1])) as ArrayRef,
            DataType::Int32,
        ),
    ] {
        let declared = schema(vec![Field::new("c", declared, true)]);
        let error = adopt(batch(vec![("c", array)]), &declared).unwrap_err();
        assert!(error.to_string().contains("column `c`"), "{error}");
    }
    let declared = schema(vec![Field::new("d", plain.data_type().clone(), true)]);
    let error = adopt(batch(vec![("c", plain)]), &declared).unwrap_err();
    assert!(error.to_string().contains("`c`, and `d`"), "{error}");

    let null: ArrayRef = Arc::new(Int64Array::from(vec![None]));
    let declared = schema(vec![Field::new("n", DataType::Int64, false)]);
    let error = adopt(batch(vec![("n", null)]), &declared).unwrap_err();
    assert!(error.report().to_string().contains("'n'"), "{error:?}");
}

/// Tied to the toolchain in `rust-toolchain.toml`; bless with
/// `TRYBUILD=overwrite cargo test -p streamwriter-pyspark`.
#[test]
fn mistakes_in_exports_say_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
