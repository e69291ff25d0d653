//! One JSON value per line.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use streamwriter_core::Result;

use super::sealed::Format;
use super::{EncodeError, FileSink, RowEncoder, TextFile};
use crate::staging::Staging;

/// The JSON lines format: one value per line, in files `*.jsonl`.
///
/// Numbers that are not finite have no JSON form and are written as `null`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct JsonLines;

impl FileSink<JsonLines> {
    /// Writes JSON lines into a local directory.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn json_lines(path: impl AsRef<Path>) -> Result<Self> {
        Self::at(path, JsonLines)
    }

    /// Writes JSON lines over any storage.
    pub fn json_lines_in(staging: Staging) -> Self {
        Self::over(staging, JsonLines)
    }
}

impl Format for JsonLines {
    const NAME: &'static str = "jsonl";
    type Encoder = Encoder;

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn encoder(&self, file: TextFile) -> Encoder {
        Encoder(file)
    }
}

/// Writes rows straight into the buffer of the file.
#[derive(Debug)]
pub struct Encoder(TextFile);

impl RowEncoder for Encoder {
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        serde_json::to_writer(&mut self.0, row).map_err(|error| {
            if error.is_io() {
                EncodeError::Io(error.into())
            } else {
                EncodeError::Row(error.into())
            }
        })?;
        self.0.write_all(b"\n").map_err(EncodeError::Io)
    }

    fn file(&self) -> &TextFile {
        &self.0
    }

    fn into_file(self) -> io::Result<TextFile> {
        Ok(self.0)
    }
}
