//! The prebuilt sinks of streamwriter, and the staging helper that makes file sinks exactly-once.
//!
//! A sink is shared by the tasks that write the partitions of a batch. What they write is
//! invisible at first; each task hands a message to the driver, and the driver's `commit` makes
//! the whole batch visible. See `StreamWriter` and `WriteRows` in `streamwriter-core` for the
//! contract.
//!
//! | sink | rows | guarantee | what it leaves | feature |
//! |---|---|---|---|---|
//! | `ParquetSink` | serde types, types that derive `Row`, or Arrow record batches | exactly-once | `*.parquet` | `parquet` |
//! | `FileSink::json_lines` | `Serialize` | exactly-once | `*.jsonl` | `jsonl` |
//! | `FileSink::csv` | `Serialize`, flat | exactly-once | `*.csv` | `csv` |
//! | [`FileSink::text`] | texts | exactly-once | `*.txt` | |
//! | [`Stdout`] | `Serialize` | at-least-once | lines on the terminal | |
//! | [`MemorySink`] | any | at-most-once | rows in this process | |
//! | [`Noop`] | any | at-most-once | nothing | |
//! | [`ForEach`], [`ForEachPartition`] | any | at-least-once | what your closure does, at once | |
//! | [`ForEachBatch`] | `Serialize`, `DeserializeOwned` | at-least-once, or what you declare | what your closure does, batch by batch | |
//! | [`SetAside`] | those of the sink inside | that of the sink inside | its output, and bad rows in a place of their own | |
//! | [`FanOut`] | those of its members, `Clone` | that of the weakest member | what its members leave | |
//! | a sink of your own over [`Staging`] | yours | exactly-once | files of your format | |
//!
//! # By name
//! With the feature `arrow`, `prebuilt_sinks` has them by name, with options as text and Arrow record
//! batches as rows.
//!
//! # Features
//! - `arrow`: sinks by name, and Arrow rows for those that take serde rows. Heavy: brings `arrow`.
//! - `parquet` (default): the Parquet sink. Heavy: brings `arrow`, `parquet` and `serde_arrow`.
//! - `jsonl` (default): the JSON lines format of the file sink.
//! - `csv` (default): the CSV format of the file sink.
//! - `gzip`, `zstd` (default): compressed text files.

#![warn(clippy::print_stdout, reason = "a library does not print")]

#[cfg(feature = "arrow")]
mod arrow_row;
mod cells;
mod ending;
mod message;

mod staging;

mod partition;
mod rolling;

mod file;
#[cfg(feature = "parquet")]
mod parquet;

mod for_each;
mod memory;
mod noop;
mod stdout;

mod both;
mod fan_out;
mod set_aside;

#[cfg(feature = "arrow")]
mod by_name;

#[cfg(feature = "arrow")]
pub use arrow_row::{ArrowRow, ArrowRows, ArrowRowsOfBatch};
pub use both::OfBoth;
#[cfg(feature = "arrow")]
pub use by_name::prebuilt_sinks;
#[cfg(feature = "parquet")]
pub use by_name::{RowsOfVec, SerdeRows};
pub use fan_out::FanOut;
#[cfg(feature = "jsonl")]
pub use file::JsonLines;
#[cfg(feature = "csv")]
pub use file::{Csv, CsvQuoting};
pub use file::{FileCompression, FileFormat, FileSink, Text};
pub use for_each::{
    BatchRows, ForEach, ForEachBatch, ForEachPartition, GivenRows, PartitionRows, SpilledRows,
};
pub use memory::{KeptInMemory, MemoryBatch, MemorySink};
pub use message::StagedFiles;
pub use noop::{Discarded, Noop};
#[cfg(feature = "parquet")]
pub use parquet::{
    ArrowBatches, BloomFilter, Columns, Compression, Derived, Encoding, ParquetSink,
    ParquetStatistics, SortColumn, ViaSerde,
};
pub use set_aside::{SetAside, SetAsideFiles};
pub use staging::{Staging, StagingFile};
pub use stdout::{Rendered, Stdout};

#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::staging::fuzz::{names, target_records};

    /// Commit messages of the prebuilt sinks.
    pub fn messages(data: &[u8]) {
        use streamwriter_core::__fuzz::messages_of;
        messages_of::<()>(data);
        messages_of::<crate::StagedFiles>(data);
        messages_of::<crate::Discarded>(data);
        messages_of::<crate::KeptInMemory>(data);
        messages_of::<crate::Rendered>(data);
        messages_of::<crate::GivenRows>(data);
        messages_of::<crate::SpilledRows>(data);
    }
}
