//! How rows become the bytes of one file.

use std::io;

use serde::Serialize;
use streamwriter_core::{BoxError, Error, Result, Rows, StagedObject, TaskContext};

use super::text_file::TextFile;
use crate::ending::{bad_row, in_task};
use crate::rolling::TaskFile;
use crate::staging::write_failed;

/// Writes rows into one staged file.
pub trait RowEncoder {
    /// Writes a row.
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError>;

    /// Returns the file below, with all rows so far.
    fn file(&self) -> &TextFile;

    /// Returns the file with everything in it.
    fn into_file(self) -> TextFile;
}

/// Why a row was not written.
#[derive(Debug)]
pub enum EncodeError {
    /// The row does not fit into the format.
    Row(BoxError),
    /// The file cannot be written.
    Io(io::Error),
}

impl EncodeError {
    fn into_error(self, number: u64, task: &TaskContext) -> Error {
        match self {
            Self::Row(reason) => bad_row(number, reason, task),
            Self::Io(error) => in_task(write_failed(error), task),
        }
    }
}

/// An encoder as one of the files of a task.
pub(super) struct Encoded<E>(pub(super) E);

impl<E: RowEncoder> Encoded<E> {
    /// Writes a row; `number` is its number in the partition.
    #[inline]
    pub(super) fn push<R: Serialize>(
        &mut self,
        row: &R,
        number: u64,
        task: &TaskContext,
    ) -> Result<()> {
        let pushed = self.0.push(row);
        pushed.map_err(|error| error.into_error(number, task))
    }

    /// Writes a row and those after it, at most `rows_max` together; returns how many.
    pub(super) fn push_all<R: Serialize>(
        &mut self,
        first: R,
        rows: &mut impl Rows<Item = R>,
        rows_max: u64,
        task: &TaskContext,
    ) -> Result<u64> {
        self.push(&first, rows.read(), task)?;
        let mut written = 1;
        while written < rows_max {
            let Some(row) = rows.next() else { break };
            self.push(&row, rows.read(), task)?;
            written += 1;
        }
        Ok(written)
    }
}

impl<E: RowEncoder> TaskFile for Encoded<E> {
    fn has_reached(&mut self, bytes: u64) -> Result<bool> {
        Ok(self.0.file().bytes_written() >= bytes)
    }

    fn finish(self) -> Result<StagedObject> {
        let file = self.0.into_file().into_staged();
        file.map_err(write_failed)?.finish()
    }
}
