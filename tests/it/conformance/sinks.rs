//! The shipped sinks, one line each, and the sinks of the README and of the examples.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use streamwriter::testing::conformance::{Conformance, Place};
use streamwriter::{
    AnySink, ArrowBatches, ArrowRows, BloomFilter, BoxError, Compression, Derived, DerivedRows,
    Error, FanOut, FileCompression, FileFormat, FileSink, LocalStorage, MemorySink, Noop,
    ParquetSink, SetAside, Staging, Stdout, Storage, StorePath, ViaSerde, WriteRows,
    sink_conformance,
};

use super::closure;
use super::many_files::ManyFiles;
use super::partitions;
use super::read::{self, Row};
use crate::async_sinks::AsyncFiles;
use crate::rows::batch_of;

#[path = "../../../examples/own_sink.rs"]
#[allow(dead_code, reason = "the example's main is not run")]
mod own_sink;

sink_conformance! { mod json_lines: file(FileSink::json_lines_in, read::json_lines) }
sink_conformance! { mod json_lines_rolled_by_rows: file(|staging| FileSink::json_lines_in(staging).max_rows_per_file(1), read::json_lines) }
sink_conformance! { mod json_lines_gzip: file(|staging| FileSink::json_lines_in(staging).compression(FileCompression::Gzip(6)), read::json_lines_gzip) }
sink_conformance! { mod json_lines_partitioned: file(|staging| FileSink::json_lines_in(staging).partition_by(["even", "text"]), partitions::json_lines) }
sink_conformance! { mod csv: file(FileSink::csv_in, read::csv) }
sink_conformance! { mod csv_zstd: file(|staging| FileSink::csv_in(staging).compression(FileCompression::Zstd(3)), read::csv_zstd) }
sink_conformance! { mod text: lines(FileSink::text_in) }
sink_conformance! { mod parquet_zstd: parquet(|sink| sink.compression(Compression::Zstd(1))) }
sink_conformance! { mod parquet_snappy: parquet(|sink| sink.compression(Compression::Snappy)) }
sink_conformance! { mod parquet_plain_small_row_groups: parquet(|sink| sink.compression(Compression::None).row_group_rows(1)) }
sink_conformance! { mod parquet_with_options: parquet(|sink| sink.compression(Compression::Lz4).bloom_filter("number", BloomFilter::new()).page_rows(1).metadata("k", "v")) }
sink_conformance! { mod parquet_rolled_by_rows: parquet(|sink| plain(sink).max_rows_per_file(1)) }
sink_conformance! { mod parquet_partitioned_with_one_open_file: partitioned_parquet() }
sink_conformance! { mod parquet_of_arrow_batches: arrow_batches() }
sink_conformance! { mod any_sink_over_json_lines: any_json_lines() }
sink_conformance! { mod any_sink_over_a_fan_out_of_derived_rows: any_fan_out() }
sink_conformance! { mod parquet_of_derived_rows: derived_rows() }
sink_conformance! { mod stdout: stdout(Stdout::json, read::json_objects) }
sink_conformance! { mod stdout_csv: stdout(|| Stdout::csv().batch_header(false), read::csv_on_the_terminal) }
sink_conformance! { mod memory: memory() }
sink_conformance! { mod noop: Conformance::new(|_| Ok::<_, Error>(Noop::new()), |_| Ok::<_, Error>(vec![])) }
sink_conformance! { mod many_files_in_directories: many_files() }
sink_conformance! { mod set_aside_around_json_lines: set_aside(FileSink::json_lines_in) }
sink_conformance! { mod fan_out_of_two_file_sinks_at_the_first: two_file_sinks(|place| read::json_lines(&place.directory())) }
sink_conformance! { mod fan_out_of_two_file_sinks_at_the_second: two_file_sinks(|place| read::csv(&place.directory_of("beside"))) }
sink_conformance! { mod fan_out_of_json_lines_and_stdout: json_lines_and_stdout() }
sink_conformance! { mod fan_out_of_json_lines_and_memory: json_lines_and_memory() }
sink_conformance! { mod for_each_row: for_each(closure::each_row) }
sink_conformance! { mod for_each_partition: for_each(closure::each_partition) }
sink_conformance! { mod for_each_batch_that_is_idempotent: closure::each_batch(closure::Writes::NamedByBatch) }
sink_conformance! { mod for_each_batch_that_appends: closure::each_batch(closure::Writes::Appended) }
sink_conformance! { mod an_async_sink: async_files() }
sink_conformance! { mod the_example_of_the_readme: the_example() }

fn staging(place: &Place) -> Result<Staging, Error> {
    Ok(Staging::over(place.storage()?))
}

fn file<F: FileFormat>(
    make: fn(Staging) -> FileSink<F>,
    read: fn(&std::path::Path) -> Result<Vec<u64>, BoxError>,
) -> Conformance<FileSink<F>, Row> {
    Conformance::of_rows(
        Row::of,
        move |place| Ok::<_, Error>(make(staging(place)?)),
        move |place| read(&place.directory()),
    )
}

fn lines<F: FileFormat>(make: fn(Staging) -> FileSink<F>) -> Conformance<FileSink<F>, String> {
    Conformance::of_rows(
        |number| number.to_string(),
        move |place| Ok::<_, Error>(make(staging(place)?)),
        |place| read::text(&place.directory()),
    )
}

/// Not compressed, where that is not the matter: a compressor for each column of a file of a few rows asks
/// the processor what it can, and on a virtual machine that takes a fifth of all the time.
fn plain<E>(sink: ParquetSink<E>) -> ParquetSink<E> {
    sink.compression(Compression::None)
}

fn parquet(
    make: fn(ParquetSink<ViaSerde>) -> ParquetSink<ViaSerde>,
) -> Conformance<ParquetSink<ViaSerde>, Row> {
    Conformance::of_rows(
        Row::of,
        move |place| Ok::<_, Error>(make(ParquetSink::new_in(staging(place)?))),
        |place| read::parquet(&place.directory()),
    )
}

/// More values than files may be open, so that files end in the middle of a partition.
fn partitioned_parquet() -> Conformance<ParquetSink<ViaSerde>, Row> {
    Conformance::of_rows(
        Row::of,
        |place| {
            let sink = plain(ParquetSink::new_in(staging(place)?));
            Ok::<_, Error>(sink.partition_by(["text"]).max_open_files(1))
        },
        |place| partitions::parquet(&place.directory()),
    )
}

fn derived_rows() -> Conformance<ParquetSink<Derived>, Row> {
    Conformance::of_rows(
        Row::of,
        |place| Ok::<_, Error>(plain(ParquetSink::rows_in(staging(place)?))),
        |place| read::parquet(&place.directory()),
    )
}

fn arrow_batches() -> Conformance<ParquetSink<ArrowBatches>, RecordBatch> {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::UInt64, false)]));
    let of_rows = Arc::clone(&schema);
    Conformance::of_rows(
        move |number| {
            let column = Arc::new(UInt64Array::from(vec![number]));
            RecordBatch::try_new(Arc::clone(&of_rows), vec![column]).unwrap()
        },
        move |place| {
            let sink = ParquetSink::arrow_in(staging(place)?, Arc::clone(&schema));
            Ok::<_, Error>(plain(sink))
        },
        |place| read::parquet_numbers(&place.directory()),
    )
}

fn any_json_lines() -> Conformance<AnySink, RecordBatch> {
    Conformance::of_rows(
        |number| batch_of(&[Row::of(number)]),
        |place| {
            let sink = FileSink::json_lines_in(staging(place)?);
            Ok::<_, Error>(AnySink::decoding::<_, ArrowRows>(
                sink,
                <Row as streamwriter::Row>::schema(),
            ))
        },
        |place| read::json_lines(&place.directory()),
    )
}

/// Two members behind one name: what a person's tools see of them must be the same (E3, E6).
fn any_fan_out() -> Conformance<AnySink, RecordBatch> {
    Conformance::of_rows(
        |number| batch_of(&[Row::of(number)]),
        |place| {
            let beside = Staging::over(place.storage_of("beside")?);
            let sink = FanOut::new(
                plain(ParquetSink::rows_in(staging(place)?)),
                FileSink::csv_in(beside),
            );
            Ok::<_, Error>(AnySink::decoding::<_, DerivedRows<Row>>(
                sink,
                <Row as streamwriter::Row>::schema(),
            ))
        },
        |place| read::csv(&place.directory_of("beside")),
    )
    .leftovers(|place| {
        let mut left = staged_in(place, "target")?;
        left.extend(staged_in(place, "beside")?);
        Ok::<_, Error>(left)
    })
}

fn stdout(
    make: fn() -> Stdout,
    read: fn(&str) -> Result<Vec<u64>, BoxError>,
) -> Conformance<Stdout, Row> {
    let output = |place: &Place| place.directory().with_extension("out");
    Conformance::of_rows(
        Row::of,
        move |place| {
            let path = output(place);
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            Ok::<_, BoxError>(make().rows(usize::MAX).print_to(file))
        },
        move |place| read(&fs::read_to_string(output(place)).unwrap_or_default()),
    )
}

/// One sink for each place: what it keeps is in this process, and in no other.
fn memory() -> Conformance<MemorySink<u64>, u64> {
    static SINKS: Mutex<Option<HashMap<PathBuf, MemorySink<u64>>>> = Mutex::new(None);
    let sink = |place: &Place| {
        let mut sinks = SINKS.lock().unwrap();
        let sinks = sinks.get_or_insert_default();
        sinks.entry(place.directory()).or_default().clone()
    };
    Conformance::new(
        move |place| Ok::<_, Error>(sink(place)),
        move |place| Ok::<_, Error>(sink(place).rows()),
    )
    .forgets_with_process()
}

fn many_files() -> Conformance<ManyFiles, u64> {
    Conformance::new(
        |place| Ok::<_, Error>(ManyFiles(staging(place)?)),
        |place| {
            let below = |number| place.directory().join(format!("remainder={number}"));
            let mut rows = read::text(&below(0))?;
            rows.extend(read::text(&below(1))?);
            Ok::<_, BoxError>(rows)
        },
    )
}

/// Two targets that one prepared record rolls forward. (What is set aside has tests of its own.)
fn set_aside<F: FileFormat>(
    make: fn(Staging) -> FileSink<F>,
) -> Conformance<SetAside<FileSink<F>>, Row> {
    Conformance::of_rows(
        Row::of,
        move |place| {
            let aside = Staging::over(place.storage_of("aside")?);
            Ok::<_, Error>(SetAside::new_in(make(staging(place)?), aside))
        },
        |place| read::json_lines(&place.directory()),
    )
}

/// A closure whose effect shows at once, again in every try.
fn for_each<W: WriteRows<u64>>(make: fn(PathBuf) -> W) -> Conformance<W, u64> {
    let output = |place: &Place| place.directory().with_extension("out");
    Conformance::new(
        move |place| Ok::<_, Error>(make(output(place))),
        move |place| closure::numbers(&output(place)),
    )
    .shows_rows_at_once()
}

/// Two members that each show every row, as the reader of one of them sees it.
fn two_file_sinks(
    visible: fn(&Place) -> Result<Vec<u64>, BoxError>,
) -> Conformance<FanOut<FileSink<impl FileFormat + use<>>, FileSink<impl FileFormat + use<>>>, Row>
{
    Conformance::of_rows(
        Row::of,
        |place| {
            let beside = Staging::over(place.storage_of("beside")?);
            let first = FileSink::json_lines_in(staging(place)?);
            Ok::<_, Error>(FanOut::new(first, FileSink::csv_in(beside)).rows_in_flight(4))
        },
        visible,
    )
    .leftovers(|place| {
        let mut left = staged_in(place, "target")?;
        left.extend(staged_in(place, "beside")?);
        Ok::<_, Error>(left)
    })
}

fn staged_in(place: &Place, directory: &str) -> Result<Vec<String>, Error> {
    let storage = LocalStorage::new(place.directory_of(directory))?;
    let staged = storage.list(&StorePath::parse("_streamwriter/staging")?)?;
    Ok(staged.iter().map(|entry| entry.path.to_string()).collect())
}

/// A member with a memory and one without: the whole is at-least-once, and the files show no row
/// twice all the same.
fn json_lines_and_stdout() -> Conformance<FanOut<FileSink<impl FileFormat + use<>>, Stdout>, Row> {
    let output = |place: &Place| place.directory().with_extension("out");
    Conformance::of_rows(
        Row::of,
        move |place| {
            let file = OpenOptions::new()
                .append(true)
                .create(true)
                .open(output(place))?;
            let printed = Stdout::json().rows(usize::MAX).print_to(file);
            Ok::<_, BoxError>(FanOut::new(
                FileSink::json_lines_in(staging(place)?),
                printed,
            ))
        },
        move |place| {
            once(read::json_lines(&place.directory())?)?;
            read::json_objects(&fs::read_to_string(output(place)).unwrap_or_default())
        },
    )
}

/// A member that is at-most-once makes the whole so; the files show each row once all the same.
fn json_lines_and_memory()
-> Conformance<FanOut<FileSink<impl FileFormat + use<>>, MemorySink<Row>>, Row> {
    static SINKS: Mutex<Option<HashMap<PathBuf, MemorySink<Row>>>> = Mutex::new(None);
    let memory = |place: &Place| {
        let mut sinks = SINKS.lock().unwrap();
        let sinks = sinks.get_or_insert_default();
        sinks.entry(place.directory()).or_default().clone()
    };
    Conformance::of_rows(
        Row::of,
        move |place| {
            let files = FileSink::json_lines_in(staging(place)?);
            Ok::<_, Error>(FanOut::new(files, memory(place)))
        },
        move |place| {
            once(read::json_lines(&place.directory())?)?;
            let kept = memory(place).rows();
            Ok::<_, BoxError>(kept.iter().map(|row| row.number).collect())
        },
    )
    .forgets_with_process()
}

fn once(rows: Vec<u64>) -> Result<Vec<u64>, BoxError> {
    let mut numbers = rows.clone();
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("row {} is in the files twice", pair[0]).into()),
        None => Ok(rows),
    }
}

fn async_files() -> Conformance<AsyncFiles, u64> {
    Conformance::new(
        |place| Ok::<_, Error>(AsyncFiles::new(place.directory(), staging(place)?)),
        |place| read::text(&place.directory()),
    )
}

fn the_example() -> Conformance<own_sink::TextFiles, String> {
    Conformance::of_rows(
        |number| number.to_string(),
        |place| {
            Ok::<_, Error>(own_sink::TextFiles {
                staging: staging(place)?,
            })
        },
        |place| read::text(&place.directory()),
    )
}
