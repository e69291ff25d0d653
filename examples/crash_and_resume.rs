//! Shows what a crash costs: nothing. The program starts itself as a child that dies without warning
//! in the middle of a batch, again and again, and at last lets one run to its end. Then it counts
//! the rows in the files.
//!
//! ```bash
//! cargo run --example crash_and_resume
//! ```

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use streamwriter::prelude::*;
use streamwriter::{FileSink, Memory};

const ROWS: u64 = 10_000;
const ROWS_PER_BATCH: u64 = 1_000;
const CRASH_AT_ROW: &str = "CRASH_AT_ROW";

fn main() -> ExitCode {
    let directory = Path::new("target/crash_and_resume");
    let outcome = match std::env::var(CRASH_AT_ROW) {
        Ok(row) => run_query(directory, row.parse().unwrap_or(u64::MAX)).map_err(BoxError::from),
        Err(_) => crash_and_resume(directory),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The query: numbers into JSON lines. It dies, as by `kill -9`, when it meets the row.
fn run_query(directory: &Path, crash_at_row: u64) -> Result<(), Error> {
    let query = stream(Memory::new(0..ROWS))
        .map(move |row| {
            if row == crash_at_row {
                std::process::abort();
            }
            row
        })
        .write_to(FileSink::json_lines(directory.join("numbers"))?)
        .checkpoint(directory.join("checkpoint"))
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(ROWS_PER_BATCH)
        .start()?;
    println!("  {}", query.await_termination()?);
    Ok(())
}

fn crash_and_resume(directory: &Path) -> Result<(), BoxError> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    for crash_at_row in [1_500, 1_501, 4_999, 9_999, u64::MAX] {
        let program = std::env::current_exe()?;
        let status = Command::new(program)
            .env(CRASH_AT_ROW, crash_at_row.to_string())
            .status()?;
        let rows = published_rows(&directory.join("numbers"))?;
        println!(
            "child ended with {status}; {} rows are published",
            rows.len()
        );
        // What a reader sees at any time: whole batches, each row once.
        let whole_batches = (0..rows.len() as u64).collect::<Vec<_>>();
        if rows != whole_batches || !(rows.len() as u64).is_multiple_of(ROWS_PER_BATCH) {
            return Err("rows are lost, doubled or half there".into());
        }
    }
    match published_rows(&directory.join("numbers"))?.len() as u64 {
        ROWS => println!("all {ROWS} rows are there, each once"),
        found => return Err(format!("{found} rows instead of {ROWS}").into()),
    }
    Ok(())
}

/// Reads the files as any other program would: `*.jsonl` in one directory.
fn published_rows(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            for line in fs::read_to_string(path)?.lines() {
                rows.push(line.parse()?);
            }
        }
    }
    rows.sort_unstable();
    Ok(rows)
}
