//! Shows a whole query on real records: flights from New York, from CSV or JSON lines into Parquet,
//! exactly once, with progress, a clean stop on Ctrl-C, and a restart that goes on where it was.
//!
//! ```bash
//! cargo run --release --example quickstart            # the flights shipped with the repository
//! cargo run --release --example quickstart            # again: says that there is nothing new
//! cargo run --release --example quickstart -- --help  # for your own files and other sinks
//! ```

mod args;
mod flight;
mod report;
mod signals;

use std::path::Path;
use std::process::ExitCode;

use args::{Args, InputFormat, SinkKind};
use clap::Parser;
use flight::Flight;
use report::Report;
use streamwriter::prelude::*;
use streamwriter::{
    BadRows, Csv, ErrorKind, FileFormat, FileSink, JsonLines, ParquetSink, SetAside, Source, Stdout,
};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.report());
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Error> {
    let bad_rows = match args.set_aside {
        Some(_) => BadRows::SetAside { limit: u64::MAX },
        None => BadRows::Fail,
    };
    match args.format {
        InputFormat::Csv => {
            let csv = Csv::<Flight>::directory(&args.input)?.null_values(["NA"]);
            let csv = csv.partition_bytes_min(args.min_partition_bytes);
            choose_sink(args, csv.bad_rows(bad_rows))
        }
        InputFormat::Jsonl => {
            let lines = JsonLines::<Flight>::directory(&args.input)?;
            let lines = lines.partition_bytes_min(args.min_partition_bytes);
            choose_sink(args, lines.bad_rows(bad_rows))
        }
    }
}

fn choose_sink(args: &Args, source: impl Source<Row = Flight>) -> Result<(), Error> {
    let output = args.output();
    if args.sink != SinkKind::Stdout {
        refuse_the_input(&args.input, &output)?;
    }
    match args.sink {
        SinkKind::Parquet => {
            let mut sink = ParquetSink::new(output)?.partition_by(&args.partition_by);
            if let Some(rows) = args.max_rows_per_file {
                sink = sink.max_rows_per_file(rows);
            }
            choose_place(args, source, sink)
        }
        SinkKind::Jsonl => choose_place(args, source, text(args, FileSink::json_lines(output)?)),
        SinkKind::Csv => {
            let sink = FileSink::csv(output)?.null_value("NA");
            choose_place(args, source, text(args, sink))
        }
        SinkKind::Stdout => {
            refuse_layout(args)?;
            choose_place(args, source, Stdout::table())
        }
    }
}

/// Lays out text files as the command line says.
fn text<F: FileFormat>(args: &Args, sink: FileSink<F>) -> FileSink<F> {
    let sink = sink.partition_by(&args.partition_by);
    match args.max_rows_per_file {
        Some(rows) => sink.max_rows_per_file(rows),
        None => sink,
    }
}

/// Refuses what says how files are laid out, where there are none.
fn refuse_layout(args: &Args) -> Result<(), Error> {
    if args.partition_by.is_empty() && args.max_rows_per_file.is_none() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "--partition-by and --max-rows-per-file are for sinks that write files",
    )
    .with_help("leave them out, or choose --sink parquet, jsonl or csv"))
}

/// Gives the sink a place for rows that do not fit, if there is to be one.
fn choose_place(
    args: &Args,
    source: impl Source<Row = Flight>,
    sink: impl WriteRows<Flight>,
) -> Result<(), Error> {
    match &args.set_aside {
        Some(directory) => {
            refuse_the_input(&args.input, directory)?;
            start(args, source, SetAside::new(sink, directory)?)
        }
        None => start(args, source, sink),
    }
}

/// Refuses to write where it reads: the next run would take its own output for new input.
fn refuse_the_input(input: &Path, output: &Path) -> Result<(), Error> {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(input), Ok(output)) if input == output => Err(Error::new(
            ErrorKind::Config,
            "the output is the input directory, so the output would be read as input",
        )
        .at_path(output.display().to_string())
        .with_help("choose another directory for the output")),
        _ => Ok(()),
    }
}

/// The query itself: a source, a sink, a checkpoint, a trigger.
fn start(
    args: &Args,
    source: impl Source<Row = Flight>,
    sink: impl WriteRows<Flight>,
) -> Result<(), Error> {
    let report = Report::new(args);
    let mut query = stream(source)
        .write_to(sink)
        .checkpoint(args.checkpoint())
        .name("flights")
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(args.max_rows_per_batch)
        .keep_batches(args.keep_batches)
        .take_over(args.take_over)
        .listener(report.listener());
    if let Some(executors) = args.executors {
        query = query.executors(executors);
    }
    let query = query.start()?;
    signals::stop_on_signal(query.stop_handle())?;
    let summary = query.await_termination()?;
    report.finish(&summary);
    Ok(())
}
