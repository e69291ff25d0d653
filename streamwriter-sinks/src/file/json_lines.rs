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
        Encoder {
            file,
            line: Vec::new(),
        }
    }
}

/// Writes rows as lines, each of them at once: a row is some dozens of small pieces, and the file
/// behind is reached through several layers.
#[derive(Debug)]
pub struct Encoder {
    file: TextFile,
    line: Vec<u8>,
}

impl RowEncoder for Encoder {
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, row)
            .map_err(|error| EncodeError::Row(error.into()))?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(EncodeError::Io)
    }

    fn file(&self) -> &TextFile {
        &self.file
    }

    fn into_file(self) -> io::Result<TextFile> {
        Ok(self.file)
    }
}
