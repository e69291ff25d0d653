//! The bytes of a text file on their way into the staged file.

use std::io::{self, Write};

use crate::staging::StagingFile;

/// A staged text file.
///
/// [`flush`](Write::flush) does nothing, so that an encoder with a buffer of its own may hand over
/// each record without a system call.
#[derive(Debug)]
pub struct TextFile(StagingFile);

impl TextFile {
    pub(super) fn new(file: StagingFile) -> Self {
        Self(file)
    }

    /// Returns how many bytes of the file are there by now.
    pub(super) fn bytes_written(&self) -> u64 {
        self.0.bytes_written()
    }

    /// Completes the stream and returns the file.
    pub(super) fn into_staged(self) -> io::Result<StagingFile> {
        Ok(self.0)
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
