//! The prebuilt sources of streamwriter: where rows come from when nothing else is at hand.
//!
//! A source is a stream of rows that can be cut into batches, and read again after a crash: what a
//! batch holds is decided once, logged, and never decided anew.
//!
//! | Source | Rows | Replay | Feature |
//! |---|---|---|---|
//! | [`Csv`] | the records of the CSV files of a directory, as your `Deserialize` type | yes | `csv` (default) |
//! | [`JsonLines`] | the lines of the JSON lines files of a directory, as your type | yes | `jsonl` (default) |
//! | [`ParquetFiles`] | the rows of the Parquet files of a directory, as Arrow record batches | yes | `parquet` |
//! | [`Rate`] | [`RateRow`]s, so many per second | yes | |
//! | [`Memory`] | values of the program itself | yes, if the program offers them again | |
//! | [`Channel`] | values that the program sends while the query runs | no | |
//! | [`Iter`] | what an iterator gives | no | |
//!
//! Without any feature the crate depends on nothing but streamwriter's core, serde and tracing.
//!
//! # Putting files into a directory
//!
//! A file is read as it is when a batch is planned, so it must appear **whole**: write it outside
//! of the directory, or under a name that begins with `.` or `_`, and rename it when it is
//! complete. A rename within one file system is atomic. A file that changes after it was planned
//! fails the query; one that changes after it was read is not read again, because a file is known
//! by its name.
//!
//! A file whose name goes on with `.gz` (feature `gzip`) or `.zst` (feature `zstd`), such as
//! `orders.jsonl.gz`, is decompressed while it is read; positions in errors and of rows that are set aside
//! count the bytes that come out. Such a file is never cut: it is read by one task, and where the query
//! bounds the rows of a batch it is a batch of its own and may exceed the bound. **Do not compress a file
//! in its place after it was read**: under its new name it is another file, and its rows come again. One that ends in its middle,
//! or does not fit its checksum, fails the query; `zstd` makes files without a checksum unless it is told
//! `--check`, and damage in those may read as other rows.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! std::fs::write("in/.orders-17.jsonl", "{\"id\":1}\n{\"id\":2}\n")?;
//! std::fs::rename("in/.orders-17.jsonl", "in/orders-17.jsonl")?;
//! # Ok(())
//! # }
//! ```

#![warn(clippy::print_stdout, reason = "a library does not print")]

#[cfg(any(feature = "csv", feature = "jsonl", feature = "parquet"))]
#[cfg_attr(
    not(any(feature = "csv", feature = "jsonl")),
    allow(dead_code, reason = "text formats need more of it than Parquet")
)]
mod files;

#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "jsonl")]
mod json_lines;

#[cfg(feature = "parquet")]
mod parquet;

mod memory;
mod once;
mod plain;
mod rate;

#[cfg(feature = "csv")]
pub use crate::csv::{Csv, CsvReader};
#[cfg(any(feature = "csv", feature = "jsonl", feature = "parquet"))]
pub use files::{BadRows, FileIdentity, FileRange, FilesOffset, FilesPartition, SchemaDrift};
#[cfg(feature = "jsonl")]
pub use json_lines::{JsonLines, JsonLinesReader};
pub use memory::{Memory, MemoryOffset, MemoryPartition, MemoryReader};
pub use once::{Channel, Iter, OnceOffset, OncePartition, OnceReader, SendError, Sender};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetFiles, ParquetReader};
pub use rate::{Rate, RateOffset, RatePartition, RateReader, RateRow};

#[cfg(all(feature = "testing", feature = "csv", feature = "jsonl"))]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::files::fuzz::{csv, json_lines, positions, segments};
}
