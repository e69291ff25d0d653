//! Reads a partition: the row groups of its ranges, each file checked before and after.

use std::fmt;
use std::fs::File;
use std::slice;

use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use streamwriter_core::{BoxError, Error, ErrorKind, ReadCounts, Result, RowReader, TaskContext};

use super::directories::DirectoryColumn;
use super::drift::Adaption;
use super::{ParquetFiles, damaged, int96, row_groups};
use crate::files::{FileRange, FilesPartition, read_error};

/// Reads the record batches of one partition of [`ParquetFiles`].
pub struct ParquetReader<'a> {
    source: &'a ParquetFiles,
    ranges: slice::Iter<'a, FileRange>,
    current: Option<Open<'a>>,
    task: &'a TaskContext,
    counts: ReadCounts,
}

struct Open<'a> {
    range: &'a FileRange,
    /// For the look at its end; the reader has one of its own.
    file: File,
    batches: ParquetRecordBatchReader,
    adaption: Adaption,
}

impl<'a> ParquetReader<'a> {
    pub(super) fn open(
        source: &'a ParquetFiles,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Self {
        Self {
            source,
            ranges: partition.ranges().iter(),
            current: None,
            task,
            counts: ReadCounts::default(),
        }
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(open) = &mut self.current else {
                let next = self.ranges.next();
                let Some(range) = next.filter(|_| !self.task.is_cancelled()) else {
                    return Ok(None);
                };
                self.current = Some(self.source.begin(range)?);
                continue;
            };
            let Some(batch) = open.batches.next() else {
                self.end()?;
                continue;
            };
            let (directory, file) = (&self.source.directory, &open.range.file);
            // It may pass: arrow keeps only the text of an error of the file system.
            let batch = batch.map_err(|error| {
                let path = directory.root().join(file.path()).display().to_string();
                Error::new(ErrorKind::Source, "cannot read an input file as Parquet")
                    .at_path(path)
                    .with_source(error)
            })?;
            let batch = open.adaption.adapt(&batch).map_err(|reason| {
                let message = format!("rows of an input file do not fit the schema: {reason}");
                at(self.source, open.range, Error::new(ErrorKind::Row, message))
            })?;
            if batch.num_rows() > 0 {
                self.counts.rows += batch.num_rows() as u64;
                return Ok(Some(batch));
            }
        }
    }

    /// Ends a range: only now it is known that its rows were those that were planned.
    fn end(&mut self) -> Result<()> {
        let Some(open) = self.current.take() else {
            return Ok(());
        };
        self.counts.bytes = self.counts.bytes.saturating_add(open.range.bytes());
        open.range
            .file
            .check(&open.file, self.source.directory.root())
    }
}

impl ParquetFiles {
    fn begin<'a>(&self, range: &'a FileRange) -> Result<Open<'a>> {
        let root = self.directory.root();
        let directories = self.columns_of(range)?;
        let file = range.file.open(root)?;
        let of_reader = file
            .try_clone()
            .map_err(|error| read_error(&root.join(range.file.path()), error))?;
        let failed = |error| damaged(&self.directory, &range.file, error);
        let footer = int96::footer(&of_reader, Some(&self.schema)).map_err(failed)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(of_reader, footer);
        let adaption = Adaption::new(&self.schema, builder.schema(), self.drift, directories)
            .map_err(|why| {
                let message = format!("an input file has another schema: {why}");
                at(self, range, Error::new(ErrorKind::Source, message)).with_help(
                "allow what can be adapted with `.schema_drift(SchemaDrift::Adapt)`, give another \
                 schema, or start anew without the file",
            )
            })?;
        let groups = row_groups::in_range(builder.metadata(), range.start(), range.end());
        let groups = groups.map_err(|error| damaged(&self.directory, &range.file, error))?;
        let columns = ProjectionMask::roots(builder.parquet_schema(), adaption.wanted());
        let batches = builder
            .with_row_groups(groups)
            .with_projection(columns)
            .with_batch_size(self.batch_rows)
            .build()
            .map_err(failed)?;
        Ok(Open {
            range,
            file,
            batches,
            adaption,
        })
    }
}

impl ParquetFiles {
    /// Reads what the directories of a file hold.
    fn columns_of(&self, range: &FileRange) -> Result<Vec<DirectoryColumn>> {
        let mut columns = Vec::new();
        for value in self.directory.values_of(&range.file)? {
            // One that the schema does not have has been allowed at the start.
            if let Ok(field) = self.schema.field_with_name(&value.column) {
                let column = DirectoryColumn::new(&value, field);
                columns.push(column.map_err(|error| at(self, range, error))?);
            }
        }
        Ok(columns)
    }
}

fn at(source: &ParquetFiles, range: &FileRange, error: Error) -> Error {
    let path = source.directory.root().join(range.file.path());
    error.at_path(path.display().to_string()).permanent()
}

impl RowReader for ParquetReader<'_> {
    type Row = RecordBatch;

    fn next_row(&mut self) -> Option<Result<RecordBatch, BoxError>> {
        self.next().map_err(BoxError::from).transpose()
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(self.counts)
    }
}

impl fmt::Debug for ParquetReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader")
            .field("current", &self.current.as_ref().map(|open| open.range))
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
