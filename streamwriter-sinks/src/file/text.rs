//! One text per line.

use std::path::Path;

use serde::Serialize;
use streamwriter_core::Result;

use super::sealed::Format;
use super::{EncodeError, FileSink, RowEncoder, TextFile};
use crate::cells::{self, Cell, CellError, CellSink, Name};
use crate::staging::Staging;

/// Plain text: one text per line, in files `*.txt`.
///
/// A row is a text, or a struct or map with one column that is one, as in Spark. A boolean, a
/// character and an enum variant without data are texts. A null, a number, and a text with a line
/// break in it do not fit: no reader would get them back.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Text;

impl FileSink<Text> {
    /// Writes plain text into a local directory.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn text(path: impl AsRef<Path>) -> Result<Self> {
        Self::at(path, Text)
    }

    /// Writes plain text over any storage.
    pub fn text_in(staging: Staging) -> Self {
        Self::over(staging, Text)
    }
}

impl Format for Text {
    const NAME: &'static str = "text";
    const EXTENSION: &'static str = "txt";
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
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        self.0.append(|bytes| {
            let mut line = Line {
                bytes,
                column: None,
            };
            let visited = cells::visit(row, &mut line).and_then(|()| line.expect_one());
            visited.map_err(|error| EncodeError::Row(error.into()))?;
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

/// Takes the one cell of a row.
struct Line<'l> {
    bytes: &'l mut Vec<u8>,
    column: Option<String>,
}

impl Line<'_> {
    fn expect_one(&self) -> Result<(), CellError> {
        match self.column {
            Some(_) => Ok(()),
            None => Err(CellError::Custom("the row has no column".to_owned())),
        }
    }
}

impl CellSink for Line<'_> {
    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        if let Some(first) = &self.column {
            return Err(CellError::Custom(format!(
                "plain text has one column, and the row has `{column}` beside `{first}`"
            )));
        }
        let text = match cell {
            Cell::Text(text) => text,
            Cell::Null => return Err(no_text(&column, "null")),
            Cell::Number(_) | Cell::Float(_) => return Err(no_text(&column, "a number")),
        };
        if text.contains(['\n', '\r']) {
            return Err(no_text(&column, "a text of several lines"));
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.column = Some(column.to_string());
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        Err(no_text(column, what))
    }
}

fn no_text(column: &str, what: &str) -> CellError {
    CellError::Custom(format!(
        "column `{column}` is {what}, which is not one line of text; make one of each row with `.map(…)`"
    ))
}
