//! The sink that writes Parquet files.

mod arrow_batches;
mod builder;
mod columns;
mod crew;
mod derived;
mod dictionaries;
mod encoding;
mod errand;
mod file;
mod footprint;
mod gathered;
mod gauge;
mod lanes;
mod options;
mod partitioner;
mod row_groups;
mod schema;
mod serde_rows;
mod sizes;

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use streamwriter_core::{
    BatchContext, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, Target, TaskContext,
    WriteRows,
};

use crate::ending::{bad_row, in_task, require_complete};
use crate::message::StagedFiles;
use crate::rolling::{Layout, OpenFiles};
use crate::staging::Staging;

pub use arrow_batches::ArrowBatches;
pub use columns::{BloomFilter, ParquetStatistics, SortColumn};
pub use derived::Derived;
pub use encoding::{Columns, Encoding};
pub use options::Compression;
pub use serde_rows::ViaSerde;
pub(crate) use serde_rows::trace as schema_by_serde;

use crew::Crew;
use file::{ParquetFile, cannot_encode, write_columns};
use options::Options;
use partitioner::Partitioner;
use row_groups::RowGroups;
use sizes::in_memory;

/// Writes the rows of a batch as Parquet files in a plain directory.
///
/// Any tool that reads `*.parquet` reads the directory; it sees published, complete files only. Each
/// partition of a batch makes one file, or several if they are limited
/// ([`max_rows_per_file`](Self::max_rows_per_file),
/// [`max_bytes_per_file`](Self::max_bytes_per_file)). They become visible with the commit of their
/// batch, under names that are a function of query, batch, partition and number; a partition without
/// rows writes none. The files say in their key-value
/// metadata which query, batch and partition they are of (`streamwriter.query`, `.batch`,
/// `.partition`).
///
/// How rows become columns is a type: [`ViaSerde`] takes every type that serde can write and read,
/// [`Derived`] those that derive `Row`, with more types and less work per row, and
/// [`ArrowBatches`] takes Arrow record batches.
///
/// Guarantee: exactly-once, through [`Staging`]. Memory: the open files of all tasks keep
/// [`memory_budget`](Self::memory_budget) bytes together, about; 1 GiB by default. Counted are the row
/// groups that are being filled, with dictionaries, tables and compressors, buffers, and what the
/// footers will say; under [`partition_by`](Self::partition_by) also the rows on their way. Without it
/// each running task has besides the rows of one column batch ([`batch_rows`](Self::batch_rows)), up
/// to 4 MiB more while executors help it, and a file buffer of 1 MiB. A task hands on the names of its
/// files in one message: see `max_message_bytes` of the query, whose default has room for some 2,500
/// of them.
///
/// Options that name columns are checked against the schema when the query starts. By default columns
/// are dictionary-encoded until a dictionary grows past 1 MiB, unless the first values of a row group hardly
/// repeat; pages are compressed by zstd, carry
/// statistics, and hold 20,000 rows or 1 MiB.
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
    layout: Layout,
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
            layout: Layout::default(),
            options: Options::default(),
        }
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
        self.layout.check()?;
        let schema = self.encoding.schema()?;
        schema::expect_writable(&schema)?;
        let partitioner = Partitioner::new(&self.layout.partition_by, &schema)?;
        let schema = file_schema(partitioner.as_ref(), &schema);
        let properties = self.options.properties(&schema, None)?;
        ArrowWriter::try_new(std::io::sink(), schema, Some(properties))
            .map(drop)
            .map_err(schema::no_form)
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles> {
        self.layout.check()?;
        let schema = self.encoding.schema()?;
        schema::expect_writable(&schema)?;
        let partitioner = Partitioner::new(&self.layout.partition_by, &schema)?;
        let schema = file_schema(partitioner.as_ref(), &schema);
        let mut columns = self.encoding.columns()?;
        let properties = self.options.properties(&schema, Some(task))?;
        let mut limits = self.options.limits(task);
        let crew = Crew::new(task);
        // Several open files take turns: none of them keeps a second thread busy, their memory is
        // looked at together, and each of them may get a few rows at a time.
        let crew = partitioner.is_none().then_some(&crew);
        let gather = if crew.is_some() { 1 } else { GATHERED_ROWS };
        if crew.is_none() {
            limits.memory = usize::MAX;
        }
        let settled = &self.options.column_dictionaries;
        let begin = |file| {
            let properties = Some(properties.clone());
            ArrowWriter::try_new(file, Arc::clone(&schema), properties)
                .and_then(|writer| {
                    RowGroups::new(writer, Arc::clone(&schema), limits, settled, crew)
                })
                .map(|row_groups| ParquetFile::new(row_groups, gather, task))
                .map_err(|error| cannot_encode(error, task))
        };
        let mut files = OpenFiles::new(&self.staging, &self.layout, task, "parquet", begin)
            .memory_max(self.options.share(task));
        let mut write = |columns: &mut E::Columns| {
            let bad = |reason| bad_columns(reason, task);
            let batch = columns.take().map_err(bad)?;
            let Some(partitioner) = &partitioner else {
                return write_columns(&mut files, "", &batch);
            };
            // The rows may be there twice: as they came, and those of one directory.
            files.leave_room_for(in_memory(&batch).saturating_mul(2));
            for part in partitioner.split(&batch).map_err(bad)? {
                let (directory, part) = part.map_err(bad)?;
                write_columns(&mut files, &directory, &part)?;
            }
            Ok(())
        };
        while let Some(row) = rows.next() {
            columns
                .push(row)
                .map_err(|reason| bad_row(rows.read(), reason, task))?;
            if columns.rows() >= self.options.batch_rows {
                write(&mut columns)?;
            }
        }
        // IMPORTANT: the files of a part of the partition must not stay (W8).
        require_complete(&rows, task)?;
        if columns.rows() > 0 {
            write(&mut columns)?;
        }
        let (rows, files) = files.finish()?;
        Ok(StagedFiles::new(rows, files))
    }
}

/// How many rows of one of several open files are encoded together at least.
const GATHERED_ROWS: usize = 1024;

/// Returns the schema of the files: without the columns that their directories say.
fn file_schema(partitioner: Option<&Partitioner<'_>>, schema: &SchemaRef) -> SchemaRef {
    Arc::clone(partitioner.map_or(schema, Partitioner::file_schema))
}

fn bad_columns(reason: streamwriter_core::BoxError, task: &TaskContext) -> Error {
    let message = format!("the rows do not become columns: {reason}");
    in_task(Error::new(ErrorKind::Row, message).permanent(), task)
}

#[cfg(test)]
mod dictionaries_tests;
#[cfg(test)]
mod helped_tests;
#[cfg(test)]
mod lanes_tests;
#[cfg(test)]
mod parallel_tests;
#[cfg(test)]
mod tests;
