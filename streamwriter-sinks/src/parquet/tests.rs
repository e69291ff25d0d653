//! Guards what the Parquet files hold, and that they appear with the commit only.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use serde::{Deserialize, Serialize};
use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};
use streamwriter_core::{CommitMessage, LocalStorage, PartitionId, StorePath};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trip {
    id: i64,
    city: String,
    fare: Option<f64>,
    passengers: Option<i64>,
    at: String,
    tags: Vec<String>,
    notes: BTreeMap<String, i32>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Street,
    Airport,
}

fn trip(id: i64) -> Trip {
    let even = id % 2 == 0;
    Trip {
        id,
        city: format!("city {}", id % 7),
        fare: even.then_some(id as f64 / 3.0),
        passengers: (!even).then_some(id),
        at: "2026-01-02T03:04:05Z".to_owned(),
        tags: (0..id % 3).map(|tag| tag.to_string()).collect(),
        notes: BTreeMap::from([("n".to_owned(), 1)]),
        kind: if even { Kind::Street } else { Kind::Airport },
    }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == "parquet"));
    paths.sort();
    paths
}

fn read(path: &Path) -> Vec<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    builder.build().unwrap().map(Result::unwrap).collect()
}

fn staged(directory: &Path) -> usize {
    let storage = LocalStorage::shared(directory).unwrap();
    let own = StorePath::parse("_streamwriter/staging").unwrap();
    storage.list(&own).unwrap().len()
}

#[test]
fn rows_read_back_value_by_value_after_the_commit_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let make = || ParquetSink::new(directory.path()).unwrap().batch_rows(64);
    let rows: Vec<Trip> = (0..1000).map(trip).collect();
    let pretend = Pretend::default();
    let message = write_rows(&make(), rows.clone(), &pretend.task()).unwrap();
    assert!(files(directory.path()).is_empty());
    for _ in 0..2 {
        let message = round_trip(&message).unwrap();
        make().commit(vec![message], &pretend.batch()).unwrap();
    }
    let files = files(directory.path());
    assert_eq!(files.len(), 1);
    let metrics = message.metrics();
    assert_eq!((metrics.rows, metrics.files), (Some(1000), Some(1)));
    assert_eq!(metrics.bytes, Some(fs::metadata(&files[0]).unwrap().len()));
    let batches = read(&files[0]);
    let back = batches
        .iter()
        .flat_map(|batch| serde_arrow::from_record_batch::<Vec<Trip>>(batch).unwrap());
    assert_eq!(back.collect::<Vec<_>>(), rows);
}

#[test]
fn the_schema_is_that_of_the_row_type() {
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::new(directory.path()).unwrap();
    let pretend = Pretend::default();
    let message = write_rows(&sink, [trip(0), trip(1)], &pretend.task()).unwrap();
    sink.commit(vec![message], &pretend.batch()).unwrap();
    let batches = read(&files(directory.path())[0]);
    let schema = batches[0].schema();
    let field = |name: &str| {
        let field = schema.field_with_name(name).unwrap();
        (field.data_type().clone(), field.is_nullable())
    };
    assert_eq!(field("id"), (DataType::Int64, false));
    assert_eq!(field("city"), (DataType::Utf8, false));
    assert_eq!(field("fare"), (DataType::Float64, true));
    assert_eq!(field("passengers"), (DataType::Int64, true));
    assert_eq!(field("at"), (DataType::Utf8, false), "text stays text");
    assert!(matches!(field("tags").0, DataType::List(_)));
    assert!(matches!(field("notes").0, DataType::Map(_, _)));
    let column = |name| batches[0].column_by_name(name).unwrap();
    let passengers = column("passengers").as_primitive::<Int64Type>();
    assert!(passengers.is_null(0) && passengers.value(1) == 1);
    let fares = column("fare").as_primitive::<Float64Type>();
    assert!(fares.is_null(1) && fares.value(0) == 0.0);
}

#[test]
fn the_file_says_where_its_rows_come_from_and_keeps_the_options() {
    let directory = tempfile::tempdir().unwrap();
    for (compression, partition) in [
        (Compression::None, 0),
        (Compression::Snappy, 1),
        (Compression::Zstd(3), 2),
        (Compression::Gzip(9), 3),
        (Compression::Lz4, 4),
    ] {
        let sink = ParquetSink::new(directory.path())
            .unwrap()
            .compression(compression)
            .batch_rows(10)
            .row_group_rows(100);
        let pretend = Pretend {
            partition: PartitionId::new(partition),
            ..Pretend::default()
        };
        let message = write_rows(&sink, (0..250).map(trip), &pretend.task()).unwrap();
        let path = message.files[0].path.clone();
        sink.commit(vec![message], &pretend.batch()).unwrap();
        let file = File::open(directory.path().join(path.as_str())).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.num_row_groups(), 3);
        let column = metadata.row_group(0).column(0);
        let used = format!("{:?}", column.compression()).to_lowercase();
        let expected = match compression {
            Compression::None => "uncompressed",
            Compression::Snappy => "snappy",
            Compression::Zstd(_) => "zstd",
            Compression::Gzip(_) => "gzip",
            Compression::Lz4 => "lz4_raw",
        };
        assert!(used.starts_with(expected), "{used}");
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        let value = |key: &str| {
            pairs
                .iter()
                .find(|pair| pair.key == key)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(value("streamwriter.query"), Some(pretend.query.to_string()));
        assert_eq!(value("streamwriter.batch").as_deref(), Some("0"));
    }
}

#[test]
fn a_row_group_is_bounded_by_its_bytes_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::new(directory.path())
        .unwrap()
        .compression(Compression::None)
        .batch_rows(100)
        .row_group_bytes(64 * 1024);
    let pretend = Pretend::default();
    let message = write_rows(&sink, (0..20_000).map(trip), &pretend.task()).unwrap();
    sink.commit(vec![message], &pretend.batch()).unwrap();
    let file = File::open(&files(directory.path())[0]).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let groups = reader.metadata().row_groups();
    assert!(groups.len() > 3, "{} row groups", groups.len());
    assert!(
        groups
            .iter()
            .all(|group| group.compressed_size() < 128 * 1024)
    );
}

#[test]
fn f2_a_full_file_is_followed_by_the_next_number_and_no_row_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let sink = || ParquetSink::new(directory.path()).unwrap();
    let rows_of = |sink: ParquetSink, rows: i64| {
        let message = write_rows(&sink, (0..rows).map(trip), &Pretend::default().task()).unwrap();
        assert_eq!(message.rows, rows as u64);
        let rows = message.files.iter().map(|file| {
            let path = directory.path().join(file.staged.as_str());
            let read = read(&path);
            let rows: usize = read.iter().map(RecordBatch::num_rows).sum();
            (rows, file.size)
        });
        rows.collect::<Vec<_>>()
    };
    let counts = |files: Vec<(usize, u64)>| files.into_iter().map(|(rows, _)| rows);
    let files = rows_of(sink().max_rows_per_file(100), 250);
    assert_eq!(counts(files).collect::<Vec<_>>(), [100, 100, 50]);
    let small_columns = sink().batch_rows(30).max_rows_per_file(100);
    let files = rows_of(small_columns, 200);
    assert_eq!(counts(files).collect::<Vec<_>>(), [100, 100]);
    let by_bytes = sink()
        .compression(Compression::None)
        .batch_rows(100)
        .max_bytes_per_file(64 * 1024);
    let files = rows_of(by_bytes, 20_000);
    assert!(files.len() > 3, "{files:?}");
    assert!(files.iter().all(|(_, size)| *size < 96 * 1024), "{files:?}");
    assert_eq!(counts(files).sum::<usize>(), 20_000);
}

#[test]
fn options_without_sense_are_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let sink = || ParquetSink::new(directory.path()).unwrap();
    for bad in [
        sink().compression(Compression::Zstd(23)),
        sink().compression(Compression::Zstd(0)),
        sink().compression(Compression::Gzip(10)),
        sink().page_rows(0),
        sink().page_bytes(0),
        sink().dictionary_bytes(0),
        sink().metadata("streamwriter.query", "mine"),
        sink().metadata("ARROW:schema", "mine"),
        sink().metadata("", "x"),
        sink().metadata("a", "x").metadata("a", "x"),
        sink().bloom_filter("id", BloomFilter::new().distinct_values(0)),
        sink().bloom_filter("id", BloomFilter::new().false_positive_rate(1.0)),
        sink().bloom_filter("id", BloomFilter::new().false_positive_rate(f64::NAN)),
        sink().sorted_by([SortColumn::ascending("id"), SortColumn::descending("id")]),
        sink().row_group_rows(0),
        sink().row_group_bytes(0),
        sink().batch_rows(0),
        sink().max_rows_per_file(0),
        sink().max_bytes_per_file(0),
    ] {
        let error = WriteRows::<Trip>::check_rows(&bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    WriteRows::<Trip>::check_rows(&sink()).unwrap();
}

#[test]
fn an_option_of_a_column_that_no_file_has_is_refused_with_those_that_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let sink = || ParquetSink::new(directory.path()).unwrap();
    let filter = BloomFilter::new();
    for (bad, option) in [
        (sink().column_dictionary("town", false), "column_dictionary"),
        (sink().bloom_filter("tags", filter), "bloom_filter"),
        (sink().sorted_by([SortColumn::ascending("Id")]), "sorted_by"),
        (
            sink().partition_by(["city"]).bloom_filter("city", filter),
            "bloom_filter",
        ),
    ] {
        let error = WriteRows::<Trip>::check_rows(&bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.report().to_string();
        for part in [option, "`id`", "`tags.list.element`", "`kind`"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let nested = sink().bloom_filter("tags.list.element", filter);
    WriteRows::<Trip>::check_rows(&nested).unwrap();
}

/// Writes rows and opens the one file that they make.
fn written(
    make: impl Fn(ParquetSink) -> ParquetSink,
    rows: i64,
) -> (tempfile::TempDir, SerializedFileReader<File>) {
    let directory = tempfile::tempdir().unwrap();
    let sink = make(ParquetSink::new(directory.path()).unwrap());
    let message = write_rows(&sink, (0..rows).map(trip), &Pretend::default().task()).unwrap();
    let [file] = message.files.as_slice() else {
        panic!("{} files", message.files.len());
    };
    let file = File::open(directory.path().join(file.staged.as_str())).unwrap();
    let options = ReadOptionsBuilder::new()
        .with_page_index()
        .with_reader_properties(
            ReaderProperties::builder()
                .set_read_bloom_filter(true)
                .build(),
        );
    let reader = SerializedFileReader::new_with_options(file, options.build()).unwrap();
    (directory, reader)
}

#[test]
fn pages_and_statistics_are_as_large_as_they_are_told() {
    // Column 0 is `id`.
    let pages = |make: fn(ParquetSink) -> ParquetSink| {
        let (_directory, reader) = written(make, 10_000);
        let index = reader.metadata().page_index_for_row_group(0);
        index.page_locations(0).unwrap().len()
    };
    assert_eq!(pages(|sink| sink), 1);
    assert_eq!(pages(|sink| sink.page_rows(1000)), 10);
    assert!(pages(|sink| sink.dictionary(false).page_bytes(8192)) > 5);
    let statistics = |statistics| {
        let (_directory, reader) = written(|sink| sink.statistics(statistics), 100);
        let metadata = reader.metadata();
        let of_group = metadata.row_group(0).column(0).statistics().is_some();
        let of_page = metadata.row_group(0).column(0).column_index_offset();
        (of_group, of_page.is_some())
    };
    assert_eq!(statistics(ParquetStatistics::None), (false, false));
    assert_eq!(statistics(ParquetStatistics::RowGroup), (true, false));
    assert_eq!(statistics(ParquetStatistics::Page), (true, true));
}

#[test]
fn dictionaries_bloom_filters_sorting_and_metadata_are_of_the_columns_that_are_named() {
    let (_directory, reader) = written(
        |sink| {
            sink.column_dictionary("id", false)
                .bloom_filter("city", BloomFilter::new().distinct_values(100))
                .sorted_by([
                    SortColumn::ascending("id"),
                    SortColumn::descending("city").nulls_first(true),
                ])
                .metadata("owner", "trips")
        },
        1000,
    );
    let metadata = reader.metadata();
    let group = metadata.row_group(0);
    assert!(group.column(0).dictionary_page_offset().is_none());
    assert!(group.column(1).dictionary_page_offset().is_some());
    let expected = [(0, false, true), (1, true, true)];
    let sorting = group.sorting_columns().unwrap().iter();
    let sorting = sorting.map(|column| (column.column_idx, column.descending, column.nulls_first));
    assert!(sorting.eq(expected));
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    let owner = pairs.iter().find(|pair| pair.key == "owner").unwrap();
    assert_eq!(owner.value.as_deref(), Some("trips"));
    assert!(pairs.iter().any(|pair| pair.key == "streamwriter.query"));
    let group = reader.get_row_group(0).unwrap();
    let filter = group.get_column_bloom_filter(1).unwrap();
    assert!(filter.check("city 3") && !filter.check("no such city"));
    assert!(group.get_column_bloom_filter(0).is_none());
    let (_directory, plain) = written(|sink| sink.dictionary(false), 10);
    let group = plain.metadata().row_group(0);
    assert!(
        group
            .columns()
            .iter()
            .all(|column| column.dictionary_page_offset().is_none())
    );
}

#[test]
fn a_row_type_without_a_schema_is_named_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::new(directory.path()).unwrap();
    let error = WriteRows::<serde_json::Value>::check_rows(&sink).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("Value"), "{error}");

    #[derive(Serialize, Deserialize)]
    enum Either {
        A(i64),
        B(String),
    }
    #[derive(Serialize, Deserialize)]
    struct Row {
        list: Vec<Either>,
    }
    let error = WriteRows::<Row>::check_rows(&sink).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`list.element`"), "{error}");
}

#[test]
fn a_given_schema_is_used() {
    #[derive(Serialize, Deserialize)]
    struct Row {
        at: i64,
    }
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let schema = Schema::new(vec![Field::new("at", timestamp.clone(), true)]);
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::new(directory.path()).unwrap().schema(schema);
    let pretend = Pretend::default();
    let message = write_rows(&sink, [Row { at: 5 }], &pretend.task()).unwrap();
    sink.commit(vec![message], &pretend.batch()).unwrap();
    let batches = read(&files(directory.path())[0]);
    assert_eq!(batches[0].column(0).data_type(), &timestamp);
}

#[test]
fn an_empty_partition_writes_no_file_and_a_cut_off_one_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let sink = ParquetSink::new(directory.path()).unwrap().batch_rows(2);
    let pretend = Pretend::default();
    let message = write_rows(&sink, Vec::<Trip>::new(), &pretend.task()).unwrap();
    assert_eq!(message, StagedFiles::default());
    sink.commit(vec![message], &pretend.batch()).unwrap();
    let error = write_rows_cut_off(&sink, (0..9).map(trip), &pretend.task()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutOff);
    assert!(write_rows(&sink, (0..9).map(trip), &pretend.cancelled_task()).is_err());
    assert_eq!(staged(directory.path()), 0);
    let message = write_rows(&sink, (0..9).map(trip), &pretend.task()).unwrap();
    assert_eq!(staged(directory.path()), 1);
    sink.abort(vec![Some(message), None], &pretend.batch())
        .unwrap();
    assert_eq!(staged(directory.path()), 0);
    assert!(files(directory.path()).is_empty());
}

mod arrow_rows {
    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("city", DataType::Utf8, true),
        ]))
    }

    fn batch(ids: Vec<i64>) -> RecordBatch {
        let cities: StringArray = ids.iter().map(|id| (id % 2 == 0).then_some("x")).collect();
        let columns: Vec<Arc<dyn Array>> = vec![Arc::new(Int64Array::from(ids)), Arc::new(cities)];
        RecordBatch::try_new(schema(), columns).unwrap()
    }

    #[test]
    fn batches_are_put_together_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let sink = ParquetSink::arrow(directory.path(), schema()).unwrap();
        let pretend = Pretend::default();
        let rows = vec![batch(vec![1, 2]), batch(vec![]), batch(vec![3])];
        let message = write_rows(&sink, rows, &pretend.task()).unwrap();
        assert_eq!(message.rows, 3);
        sink.commit(vec![message], &pretend.batch()).unwrap();
        assert_eq!(read(&files(directory.path())[0]), [batch(vec![1, 2, 3])]);
        let message = write_rows(&sink, vec![batch(vec![])], &pretend.task()).unwrap();
        assert_eq!(message, StagedFiles::default());
    }

    #[test]
    fn a_batch_of_another_schema_is_refused_with_its_columns() {
        let directory = tempfile::tempdir().unwrap();
        let sink = ParquetSink::arrow(directory.path(), schema()).unwrap();
        let column: Arc<dyn Array> = Arc::new(StringArray::from(vec!["x"]));
        let other = RecordBatch::try_from_iter([("id", column)]).unwrap();
        let error = write_rows(&sink, [other], &Pretend::default().task()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row);
        let text = error.to_string();
        for part in ["`id` Utf8 instead of `id` Int64", "`city` Utf8 is missing"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let nulls: Arc<dyn Array> = Arc::new(Int64Array::from(vec![None]));
        let city: Arc<dyn Array> = Arc::new(StringArray::from(vec!["x"]));
        let other = RecordBatch::try_from_iter([("id", nulls), ("city", city)]).unwrap();
        let error = write_rows(&sink, [other], &Pretend::default().task()).unwrap_err();
        assert!(error.to_string().contains("id"), "{error}");
    }
}

mod partitioned;
