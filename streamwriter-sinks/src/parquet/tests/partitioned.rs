//! Guards the directories that values make (F4).

use arrow::array::{
    BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray, Float64Array,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt8Array,
};
use arrow::datatypes::Int8Type;

use super::*;

/// Writes columns, partitioned, and returns for each file its directory and what it holds.
fn layout(
    columns: &[(&str, Arc<dyn Array>)],
    by: &[&str],
    change: impl Fn(ParquetSink<ArrowBatches>) -> ParquetSink<ArrowBatches>,
) -> Result<Vec<(String, RecordBatch)>> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .iter()
            .map(|(name, column)| (*name, Arc::clone(column), true)),
    )
    .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::arrow(directory.path(), batch.schema()).unwrap();
    let sink = change(sink.partition_by(by.iter().copied()));
    sink.check_rows()?;
    let rows = (0..batch.num_rows()).map(|row| batch.slice(row, 1));
    let message = write_rows(&sink, rows, &Pretend::default().task())?;
    assert_eq!(message.rows, batch.num_rows() as u64);
    let files = message.files.iter().map(|file| {
        let read = read(&directory.path().join(file.staged.as_str()));
        (file.path.parent().to_string(), read[0].clone())
    });
    Ok(files.collect())
}

fn ids(rows: &RecordBatch) -> Vec<i64> {
    assert_eq!(rows.num_columns(), 1);
    let column = rows.column_by_name("id").unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

fn numbers(rows: i64) -> Arc<dyn Array> {
    Arc::new(Int64Array::from_iter_values(0..rows))
}

fn directories(files: &[(String, RecordBatch)]) -> Vec<(&str, Vec<i64>)> {
    files
        .iter()
        .map(|(directory, rows)| (directory.as_str(), ids(rows)))
        .collect()
}

#[test]
fn f4_values_are_printed_as_spark_prints_them() {
    let at = -1_600_000; // 1.6 seconds before 1970
    let of = |values: Vec<Option<i64>>| TimestampMicrosecondArray::from(values);
    let dictionary: DictionaryArray<Int8Type> = ["x", "y"].into_iter().collect();
    let decimal = Decimal128Array::from(vec![150, -5]).with_precision_and_scale(9, 2);
    let columns: [(Arc<dyn Array>, [&str; 2]); 11] = [
        (
            Arc::new(Int64Array::from(vec![i64::MIN, 7])),
            ["-9223372036854775808", "7"],
        ),
        (Arc::new(UInt8Array::from(vec![255, 0])), ["255", "0"]),
        (
            Arc::new(BooleanArray::from(vec![true, false])),
            ["true", "false"],
        ),
        (
            Arc::new(StringArray::from(vec!["a b", "ä/%"])),
            ["a b", "ä%2F%25"],
        ),
        (Arc::new(dictionary), ["x", "y"]),
        (
            Arc::new(Date32Array::from(vec![0, 20_455])),
            ["1970-01-01", "2026-01-02"],
        ),
        (
            Arc::new(Date64Array::from(vec![0, 86_400_000])),
            ["1970-01-01", "1970-01-02"],
        ),
        (
            Arc::new(of(vec![Some(at), Some(0)])),
            ["1969-12-31 23%3A59%3A58.4", "1970-01-01 00%3A00%3A00"],
        ),
        (
            Arc::new(of(vec![Some(1_000_120), Some(0)]).with_timezone("+02:00")),
            ["1970-01-01 00%3A00%3A01.00012", "1970-01-01 00%3A00%3A00"],
        ),
        (
            Arc::new(Time64MicrosecondArray::from(vec![3_600_000_000, 500_000])),
            ["01%3A00%3A00", "00%3A00%3A00.5"],
        ),
        (Arc::new(decimal.unwrap()), ["1.50", "-0.05"]),
    ];
    for (column, expected) in columns {
        let columns = [("p", column), ("id", numbers(2))];
        let files = layout(&columns, &["p"], |sink| sink).unwrap();
        let expected = expected.map(|value| format!("p={value}"));
        assert_eq!(
            directories(&files),
            [
                (expected[0].as_str(), vec![0]),
                (expected[1].as_str(), vec![1])
            ]
        );
    }
}

#[test]
fn f4_rows_of_a_value_keep_their_order_and_nulls_and_empty_texts_share_theirs() {
    let city = vec![
        Some("b"),
        None,
        Some("a"),
        Some(""),
        Some("b"),
        None,
        Some("a"),
    ];
    let year = vec![1, 2, 1, 2, 1, 2, 3];
    let columns: [(&str, Arc<dyn Array>); 3] = [
        ("city", Arc::new(StringArray::from(city))),
        ("id", numbers(7)),
        ("year", Arc::new(Int64Array::from(year))),
    ];
    for batch_rows in [1, 3, 100] {
        let files = layout(&columns, &["year", "city"], |sink| {
            sink.batch_rows(batch_rows)
        });
        let expected = [
            ("year=1/city=b", vec![0, 4]),
            ("year=2/city=__HIVE_DEFAULT_PARTITION__", vec![1, 3, 5]),
            ("year=1/city=a", vec![2]),
            ("year=3/city=a", vec![6]),
        ];
        assert_eq!(directories(&files.unwrap()), expected);
    }
    let rolled = layout(&columns, &["year", "city"], |sink| {
        sink.max_rows_per_file(2).max_open_files(1).batch_rows(4)
    });
    let expected = [
        ("year=1/city=b", vec![0]),
        ("year=2/city=__HIVE_DEFAULT_PARTITION__", vec![1, 3]),
        ("year=1/city=a", vec![2]),
        ("year=1/city=b", vec![4]),
        ("year=2/city=__HIVE_DEFAULT_PARTITION__", vec![5]),
        ("year=3/city=a", vec![6]),
    ];
    assert_eq!(directories(&rolled.unwrap()), expected);
}

#[test]
fn f4_columns_that_cannot_be_directories_are_refused_at_the_start() {
    let columns: [(&str, Arc<dyn Array>); 2] = [
        ("price", Arc::new(Float64Array::from(vec![1.0]))),
        ("city", Arc::new(StringArray::from(vec!["x"]))),
    ];
    for (by, parts) in [
        (&["town"][..], ["`town`", "one of `price`, `city`"]),
        (&["price"], ["`price`", "Float64"]),
        (&["city", "city"], ["\"city\"", "twice"]),
    ] {
        let error = layout(&columns, by, |sink| sink).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for part in parts {
            assert!(error.report().to_string().contains(part), "{part}: {error}");
        }
    }
    let error = layout(&columns[1..], &["city"], |sink| sink).unwrap_err();
    assert!(error.to_string().contains("no column is left"), "{error}");
}

#[test]
fn f4_a_value_that_cannot_be_a_name_is_a_row_that_does_not_fit() {
    for bad in ["x\0".to_owned(), "/".repeat(90)] {
        let columns: [(&str, Arc<dyn Array>); 2] = [
            (
                "city",
                Arc::new(StringArray::from(vec!["ok", bad.as_str()])),
            ),
            ("id", numbers(2)),
        ];
        let error = layout(&columns, &["city"], |sink| sink).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        assert!(
            error.is_permanent() && error.to_string().contains("`city`"),
            "{error}"
        );
    }
}

#[test]
fn open_row_groups_keep_their_share_of_the_budget_together() {
    let keys = (0..40_000).map(|row| row % 8);
    let texts = (0..40_000_i64).map(|row| format!("{:0100}", row * 7919));
    let columns: [(&str, Arc<dyn Array>); 2] = [
        ("key", Arc::new(Int64Array::from_iter_values(keys))),
        ("text", Arc::new(StringArray::from_iter_values(texts))),
    ];
    let groups = |budget: usize, tasks: u32| {
        let directory = tempfile::tempdir().unwrap();
        let batch = RecordBatch::try_from_iter(columns.clone()).unwrap();
        let sink = ParquetSink::arrow(directory.path(), batch.schema()).unwrap();
        let sink = sink.partition_by(["key"]).batch_rows(100);
        let sink = sink.memory_budget(budget);
        let rows = (0..400).map(|part| batch.slice(part * 100, 100));
        let message =
            write_rows(&sink, rows, &Pretend::default().task_beside_others(tasks)).unwrap();
        let groups = message.files.iter().map(|file| {
            let file = File::open(directory.path().join(file.staged.as_str())).unwrap();
            SerializedFileReader::new(file)
                .unwrap()
                .metadata()
                .num_row_groups()
        });
        groups.collect::<Vec<_>>()
    };
    assert_eq!(groups(128 << 20, 8), [1; 8]);
    // Each file has some 500 KB of text, and a buffer of 128 KiB.
    for (budget, tasks) in [(4 << 20, 1), (16 << 20, 4)] {
        let groups = groups(budget, tasks);
        assert!(
            groups.len() == 8 && groups.iter().all(|groups| *groups > 1),
            "{groups:?}"
        );
    }
    // The buffers alone are more than half of this, so files are finished.
    assert!(groups(1 << 20, 1).len() > 8);
}
