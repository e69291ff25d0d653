//! One JSON value per line.

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

/// Writes rows as lines.
#[derive(Debug)]
pub struct Encoder(TextFile);

impl RowEncoder for Encoder {
    #[inline]
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        self.0.append(|bytes| {
            serde_json::to_writer(&mut *bytes, row)
                .map_err(|error| EncodeError::Row(error.into()))?;
            bytes.push(b'\n');
            Ok(())
        })
    }

    fn file(&self) -> &TextFile {
        &self.0
    }

    fn into_file(self) -> TextFile {
        self.0
    }
}
