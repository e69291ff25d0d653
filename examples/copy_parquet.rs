//! Copies Parquet files, exactly once, with a sink by name: what a Spark job with the same sink and options
//! writes of the same input has the same schema and rows; `.ci/spark` compares them.
//!
//! ```bash
//! cargo run --release --example copy_parquet -- IN OUT CHECKPOINT compression=snappy
//! ```

use std::process::ExitCode;

use streamwriter::prelude::*;
use streamwriter::{ParquetFiles, prebuilt_sinks};

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
    let mut arguments = std::env::args().skip(1);
    let mut next = |what| arguments.next().ok_or(format!("give {what}"));
    let (input, output) = (next("a directory to read")?, next("one to write")?);
    let checkpoint = next("one for the checkpoint")?;
    let options = arguments.filter_map(|argument| {
        let (name, value) = argument.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });

    let schema = ParquetFiles::schema_of_first(&input)?.ok_or("there is no Parquet file")?;
    let sink = prebuilt_sinks()?
        .format("parquet")
        .option("path", output)
        .options(options)
        .schema(schema.clone())
        .build()?;
    let query = stream(ParquetFiles::directory(input, schema)?)
        .write_to(sink)
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .start()?;
    println!("{}", query.await_termination()?);
    Ok(())
}
