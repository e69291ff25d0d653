//! A file being staged: bytes in, identity out.

use std::fmt;
use std::io::{self, BufWriter, Write};

use streamwriter_core::{Result, StagedObject, StagedUpload, StorePath};

use super::error::write_failed;

/// How many bytes are collected before they are handed to the storage.
pub(super) const BUFFER_BYTES: usize = 1024 * 1024;

/// A data file that a task writes and no reader sees; made by [`Staging::file`].
///
/// Bytes go in through [`Write`], buffered by 1 MiB. [`finish`](Self::finish) makes them durable
/// and gives what belongs into the commit message. Dropped without it, the file is removed.
///
/// [`Staging::file`]: super::Staging::file
#[must_use = "a staging file that is dropped without `finish` is removed"]
pub struct StagingFile {
    writer: BufWriter<Box<dyn StagedUpload>>,
    path: StorePath,
    bytes: u64,
}

impl StagingFile {
    pub(super) fn new(upload: Box<dyn StagedUpload>, path: StorePath, buffer: usize) -> Self {
        Self {
            writer: BufWriter::with_capacity(buffer, upload),
            path,
            bytes: 0,
        }
    }

    /// Returns the name that the file will have once it is published.
    #[must_use]
    pub fn path(&self) -> &StorePath {
        &self.path
    }

    /// Returns how many bytes were written so far.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.bytes
    }

    /// Returns how many bytes are collected before the storage gets them; as many at once are handed on as
    /// they are.
    pub(crate) fn buffer_bytes(&self) -> usize {
        self.writer.capacity()
    }

    /// Makes the file durable and returns its identity for the commit message.
    ///
    /// After `Ok` it survives a power cut, still invisible. A sink asks
    /// [`rows.end()`](streamwriter_core::Rows::end) first: a part of a partition is not to be
    /// finished (W8). One that finishes files earlier, since they are full, discards them if the
    /// partition turns out to be a part.
    ///
    /// # Errors
    /// [`Storage`](streamwriter_core::ErrorKind::Storage). What may be left of the file is
    /// removed by the sweep of a later run.
    pub fn finish(self) -> Result<StagedObject> {
        let upload = self
            .writer
            .into_inner()
            .map_err(|error| write_failed(error.into_error()).at_path(self.path.to_string()))?;
        upload.finish()
    }
}

impl Write for StagingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl fmt::Debug for StagingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagingFile")
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
