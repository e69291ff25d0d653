//! The memory of a process with very many open files of very many columns, beside its budget.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use streamwriter::Compression;
use streamwriter::prelude::*;

use crate::case::{Bound, Case, Setting};
use crate::probe;
use crate::query::{self, ONE};
use crate::rows::Made;

const DIRECTORIES: i64 = 1_000;
const COLUMNS: i64 = 400;
const BATCH_ROWS: i64 = 8_192;
const BATCHES: u64 = 12;

const MIB: f64 = 1024.0 * 1024.0;
const BUDGET: f64 = 512.0 * MIB;

/// What `docs/sinks/parquet.md` says of the whole process.
const AT_MOST: f64 = 1.2 * BUDGET;

pub(crate) fn cases() -> Vec<Case> {
    vec![Case {
        name: "memory: the peak of 1,000 open directories of 400 columns, a budget of 512 MiB",
        unit: "MiB",
        bound: Bound::AtMost(AT_MOST / MIB),
        measure: |setting| probe::ask(&format!("wide {}", setting.scale)),
    }]
}

/// Writes the rows and looks at the peak; in a process of its own.
pub(crate) fn run(setting: &Setting) -> Result<(), BoxError> {
    let batches = setting.rows(BATCHES);
    let rows = batches * BATCH_ROWS as u64;
    setting.in_folder(|place| {
        let sink = ParquetSink::arrow(place.join("out"), schema())?
            .partition_by(["directory"])
            .max_open_files(DIRECTORIES as usize)
            .compression(Compression::Snappy)
            .memory_budget(BUDGET as usize);
        query::run(place, Made::new(batches, batch), sink, ONE, rows)
    })?;
    let peak = probe::memory_of_this("VmHWM:").ok_or("the peak is not told here")? * 1e6 / MIB;
    println!("{peak}|{peak:.0} MiB, {rows} rows|the whole process");
    Ok(())
}

/// Rows of integers, of which each eighth row repeats.
fn batch(number: u64) -> RecordBatch {
    let from = number as i64 * BATCH_ROWS;
    let rows = || from..from + BATCH_ROWS;
    let directory = Int64Array::from_iter_values(rows().map(|row| row % DIRECTORIES));
    let values = |column: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            rows().map(|row| row / 8 * column),
        ))
    };
    let columns = std::iter::once(Arc::new(directory) as ArrayRef);
    let columns = columns.chain((1..=COLUMNS).map(values)).collect();
    let schema = schema();
    RecordBatch::try_new(Arc::clone(&schema), columns)
        .unwrap_or_else(|_| RecordBatch::new_empty(schema))
}

fn schema() -> SchemaRef {
    let names = (1..=COLUMNS).map(|column| format!("column {column}"));
    let names = std::iter::once("directory".to_owned()).chain(names);
    let fields = names.map(|name| Field::new(name, DataType::Int64, false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
