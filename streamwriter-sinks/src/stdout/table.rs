//! Rows as a table with borders, one column per field.

use serde::{Deserialize, Serialize};

use super::escape;
use crate::cells::{self, Cell, CellError, CellSink, Name};

/// How a missing value is shown.
const NULL: &str = "NULL";

/// Rendered rows below the names of their columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableRows {
    columns: Vec<String>,
    rows: Vec<Vec<TableCell>>,
}

/// A rendered cell. The sort decides on which side it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TableCell {
    #[default]
    Null,
    Number(String),
    Text(String),
}

impl TableCell {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Null => NULL,
            Self::Number(text) | Self::Text(text) => text,
        }
    }
}

impl TableRows {
    /// Adds a row. Columns that earlier rows did not have are added on the right.
    pub(super) fn push<R: Serialize>(
        &mut self,
        row: &R,
        cell_width: Option<usize>,
    ) -> Result<(), CellError> {
        let mut sink = RowCells {
            columns: &mut self.columns,
            cells: Vec::new(),
            next: 0,
            cell_width,
        };
        cells::visit(row, &mut sink)?;
        let cells = sink.cells;
        self.rows.push(cells);
        Ok(())
    }

    /// Adds the rows of another partition.
    pub(super) fn append(&mut self, other: Self) {
        let places: Vec<usize> = other
            .columns
            .iter()
            .map(|column| place_of(&mut self.columns, column, 0))
            .collect();
        for row in other.rows {
            let mut cells = Vec::new();
            for (place, cell) in places.iter().zip(row) {
                put(&mut cells, *place, cell);
            }
            self.rows.push(cells);
        }
    }

    /// Forgets all rows but the first ones.
    pub(super) fn keep(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the cells of each row, in the order of the columns.
    pub(super) fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = &TableCell>> {
        let count = self.columns.len();
        self.rows
            .iter()
            .map(move |row| (0..count).map(|place| row.get(place).unwrap_or(&TableCell::Null)))
    }

    /// Draws the table with columns as wide as given, from the left as many as there are widths;
    /// nothing if there are no rows.
    pub(super) fn render(&self, widths: &[usize]) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let columns = self.layout();
        let columns: Vec<Column> = std::iter::zip(columns, widths)
            .map(|(column, width)| column.cut_to(*width))
            .collect();
        let border = border(&columns);
        let mut text = border.clone();
        push_line(&mut text, columns.iter().map(Column::heading));
        text.push_str(&border);
        for row in &self.rows {
            let cells = columns.iter().map(|column| column.cell(row));
            push_line(&mut text, cells);
        }
        text.push_str(&border);
        text
    }

    /// Returns how wide each column would like to be.
    pub(super) fn widths(&self) -> Vec<usize> {
        self.layout()
            .into_iter()
            .map(|column| column.width)
            .collect()
    }

    fn layout(&self) -> Vec<Column> {
        let names = self.columns.iter().enumerate();
        names
            .map(|(place, name)| Column::of(place, name, &self.rows))
            .collect()
    }
}

struct RowCells<'c> {
    columns: &'c mut Vec<String>,
    cells: Vec<TableCell>,
    /// Where the next cell belongs if this row has the columns of the last one.
    next: usize,
    cell_width: Option<usize>,
}

impl CellSink for RowCells<'_> {
    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        let place = place_of(self.columns, &column, self.next);
        self.next = place + 1;
        let show = |text| escape::cell(text, self.cell_width);
        let cell = match cell {
            Cell::Null => TableCell::Null,
            Cell::Number(text) | Cell::Float(text) => TableCell::Number(show(text)),
            Cell::Text(text) => TableCell::Text(show(text)),
        };
        put(&mut self.cells, place, cell);
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        _: &'static str,
        value: &T,
    ) -> Result<(), CellError> {
        let json = serde_json::to_string(value);
        let json = json.map_err(|error| CellError::Custom(error.to_string()))?;
        self.cell(Name::Other(column), Cell::Text(&json))
    }
}

/// Finds a column from a guess, or adds it.
fn place_of(columns: &mut Vec<String>, column: &str, guess: usize) -> usize {
    if columns.get(guess).is_some_and(|found| found == column) {
        return guess;
    }
    let found = columns.iter().position(|found| found == column);
    found.unwrap_or_else(|| {
        columns.push(column.to_owned());
        columns.len() - 1
    })
}

/// Puts a cell into its place; those before it that are missing are null.
fn put(cells: &mut Vec<TableCell>, place: usize, cell: TableCell) {
    if cells.len() <= place {
        cells.resize(place + 1, TableCell::Null);
    }
    if let Some(there) = cells.get_mut(place) {
        *there = cell;
    }
}

/// How a column is drawn.
struct Column {
    place: usize,
    name: String,
    width: usize,
    right: bool,
}

impl Column {
    fn of(place: usize, name: &str, rows: &[Vec<TableCell>]) -> Self {
        let cells = || {
            rows.iter()
                .map(|row| row.get(place).unwrap_or(&TableCell::Null))
        };
        let name = escape::cell(name, None);
        let widest = cells().map(|cell| escape::width(cell.text())).max();
        Self {
            place,
            width: escape::width(&name).max(widest.unwrap_or(0)),
            name,
            right: cells().any(|cell| matches!(cell, TableCell::Number(_)))
                && !cells().any(|cell| matches!(cell, TableCell::Text(_))),
        }
    }

    fn cut_to(mut self, width: usize) -> Self {
        self.width = self.width.min(width);
        self
    }

    fn heading(&self) -> String {
        self.padded(&self.name, self.right)
    }

    fn cell(&self, row: &[TableCell]) -> String {
        let cell = row.get(self.place).unwrap_or(&TableCell::Null);
        let right = self.right || matches!(cell, TableCell::Number(_));
        self.padded(cell.text(), right)
    }

    fn padded(&self, text: &str, right: bool) -> String {
        let text = escape::cut(text, self.width);
        let space = " ".repeat(self.width.saturating_sub(escape::width(&text)));
        if right { space + &text } else { text + &space }
    }
}

fn border(columns: &[Column]) -> String {
    let lines = columns.iter().map(|column| "-".repeat(column.width));
    format!("+{}+\n", lines.collect::<Vec<_>>().join("+"))
}

fn push_line(text: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        text.push('|');
        text.push_str(&cell);
    }
    text.push_str("|\n");
}
