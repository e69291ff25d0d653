//! The sink that shows rows to a person.

mod escape;
mod message;
mod table;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use streamwriter_core::{
    BatchContext, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, TaskContext, WriteRows,
};

use crate::ending::{bad_row, require_complete};

pub use message::Rendered;

use message::{Lines, Shown};
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
/// It is for people: control characters in the data are escaped, long cells are cut, and only the
/// first [`rows`](Self::rows) are shown. Memory: that many rendered rows per partition. Other
/// rows are counted and not even rendered. When whoever reads the output has gone, as in
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
    output: Output,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    Table,
    Json,
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

    /// Prints each row as one line of JSON, below the number of its batch.
    pub fn json() -> Self {
        Self::in_style(Style::Json)
    }

    fn in_style(style: Style) -> Self {
        Self {
            style,
            rows: ROWS,
            cell_width: Some(CELL_WIDTH),
            output: Output::Process,
        }
    }

    /// Sets how many rows of a batch are shown; 20 by default.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Sets how many columns of the terminal a cell of the table may take, 20 by default; `None`
    /// shows cells in full.
    pub fn truncate(mut self, cell_width: impl Into<Option<usize>>) -> Self {
        self.cell_width = cell_width.into();
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
            Style::Table => {
                let mut table = TableRows::default();
                for (number, row) in (1..).zip(shown) {
                    let added = table.push(&row, self.cell_width);
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
        let text = message::page(messages, batch.batch_id(), self.rows);
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
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
