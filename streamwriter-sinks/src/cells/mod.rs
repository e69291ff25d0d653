//! A serde row as a line of named cells, for CSV and for tables.

mod row;
mod scalar;

use std::fmt;
use std::ops::Deref;

use serde::Serialize;

/// The name of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'n> {
    /// A field of a struct: the same text in the same place for every row.
    Field(&'static str),
    Other(&'n str),
}

impl Deref for Name<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Field(name) => name,
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// One cell, rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Number(&'a str),
    /// A number whose text is a choice of who prints it.
    Float(&'a str),
    Text(&'a str),
}

/// Why a row does not become cells.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CellError {
    #[error("{0}")]
    Custom(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl serde::ser::Error for CellError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// Takes the cells of a row, in their order.
pub(crate) trait CellSink {
    /// Tells whether the cell of a column is to be rendered at all.
    fn wants(&self, _column: &str) -> bool {
        true
    }

    /// Takes a cell.
    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError>;

    /// Takes a value that has parts of its own; `what` says which sort it is.
    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        value: &T,
    ) -> Result<(), CellError>;
}

/// The column of a row that is a single value, as in Spark.
const VALUE_COLUMN: &str = "value";

/// Hands the cells of a row to a sink: the fields of a struct or map, the members of a tuple
/// (`_1`, `_2`, …), or a single `value`.
pub(crate) fn visit<R: Serialize, S: CellSink>(row: &R, sink: &mut S) -> Result<(), CellError> {
    match row.serialize(row::RowSerializer { sink })? {
        row::Visited::Cells => Ok(()),
        row::Visited::Whole(what) => sink.nested(VALUE_COLUMN, what, row),
    }
}

/// Writes the key of a row that is a map: the name of a column.
pub(crate) fn write_key<T: Serialize + ?Sized>(
    key: &T,
    name: &mut String,
) -> Result<(), CellError> {
    name.clear();
    visit_value(Name::Other(""), key, &mut row::Key(name))
}

/// Hands one value to a sink.
#[inline]
fn visit_value<T: Serialize + ?Sized, S: CellSink>(
    column: Name<'_>,
    value: &T,
    sink: &mut S,
) -> Result<(), CellError> {
    if !sink.wants(&column) {
        return Ok(());
    }
    match value.serialize(scalar::ScalarSerializer { column, sink })? {
        scalar::Visited::Cell => Ok(()),
        scalar::Visited::Nested(what) => sink.nested(&column, what, value),
    }
}

#[cfg(test)]
mod tests;
