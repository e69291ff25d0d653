//! Parquet files give every row once and in order, whatever the bounds, in the columns of the schema;
//! what does not fit it is named.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use streamwriter_core::testing::{Pretend, read_partition};
use streamwriter_core::{BatchId, PlanLimits};

use super::*;
use crate::files::tests::{drain, error_of, limits, read_plan};

pub(super) fn write(dir: &Path, name: &str, batch: &RecordBatch, group_rows: usize) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .build();
    let file = File::create(dir.join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

pub(super) fn of(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter(columns.iter().cloned()).unwrap()
}

pub(super) fn numbers(from: i64, to: i64) -> RecordBatch {
    of(&[("n", Arc::new(Int64Array::from_iter_values(from..to)))])
}

pub(super) fn values(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| {
        batch
            .column(0)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec()
    };
    batches.iter().flat_map(column).collect()
}

pub(super) fn source(dir: &Path) -> ParquetFiles {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
    ParquetFiles::directory(dir, schema).unwrap()
}

proptest! {
    #[test]
    fn every_row_is_read_once_and_in_order(
        files in prop::collection::vec((0..40_i64, 1..12_usize), 1..5),
        rows in prop::option::of(1..30_u64),
        bytes in prop::option::of(1..3000_u64),
        executors in 1..5_usize,
        batch_rows in 1..9_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut next = 0;
        for (number, (count, group_rows)) in files.iter().enumerate() {
            write(dir.path(), &format!("{number}.parquet"), &numbers(next, next + count), *group_rows);
            next += count;
        }
        let source = source(dir.path()).partition_bytes_min(1).batch_rows(batch_rows);
        let mut limits = PlanLimits::unbounded(executors);
        (limits.rows, limits.bytes) = (rows, bytes);
        let (mut found, mut start, mut batch) = (Vec::new(), None, 0);
        while let Some(plan) = source.plan(start.as_ref(), &limits).unwrap() {
            prop_assert!(plan.partitions.len() <= executors.max(1));
            let read = read_plan(&source, &plan).unwrap();
            prop_assert_eq!(&read_plan(&source, &plan).unwrap(), &read, "a replay");
            let read = values(&read);
            // A bound on rows is exceeded by less than a row group.
            let most = rows.map(|rows| rows as usize + 11);
            prop_assert!(most.is_none_or(|most| read.len() <= most));
            found.extend(read);
            source.committed(BatchId::new(batch), &plan).unwrap();
            batch += 1;
            start = Some(plan.end);
        }
        prop_assert_eq!(found, (0..next).collect::<Vec<_>>());
    }
}

#[test]
fn a_file_is_cut_between_row_groups_for_several_tasks() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "1.parquet", &numbers(0, 4000), 500);
    let source = source(dir.path()).partition_bytes_min(1);
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    assert_eq!(plan.partitions.len(), 4);
    let task = Pretend::default().task();
    for partition in &plan.partitions {
        let rows = values(&read_partition(&source, partition, &task).unwrap());
        assert!(
            rows.len() >= 500 && rows.len().is_multiple_of(500),
            "{}",
            rows.len()
        );
    }
    assert_eq!(
        values(&read_plan(&source, &plan).unwrap()),
        (0..4000).collect::<Vec<_>>()
    );
}

/// Reads one file with a schema; all batches put together.
pub(super) fn read(
    file: &RecordBatch,
    schema: Schema,
    drift: SchemaDrift,
) -> Result<RecordBatch, Error> {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "1.parquet", file, 1000);
    let source = ParquetFiles::directory(dir.path(), schema.clone())?.schema_drift(drift);
    let batches = drain(&source, &limits(None, None, None));
    let batches = batches.map_err(|error| *error.downcast::<Error>().unwrap())?;
    let batches: Vec<RecordBatch> = batches.into_iter().flatten().collect();
    Ok(concat_batches(&schema.into(), &batches).unwrap())
}

fn field(name: &str, of: DataType) -> Field {
    Field::new(name, of, true)
}

#[test]
fn columns_are_found_by_name_and_every_difference_is_named() {
    let file = of(&[
        ("b", Arc::new(StringArray::from(vec!["x"]))),
        ("a", Arc::new(Int64Array::from(vec![1]))),
    ]);
    let both = [field("a", DataType::Int64), field("b", DataType::Utf8)];
    let found = read(&file, Schema::new(both.to_vec()), SchemaDrift::Fail).unwrap();
    assert_eq!(found.schema().field(0).name(), "a");
    assert_eq!(values(&[found]), [1]);

    let other = Schema::new(vec![
        field("a", DataType::Int32),
        field("c", DataType::Utf8),
    ]);
    let error = read(&file, other, SchemaDrift::Fail).unwrap_err();
    let text = error.to_string();
    for part in [
        "1.parquet",
        "column `a` is Int64 instead of Int32",
        "column `c` Utf8 is missing",
        "column `b` Utf8 is not in the schema",
        "SchemaDrift::Adapt",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(error.is_permanent());
}

#[test]
fn what_can_be_adapted_without_loss_is_and_nothing_else() {
    let file = of(&[
        ("i", Arc::new(Int8Array::from(vec![Some(-7), None]))),
        ("f", Arc::new(Float32Array::from(vec![0.5, 1.5]))),
        ("t", Arc::new(TimestampMillisecondArray::from(vec![1, 2]))),
        (
            "s",
            Arc::new(DictionaryArray::<Int32Type>::from_iter(["x", "y"])),
        ),
        ("extra", Arc::new(Int32Array::from(vec![1, 2]))),
    ]);
    let schema = Schema::new(vec![
        field("gone", DataType::Utf8),
        field("s", DataType::Utf8),
        field("t", DataType::Timestamp(TimeUnit::Microsecond, None)),
        field("f", DataType::Float64),
        field("i", DataType::Int64),
    ]);
    let found = read(&file, schema.clone(), SchemaDrift::Adapt).unwrap();
    let expected: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![None::<&str>, None])),
        Arc::new(StringArray::from(vec!["x", "y"])),
        Arc::new(TimestampMicrosecondArray::from(vec![1000, 2000])),
        Arc::new(Float64Array::from(vec![0.5, 1.5])),
        Arc::new(Int64Array::from(vec![Some(-7), None])),
    ];
    assert_eq!(
        found,
        RecordBatch::try_new(schema.into(), expected).unwrap()
    );

    let int = |values: Vec<i64>| of(&[("n", Arc::new(Int64Array::from(values)) as ArrayRef)]);
    let refused = |file: &RecordBatch, field: Field, says: &str| {
        let error = read(file, Schema::new(vec![field]), SchemaDrift::Adapt).unwrap_err();
        let text = error.report().to_string();
        assert!(text.contains(says) && text.contains("1.parquet"), "{text}");
        assert!(error.is_permanent());
    };
    refused(
        &int(vec![1]),
        field("n", DataType::Int32),
        "is Int64 instead of Int32",
    );
    refused(
        &int(vec![1]),
        field("n", DataType::Float64),
        "is Int64 instead of Float64",
    );
    refused(
        &int(vec![1]),
        Field::new("m", DataType::Utf8, false),
        "`m` is missing and may not be null",
    );
    let unsigned = of(&[("n", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]);
    refused(
        &unsigned,
        field("n", DataType::Int64),
        "is UInt64 instead of Int64",
    );
    let decimal = Decimal128Array::from(vec![1])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let decimal = of(&[("n", Arc::new(decimal) as ArrayRef)]);
    refused(
        &decimal,
        field("n", DataType::Decimal128(12, 3)),
        "instead of Decimal128(12, 3)",
    );
    assert!(
        read(
            &decimal,
            Schema::new(vec![field("n", DataType::Decimal128(12, 2))]),
            SchemaDrift::Adapt
        )
        .is_ok()
    );
    // A time that is too far away for the finer unit.
    let far = of(&[(
        "n",
        Arc::new(TimestampMillisecondArray::from(vec![i64::MAX])) as ArrayRef,
    )]);
    refused(
        &far,
        field("n", DataType::Timestamp(TimeUnit::Nanosecond, None)),
        "column `n`",
    );
    // Nulls where the schema has none.
    let nulls = of(&[(
        "n",
        Arc::new(Int64Array::from(vec![None::<i64>])) as ArrayRef,
    )]);
    refused(
        &nulls,
        Field::new("n", DataType::Int64, false),
        "do not fit the schema",
    );
}

#[test]
fn e9_a_file_that_is_damaged_or_none_of_ours_is_named() {
    let whole = tempfile::tempdir().unwrap();
    write(whole.path(), "1.parquet", &numbers(0, 1000), 100);
    let bytes = fs::read(whole.path().join("1.parquet")).unwrap();
    for (what, bytes) in [
        ("empty", &bytes[..0]),
        ("cut short", &bytes[..bytes.len() / 2]),
        ("without its last byte", &bytes[..bytes.len() - 1]),
        ("text", b"id,name\n1,x\n"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("1.parquet"), bytes).unwrap();
        let schema_of_first = ParquetFiles::schema_of_first(dir.path()).unwrap_err();
        for limits in [limits(None, None, None), limits(Some(1), None, None)] {
            let read = drain(&source(dir.path()), &limits);
            // A file without bytes has no range, so nothing would be read of it.
            if what == "empty" && read.is_ok() {
                continue;
            }
            let error = error_of(read);
            assert!(
                error.path().unwrap().ends_with("1.parquet"),
                "{what}: {error}"
            );
            assert!(error.is_permanent(), "{what}: {error}");
            assert_eq!(schema_of_first.path(), error.path(), "{what}");
        }
    }
}

#[test]
fn the_schema_of_the_first_file_reads_it_and_a_changed_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(ParquetFiles::schema_of_first(dir.path()).unwrap().is_none());
    write(dir.path(), "1.parquet", &numbers(0, 10), 5);
    let schema = ParquetFiles::schema_of_first(dir.path()).unwrap().unwrap();
    let source = ParquetFiles::directory(dir.path(), schema).unwrap();
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    assert_eq!(values(&read_plan(&source, &plan).unwrap()).len(), 10);
    write(dir.path(), "1.parquet", &numbers(0, 11), 5);
    let error = error_of(read_plan(&source, &plan));
    assert!(error.to_string().contains("has changed since"), "{error}");
}

/// Row groups without rows, whose positions mean nothing, change neither rows nor cuts.
#[test]
fn empty_row_groups_are_passed_by() {
    use parquet::data_type::Int64Type as Physical;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let dir = tempfile::tempdir().unwrap();
    let schema = parse_message_type("message m { required int64 n; }").unwrap();
    let file = File::create(dir.path().join("1.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema.into(), Default::default()).unwrap();
    for rows in [0..0, 0..10, 10..10, 10..20, 20..20, 20..30_i64] {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<i64> = rows.collect();
        let typed = column.typed::<Physical>();
        typed.write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    for (rows, batches) in [(None, 1), (Some(10), 3), (Some(1), 3), (Some(15), 2)] {
        let source = source(dir.path()).partition_bytes_min(1);
        let (mut found, mut start, mut count) = (Vec::new(), None, 0);
        while let Some(plan) = source
            .plan(start.as_ref(), &limits(rows, None, None))
            .unwrap()
        {
            found.extend(values(&read_plan(&source, &plan).unwrap()));
            source.committed(BatchId::new(count), &plan).unwrap();
            start = Some(plan.end);
            count += 1;
            assert!(count <= 3, "it does not end");
        }
        assert_eq!(found, (0..30).collect::<Vec<_>>(), "{rows:?}");
        assert_eq!(count, batches, "{rows:?}");
    }
}

#[test]
fn fields_of_structs_are_found_by_name_as_well() {
    use arrow::array::StructArray;

    let int = |name: &str| Arc::new(Field::new(name, DataType::Int64, false));
    let number = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let file = |first: &str, second: &str| {
        let both = StructArray::from(vec![(int(first), number(1)), (int(second), number(2))]);
        of(&[("s", Arc::new(both) as ArrayRef)])
    };
    let schema = |first: &str, second: &str| {
        let fields = vec![int(first), int(second)].into();
        Schema::new(vec![field("s", DataType::Struct(fields))])
    };
    for drift in [SchemaDrift::Fail, SchemaDrift::Adapt] {
        let found = read(&file("b", "a"), schema("a", "b"), drift).unwrap();
        let found = found.column(0).as_struct();
        assert_eq!(found.column_by_name("a").unwrap(), &number(2));
        for other in [file("b", "c"), file("a", "c")] {
            let error = read(&other, schema("a", "b"), drift).unwrap_err();
            assert!(
                error.to_string().contains("column `s` is Struct"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_compressed_parquet_file_is_none_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.parquet.gz"), "x").unwrap();
    assert!(ParquetFiles::schema_of_first(dir.path()).unwrap().is_none());
    assert!(
        source(dir.path())
            .plan(None, &limits(None, None, None))
            .unwrap()
            .is_none()
    );
}
