//! What the directory sources share: which files, cut where, read how, done when.
//!
//! In the order of the data: [`listing`] finds files that are not [`taken`], in the directories that
//! [`hive`] allows, unless [`quiet`] says that there are none, [`batch`] chooses
//! what fits into one batch, [`columns`] looks at what its files name, [`split`] cuts it into partitions on record boundaries that [`scan`]
//! finds, [`reader`] reads a partition through [`input`] and hands what does not fit to
//! [`set_aside`], and [`tracker`] remembers.

mod directory;
mod options;
mod position;
pub(crate) mod shared;
pub(crate) mod sizes;

mod batch;
pub(crate) mod columns;
pub(crate) mod hive;
mod listing;
mod own;
mod quiet;
mod scan;
mod split;
mod walk;

mod content;
#[cfg(any(feature = "csv", feature = "jsonl"))]
#[cfg_attr(
    not(feature = "csv"),
    allow(dead_code, reason = "records need more of it than single values")
)]
pub(crate) mod decode_error;
#[cfg(any(feature = "csv", feature = "jsonl"))]
pub(crate) mod field;
#[cfg(any(feature = "csv", feature = "jsonl"))]
mod input;
#[cfg(any(feature = "csv", feature = "jsonl"))]
mod reader;
#[cfg(any(feature = "csv", feature = "jsonl"))]
mod set_aside;
#[cfg(any(feature = "csv", feature = "jsonl"))]
mod span;

mod taken;
mod tracker;

#[cfg(all(feature = "testing", feature = "csv", feature = "jsonl"))]
pub(crate) mod fuzz;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
pub(crate) mod tests;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod gather_tests;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod quiet_tests;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod set_aside_tests;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl", feature = "gzip", feature = "zstd"))]
mod compressed_tests;

pub(crate) use directory::{Directory, MEASURES};
#[cfg(feature = "jsonl")]
pub(crate) use input::Line;
#[cfg(any(feature = "csv", feature = "jsonl"))]
pub(crate) use input::RangeInput;
pub use options::{BadRows, SchemaDrift};
#[cfg(any(feature = "csv", feature = "parquet"))]
pub(crate) use position::read_error;
pub use position::{FileIdentity, FileRange, FilesOffset, FilesPartition};
#[cfg(any(feature = "csv", feature = "jsonl"))]
pub(crate) use reader::{BadRecord, Decoded, Decoder, Failure, FileReader};
pub(crate) use scan::Framing;
#[cfg(any(feature = "csv", feature = "jsonl"))]
pub(crate) use span::Span;
#[cfg(feature = "parquet")]
pub(crate) use {scan::Scanned, scan::Stop};

/// The UTF-8 byte order mark, which some programs write at the start of a file.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
