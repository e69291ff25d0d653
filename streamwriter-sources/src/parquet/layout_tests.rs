//! Layouts of other programs become those of the schema, also deep inside of a column.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, LargeListArray, LargeStringArray, MapArray, RecordBatch,
    StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt32Type};
use streamwriter_core::Error;

use super::SchemaDrift;
use super::tests::{of, read};

fn field(name: &str, of: DataType, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, of, nullable))
}

/// Lists of structs of texts, as Polars writes them: `[{"a"}, {name}], null`.
fn polars_list(name: Option<&str>) -> RecordBatch {
    let names: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), name]));
    let places = StructArray::from(vec![(field("name", DataType::LargeUtf8, true), names)]);
    let item = field("item", places.data_type().clone(), true);
    let offsets = OffsetBuffer::from_lengths([2, 0]);
    let nulls = Some(NullBuffer::from(vec![true, false]));
    let list = LargeListArray::new(item, offsets, Arc::new(places), nulls);
    of(&[("list", Arc::new(list))])
}

fn our_list() -> Schema {
    let place = DataType::Struct(vec![field("name", DataType::Utf8, false)].into());
    let list = DataType::List(field("element", place, false));
    Schema::new(vec![field("list", list, true)])
}

fn adapt(file: &RecordBatch, wanted: DataType) -> Result<ArrayRef, Error> {
    let name = file.schema_ref().field(0).name().clone();
    let schema = Schema::new(vec![Field::new(name, wanted, true)]);
    Ok(read(file, schema, SchemaDrift::Adapt)?.column(0).clone())
}

#[test]
fn large_lists_of_structs_of_large_texts_become_ours() {
    let found = read(&polars_list(Some("b")), our_list(), SchemaDrift::Adapt).unwrap();
    let list = found.column(0).as_list::<i32>();
    let names = list.value(0).as_struct().column(0).clone();
    let expected = StringArray::from(vec!["a", "b"]);
    assert_eq!(names.as_string::<i32>(), &expected);
    assert!(list.is_null(1));
    let error = read(&polars_list(Some("b")), our_list(), SchemaDrift::Fail).unwrap_err();
    assert!(error.to_string().contains("is LargeList"), "{error}");
}

#[test]
fn a_null_where_the_schema_has_none_is_an_error_deep_inside_too() {
    let error = read(&polars_list(None), our_list(), SchemaDrift::Adapt).unwrap_err();
    let report = error.report().to_string();
    assert!(report.contains("1.parquet"), "{report}");
}

#[test]
fn maps_of_large_texts_become_ours() {
    let keys: ArrayRef = Arc::new(LargeStringArray::from(vec!["k", "l"]));
    let values: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("v"), None]));
    let entries = StructArray::from(vec![
        (field("key", DataType::LargeUtf8, false), keys),
        (field("value", DataType::LargeUtf8, true), values),
    ]);
    let entries_field = field("entries", entries.data_type().clone(), false);
    let map = MapArray::new(
        entries_field,
        OffsetBuffer::from_lengths([2]),
        entries,
        None,
        false,
    );
    let pair = [
        field("key", DataType::Utf8, false),
        field("value", DataType::Utf8, true),
    ];
    let pair = field("entries", DataType::Struct(pair.to_vec().into()), false);
    let found = adapt(&of(&[("map", Arc::new(map))]), DataType::Map(pair, false)).unwrap();
    let found = found.as_map().value(0);
    let expected = [
        StringArray::from(vec![Some("k"), Some("l")]),
        StringArray::from(vec![Some("v"), None]),
    ];
    for (column, expected) in found.columns().iter().zip(&expected) {
        assert_eq!(column.as_string::<i32>(), expected);
    }
}

#[test]
fn names_become_those_of_an_enum() {
    let names = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    let file = of(&[(
        "side",
        Arc::new(StringArray::from(vec![Some("x"), None, Some("x")])),
    )]);
    let found = adapt(&file, names.clone()).unwrap();
    assert_eq!(*found.data_type(), names);
    let found = found.as_dictionary::<UInt32Type>();
    let found: Vec<_> = found
        .downcast_dict::<StringArray>()
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(found, [Some("x"), None, Some("x")]);
}

#[test]
fn bytes_are_of_a_fixed_length_or_an_error() {
    let of_lengths =
        |bytes: Vec<&[u8]>| of(&[("id", Arc::new(BinaryArray::from(bytes)) as ArrayRef)]);
    let found = adapt(
        &of_lengths(vec![b"ab", b"cd"]),
        DataType::FixedSizeBinary(2),
    )
    .unwrap();
    assert_eq!(found.as_fixed_size_binary().value(1), b"cd");
    let error = adapt(&of_lengths(vec![b"ab", b"c"]), DataType::FixedSizeBinary(2)).unwrap_err();
    let report = error.report().to_string();
    assert!(
        report.contains("1.parquet") && report.contains("`id`"),
        "{report}"
    );
}
