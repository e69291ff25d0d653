//! The sink that writes text files: JSON lines, CSV and plain text.

#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "jsonl")]
mod json_lines;
mod text;

mod compression;
mod directories;
mod encoder;
mod text_file;
mod without;

use std::path::Path;

use serde::Serialize;
use streamwriter_core::{
    BatchContext, Error, Guarantee, Result, Rows, StreamWriter, Target, TaskContext, WriteRows,
};

use crate::ending::{bad_row, in_task, require_complete};
use crate::message::StagedFiles;
use crate::partition::PartitionBy;
use crate::rolling::{Layout, OpenFiles};
use crate::staging::{Staging, write_failed};

use directories::Directories;
use encoder::{EncodeError, Encoded, RowEncoder};
use text_file::TextFile;
use without::Without;

#[cfg(feature = "csv")]
pub use self::csv::{Csv, CsvQuoting};
pub use compression::FileCompression;
#[cfg(feature = "jsonl")]
pub use json_lines::JsonLines;
pub use text::Text;

/// Writes the rows of a batch as text files in a plain directory.
///
/// Rows are any type with `Serialize`. Each partition of a batch makes one file, or several if they
/// are limited ([`max_rows_per_file`](Self::max_rows_per_file),
/// [`max_bytes_per_file`](Self::max_bytes_per_file)). They become visible with the commit of their
/// batch, under names that are a function of query, batch, partition and number; a partition without
/// rows writes none.
///
/// Guarantee: exactly-once, through [`Staging`]. Memory: one buffer of 1 MiB and one row per
/// running task, whatever the size of the partition; under [`partition_by`](Self::partition_by)
/// a buffer of 128 KiB for each open file, of which there are at most
/// [`max_open_files`](Self::max_open_files). A task hands on the names of its files in one message:
/// see `max_message_bytes` of the query, whose default has room for some 2,500 of them.
///
/// ```
/// use streamwriter_core::StreamWriter;
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::FileSink;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path();
/// # #[cfg(feature = "jsonl")] {
/// let sink = FileSink::json_lines(path)?;
/// let pretend = Pretend::default();
/// let message = write_rows(&sink, [("a", 1), ("b", 2)], &pretend.task())?;
/// sink.commit(vec![message], &pretend.batch())?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct FileSink<F> {
    staging: Staging,
    format: F,
    compression: FileCompression,
    layout: Layout,
}

/// A text format of the [`FileSink`]; the formats of this crate are all there are.
pub trait FileFormat: sealed::Format {}

impl<F: sealed::Format> FileFormat for F {}

mod sealed {
    use super::{Result, RowEncoder, TextFile};

    pub trait Format: Clone + std::fmt::Debug + Send + Sync + 'static {
        /// The format as people write it.
        const NAME: &'static str;
        /// The extension of its files.
        const EXTENSION: &'static str = Self::NAME;
        type Encoder: RowEncoder;

        /// Checks the options.
        fn check(&self) -> Result<()>;

        fn encoder(&self, file: TextFile) -> Self::Encoder;
    }
}

impl<F: FileFormat> FileSink<F> {
    fn over(staging: Staging, format: F) -> Self {
        Self {
            staging,
            format,
            compression: FileCompression::None,
            layout: Layout::default(),
        }
    }

    fn at(path: impl AsRef<Path>, format: F) -> Result<Self> {
        Ok(Self::over(Staging::new(path)?, format))
    }

    /// Sets how the files are compressed; not at all by default.
    ///
    /// A compressed file has a second extension, as in `*.csv.gz`, so readers that list `*.csv` do not
    /// see it.
    pub fn compression(mut self, compression: FileCompression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets how many rows a file has at most; no limit by default. (Spark: `maxRecordsPerFile`.)
    ///
    /// A full file is finished, and the next row begins another one.
    pub fn max_rows_per_file(mut self, rows: u64) -> Self {
        self.layout.rows_max = Some(rows);
        self
    }

    /// Sets how many bytes fill a file; no limit by default. (Flink: the part size of a rolling
    /// policy.)
    ///
    /// They are counted after each row, as they are written. The row that reaches the limit still
    /// goes into the file, so a file is longer by a part of one row at most. A compressor gives its
    /// bytes late, so a compressed file is longer by what some 200 KiB of text are compressed to.
    pub fn max_bytes_per_file(mut self, bytes: u64) -> Self {
        self.layout.bytes_max = Some(bytes);
        self
    }

    /// Writes rows into a directory for each value of these columns, such as
    /// `city=Oslo/year=2026/part-….jsonl`, as Spark and Hive lay them out; into one directory by
    /// default (F4).
    ///
    /// The columns leave the rows: readers find them in the names. Integers, booleans and texts (and
    /// what serde writes as them, such as dates) make names as they are, escaped as in Spark; a null
    /// and an empty text are `__HIVE_DEFAULT_PARTITION__`. A row without one of the columns, or with a
    /// float or a nested value in it, does not fit, and neither does one whose value cannot be a name
    /// (with a NUL, or longer than 255 bytes with the column's name). A float has no one text: round it
    /// into a text that you choose.
    pub fn partition_by(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.layout.partition_by = PartitionBy::new(columns);
        self
    }

    /// Sets how many files each task has open at once under [`partition_by`](Self::partition_by); 64
    /// by default.
    ///
    /// One more closes the file that was left alone longest, and a later row of that directory begins
    /// another file there. Rows that come in the order of the partition columns need one open file.
    pub fn max_open_files(mut self, files: usize) -> Self {
        self.layout.open_files_max = files;
        self
    }

    fn check(&self) -> Result<()> {
        self.layout.check()?;
        self.compression.check()?;
        self.format.check()
    }
}

impl<F: FileFormat> StreamWriter for FileSink<F> {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        F::NAME
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

impl<R: Serialize, F: FileFormat> WriteRows<R> for FileSink<F> {
    fn check_rows(&self) -> Result<()> {
        self.check()
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles> {
        self.check()?;
        let extension = self.compression.extension(F::EXTENSION);
        let begin = |file| {
            let file = TextFile::begin(file, self.compression);
            let file = file.map_err(|error| in_task(write_failed(error), task))?;
            Ok(Encoded(self.format.encoder(file)))
        };
        let mut files = OpenFiles::new(&self.staging, &self.layout, task, &extension, begin);
        let columns = &self.layout.partition_by;
        let mut directories = Directories::new(columns);
        while let Some(row) = rows.next() {
            if columns.is_empty() {
                let rows_max = self.layout.rows_at_once();
                files.write("", |file, room| {
                    file.push_all(row, &mut rows, room.min(rows_max), task)
                })?;
                continue;
            }
            let number = rows.read();
            let directory = directories.of(&row);
            let directory = directory.map_err(|reason| bad_row(number, reason, task))?;
            let row = Without { row: &row, columns };
            files.write(directory, |file, _| {
                file.push(&row, number, task).map(|()| 1)
            })?;
        }
        // IMPORTANT: the files of a part of the partition must not stay (W8).
        require_complete(&rows, task)?;
        let (rows, files) = files.finish()?;
        Ok(StagedFiles::new(rows, files))
    }
}

#[cfg(test)]
mod tests;
