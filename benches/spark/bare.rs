//! What a bare `ArrowWriter` costs on the batches that Spark hands to our Parquet sink: the other side of
//! "own CPU" in `benches/spark/run`, which has to be run before, since it makes the rows.
//!
//! ```bash
//! cargo bench --bench spark_bare
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use streamwriter::BoxError;

const ROUNDS: usize = 7;
const INPUT: &str = "target/spark/bench/in-4000000";
/// As many rows as Spark puts into a batch.
const BATCH_ROWS: usize = 10_000;
/// One file for each of Spark's two tasks.
const FILES: usize = 2;

fn main() -> Result<(), BoxError> {
    let inputs = inputs()?;
    let batches = inputs
        .iter()
        .map(|path| batches_of(path))
        .collect::<Result<Vec<_>, _>>()?;
    let batches = batches.concat();
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let out = Path::new("target/spark/bench/bare");
    fs::create_dir_all(out)?;
    let mut nanos = (0..ROUNDS)
        .map(|_| measured(&batches, out))
        .collect::<Result<Vec<_>, _>>()?;
    nanos.sort_unstable();
    let each = |place: usize| {
        nanos
            .get(place)
            .map_or(f64::NAN, |nanos| *nanos as f64 / rows as f64)
    };
    println!(
        "{rows} rows in batches of {BATCH_ROWS}, {FILES} files: a bare ArrowWriter takes {:.0} ns of CPU a row \
         (least {:.0})",
        each(ROUNDS / 2),
        each(0)
    );
    Ok(())
}

fn inputs() -> Result<Vec<PathBuf>, BoxError> {
    let found = fs::read_dir(INPUT)
        .map_err(|_| format!("{INPUT} is not there: benches/spark/run makes it"))?;
    let mut inputs = found
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, BoxError>>()?;
    inputs.sort();
    Ok(inputs)
}

fn batches_of(path: &Path) -> Result<Vec<RecordBatch>, BoxError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let reader = reader.with_batch_size(BATCH_ROWS).build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

/// Writes all batches and syncs; returns this thread's CPU time in nanoseconds.
fn measured(batches: &[RecordBatch], out: &Path) -> Result<u64, BoxError> {
    let before = cpu_nanos()?;
    for (number, share) in batches.chunks(batches.len().div_ceil(FILES)).enumerate() {
        let schema = share.first().ok_or("there are no rows")?.schema();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let file = File::create(out.join(format!("{number}.parquet")))?;
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
        for batch in share {
            writer.write(batch)?;
        }
        writer.into_inner()?.sync_all()?;
    }
    Ok(cpu_nanos()? - before)
}

/// CPU time of this thread, as Linux counts it.
fn cpu_nanos() -> Result<u64, BoxError> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().ok_or("schedstat is empty")?;
    Ok(nanos.parse()?)
}
