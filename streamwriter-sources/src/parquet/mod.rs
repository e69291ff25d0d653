//! A directory of Parquet files as a source.

mod directories;
mod drift;
mod int96;
mod reader;
mod row_groups;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod layout_tests;
#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod tests;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod directories_tests;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;
use streamwriter_core::{BoxError, Error, ErrorKind, Result, Source, TaskContext};

use crate::files::shared::{directory_options, source_of_directory};
use crate::files::{Directory, FileIdentity, FilesPartition, Framing, SchemaDrift};
use crate::plain::config;

pub use reader::ParquetReader;
pub(crate) use row_groups::scan;

/// How many rows a batch of columns has unless told otherwise.
const BATCH_ROWS: usize = 8192;

/// The rows of the Parquet files of a directory, as Arrow record batches of one schema.
///
/// Files are read once each, in the order of their modification time, then of their name; those
/// that arrive later are picked up by later batches. A file counts if its name ends with `.parquet`
/// (see [`extensions`](Self::extensions)) and does not begin with `.` or `_`. Directories inside are
/// entered if they [hold columns](Self::partitioned_by), which are then columns of the schema, or are
/// [to be entered](Self::recursive). [How to put files in](crate#putting-files-into-a-directory).
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

    /// Returns the schema of the oldest file of a directory, or of the directories inside if it has none
    /// of its own, without the metadata of the file; `None` if there is no file.
    ///
    /// Columns that directories hold are not in it: add them for [`partitioned_by`](Self::partitioned_by).
    /// For a program that is not told the schema otherwise. At a restart that file may be another one:
    /// keep the schema if that matters.
    ///
    /// # Errors
    /// As [`directory`](Self::directory), and [`Source`](ErrorKind::Source) for a file that is no
    /// Parquet file.
    pub fn schema_of_first(path: impl AsRef<Path>) -> Result<Option<SchemaRef>> {
        let mut directory = Directory::new(path.as_ref(), &["parquet"])?.never_decompressed();
        let mut file = directory.first()?;
        if file.is_none() {
            directory.options.layout.recursive = true;
            file = directory.first()?;
        }
        let Some(file) = file else {
            return Ok(None);
        };
        let open = file.open(directory.root())?;
        let metadata =
            int96::footer(&open, None).map_err(|error| damaged(&directory, &file, error))?;
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

    directory_options!();

    fn check_options(&self) -> Result<()> {
        if self.batch_rows == 0 {
            let help = "write for example `.batch_rows(8192)`";
            return Err(config("a record batch of at most 0 rows has none", help));
        }
        drift::expect_distinct(&self.schema)?;
        let columns = &self.directory.options.layout.columns;
        directories::check(&self.schema, columns, self.drift)
    }

    fn framing(&self) -> Framing {
        Framing::RowGroups
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
    type Reader<'a> = ParquetReader<'a>;

    source_of_directory!("parquet");

    fn open<'a>(
        &'a self,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Result<ParquetReader<'a>, BoxError> {
        Ok(ParquetReader::open(self, partition, task))
    }
}
