//! Reads what other programs wrote, column by column, through our sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use serde_json::{Value, json};
use streamwriter::prelude::*;
use streamwriter::{Csv, JsonLines, MemorySink, ParquetFiles, Row, SchemaDrift, serde_json};

use crate::arrow_cells::cells_of;
use crate::values::{Flat, Plain, Table, Types};

/// What was read: by the path of a directory and the name of a column.
type Found = BTreeMap<String, Value>;

/// Reads `from/{parquet,jsonl,csv}/<files of one writer>`, and writes `from/found.json`.
///
/// A Parquet directory is read column by column. The others have a directory for each column, with files
/// of that column and `id`.
pub(crate) fn read_all(from: &Path) -> Result<(), BoxError> {
    let mut found = Found::new();
    for directory in directories(&from.join("parquet"))? {
        let name = format!("parquet/{}", name_of(&directory));
        for (column, _) in Types::columns() {
            found.insert(
                format!("{name}/{column}"),
                outcome(read_column(&directory, column)),
            );
        }
    }
    for writer in directories(&from.join("jsonl"))? {
        for directory in directories(&writer)? {
            let source = || JsonLines::<Plain>::directory(&directory);
            found.insert(
                key("jsonl", &writer, &directory),
                outcome(read(source, &directory)),
            );
        }
    }
    for writer in directories(&from.join("csv"))? {
        for directory in directories(&writer)? {
            let source = || Ok(Csv::<Flat>::directory(&directory)?.null_values(["(null)"]));
            found.insert(
                key("csv", &writer, &directory),
                outcome(read(source, &directory)),
            );
        }
    }
    Ok(fs::write(
        from.join("found.json"),
        serde_json::to_vec(&found)?,
    )?)
}

fn key(format: &str, writer: &Path, column: &Path) -> String {
    format!("{format}/{}/{}", name_of(writer), name_of(column))
}

fn outcome(cells: Result<Vec<Value>, BoxError>) -> Value {
    match cells {
        Ok(cells) => json!({"cells": cells}),
        Err(error) => json!({"error": match error.downcast_ref::<Error>() {
            Some(error) => error.report().to_string(),
            None => error.to_string(),
        }}),
    }
}

fn directories(of: &Path) -> Result<Vec<PathBuf>, BoxError> {
    if !of.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(of)?.map(|entry| Ok(entry?.path()));
    let entries: Result<Vec<PathBuf>, BoxError> = entries.collect();
    Ok(entries?.into_iter().filter(|path| path.is_dir()).collect())
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Reads one column of a Parquet file as the type that it has in `Types`.
fn read_column(directory: &Path, column: &str) -> Result<Vec<Value>, BoxError> {
    let field = Types::schema()
        .field_with_name(column)?
        .clone()
        .with_nullable(true);
    let batches = read_batches(directory, Schema::new(vec![field]))?;
    let cells = batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| cells_of(batch.column(0), row)));
    cells.collect()
}

fn read_batches(directory: &Path, schema: Schema) -> Result<Vec<RecordBatch>, BoxError> {
    let source = ParquetFiles::directory(directory, schema)?.schema_drift(SchemaDrift::Adapt);
    let sink = MemorySink::new();
    drain(source, sink.clone())?;
    Ok(sink.rows())
}

/// Reads rows and returns the cells of the column that its directory is named after.
fn read<S>(source: impl Fn() -> Result<S, Error>, directory: &Path) -> Result<Vec<Value>, BoxError>
where
    S: Source<Row: Table + Clone + Send + 'static>,
{
    let sink = MemorySink::new();
    drain(source()?, sink.clone())?;
    let column = name_of(directory);
    let cells = sink.rows().into_iter().map(|row| {
        row.cells()
            .get(&column)
            .cloned()
            .ok_or_else(|| format!("no column {column}").into())
    });
    cells.collect()
}

fn drain<S, W>(source: S, sink: W) -> Result<(), Error>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    let query = stream(source)
        .write_to(sink)
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .executors(1)
        .max_task_attempts(1)
        .start()?;
    query.await_termination().map(drop)
}
