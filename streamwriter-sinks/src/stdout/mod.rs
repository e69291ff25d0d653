//! The sink that shows rows to a person.

mod csv;
mod escape;
mod fit;
mod message;
mod table;
mod vertical;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use streamwriter_core::{
    BatchContext, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, TaskContext, WriteRows,
};

use crate::ending::{bad_row, require_complete};

pub use message::Rendered;

use message::{Lines, Page, Shown};
use table::TableRows;

/// How many rows of a batch are shown unless [`Stdout::rows`] says otherwise.
const ROWS: usize = 20;
/// How wide a cell may be unless [`Stdout::truncate`] says otherwise.
const CELL_WIDTH: usize = 20;

/// Prints the first rows of each batch to the standard output, as Spark's console sink does.
///
/// Rows are any serde type. They are rendered by the tasks, travel in the commit messages, and are
/// printed at the commit, so nothing of an aborted batch is ever shown. Its guarantee is
/// at-least-once: a batch whose commit was interrupted is printed again after the restart.
///
/// It is for people: control characters in the data are escaped, long cells are cut, a table is no
/// wider than the terminal, and only the first [`rows`](Self::rows) are shown. Memory: that many
/// rendered rows per partition. Other rows are counted and not even rendered. For a program that
/// reads on, take [`json`](Self::json) or [`csv`](Self::csv) with
/// [`batch_header(false)`](Self::batch_header) and `rows(usize::MAX)`. When whoever reads the output has gone, as in
/// `program | head`, the query ends with [`ErrorKind::Stopped`], which is a clean end.
///
/// ```
/// use streamwriter_core::StreamWriter;
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::Stdout;
///
/// let sink = Stdout::table().rows(1).truncate(None);
/// let pretend = Pretend::default();
/// let message = write_rows(&sink, [("a", 1), ("b", 2)], &pretend.task())?;
/// sink.commit(vec![message], &pretend.batch())?;
/// # Ok::<(), streamwriter_core::Error>(())
/// ```
/// prints
/// ```text
/// -------------------------------------------
/// Batch: 0
/// -------------------------------------------
/// +--+--+
/// |_1|_2|
/// +--+--+
/// |a | 1|
/// +--+--+
/// only showing top 1 row
///
/// ```
#[must_use]
pub struct Stdout {
    style: Style,
    rows: usize,
    cell_width: Option<usize>,
    width: Width,
    batch_header: bool,
    /// The columns of the CSV that was printed last.
    heading: Mutex<Option<Vec<String>>>,
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Table,
    Vertical,
    Csv,
    Json,
}

/// How wide a table may be.
#[derive(Clone, Copy, Debug)]
enum Width {
    /// As the terminal, if the output is one.
    Terminal,
    Columns(Option<usize>),
}

enum Output {
    Process,
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl Stdout {
    /// Prints each batch as a table with one column per field.
    ///
    /// Lists, maps and structs inside a row are shown as JSON.
    pub fn table() -> Self {
        Self::in_style(Style::Table)
    }

    /// Prints each row as lines of its own, one for each column, as Spark's `show(vertical = true)` does:
    /// for rows with many columns.
    pub fn vertical() -> Self {
        Self::in_style(Style::Vertical)
    }

    /// Prints the rows of a batch as CSV below a line with the names of the columns.
    ///
    /// A missing value is an empty field, an empty text `""`. Cells are not cut; lists, maps and structs
    /// inside a row are JSON. Control characters are escaped as in a table, so a row is one line, and
    /// data that has some does not come back the same: for files take `FileSink::csv`.
    pub fn csv() -> Self {
        Self::in_style(Style::Csv)
    }

    /// Prints each row as one line of JSON, below the number of its batch.
    pub fn json() -> Self {
        Self::in_style(Style::Json)
    }

    fn in_style(style: Style) -> Self {
        Self {
            style,
            rows: ROWS,
            cell_width: Some(CELL_WIDTH),
            width: Width::Terminal,
            batch_header: true,
            heading: Mutex::new(None),
            output: Output::Process,
        }
    }

    /// Sets how many rows of a batch are shown; 20 by default.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Sets how many columns of the terminal a cell of a table may take, in a vertical row as well; 20
    /// by default. `None` shows cells in full, as far as the terminal is wide enough.
    pub fn truncate(mut self, cell_width: impl Into<Option<usize>>) -> Self {
        self.cell_width = cell_width.into();
        self
    }

    /// Sets how many columns of the terminal a table may take; `None` sets no bound. By default the width
    /// of the terminal at each commit, and no bound if the output is not one.
    ///
    /// The widest columns are cut first, down to four; if that is not enough, columns on the right
    /// are left out, and a line says so.
    pub fn width(mut self, columns: impl Into<Option<usize>>) -> Self {
        self.width = Width::Columns(columns.into());
        self
    }

    /// Sets whether the number of the batch stands above its rows, and what was left out below; it does
    /// by default.
    ///
    /// Without it nothing but rows is printed, and the names of CSV columns only when they are others
    /// than before.
    pub fn batch_header(mut self, shown: bool) -> Self {
        self.batch_header = shown;
        self
    }

    /// Prints somewhere else, for example into a buffer of a test.
    pub fn print_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.output = Output::Writer(Mutex::new(Box::new(writer)));
        self
    }

    fn render<R: Serialize>(
        &self,
        rows: &mut impl Iterator<Item = R>,
        task: &TaskContext,
    ) -> Result<Shown> {
        let shown = rows.take(self.rows);
        match self.style {
            Style::Table | Style::Vertical | Style::Csv => {
                let cell_width = self.cell_width.filter(|_| self.style != Style::Csv);
                let mut table = TableRows::default();
                for (number, row) in (1..).zip(shown) {
                    let added = table.push(&row, cell_width);
                    added.map_err(|reason| bad_row(number, reason, task))?;
                }
                Ok(Shown::Table(table))
            }
            Style::Json => {
                let mut lines = Lines::default();
                for (number, row) in (1..).zip(shown) {
                    let line = serde_json::to_string(&row);
                    let line = line.map_err(|reason| bad_row(number, reason, task))?;
                    lines.0.push(escape::json(&line));
                }
                Ok(Shown::Lines(lines))
            }
        }
    }

    /// Returns how many columns there are for a table now.
    fn columns(&self) -> Option<usize> {
        match (self.width, &self.output) {
            (Width::Columns(columns), _) => columns,
            (Width::Terminal, Output::Writer(_)) => None,
            (Width::Terminal, Output::Process) => {
                let size = terminal_size::terminal_size_of(io::stdout());
                size.map(|(width, _)| usize::from(width.0))
            }
        }
    }

    fn print(&self, text: &str) -> io::Result<()> {
        match &self.output {
            // The one place in the crate that prints: this is what the sink is for.
            Output::Process => write_all(&mut io::stdout().lock(), text),
            Output::Writer(writer) => write_all(
                &mut *writer.lock().unwrap_or_else(PoisonError::into_inner),
                text,
            ),
        }
    }
}

fn write_all(writer: &mut dyn Write, text: &str) -> io::Result<()> {
    writer.write_all(text.as_bytes())?;
    writer.flush()
}

impl StreamWriter for Stdout {
    type Message = Rendered;
    type Error = Error;

    fn name(&self) -> &str {
        "stdout"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn commit(&self, messages: Vec<Rendered>, batch: &BatchContext) -> Result<()> {
        let mut heading = self.heading.lock().unwrap_or_else(PoisonError::into_inner);
        let page = Page {
            style: self.style,
            rows: self.rows,
            width: self.columns(),
            batch_header: self.batch_header,
        };
        let text = page.of(messages, batch.batch_id(), &mut heading);
        self.print(&text)
            .map_err(|error| cannot_print(error).in_batch(batch.batch_id()))
    }
}

fn cannot_print(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        let message = "whoever reads the standard output has closed it";
        return Error::new(ErrorKind::Stopped, message).with_source(error);
    }
    Error::new(ErrorKind::Commit, "cannot write to the standard output").with_source(error)
}

impl<R: Serialize> WriteRows<R> for Stdout {
    fn write(&self, mut rows: impl Rows<Item = R> + Send, task: &TaskContext) -> Result<Rendered> {
        let shown = self.render(&mut rows, task)?;
        rows.by_ref().for_each(drop);
        require_complete(&rows, task)?;
        Ok(Rendered {
            rows: rows.read(),
            shown,
        })
    }
}

impl Default for Stdout {
    fn default() -> Self {
        Self::table()
    }
}

impl fmt::Debug for Stdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdout")
            .field("style", &self.style)
            .field("rows", &self.rows)
            .field("cell_width", &self.cell_width)
            .field("width", &self.width)
            .field("batch_header", &self.batch_header)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
