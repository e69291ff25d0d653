//! What an open Parquet file needs besides what its writers count themselves, as measured.

use parquet::arrow::arrow_writer::ArrowColumnWriter;

use super::Compression;

/// The writer of a file, with its buffer of 8 KiB.
pub(super) const FILE: usize = 16 * 1024;

/// What the end of a file says of one column of one row group.
pub(super) const COLUMN_AT_END: usize = 1536;

/// The writer of a column.
const COLUMN: usize = 4 * 1024;

/// What each column of an open row group needs besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footprint {
    /// A codec that has compressed nothing.
    codec: usize,
    /// A codec that has.
    codec_used: usize,
    page_rows: usize,
    page_bytes: usize,
}

impl Footprint {
    pub(super) fn new(compression: Compression, page_rows: usize, page_bytes: usize) -> Self {
        const KIB: usize = 1024;
        let (codec, codec_used) = match compression {
            Compression::None => (0, 0),
            Compression::Snappy => (2 * KIB, 2 * KIB),
            Compression::Lz4 => (0, 16 * KIB),
            Compression::Gzip(_) => (0, 420 * KIB),
            Compression::Zstd(level) if level <= 3 => (16 * KIB, 96 * KIB),
            Compression::Zstd(level) if level <= 9 => (16 * KIB, 448 * KIB),
            Compression::Zstd(_) => (16 * KIB, 2048 * KIB),
        };
        Self {
            codec,
            codec_used,
            page_rows,
            page_bytes,
        }
    }

    /// Returns what the writers keep in memory, of a row group with so many rows.
    pub(super) fn of(&self, writers: &[ArrowColumnWriter], rows: usize) -> usize {
        let each = writers.iter().map(|writer| {
            let has_page =
                rows >= self.page_rows || writer.get_estimated_total_bytes() >= self.page_bytes;
            let codec = if has_page {
                self.codec_used
            } else {
                self.codec
            };
            writer.memory_size() + COLUMN + codec
        });
        each.fold(0, usize::saturating_add)
    }

    /// Returns by how much more than its rows a column may need at most.
    pub(super) fn column_max(&self) -> usize {
        COLUMN + self.codec_used
    }
}
