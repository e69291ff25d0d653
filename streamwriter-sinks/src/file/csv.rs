//! Comma-separated values.

use std::io;
use std::path::Path;

use csv::{QuoteStyle, Writer, WriterBuilder};
use serde::Serialize;
use streamwriter_core::{Error, ErrorKind, Result};

use super::sealed::Format;
use super::{EncodeError, FileSink, RowEncoder, TextFile};
use crate::cells::{self, Cell, CellError, CellSink};
use crate::staging::Staging;

/// The CSV format: files `*.csv`, quoted where needed, with a header by default.
///
/// Lines end with a line feed. Options: [`delimiter`](FileSink::delimiter),
/// [`header`](FileSink::header), [`quoting`](FileSink::quoting), [`null_value`](FileSink::null_value).
///
/// A row is a struct or map of plain values, a tuple (columns `_1`, `_2`, …), or a single
/// `value`. A list, map or struct inside a row has no CSV form and is an error that names its
/// column. All rows of a file have the columns of the first one. An empty text and a missing value
/// look the same unless there is a [`null_value`](FileSink::null_value).
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
    /// Those that hold a delimiter, a quote or a line end.
    #[default]
    Necessary,
    /// Those that do not read as a number.
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
    /// A text that is the same as this value cannot be told from a missing one when it is read.
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
        let writer = WriterBuilder::new()
            .delimiter(self.delimiter)
            .quote_style(match self.quoting {
                CsvQuoting::Necessary => QuoteStyle::Necessary,
                CsvQuoting::NonNumeric => QuoteStyle::NonNumeric,
                CsvQuoting::Always => QuoteStyle::Always,
            })
            .from_writer(file);
        Encoder {
            writer,
            columns: None,
            options: self.clone(),
        }
    }
}

/// Writes rows as records of the same columns.
#[derive(Debug)]
pub struct Encoder {
    writer: Writer<TextFile>,
    columns: Option<Vec<String>>,
    options: Csv,
}

impl RowEncoder for Encoder {
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        self.push_cells(row).map_err(|error| match error {
            CellError::Io(error) => EncodeError::Io(error),
            other => EncodeError::Row(other.into()),
        })
    }

    fn file(&self) -> &TextFile {
        self.writer.get_ref()
    }

    fn into_file(self) -> io::Result<TextFile> {
        self.writer.into_inner().map_err(|error| error.into_error())
    }
}

impl Encoder {
    fn push_cells<R: Serialize>(&mut self, row: &R) -> Result<(), CellError> {
        let columns = match &mut self.columns {
            Some(columns) => columns,
            none => none.insert(begin(&mut self.writer, row, self.options.header)?),
        };
        let mut record = Record {
            writer: &mut self.writer,
            columns,
            null_value: &self.options.null_value,
            next: 0,
        };
        cells::visit(row, &mut record)?;
        record.expect_all()?;
        self.writer.write_record(None::<&[u8]>).map_err(from_csv)?;
        // The file counts whole records then.
        Ok(self.writer.flush()?)
    }
}

/// Finds the columns in the first row and writes the header.
fn begin<R: Serialize>(
    writer: &mut Writer<TextFile>,
    row: &R,
    header: bool,
) -> Result<Vec<String>, CellError> {
    let mut columns = Columns::default();
    cells::visit(row, &mut columns)?;
    if columns.0.is_empty() {
        return Err(CellError::Custom("the row has no columns".to_owned()));
    }
    if header {
        writer.write_record(&columns.0).map_err(from_csv)?;
    }
    Ok(columns.0)
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
    writer: &'r mut Writer<TextFile>,
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
        let text = match cell {
            Cell::Null => self.null_value,
            Cell::Number(text) | Cell::Float(text) | Cell::Text(text) => text,
        };
        self.writer.write_field(text).map_err(from_csv)
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

fn from_csv(error: csv::Error) -> CellError {
    if error.is_io_error()
        && let csv::ErrorKind::Io(error) = error.into_kind()
    {
        return CellError::Io(error);
    }
    CellError::Custom("the row does not fit into a CSV record".to_owned())
}
