//! Writes every table in every format, and what is in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use streamwriter::prelude::*;
use streamwriter::{Compression, FileCompression, Row, RowBuilder, serde_json};

use crate::values::{Flat, Parts, Plain, PlainParts, Table, Types};

/// What stands for a null in CSV; none of the texts is it.
const CSV_NULL: &str = "(null)";

pub(crate) fn write_all(to: &Path) -> Result<(), BoxError> {
    fs::create_dir_all(to.join("truth"))?;
    write_truth::<Types>(to, "types")?;
    write_truth::<Plain>(to, "plain")?;
    write_truth::<Flat>(to, "flat")?;
    write_truth::<Parts>(to, "parts")?;
    write_truth::<PlainParts>(to, "plain_parts")?;
    write_parquet(&to.join("parquet"))?;
    write_json_lines(&to.join("jsonl"))?;
    write_csv(&to.join("csv"))?;
    write_partitioned(&to.join("partitioned"))
}

/// Writes a table as `{"columns": [[name, kind]], "rows": [{name: cell}]}`.
fn write_truth<T: Table>(to: &Path, name: &str) -> Result<(), BoxError> {
    let rows: Vec<_> = T::rows().iter().map(Table::cells).collect();
    let ids: BTreeSet<String> = rows.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(
        ids.len(),
        rows.len(),
        "a column of {name} is longer than `ids`"
    );
    let truth = serde_json::json!({"columns": T::columns(), "rows": rows});
    let path = to.join("truth").join(name).with_extension("json");
    Ok(fs::write(path, serde_json::to_vec(&truth)?)?)
}

fn write_parquet(to: &Path) -> Result<(), BoxError> {
    write(Types::rows(), &to.join("rows"), ParquetSink::rows)?;
    let schema = plain_schema()?;
    for (name, compression) in [
        ("serde", Compression::Zstd(1)),
        ("none", Compression::None),
        ("snappy", Compression::Snappy),
        ("gzip", Compression::Gzip(6)),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd(19)),
    ] {
        write(Plain::rows(), &to.join(name), |path| {
            let sink = ParquetSink::new(path)?.schema(Arc::clone(&schema));
            Ok(sink.compression(compression))
        })?;
    }
    write_columns(&to.join("arrow"))
}

/// Returns the schema of `Plain` with types for its dates and times, which serde knows as texts.
fn plain_schema() -> Result<SchemaRef, BoxError> {
    let fields = Plain::columns().into_iter().map(|(name, kind)| {
        let alike = match (kind, name) {
            ("time text" | "local text" | "utc text", name) => format!("{name}_us"),
            (_, name) => name.to_owned(),
        };
        let field = Types::schema().field_with_name(&alike)?.clone();
        Ok(field.with_name(name))
    });
    let fields = fields.collect::<Result<Vec<_>, BoxError>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// Writes each column beside `id` into a target of its own, as Arrow batches: what a reader does not
/// take is one column then, and not a table.
fn write_columns(to: &Path) -> Result<(), BoxError> {
    let rows = Types::rows();
    let mut builder = RowBuilder::with_capacity(rows.len());
    for row in &rows {
        builder.push(row)?;
    }
    let batch = builder.finish()?;
    for (number, field) in Types::schema().fields().iter().enumerate().skip(1) {
        let one = batch.project(&[0, number])?;
        let schema = one.schema();
        write(vec![one], &to.join(field.name()), |path| {
            ParquetSink::arrow(path, schema)
        })?;
    }
    Ok(())
}

fn write_json_lines(to: &Path) -> Result<(), BoxError> {
    for (name, compression) in text_compressions() {
        write(Plain::rows(), &to.join(name), |path| {
            Ok(FileSink::json_lines(path)?.compression(compression))
        })?;
    }
    Ok(())
}

fn write_csv(to: &Path) -> Result<(), BoxError> {
    for (name, compression) in text_compressions() {
        write(Flat::rows(), &to.join(name), |path| {
            let sink = FileSink::csv(path)?.null_value(CSV_NULL);
            Ok(sink.compression(compression))
        })?;
    }
    write(Flat::rows(), &to.join("empty-for-null"), FileSink::csv)
}

fn text_compressions() -> [(&'static str, FileCompression); 3] {
    [
        ("none", FileCompression::None),
        ("gzip", FileCompression::Gzip(6)),
        ("zstd", FileCompression::Zstd(3)),
    ]
}

fn write_partitioned(to: &Path) -> Result<(), BoxError> {
    let by = |columns: Vec<(&'static str, &'static str)>| {
        let names = columns.into_iter().map(|(name, _)| name);
        names.skip(1).collect::<Vec<_>>()
    };
    write(Parts::rows(), &to.join("parquet"), |path| {
        Ok(ParquetSink::rows(path)?.partition_by(by(Parts::columns())))
    })?;
    write(PlainParts::rows(), &to.join("jsonl"), |path| {
        Ok(FileSink::json_lines(path)?.partition_by(by(PlainParts::columns())))
    })?;
    write(PlainParts::rows(), &to.join("csv"), |path| {
        Ok(FileSink::csv(path)?.partition_by(by(PlainParts::columns())))
    })
}

/// Writes rows by a whole query of several batches and tasks, with a durable checkpoint.
fn write<R, W>(
    rows: Vec<R>,
    to: &Path,
    sink: impl FnOnce(PathBuf) -> Result<W, Error>,
) -> Result<(), BoxError>
where
    R: Clone + Send + Sync + 'static,
    W: WriteRows<R> + Send + Sync + 'static,
{
    let query = stream(Memory::new(rows).partitions(2))
        .write_to(sink(to.to_owned())?)
        .checkpoint(to.with_extension("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(9)
        .executors(2)
        .start()?;
    query.await_termination()?;
    Ok(())
}
