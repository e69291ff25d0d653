//! The partition directory of a serde row.

use serde::Serialize;
use streamwriter_core::BoxError;

use crate::cells::{self, Cell, CellError, CellSink, Name};
use crate::partition::{PartitionBy, write_directory};

/// Finds the directory of one row after another.
pub(super) struct Directories<'b> {
    values: Values<'b>,
    directory: String,
}

impl<'b> Directories<'b> {
    pub(super) fn new(by: &'b PartitionBy) -> Self {
        let values = by.columns().iter().map(|_| Value::default());
        Self {
            values: Values {
                by,
                values: values.collect(),
            },
            directory: String::new(),
        }
    }

    /// Returns the directory of a row, or why it has none.
    pub(super) fn of<R: Serialize>(&mut self, row: &R) -> Result<&str, BoxError> {
        self.values.read(row)?;
        let values = self.values.values.iter().map(Value::text);
        write_directory(&mut self.directory, self.values.by, values)?;
        Ok(&self.directory)
    }
}

/// Takes the cells of the partition columns, and no others.
struct Values<'b> {
    by: &'b PartitionBy,
    values: Vec<Value>,
}

#[derive(Default)]
struct Value {
    found: Found,
    text: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Found {
    #[default]
    Nothing,
    Null,
    Text,
}

impl Value {
    fn text(&self) -> Option<&str> {
        (self.found == Found::Text).then_some(&self.text)
    }
}

impl Values<'_> {
    fn read<R: Serialize>(&mut self, row: &R) -> Result<(), CellError> {
        for value in &mut self.values {
            value.found = Found::Nothing;
        }
        cells::visit(row, self)?;
        for (column, value) in self.by.columns().iter().zip(&self.values) {
            if value.found == Found::Nothing {
                let name = &column.name;
                let message = format!("the row has no column `{name}`, by which it is partitioned");
                return Err(CellError::Custom(message));
            }
        }
        Ok(())
    }
}

impl CellSink for Values<'_> {
    fn wants(&self, column: &str) -> bool {
        self.by.position(column).is_some()
    }

    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        let place = self.by.position(&column);
        let Some(value) = place.and_then(|place| self.values.get_mut(place)) else {
            return Ok(());
        };
        value.text.clear();
        match cell {
            Cell::Null => value.found = Found::Null,
            Cell::Number(text) | Cell::Text(text) => {
                value.found = Found::Text;
                value.text.push_str(text);
            }
            Cell::Float(_) => return Err(no_partition(&column, "a float, which has no one text")),
        }
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        match self.wants(column) {
            true => Err(no_partition(column, what)),
            false => Ok(()),
        }
    }
}

fn no_partition(column: &str, what: &str) -> CellError {
    CellError::Custom(format!(
        "column `{column}`, by which rows are partitioned, is {what}"
    ))
}
