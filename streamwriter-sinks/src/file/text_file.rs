//! The bytes of a text file on their way into the staged file.

use std::fmt;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use std::io::BufWriter;
use std::io::{self, Write};

use super::FileCompression;
use crate::staging::StagingFile;

/// How many bytes are collected before they are compressed; encoders write a few at a time.
#[cfg(any(feature = "gzip", feature = "zstd"))]
const PLAIN_BYTES: usize = 32 * 1024;

/// A staged text file, compressed or not.
///
/// [`flush`](Write::flush) does nothing, so that an encoder with a buffer of its own may hand over
/// each record without a system call, and without a mark in a compressed stream.
pub struct TextFile(Box<dyn Stream>);

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
impl Stream for BufWriter<flate2::write::GzEncoder<StagingFile>> {
    fn bytes_written(&self) -> u64 {
        self.get_ref().get_ref().bytes_written()
    }

    fn complete(self: Box<Self>) -> io::Result<StagingFile> {
        unbuffered(*self)?.finish()
    }
}

#[cfg(feature = "zstd")]
impl Stream for BufWriter<zstd::Encoder<'static, StagingFile>> {
    fn bytes_written(&self) -> u64 {
        self.get_ref().get_ref().bytes_written()
    }

    fn complete(self: Box<Self>) -> io::Result<StagingFile> {
        unbuffered(*self)?.finish()
    }
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn unbuffered<W: Write>(buffer: BufWriter<W>) -> io::Result<W> {
    buffer.into_inner().map_err(|error| error.into_error())
}

impl TextFile {
    pub(super) fn begin(file: StagingFile, compression: FileCompression) -> io::Result<Self> {
        match compression {
            FileCompression::None => Ok(Self(Box::new(file))),
            #[cfg(feature = "gzip")]
            FileCompression::Gzip(level) => {
                let level = flate2::Compression::new(level);
                let encoder = flate2::write::GzEncoder::new(file, level);
                let buffer = BufWriter::with_capacity(PLAIN_BYTES, encoder);
                Ok(Self(Box::new(buffer)))
            }
            #[cfg(feature = "zstd")]
            FileCompression::Zstd(level) => {
                let mut encoder = zstd::Encoder::new(file, level)?;
                encoder.include_checksum(true)?;
                let buffer = BufWriter::with_capacity(PLAIN_BYTES, encoder);
                Ok(Self(Box::new(buffer)))
            }
        }
    }

    /// Returns how many bytes of the file are there by now; a compressor gives them late.
    pub(super) fn bytes_written(&self) -> u64 {
        self.0.bytes_written()
    }

    /// Completes the stream and returns the file.
    pub(super) fn into_staged(self) -> io::Result<StagingFile> {
        self.0.complete()
    }
}

impl Write for TextFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
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
