//! The sink that writes Parquet files.

mod arrow_batches;
mod derived;
mod encoding;
mod options;
mod schema;
mod serde_rows;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use streamwriter_core::{
    BatchContext, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, Target, TaskContext,
    WriteRows,
};

use crate::ending::{bad_row, in_task, require_complete};
use crate::message::StagedFiles;
use crate::staging::{Staging, StagingFile, write_failed};

pub use arrow_batches::ArrowBatches;
pub use derived::Derived;
pub use encoding::{Columns, Encoding};
pub use options::Compression;
pub use serde_rows::ViaSerde;

use options::Options;

/// Writes each partition of a batch as one Parquet file in a plain directory.
///
/// Any tool that reads `*.parquet` reads the directory; it sees published, complete files only. A
/// file becomes visible with the commit of its batch, under a name that is a function of query,
/// batch and partition; a partition without rows writes none. The files say in their key-value
/// metadata which query, batch and partition they are of (`streamwriter.query`, `.batch`,
/// `.partition`).
///
/// How rows become columns is a type: [`ViaSerde`] takes every type that serde can write and read,
/// [`Derived`] those that derive `Row`, with more types and less work per row, and
/// [`ArrowBatches`] takes Arrow record batches.
///
/// Guarantee: exactly-once, through [`Staging`]. Memory per running task: the rows of one column
/// batch ([`batch_rows`](Self::batch_rows)), the encoded pages of one row group (at most
/// [`row_group_bytes`](Self::row_group_bytes), overshot by one column batch), its dictionaries of
/// at most 1 MiB per column, and a file buffer of 1 MiB.
///
/// Columns are dictionary-encoded until a dictionary grows past 1 MiB, and carry statistics per
/// page: the defaults of the `parquet` crate.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use streamwriter_core::StreamWriter;
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::{Compression, ParquetSink};
///
/// #[derive(Serialize, Deserialize)]
/// struct Trip {
///     id: i64,
///     fare: Option<f64>,
/// }
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path();
/// let sink = ParquetSink::new(path)?.compression(Compression::Zstd(3));
/// let pretend = Pretend::default();
/// let rows = [Trip { id: 1, fare: None }];
/// let message = write_rows(&sink, rows, &pretend.task())?;
/// sink.commit(vec![message], &pretend.batch())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct ParquetSink<E = ViaSerde> {
    staging: Staging,
    encoding: E,
    options: Options,
}

impl ParquetSink<ViaSerde> {
    /// Writes serde rows into a local directory.
    ///
    /// The schema is found from the row type when the query starts: see [`ViaSerde`].
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn new(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new_in(Staging::new(path)?))
    }

    /// Writes serde rows over any storage.
    pub fn new_in(staging: Staging) -> Self {
        Self::over(staging, ViaSerde::new())
    }

    /// Uses this schema instead of the one found from the row type, for example for timestamps.
    pub fn schema(mut self, schema: impl Into<SchemaRef>) -> Self {
        self.encoding = ViaSerde::with_schema(schema.into());
        self
    }
}

impl ParquetSink<Derived> {
    /// Writes rows that derive `Row` into a local directory.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn rows(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::rows_in(Staging::new(path)?))
    }

    /// Writes rows that derive `Row` over any storage.
    pub fn rows_in(staging: Staging) -> Self {
        Self::over(staging, Derived)
    }
}

impl ParquetSink<ArrowBatches> {
    /// Writes Arrow record batches of one schema into a local directory.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn arrow(path: impl AsRef<Path>, schema: impl Into<SchemaRef>) -> Result<Self> {
        Ok(Self::arrow_in(Staging::new(path)?, schema))
    }

    /// Writes Arrow record batches of one schema over any storage.
    pub fn arrow_in(staging: Staging, schema: impl Into<SchemaRef>) -> Self {
        Self::over(staging, ArrowBatches::new(schema.into()))
    }
}

impl<E> ParquetSink<E> {
    fn over(staging: Staging, encoding: E) -> Self {
        Self {
            staging,
            encoding,
            options: Options::default(),
        }
    }

    /// Sets the compression of all columns; zstd level 1 by default.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Sets how many rows a row group has at most; 1,048,576 by default.
    pub fn row_group_rows(mut self, rows: usize) -> Self {
        self.options.row_group_rows = rows;
        self
    }

    /// Sets how many encoded bytes a row group has at most, about; 128 MiB by default.
    pub fn row_group_bytes(mut self, bytes: usize) -> Self {
        self.options.row_group_bytes = bytes;
        self
    }

    /// Sets how many rows are collected before they are encoded as columns; 8,192 by default.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.options.batch_rows = rows;
        self
    }

    fn begin(&self, schema: &SchemaRef, task: &TaskContext) -> Result<ArrowWriter<StagingFile>> {
        schema::expect_writable(schema)?;
        let properties = self.options.properties(Some(task))?;
        let file = self.staging.file(task, None, 0, "parquet")?;
        ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|error| in_task(cannot_encode(error), task))
    }
}

impl<E: Send + Sync + 'static> StreamWriter for ParquetSink<E> {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        "parquet"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.staging)
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<()> {
        self.staging.publish(&StagedFiles::all(messages), batch)
    }

    fn abort(&self, messages: Vec<Option<StagedFiles>>, batch: &BatchContext) -> Result<()> {
        let messages = messages.into_iter().flatten();
        self.staging.discard(&StagedFiles::all(messages), batch)
    }
}

impl<R, E: Encoding<R>> WriteRows<R> for ParquetSink<E> {
    fn check_rows(&self) -> Result<()> {
        let schema = self.encoding.schema()?;
        schema::expect_writable(&schema)?;
        let properties = self.options.properties(None)?;
        ArrowWriter::try_new(std::io::sink(), schema, Some(properties))
            .map(drop)
            .map_err(|error| {
                Error::new(ErrorKind::Config, "the rows have no form in Parquet")
                    .with_source(error)
                    .with_help("leave the field out, or give a schema")
            })
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles> {
        let schema = self.encoding.schema()?;
        let mut columns = self.encoding.columns()?;
        let mut file = PartitionFile::default();
        let begin = || self.begin(&schema, task);
        while let Some(row) = rows.next() {
            columns
                .push(row)
                .map_err(|reason| bad_row(rows.read(), reason, task))?;
            if columns.rows() >= self.options.batch_rows {
                file.write(&mut columns, begin, task)?;
            }
        }
        // IMPORTANT: a file of a part of the partition must not be finished (W8).
        require_complete(&rows, task)?;
        if columns.rows() > 0 {
            file.write(&mut columns, begin, task)?;
        }
        file.finish(task)
    }
}

/// The file of a partition: none before the first rows.
#[derive(Default)]
struct PartitionFile {
    writer: Option<ArrowWriter<StagingFile>>,
    rows: u64,
}

impl PartitionFile {
    fn write<R>(
        &mut self,
        columns: &mut impl Columns<R>,
        begin: impl FnOnce() -> Result<ArrowWriter<StagingFile>>,
        task: &TaskContext,
    ) -> Result<()> {
        let batch = columns.take().map_err(|reason| bad_columns(reason, task))?;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(begin()?),
        };
        writer
            .write(&batch)
            .map_err(|error| in_task(cannot_encode(error), task))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn finish(self, task: &TaskContext) -> Result<StagedFiles> {
        let Some(writer) = self.writer else {
            return Ok(StagedFiles::default());
        };
        let file = writer
            .into_inner()
            .map_err(|error| in_task(cannot_encode(error), task))?;
        Ok(StagedFiles::new(self.rows, vec![file.finish()?]))
    }
}

/// An error of the storage below is worth another attempt, one of the data is not.
fn cannot_encode(error: ParquetError) -> Error {
    let of_data = |error| {
        Error::new(ErrorKind::Row, "the rows cannot be encoded as Parquet")
            .with_source(error)
            .permanent()
    };
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => write_failed(*error),
            Err(other) => of_data(ParquetError::External(other)),
        },
        other => of_data(other),
    }
}

fn bad_columns(reason: streamwriter_core::BoxError, task: &TaskContext) -> Error {
    let message = format!("the rows do not become columns: {reason}");
    in_task(Error::new(ErrorKind::Row, message).permanent(), task)
}

#[cfg(test)]
mod tests;
