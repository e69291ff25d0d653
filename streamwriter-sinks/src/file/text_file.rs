//! The bytes of a text file on their way into the staged file.

use std::fmt;
use std::io::{self, Write};

use super::FileCompression;
use super::encoder::EncodeError;
use crate::staging::StagingFile;

/// How many bytes are collected before the layers below see them: a row is some dozens of small pieces.
///
/// Enough for a staged file to take them as they are.
const BLOCK_BYTES: usize = 64 * 1024;

/// A staged text file, compressed or not.
pub struct TextFile {
    stream: Box<dyn Stream>,
    /// Rows that the stream has not seen yet, each of them whole.
    rows: Vec<u8>,
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
            is_plain: compression == FileCompression::None,
        })
    }

    /// Adds what is appended to the buffer; nothing if that fails.
    #[inline]
    pub(super) fn append(
        &mut self,
        row: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let before = self.rows.len();
        if let Err(error) = row(&mut self.rows) {
            self.rows.truncate(before);
            return Err(error);
        }
        if self.rows.len() >= BLOCK_BYTES {
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
