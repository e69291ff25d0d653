//! Comma-separated values.

mod line;

use std::path::Path;

use serde::Serialize;
use streamwriter_core::{Error, ErrorKind, Result};

use super::sealed::Format;
use super::{EncodeError, FileSink, RowEncoder, TextFile};
use crate::cells::{self, Cell, CellError, CellSink, Name};
use crate::staging::Staging;

use line::{Fields, Line};

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
            fields: Fields::new(self.delimiter, self.quoting),
            columns: None,
            null_value: self.null_value.clone(),
            header: self.header,
        }
    }
}

/// Writes rows as records of the same columns.
#[derive(Debug)]
pub struct Encoder {
    file: TextFile,
    fields: Fields,
    columns: Option<Vec<Column>>,
    null_value: String,
    header: bool,
}

impl RowEncoder for Encoder {
    #[inline]
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError> {
        let Self {
            fields, null_value, ..
        } = self;
        let columns = match &self.columns {
            Some(columns) => columns,
            None => {
                let found = columns_of(row).map_err(bad_cells)?;
                if self.header {
                    self.file.append(|bytes| {
                        write_header(&found, fields, bytes);
                        Ok(())
                    })?;
                }
                self.columns.insert(found)
            }
        };
        self.file.append(|bytes| {
            let mut record = Record {
                line: fields.begin(bytes),
                columns,
                null_value,
                next: 0,
            };
            cells::visit(row, &mut record).map_err(bad_cells)?;
            record.end().map_err(bad_cells)
        })
    }

    fn file(&self) -> &TextFile {
        &self.file
    }

    fn into_file(self) -> TextFile {
        self.file
    }
}

fn bad_cells(error: CellError) -> EncodeError {
    EncodeError::Row(error.into())
}

fn write_header(columns: &[Column], fields: &Fields, bytes: &mut Vec<u8>) {
    let mut line = fields.begin(bytes);
    for column in columns {
        line.push_text(&column.name);
    }
    line.end();
}

/// A column of the table.
#[derive(Debug)]
struct Column {
    name: String,
    /// Where the name is in the program, if it is there: a look instead of a comparison.
    field: Option<&'static str>,
}

impl Column {
    fn of(name: Name<'_>) -> Self {
        let field = match name {
            Name::Field(field) => Some(field),
            Name::Other(_) => None,
        };
        Self {
            name: name.to_string(),
            field,
        }
    }

    #[inline]
    fn is(&self, name: Name<'_>) -> bool {
        match (self.field, name) {
            (Some(known), Name::Field(field)) if std::ptr::eq(known, field) => true,
            _ => self.name == *name,
        }
    }
}

/// Finds the columns in the first row.
fn columns_of<R: Serialize>(row: &R) -> Result<Vec<Column>, CellError> {
    let mut columns = Columns::default();
    cells::visit(row, &mut columns)?;
    match columns.0.is_empty() {
        true => Err(CellError::Custom("the row has no columns".to_owned())),
        false => Ok(columns.0),
    }
}

#[derive(Default)]
struct Columns(Vec<Column>);

impl CellSink for Columns {
    fn cell(&mut self, column: Name<'_>, _: Cell<'_>) -> Result<(), CellError> {
        self.0.push(Column::of(column));
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
    line: Line<'r>,
    columns: &'r [Column],
    null_value: &'r str,
    next: usize,
}

impl Record<'_> {
    fn end(self) -> Result<(), CellError> {
        if let Some(missing) = self.columns.get(self.next) {
            let name = &missing.name;
            return Err(CellError::Custom(format!(
                "the row has no column `{name}`, and the first row of the file has"
            )));
        }
        self.line.end();
        Ok(())
    }
}

/// Says what stands where another column was expected, or none.
#[cold]
fn unexpected(column: Name<'_>, expected: Option<&Column>) -> CellError {
    CellError::Custom(match expected {
        Some(Column { name, .. }) => {
            format!("the row has column `{column}` where the first row of the file has `{name}`")
        }
        None => format!("the row has column `{column}`, and the first row of the file has not"),
    })
}

impl CellSink for Record<'_> {
    #[inline]
    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        match self.columns.get(self.next) {
            Some(expected) if expected.is(column) => self.next += 1,
            other => return Err(unexpected(column, other)),
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
