//! Our side of `benches/peers/run`: one query, as a person would write it.
//!
//! ```bash
//! cargo run --release --example peers_ours -- parquet|csv|jsonl IN OUT CHECKPOINT zstd|snappy [FILES_PER_BATCH]
//! ```
//!
//! Prints the progress of each batch as a line of JSON.

use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use streamwriter::prelude::*;
use streamwriter::{Compression, Csv, JsonLines, ParquetFiles, Row, Source};

#[derive(Deserialize, Row)]
struct Trade {
    id: i64,
    price: f64,
    quantity: i32,
    symbol: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<Error>() {
            Some(error) => eprintln!("{}", error.report()),
            None => eprintln!("{error}"),
        },
    }
    ExitCode::FAILURE
}

fn run() -> Result<(), BoxError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [format, input, output, checkpoint, codec, files @ ..] = words.as_slice() else {
        return Err("give format, input, output, checkpoint and codec".into());
    };
    let codec = match codec.as_str() {
        "zstd" => Compression::Zstd(1),
        "snappy" => Compression::Snappy,
        other => return Err(format!("no codec {other}").into()),
    };
    let files = files.first().map(|files| files.parse()).transpose()?;
    match format.as_str() {
        "parquet" => {
            let schema = ParquetFiles::schema_of_first(input)?.ok_or("no Parquet file")?;
            let source = ParquetFiles::directory(input, schema.clone())?;
            let sink = ParquetSink::arrow(output, schema)?.compression(codec);
            copy(source, sink, checkpoint, files)
        }
        "csv" => {
            let sink = ParquetSink::rows(output)?.compression(codec);
            copy(Csv::<Trade>::directory(input)?, sink, checkpoint, files)
        }
        "jsonl" => {
            let source = JsonLines::<Trade>::directory(input)?;
            let sink = ParquetSink::rows(output)?.compression(codec);
            copy(source, sink, checkpoint, files)
        }
        other => Err(format!("no format {other}").into()),
    }
}

/// Takes all that is there, in batches of so many files or as the source cuts them.
fn copy<S: Source>(
    source: S,
    sink: impl WriteRows<S::Row>,
    checkpoint: &str,
    files: Option<u64>,
) -> Result<(), BoxError> {
    let mut query = stream(source)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow);
    if let Some(files) = files {
        query = query
            .max_files_per_batch(files)
            .max_bytes_per_batch(u64::MAX);
    }
    let query = query.start()?;
    while !query.wait(Duration::from_secs(60)) {}
    for batch in query.recent_progress() {
        println!("{}", serde_json::to_string(&batch)?);
    }
    query.await_termination()?;
    Ok(())
}
