//! F4: what the names of directories hold becomes columns of the schema, or is named.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int8Array,
    Int64Array, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimeUnit};
use streamwriter_core::{QueryId, SourceContext};

use super::tests::{numbers, of, source, values, write};
use super::*;
use crate::files::tests::{drain, error_of, limits};

fn put_in(dir: &Path, directories: &str, batch: &RecordBatch) {
    fs::create_dir_all(dir.join(directories)).unwrap();
    write(&dir.join(directories), "1.parquet", batch, 2);
}

/// A source of `n` and one column of directories.
fn partitioned(dir: &Path, data_type: DataType, nullable: bool) -> ParquetFiles {
    let fields = vec![
        Field::new("n", DataType::Int64, false),
        Field::new("of", data_type, nullable),
    ];
    ParquetFiles::directory(dir, Schema::new(fields))
        .unwrap()
        .partitioned_by(["of"])
}

/// Reads the one batch that there is of the column of directories.
fn read_column(source: &ParquetFiles) -> Result<ArrayRef, Error> {
    let read = || -> Result<Vec<RecordBatch>, BoxError> {
        source.start(&SourceContext::new(QueryId::random(), None))?;
        Ok(drain(source, &limits(None, None, None))?.concat())
    };
    let batches = read().map_err(|error| error_of::<()>(Err(error)))?;
    assert_eq!(values(&batches), [0, 1, 2]);
    let columns: Vec<&dyn arrow::array::Array> = batches
        .iter()
        .map(|batch| batch.column(1).as_ref())
        .collect();
    Ok(arrow::compute::concat(&columns).unwrap())
}

#[test]
fn f4_values_of_directories_become_columns_of_the_type_of_the_schema() {
    let utc = || Some("+00:00".into());
    let of = |unit, zone| DataType::Timestamp(unit, zone);
    let cases: Vec<(&str, DataType, ArrayRef)> = vec![
        ("7", DataType::Int8, Arc::new(Int8Array::from(vec![7]))),
        (
            "-9223372036854775808",
            DataType::Int64,
            Arc::new(Int64Array::from(vec![i64::MIN])),
        ),
        (
            "18446744073709551615",
            DataType::UInt64,
            Arc::new(UInt64Array::from(vec![u64::MAX])),
        ),
        (
            "a%2Fb%3D",
            DataType::Utf8,
            Arc::new(StringArray::from(vec!["a/b="])),
        ),
        (
            "007",
            DataType::Utf8,
            Arc::new(StringArray::from(vec!["007"])),
        ),
        (
            "true",
            DataType::Boolean,
            Arc::new(BooleanArray::from(vec![true])),
        ),
        (
            "2026-03-04",
            DataType::Date32,
            Arc::new(Date32Array::from(vec![20_516])),
        ),
        (
            "1969-12-31 23%3A59%3A59.999999",
            of(TimeUnit::Microsecond, None),
            Arc::new(TimestampMicrosecondArray::from(vec![-1])),
        ),
        (
            "1970-01-01 00%3A00%3A01.5",
            of(TimeUnit::Millisecond, utc()),
            Arc::new(TimestampMillisecondArray::from(vec![1_500]).with_timezone("+00:00")),
        ),
        (
            "1970-01-01 00%3A00%3A01.500",
            of(TimeUnit::Millisecond, Some("Europe/Oslo".into())),
            Arc::new(TimestampMillisecondArray::from(vec![1_500]).with_timezone("Europe/Oslo")),
        ),
        (
            "-0.05",
            DataType::Decimal128(9, 2),
            Arc::new(
                Decimal128Array::from(vec![-5])
                    .with_precision_and_scale(9, 2)
                    .unwrap(),
            ),
        ),
        (
            "a",
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Arc::new(DictionaryArray::<Int32Type>::from_iter(["a"])),
        ),
    ];
    for (value, data_type, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        put_in(dir.path(), &format!("of={value}"), &numbers(0, 3));
        let column = read_column(&partitioned(dir.path(), data_type.clone(), false)).unwrap();
        assert_eq!(*column.data_type(), data_type);
        for row in 0..3 {
            assert_eq!(
                column.slice(row, 1).to_data(),
                expected.to_data(),
                "{value}"
            );
        }
    }
}

#[test]
fn f4_a_null_of_a_directory_is_null_or_is_named() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "of=__HIVE_DEFAULT_PARTITION__", &numbers(0, 3));
    for data_type in [DataType::Utf8, DataType::Int32, DataType::Date32] {
        let column = read_column(&partitioned(dir.path(), data_type.clone(), true)).unwrap();
        assert_eq!(column.null_count(), 3);
        let error = read_column(&partitioned(dir.path(), data_type, false)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        assert!(
            error.message().contains("may not be null in the schema"),
            "{error}"
        );
    }
}

#[test]
fn a_value_of_a_directory_that_is_none_of_the_type_is_named_with_directory_and_column() {
    for (value, data_type) in [
        ("x", DataType::Int32),
        ("300", DataType::UInt8),
        ("1.5", DataType::Int32),
        ("1", DataType::Boolean),
        ("2026-02-30", DataType::Date32),
        ("1.005", DataType::Decimal128(9, 2)),
        ("1234.5", DataType::Decimal128(4, 2)),
        (
            "1970-01-01 00:00:01.5",
            DataType::Timestamp(TimeUnit::Second, None),
        ),
        ("Oslo", DataType::Timestamp(TimeUnit::Second, None)),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put_in(dir.path(), &format!("of={value}"), &numbers(0, 3));
        let error = read_column(&partitioned(dir.path(), data_type, true)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row, "{error}");
        assert!(error.is_permanent());
        let text = format!("the directory \"of={value}\" does not fit the rows: column \"of\": ");
        assert!(error.message().starts_with(&text), "{error}");
        assert!(
            error
                .path()
                .unwrap()
                .ends_with(&format!("of={value}/1.parquet")),
            "{error}"
        );
    }
}

#[test]
fn a_column_in_the_file_and_in_its_directory_is_named_or_the_directory_says() {
    let dir = tempfile::tempdir().unwrap();
    let three = || Arc::new(Int64Array::from_iter_values(0..3));
    put_in(dir.path(), "of=7", &of(&[("n", three()), ("of", three())]));
    let source = || partitioned(dir.path(), DataType::Int64, false);
    let error = read_column(&source()).unwrap_err();
    let text = "column `of` is in the file as well as in its directory";
    assert!(error.message().contains(text), "{error}");
    let column = read_column(&source().schema_drift(SchemaDrift::Adapt)).unwrap();
    assert_eq!(column.as_primitive::<Int64Type>().values(), &[7; 3]);
}

#[test]
fn columns_of_directories_have_to_be_in_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "of=7", &numbers(0, 3));
    let source = || source(dir.path()).partitioned_by(["of"]);
    let context = || SourceContext::new(QueryId::random(), None);
    let error = error_of(source().start(&context()));
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.message().contains("the schema has no column \"of\""),
        "{error}"
    );
    let adapts = source().schema_drift(SchemaDrift::Adapt);
    adapts.start(&context()).unwrap();
    let batches = drain(&adapts, &limits(None, None, None)).unwrap().concat();
    assert_eq!(values(&batches), [0, 1, 2]);
    let error = error_of(partitioned(dir.path(), DataType::Binary, true).start(&context()));
    assert!(
        error
            .message()
            .contains("a directory cannot hold the column \"of\""),
        "{error}"
    );
}

#[test]
fn the_schema_of_the_first_file_is_found_in_directories_inside() {
    let dir = tempfile::tempdir().unwrap();
    assert!(ParquetFiles::schema_of_first(dir.path()).unwrap().is_none());
    put_in(dir.path(), "of=7", &numbers(0, 3));
    let schema = ParquetFiles::schema_of_first(dir.path()).unwrap().unwrap();
    assert_eq!(schema.field(0).name(), "n");
}
