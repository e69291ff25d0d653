//! Comma-separated values.

mod line;

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use streamwriter_core::{Error, ErrorKind, Result};

use super::sealed::Format;
use super::{EncodeError, FileSink, RowEncoder, TextFile};
use crate::cells::{self, Cell, CellError, CellSink};
use crate::staging::Staging;

use line::Line;

/// The CSV format: files `*.csv`, quoted where needed, with a header by default.
///
/// Lines end with a line feed. Options: [`delimiter`](FileSink::delimiter),
/// [`header`](FileSink::header), [`quoting`](FileSink::quoting), [`null_value`](FileSink::null_value).
///
/// A row is a struct or map of plain values, a tuple (columns `_1`, `_2`, …), or a single
/// `value`. A list, map or struct inside a row has no CSV form and is an error that names its
/// column. All rows of a file have the columns of the first one. A missing value is an empty field and an
/// empty text is `""`, which most readers tell from one another; in a table of one column both are `""`,
/// since readers skip blank lines.
#[derive(Clone, Debug)]
pub struct Csv {
    delimiter: u8,
    header: bool,
    null_value: String,
    quoting: CsvQuoting,
}

/// Which fields of a CSV file stand in quotes; a quote inside is doubled.
///
/// There is no "never": a delimiter or line end inside a text would change the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsvQuoting {
    /// Those that hold a delimiter, a quote or a line end, and texts that would be taken for a missing value.
    #[default]
    Necessary,
    /// Those that do not read as a number, but for missing values.
    NonNumeric,
    /// All, also missing values and the header.
    Always,
}

impl FileSink<Csv> {
    /// Writes CSV into a local directory.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn csv(path: impl AsRef<Path>) -> Result<Self> {
        Self::at(path, Csv::default())
    }

    /// Writes CSV over any storage.
    pub fn csv_in(staging: Staging) -> Self {
        Self::over(staging, Csv::default())
    }

    /// Sets the delimiter; a comma by default. It must be ASCII and no quote or line end.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.format.delimiter = delimiter;
        self
    }

    /// Sets whether the first line of each file names the columns; it does by default.
    pub fn header(mut self, header: bool) -> Self {
        self.format.header = header;
        self
    }

    /// Sets which fields stand in quotes; those that need them by default.
    pub fn quoting(mut self, quoting: CsvQuoting) -> Self {
        self.format.quoting = quoting;
        self
    }

    /// Sets what stands for a missing value; an empty field by default.
    ///
    /// A text that is the same as this value stands in quotes, so that readers which mind them can tell
    /// it from a missing one.
    pub fn null_value(mut self, null_value: impl Into<String>) -> Self {
        self.format.null_value = null_value.into();
        self
    }
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: b',',
            header: true,
            null_value: String::new(),
            quoting: CsvQuoting::default(),
        }
    }
}

impl Format for Csv {
    const NAME: &'static str = "csv";
    type Encoder = Encoder;

    fn check(&self) -> Result<()> {
        if self.delimiter.is_ascii() && !matches!(self.delimiter, b'"' | b'\r' | b'\n') {
            return Ok(());
        }
        let shown = char::from(self.delimiter).escape_default();
        Err(
            Error::new(ErrorKind::Config, format!("not a CSV delimiter: '{shown}'"))
                .with_help("choose an ASCII character that is no quote and no line end"),
        )
    }

    fn encoder(&self, file: TextFile) -> Encoder {
        Encoder {
            file,
            line: Line::new(self.delimiter, self.quoting),
            columns: None,
            null_value: self.null_value.clone(),
            header: self.header,
        }
    }
}

/// Writes rows as records of the same columns, each at once.
#[derive(Debug)]
pub struct Encoder {
    file: TextFile,
    line: Line,
    columns: Option<Vec<String>>,
    null_value: String,
    header: bool,
}

impl RowEncoder for Encoder {
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        self.push_cells(row).map_err(|error| match error {
            CellError::Io(error) => EncodeError::Io(error),
            other => EncodeError::Row(other.into()),
        })
    }

    fn file(&self) -> &TextFile {
        &self.file
    }

    fn into_file(self) -> io::Result<TextFile> {
        Ok(self.file)
    }
}

impl Encoder {
    fn push_cells<R: Serialize>(&mut self, row: &R) -> Result<(), CellError> {
        if self.columns.is_none() {
            let columns = columns_of(row)?;
            if self.header {
                for name in &columns {
                    self.line.push_text(name);
                }
                self.file.write_all(self.line.end())?;
            }
            self.columns = Some(columns);
        }
        let mut record = Record {
            line: &mut self.line,
            columns: self.columns.as_deref().unwrap_or_default(),
            null_value: &self.null_value,
            next: 0,
        };
        cells::visit(row, &mut record)?;
        record.expect_all()?;
        Ok(self.file.write_all(self.line.end())?)
    }
}

/// Finds the columns in the first row.
fn columns_of<R: Serialize>(row: &R) -> Result<Vec<String>, CellError> {
    let mut columns = Columns::default();
    cells::visit(row, &mut columns)?;
    match columns.0.is_empty() {
        true => Err(CellError::Custom("the row has no columns".to_owned())),
        false => Ok(columns.0),
    }
}

#[derive(Default)]
struct Columns(Vec<String>);

impl CellSink for Columns {
    fn cell(&mut self, column: &str, _: Cell<'_>) -> Result<(), CellError> {
        self.0.push(column.to_owned());
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        Err(nested(column, what))
    }
}

struct Record<'r> {
    line: &'r mut Line,
    columns: &'r [String],
    null_value: &'r str,
    next: usize,
}

impl Record<'_> {
    fn expect_all(&self) -> Result<(), CellError> {
        match self.columns.get(self.next) {
            Some(missing) => Err(CellError::Custom(format!(
                "the row has no column `{missing}`, and the first row of the file has"
            ))),
            None => Ok(()),
        }
    }
}

impl CellSink for Record<'_> {
    fn cell(&mut self, column: &str, cell: Cell<'_>) -> Result<(), CellError> {
        match self.columns.get(self.next) {
            Some(expected) if expected == column => self.next += 1,
            Some(expected) => {
                return Err(CellError::Custom(format!(
                    "the row has column `{column}` where the first row of the file has `{expected}`"
                )));
            }
            None => {
                return Err(CellError::Custom(format!(
                    "the row has column `{column}`, and the first row of the file has not"
                )));
            }
        }
        match cell {
            Cell::Null => self.line.push_null(self.null_value),
            Cell::Number(text) | Cell::Float(text) => self.line.push_number(text),
            Cell::Text(text) if text == self.null_value => self.line.push_quoted(text),
            Cell::Text(text) => self.line.push_text(text),
        }
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        Err(nested(column, what))
    }
}

fn nested(column: &str, what: &'static str) -> CellError {
    CellError::Custom(format!(
        "column `{column}` is {what}, which does not fit into one CSV field"
    ))
}
