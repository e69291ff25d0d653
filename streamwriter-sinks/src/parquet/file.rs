//! A Parquet file as one of the files of a task.

use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;
use streamwriter_core::{Error, ErrorKind, Result, StagedObject, TaskContext};

use super::gathered::Gathered;
use super::row_groups::RowGroups;
use crate::ending::in_task;
use crate::rolling::{Memory, OpenFiles, SMALL_BUFFER_BYTES, TaskFile};
use crate::staging::{StagingFile, write_failed};

/// The file, and the task that errors name.
pub(super) struct ParquetFile<'t> {
    row_groups: RowGroups<'t, StagingFile>,
    gathered: Gathered,
    task: &'t TaskContext,
}

impl<'t> ParquetFile<'t> {
    /// A file that encodes rows once there are so many.
    pub(super) fn new(
        row_groups: RowGroups<'t, StagingFile>,
        gather: usize,
        task: &'t TaskContext,
    ) -> Self {
        Self {
            row_groups,
            gathered: Gathered::new(gather),
            task,
        }
    }

    fn write(&mut self, columns: RecordBatch) -> Result<(), ParquetError> {
        match self.gathered.add(columns)? {
            Some(columns) => self.row_groups.write(&columns),
            None => Ok(()),
        }
    }

    fn write_gathered(&mut self) -> Result<(), ParquetError> {
        match self.gathered.take()? {
            Some(columns) => self.row_groups.write(&columns),
            None => Ok(()),
        }
    }
}

impl TaskFile for ParquetFile<'_> {
    fn has_reached(&mut self, bytes: u64) -> Result<bool> {
        let reached = self.write_gathered();
        let reached = reached.and_then(|()| self.row_groups.has_reached(bytes));
        reached.map_err(|error| cannot_encode(error, self.task))
    }

    fn memory(&self) -> Memory {
        let own = Memory {
            fixed: SMALL_BUFFER_BYTES,
            flushable: self.gathered.bytes(),
        };
        self.row_groups.memory() + own
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.write_gathered();
        let flushed = flushed.and_then(|()| self.row_groups.flush());
        flushed.map_err(|error| cannot_encode(error, self.task))
    }

    fn finish(mut self) -> Result<StagedObject> {
        let file = self.write_gathered();
        let file = file.and_then(|()| self.row_groups.into_inner());
        file.map_err(|error| cannot_encode(error, self.task))?
            .finish()
    }
}

/// Writes columns into the file of a directory, and into further ones if it becomes full.
pub(super) fn write_columns<'t, B>(
    files: &mut OpenFiles<'_, ParquetFile<'t>, B>,
    directory: &str,
    columns: &RecordBatch,
) -> Result<()>
where
    B: Fn(StagingFile) -> Result<ParquetFile<'t>>,
{
    let mut at = 0;
    while at < columns.num_rows() {
        files.write(directory, |file, room| {
            let left = columns.num_rows() - at;
            let rows = usize::try_from(room).map_or(left, |room| room.clamp(1, left));
            let written = file.write(columns.slice(at, rows));
            written.map_err(|error| cannot_encode(error, file.task))?;
            at += rows;
            Ok(rows as u64)
        })?;
    }
    Ok(())
}

/// An error of the storage below is worth another attempt, one of the data is not.
pub(super) fn cannot_encode(error: ParquetError, task: &TaskContext) -> Error {
    let of_data = |error| {
        Error::new(ErrorKind::Row, "the rows cannot be encoded as Parquet")
            .with_source(error)
            .permanent()
    };
    let error = match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => write_failed(*error),
            Err(other) => of_data(ParquetError::External(other)),
        },
        other => of_data(other),
    };
    in_task(error, task)
}
