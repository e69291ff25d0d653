//! What a careful person would write by hand for the same files, without any guarantee.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, RecordBatch, StringBuilder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use streamwriter::BoxError;

use crate::FILES;
use crate::rows::Flight;

/// Writes the files of a format; returns how long it took.
fn files(
    directory: &Path,
    rows: u64,
    extension: &str,
    write: impl Fn(File, std::ops::Range<u64>) -> Result<File, BoxError>,
) -> Result<Duration, BoxError> {
    let began = Instant::now();
    let out = directory.join("out");
    fs::create_dir_all(&out)?;
    let each = rows.div_ceil(FILES);
    for number in 0..FILES {
        let file = File::create(out.join(format!("{number}.{extension}")))?;
        let range = number * each..rows.min((number + 1) * each);
        write(file, range)?.sync_all()?;
    }
    File::open(&out)?.sync_all()?;
    Ok(began.elapsed())
}

pub(crate) fn json_lines(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    files(directory, rows, "jsonl", |file, range| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for row in range.map(Flight::of) {
            serde_json::to_writer(&mut out, &row)?;
            out.write_all(b"\n")?;
        }
        Ok(out.into_inner()?)
    })
}

pub(crate) fn csv(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    files(directory, rows, "csv", |file, range| {
        let mut out = ::csv::WriterBuilder::new()
            .buffer_capacity(1 << 20)
            .from_writer(file);
        for row in range.map(Flight::of) {
            out.serialize(&row)?;
        }
        Ok(out.into_inner()?)
    })
}

pub(crate) fn parquet(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    files(directory, rows, "parquet", |file, range| {
        let mut columns = Columns::new();
        let mut out = ArrowWriter::try_new(file, columns.schema.clone(), Some(properties.clone()))?;
        for row in range.map(Flight::of) {
            columns.push(&row);
            if columns.rows == 8192 {
                out.write(&columns.take()?)?;
            }
        }
        out.write(&columns.take()?)?;
        Ok(out.into_inner()?)
    })
}

/// The builders of the columns.
struct Columns {
    schema: SchemaRef,
    rows: usize,
    id: UInt64Builder,
    carrier: StringBuilder,
    number: Int32Builder,
    delay: Float64Builder,
    distance: Float64Builder,
    cancelled: BooleanBuilder,
}

impl Columns {
    fn new() -> Self {
        let field = |name: &str, of, nullable| Field::new(name, of, nullable);
        let schema = Schema::new(vec![
            field("id", DataType::UInt64, false),
            field("carrier", DataType::Utf8, false),
            field("number", DataType::Int32, false),
            field("delay", DataType::Float64, true),
            field("distance", DataType::Float64, false),
            field("cancelled", DataType::Boolean, false),
        ]);
        Self {
            schema: Arc::new(schema),
            rows: 0,
            id: UInt64Builder::new(),
            carrier: StringBuilder::new(),
            number: Int32Builder::new(),
            delay: Float64Builder::new(),
            distance: Float64Builder::new(),
            cancelled: BooleanBuilder::new(),
        }
    }

    #[inline]
    fn push(&mut self, row: &Flight) {
        self.rows += 1;
        self.id.append_value(row.id);
        self.carrier.append_value(&row.carrier);
        self.number.append_value(row.number);
        self.delay.append_option(row.delay);
        self.distance.append_value(row.distance);
        self.cancelled.append_value(row.cancelled);
    }

    fn take(&mut self) -> Result<RecordBatch, BoxError> {
        self.rows = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.carrier.finish()),
            Arc::new(self.number.finish()),
            Arc::new(self.delay.finish()),
            Arc::new(self.distance.finish()),
            Arc::new(self.cancelled.finish()),
        ];
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}
