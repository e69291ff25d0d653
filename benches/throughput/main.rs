//! How many rows a second a whole query with a durable checkpoint brings into files, beside
//! hand-written code that writes the same files in the same process, interleaved.
//!
//! ```bash
//! cargo bench --bench throughput            # a million rows
//! cargo bench --bench throughput -- 100000  # fewer
//! ```
//!
//! A ratio is the query's rows a second by those of the hand-written code; 1 is as fast. Both make
//! the same rows from the same numbers, in the same number of files, on one thread, and sync each file.
//! `noop` has no counterpart: what it costs is the engine's share of each row.

mod hand;
mod rows;

use std::path::Path;
use std::time::{Duration, Instant};

use streamwriter::prelude::*;
use streamwriter::{Noop, QuerySummary};

use rows::Made;

const ROUNDS: usize = 5;
const FILES: u64 = 4;

type Run = fn(&Path, u64) -> Result<Duration, BoxError>;

fn main() -> Result<(), BoxError> {
    // `cargo bench` adds a flag of its own.
    let asked = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let rows: u64 = asked.map_or(Ok(1_000_000), |text| text.parse())?;
    println!("{rows} rows, {FILES} files, {ROUNDS} rounds, medians");
    compare(
        "parquet, derived rows",
        rows,
        parquet_derived,
        hand::parquet,
    )?;
    compare("parquet, serde rows", rows, parquet_serde, hand::parquet)?;
    compare("json lines", rows, json_lines, hand::json_lines)?;
    compare("csv", rows, csv, hand::csv)?;
    let engine = measure(rows, noop)?;
    println!(
        "{:24} {:>8.1} ns a row for source and engine",
        "noop",
        engine.as_secs_f64() * 1e9 / rows as f64
    );
    Ok(())
}

fn compare(name: &str, rows: u64, query: Run, hand: Run) -> Result<(), BoxError> {
    let (mut queries, mut hands) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        queries.push(in_folder(rows, query)?);
        hands.push(in_folder(rows, hand)?);
    }
    let (query, hand) = (median(&mut queries), median(&mut hands));
    let speed = |took: Duration| rows as f64 / took.as_secs_f64() / 1e3;
    println!(
        "{name:24} {:>8.0} k rows/s, by hand {:>8.0} k rows/s, ratio {:.2}",
        speed(query),
        speed(hand),
        hand.as_secs_f64() / query.as_secs_f64()
    );
    Ok(())
}

fn measure(rows: u64, run: Run) -> Result<Duration, BoxError> {
    let mut took = (0..ROUNDS)
        .map(|_| in_folder(rows, run))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(median(&mut took))
}

fn in_folder(rows: u64, run: Run) -> Result<Duration, BoxError> {
    let directory = tempfile::tempdir()?;
    run(directory.path(), rows)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn parquet_derived(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    run(directory, rows, ParquetSink::rows(directory.join("out"))?)
}

fn parquet_serde(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    run(directory, rows, ParquetSink::new(directory.join("out"))?)
}

fn json_lines(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    run(
        directory,
        rows,
        FileSink::json_lines(directory.join("out"))?,
    )
}

fn csv(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    run(directory, rows, FileSink::csv(directory.join("out"))?)
}

fn noop(directory: &Path, rows: u64) -> Result<Duration, BoxError> {
    run(directory, rows, Noop::new())
}

/// Runs the query to its end; returns how long it took, start and all.
fn run(
    directory: &Path,
    rows: u64,
    sink: impl WriteRows<rows::Flight>,
) -> Result<Duration, BoxError> {
    let began = Instant::now();
    let summary: QuerySummary = stream(Made::new(rows))
        .write_to(sink)
        .checkpoint(directory.join("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(rows.div_ceil(FILES))
        .executors(1)
        .start()?
        .await_termination()?;
    let took = began.elapsed();
    assert_eq!(summary.output_rows, rows);
    Ok(took)
}
