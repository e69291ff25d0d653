//! A directory of Parquet files as a source.

mod drift;
mod reader;
mod row_groups;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod layout_tests;
#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod tests;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::errors::ParquetError;
use streamwriter_core::{
    BatchId, BoxError, Error, ErrorKind, Plan, PlanLimits, Result, Source, SourceContext,
    TaskContext,
};

use crate::files::{Directory, FileIdentity, FilesOffset, FilesPartition, Framing};
use crate::plain::config;

pub use drift::SchemaDrift;
pub use reader::ParquetReader;
pub(crate) use row_groups::scan;

/// How many rows a batch of columns has unless told otherwise.
const BATCH_ROWS: usize = 8192;

/// The rows of the Parquet files of a directory, as Arrow record batches of one schema.
///
/// Files are read once each, in the order of their modification time, then of their name; those
/// that arrive later are picked up by later batches. A file counts if its name ends with `.parquet`
/// (see [`extensions`](Self::extensions)) and does not begin with `.` or `_`; directories inside
/// are not entered. [How to put files in](crate#putting-files-into-a-directory).
///
/// Every batch has the columns of the schema, by name, in its order; what happens to files that have
/// others says [`SchemaDrift`]. A file that is no Parquet file, or damaged, fails the query by its name.
///
/// # Batches
/// A batch of the query holds at most 1,000 files and 256 MiB unless the query says otherwise. Files are
/// cut between row groups, so a bound on bytes or rows may be exceeded by less than one row group; into
/// partitions as well, about one for each executor and none under
/// [1 MiB](Self::partition_bytes_min). Memory per task: the columns of
/// [`batch_rows`](Self::batch_rows) rows and the pages that they come from.
///
/// ```
/// use streamwriter_core::BoxError;
/// use streamwriter_sources::{ParquetFiles, SchemaDrift};
///
/// # fn main() -> Result<(), BoxError> {
/// # use std::sync::Arc;
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path();
/// # let column: arrow::array::ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1]));
/// # let batch = arrow::record_batch::RecordBatch::try_from_iter([("id", column)])?;
/// # let file = std::fs::File::create(dir.join("1.parquet"))?;
/// # let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None)?;
/// # writer.write(&batch)?;
/// # writer.close()?;
/// let schema = ParquetFiles::schema_of_first(dir)?.ok_or("no file is there yet")?;
/// let source = ParquetFiles::directory(dir, schema)?.schema_drift(SchemaDrift::Adapt);
/// # drop(source);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a source does nothing until a query reads it"]
pub struct ParquetFiles {
    pub(crate) directory: Directory,
    pub(crate) schema: SchemaRef,
    pub(crate) drift: SchemaDrift,
    pub(crate) batch_rows: usize,
}

impl ParquetFiles {
    /// Names the directory and the schema of the rows.
    ///
    /// # Errors
    /// [`Source`](ErrorKind::Source) if the directory does not exist or may not be read,
    /// [`Config`](ErrorKind::Config) if it is not a directory.
    pub fn directory(path: impl AsRef<Path>, schema: impl Into<SchemaRef>) -> Result<Self> {
        Ok(Self {
            directory: Directory::new(path.as_ref(), &["parquet"])?.never_decompressed(),
            schema: schema.into(),
            drift: SchemaDrift::default(),
            batch_rows: BATCH_ROWS,
        })
    }

    /// Returns the schema of the oldest file of a directory, without the metadata of the file; `None`
    /// if there is no file.
    ///
    /// For a program that is not told the schema otherwise. At a restart that file may be another one:
    /// keep the schema if that matters.
    ///
    /// # Errors
    /// As [`directory`](Self::directory), and [`Source`](ErrorKind::Source) for a file that is no
    /// Parquet file.
    pub fn schema_of_first(path: impl AsRef<Path>) -> Result<Option<SchemaRef>> {
        let directory = Directory::new(path.as_ref(), &["parquet"])?.never_decompressed();
        let Some(file) = directory.first()? else {
            return Ok(None);
        };
        let open = file.open(directory.root())?;
        let metadata = ArrowReaderMetadata::load(&open, Default::default());
        let metadata = metadata.map_err(|error| damaged(&directory, &file, error))?;
        let fields = metadata.schema().fields().clone();
        Ok(Some(arrow::datatypes::Schema::new(fields).into()))
    }

    /// Sets what happens to files whose columns are not those of the schema; the default is
    /// [`SchemaDrift::Fail`].
    pub fn schema_drift(mut self, drift: SchemaDrift) -> Self {
        self.drift = drift;
        self
    }

    /// Sets how many rows a record batch has at most; 8,192 by default, and 0 is refused at the start.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows;
        self
    }

    /// Sets which files are read, by the ends of their names; upper or lower case.
    ///
    /// The default is `parquet`. An empty list is refused at the start.
    pub fn extensions(mut self, extensions: impl IntoIterator<Item: Into<String>>) -> Self {
        self.directory.options.set_extensions(extensions);
        self
    }

    /// Sets how many bytes of input a partition has at least, if its batch has them; the default
    /// is 1 MiB. 0 is refused at the start.
    pub fn partition_bytes_min(mut self, bytes: u64) -> Self {
        self.directory.options.partition_bytes_min = bytes;
        self
    }
}

/// Names a file whose content is not what its name says.
pub(crate) fn damaged(
    directory: &Directory,
    file: &FileIdentity,
    error: impl Into<BoxError>,
) -> Error {
    let error = error.into();
    if let Some(ParquetError::External(source)) = error.downcast_ref::<ParquetError>()
        && source.is::<std::io::Error>()
    {
        // The file system has failed, which may pass.
        return Error::new(ErrorKind::Source, "cannot read an input file")
            .at_path(directory.root().join(file.path()).display().to_string())
            .with_source(error);
    }
    Error::new(
        ErrorKind::Source,
        "an input file is no Parquet file, or damaged",
    )
    .at_path(directory.root().join(file.path()).display().to_string())
    .with_help(
        "start anew without it; put files in under another name and rename them when they are \
             complete",
    )
    .with_source(error)
    .permanent()
}

impl Source for ParquetFiles {
    type Row = RecordBatch;
    type Offset = FilesOffset;
    type Partition = FilesPartition;
    type Reader<'a> = ParquetReader<'a>;

    fn description(&self) -> String {
        self.directory.description("parquet")
    }

    fn start(&self, context: &SourceContext) -> Result<(), BoxError> {
        if self.batch_rows == 0 {
            let help = "write for example `.batch_rows(8192)`";
            return Err(config("a record batch of at most 0 rows has none", help).into());
        }
        drift::expect_distinct(&self.schema)?;
        Ok(self.directory.start(context)?)
    }

    fn resumed(
        &self,
        _: BatchId,
        plan: &Plan<FilesOffset, FilesPartition>,
    ) -> Result<(), BoxError> {
        self.directory.resumed(plan);
        Ok(())
    }

    fn freeze(&self) -> Result<(), BoxError> {
        Ok(self.directory.freeze()?)
    }

    fn plan(
        &self,
        start: Option<&FilesOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<FilesOffset, FilesPartition>>, BoxError> {
        Ok(self.directory.plan(Framing::RowGroups, start, limits)?)
    }

    fn open<'a>(
        &'a self,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Result<ParquetReader<'a>, BoxError> {
        Ok(ParquetReader::open(self, partition, task))
    }

    fn committed(
        &self,
        batch: BatchId,
        plan: &Plan<FilesOffset, FilesPartition>,
    ) -> Result<(), BoxError> {
        Ok(self.directory.committed(batch, plan)?)
    }
}
