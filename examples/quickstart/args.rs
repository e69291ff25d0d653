//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Streams flight records from a directory of files into another, each row exactly once.
///
/// Kill it whenever you like and start it again: it goes on where it was. It reads what is there,
/// then ends; files that arrive later are picked up by the next run.
#[derive(Debug, Parser)]
#[command(name = "quickstart", version)]
pub(crate) struct Args {
    /// Directory with the input files (by default three days of flights from this repository).
    /// They need the columns of the flights data; NA is null in CSV.
    #[arg(long, value_name = "DIR", default_value_os_t = shipped_records())]
    pub(crate) input: PathBuf,

    /// Format of the input files: *.csv with a header, or *.jsonl with one object a line.
    #[arg(long, value_enum, default_value_t = InputFormat::Csv)]
    pub(crate) format: InputFormat,

    /// Where rows go: one file per partition and batch, or tables on the terminal.
    #[arg(long, value_enum, default_value_t = SinkKind::Parquet)]
    pub(crate) sink: SinkKind,

    /// Directory for the output files [default: target/quickstart/<SINK>].
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Columns whose values make directories, as in carrier=AA/origin=JFK/; they leave the files.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) partition_by: Vec<String>,

    /// Rows that an output file has at most [default: no limit].
    #[arg(long, value_name = "N")]
    pub(crate) max_rows_per_file: Option<u64>,

    /// Directory for the checkpoint, which remembers what is done. It belongs to one input and one
    /// output [default: target/quickstart/checkpoint-<SINK>].
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,

    /// Directory for rows that do not fit, with the reasons. Without it the first one ends the run.
    #[arg(long, value_name = "DIR")]
    pub(crate) set_aside: Option<PathBuf>,

    /// Upper size of a batch. Each batch makes at least one file and a few syncs to disk.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_rows_per_batch: u64,

    /// Partitions that are written at the same time [default: one per core].
    #[arg(long, value_name = "N")]
    pub(crate) executors: Option<usize>,

    /// Bytes of input that a partition has at least; each makes a file of its own.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub(crate) min_partition_bytes: u64,

    /// Committed batches whose records stay in the checkpoint, at least 2.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) keep_batches: u64,

    /// Take over from a run that holds the checkpoint and does not end, such as a stopped process.
    /// It is fenced off: should it wake up, it publishes nothing more.
    #[arg(long)]
    pub(crate) take_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    Csv,
    Jsonl,
}

impl InputFormat {
    /// Which files of the input directory are read.
    pub(crate) fn files(self) -> &'static str {
        match self {
            Self::Csv => "*.csv files",
            Self::Jsonl => "*.jsonl, *.ndjson or *.json files",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SinkKind {
    Parquet,
    Jsonl,
    Csv,
    Stdout,
}

impl SinkKind {
    fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Stdout => "stdout",
        }
    }
}

impl Args {
    pub(crate) fn output(&self) -> PathBuf {
        self.output
            .clone()
            .unwrap_or_else(|| self.beside_the_others(self.sink.name()))
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        let name = format!("checkpoint-{}", self.sink.name());
        self.checkpoint
            .clone()
            .unwrap_or_else(|| self.beside_the_others(&name))
    }

    fn beside_the_others(&self, name: &str) -> PathBuf {
        PathBuf::from("target/quickstart").join(name)
    }
}

fn shipped_records() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/data/flights"
    ))
}
