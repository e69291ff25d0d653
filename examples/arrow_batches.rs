//! Shows Arrow batches end to end: Parquet files in, a kernel over whole columns, Parquet files out,
//! exactly once. No row is ever a Rust value.
//!
//! ```bash
//! cargo run --example arrow_batches                 # makes some input first
//! cargo run --example arrow_batches -- IN OUT       # your own, with a column `celsius`
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::compute::kernels::numeric::{add, mul};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use parquet::arrow::ArrowWriter;
use streamwriter::prelude::*;
use streamwriter::{ParquetFiles, SchemaDrift};

fn main() -> ExitCode {
    let Err(error) = run() else {
        return ExitCode::SUCCESS;
    };
    match error.downcast_ref::<Error>() {
        Some(error) => eprintln!("{}", error.report()),
        None => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

fn run() -> Result<(), BoxError> {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let base = Path::new("target/arrow_batches");
    let input = match paths.next() {
        Some(input) => input,
        None => make_input(&base.join("in"))?,
    };
    let output = paths.next().unwrap_or_else(|| base.join("out"));

    let schema = ParquetFiles::schema_of_first(&input)?.ok_or("there is no Parquet file")?;
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new("fahrenheit", DataType::Float64, true)));
    let wider = Arc::new(Schema::new(fields));

    // Files that were written by an older program may lack a column, or have a narrower one.
    let source = ParquetFiles::directory(&input, schema)?.schema_drift(SchemaDrift::Adapt);
    let out = Arc::clone(&wider);
    let query = stream(source)
        .try_map(move |batch: RecordBatch| with_fahrenheit(&batch, &out))
        .write_to(ParquetSink::arrow(&output, wider)?)
        .checkpoint(output.with_extension("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .start()?;
    println!("{}", query.await_termination()?);
    Ok(())
}

fn with_fahrenheit(batch: &RecordBatch, schema: &Arc<Schema>) -> Result<RecordBatch, BoxError> {
    let celsius = batch
        .column_by_name("celsius")
        .ok_or("no column `celsius`")?;
    let celsius = celsius
        .as_primitive_opt::<Float64Type>()
        .ok_or("`celsius` is not Float64")?;
    let (factor, offset) = (
        Float64Array::new_scalar(1.8),
        Float64Array::new_scalar(32.0),
    );
    let mut columns = batch.columns().to_vec();
    columns.push(add(&mul(celsius, &factor)?, &offset)?);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Writes three files of a thousand rows if they are not there.
fn make_input(directory: &Path) -> Result<PathBuf, BoxError> {
    fs::create_dir_all(directory)?;
    for file in 0..3 {
        let path = directory.join(format!("{file}.parquet"));
        if path.exists() {
            continue;
        }
        let ids = file * 1000..(file + 1) * 1000;
        let celsius: Float64Array = ids
            .clone()
            .map(|id| (id % 7 != 0).then_some(id as f64 / 100.0))
            .collect();
        let columns: [(&str, ArrayRef, bool); 2] = [
            ("id", Arc::new(Int64Array::from_iter_values(ids)), false),
            ("celsius", Arc::new(celsius), true),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
        // Whole before it has its name: see "Putting files into a directory".
        let temporary = directory.join("_new");
        let mut writer = ArrowWriter::try_new(File::create(&temporary)?, batch.schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
        fs::rename(temporary, path)?;
    }
    Ok(directory.to_owned())
}
