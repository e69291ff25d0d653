//! The bytes of a text file on their way into the staged file.

use std::fmt;
use std::io::{self, Write};

use super::FileCompression;
use super::encoder::EncodeError;
use crate::staging::StagingFile;

/// How many bytes are collected before they are compressed; a row is some dozens of small pieces.
const COMPRESSED_BLOCK_BYTES: usize = 64 * 1024;

/// A staged text file, compressed or not.
pub struct TextFile {
    stream: Box<dyn Stream>,
    /// Rows that the stream has not seen yet, each of them whole.
    rows: Vec<u8>,
    /// How many bytes of them it sees at once.
    block_bytes: usize,
    is_plain: bool,
}

/// Bytes on their way into the staged file.
trait Stream: Write {
    /// Returns how many bytes of the file are there by now.
    fn bytes_written(&self) -> u64;

    /// Writes what belongs to the end.
    fn complete(self: Box<Self>) -> io::Result<StagingFile>;
}

impl Stream for StagingFile {
    fn bytes_written(&self) -> u64 {
        self.bytes_written()
    }

    fn complete(self: Box<Self>) -> io::Result<StagingFile> {
        Ok(*self)
    }
}

#[cfg(feature = "gzip")]
impl Stream for flate2::write::GzEncoder<StagingFile> {
    fn bytes_written(&self) -> u64 {
        self.get_ref().bytes_written()
    }

    fn complete(self: Box<Self>) -> io::Result<StagingFile> {
        (*self).finish()
    }
}

#[cfg(feature = "zstd")]
impl Stream for zstd::Encoder<'static, StagingFile> {
    fn bytes_written(&self) -> u64 {
        self.get_ref().bytes_written()
    }

    fn complete(self: Box<Self>) -> io::Result<StagingFile> {
        (*self).finish()
    }
}

impl TextFile {
    pub(super) fn begin(file: StagingFile, compression: FileCompression) -> io::Result<Self> {
        let is_plain = compression == FileCompression::None;
        // Whole buffers go past the buffer of the staged file, which stays empty then.
        let block_bytes = match is_plain {
            true => file.buffer_bytes(),
            false => COMPRESSED_BLOCK_BYTES,
        };
        let stream: Box<dyn Stream> = match compression {
            FileCompression::None => Box::new(file),
            #[cfg(feature = "gzip")]
            FileCompression::Gzip(level) => {
                let level = flate2::Compression::new(level);
                Box::new(flate2::write::GzEncoder::new(file, level))
            }
            #[cfg(feature = "zstd")]
            FileCompression::Zstd(level) => {
                let mut encoder = zstd::Encoder::new(file, level)?;
                encoder.include_checksum(true)?;
                Box::new(encoder)
            }
        };
        Ok(Self {
            stream,
            rows: Vec::new(),
            block_bytes,
            is_plain,
        })
    }

    /// Adds what is appended to the buffer. A file with a row that failed must not be finished.
    #[inline]
    pub(super) fn append(
        &mut self,
        row: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        row(&mut self.rows)?;
        if self.rows.len() >= self.block_bytes {
            self.hand_on().map_err(EncodeError::Io)?;
        }
        Ok(())
    }

    /// Returns how many bytes the file has by now; a compressor gives them late.
    pub(super) fn bytes_written(&self) -> u64 {
        let waiting = if self.is_plain { self.rows.len() } else { 0 };
        self.stream.bytes_written() + waiting as u64
    }

    /// Completes the stream and returns the file.
    pub(super) fn into_staged(mut self) -> io::Result<StagingFile> {
        self.hand_on()?;
        self.stream.complete()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.rows)?;
        self.rows.clear();
        Ok(())
    }
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextFile")
            .field("bytes_written", &self.bytes_written())
            .finish_non_exhaustive()
    }
}
