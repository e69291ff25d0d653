//! The sink that writes text files: JSON lines and CSV.

#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "jsonl")]
mod json_lines;

use std::path::Path;

use serde::Serialize;
use streamwriter_core::{
    BatchContext, BoxError, Error, Guarantee, Result, Rows, StagedObject, StreamWriter, Target,
    TaskContext, WriteRows,
};

use crate::ending::{bad_row, in_task, require_complete};
use crate::message::StagedFiles;
use crate::staging::{Staging, StagingFile, write_failed};

#[cfg(feature = "csv")]
pub use self::csv::Csv;
#[cfg(feature = "jsonl")]
pub use json_lines::JsonLines;

/// Writes each partition of a batch as one text file in a plain directory.
///
/// Rows are any type with `Serialize`. A file becomes visible with the commit of its batch, under
/// a name that is a function of query, batch and partition; a partition without rows writes none.
///
/// Guarantee: exactly-once, through [`Staging`]. Memory: one buffer of 1 MiB and one row per
/// running task, whatever the size of the partition.
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
}

/// A text format of the [`FileSink`]; the formats of this crate are all there are.
pub trait FileFormat: sealed::Format {}

impl<F: sealed::Format> FileFormat for F {}

mod sealed {
    use super::{Result, RowEncoder, StagingFile};

    pub trait Format: Clone + std::fmt::Debug + Send + Sync + 'static {
        /// The format as people write it, and the extension of its files.
        const NAME: &'static str;
        type Encoder: RowEncoder;

        /// Checks the options.
        fn check(&self) -> Result<()>;

        fn encoder(&self, file: StagingFile) -> Self::Encoder;
    }
}

/// Writes rows into one staged file.
pub trait RowEncoder {
    /// Writes a row.
    fn push<R: Serialize>(&mut self, row: &R) -> Result<(), EncodeError>;

    /// Returns the file with everything in it.
    fn into_file(self) -> Result<StagingFile, EncodeError>;
}

/// Why a row was not written.
#[derive(Debug)]
pub enum EncodeError {
    /// The row does not fit into the format.
    Row(BoxError),
    /// The file cannot be written.
    Io(std::io::Error),
}

impl EncodeError {
    fn into_error(self, number: u64, task: &TaskContext) -> Error {
        match self {
            Self::Row(reason) => bad_row(number, reason, task),
            Self::Io(error) => in_task(write_failed(error), task),
        }
    }
}

impl<F: FileFormat> FileSink<F> {
    fn over(staging: Staging, format: F) -> Self {
        Self { staging, format }
    }

    fn at(path: impl AsRef<Path>, format: F) -> Result<Self> {
        Ok(Self::over(Staging::new(path)?, format))
    }

    fn begin(&self, task: &TaskContext) -> Result<F::Encoder> {
        let file = self.staging.file(task, None, 0, F::NAME)?;
        Ok(self.format.encoder(file))
    }

    fn finish(&self, encoder: F::Encoder, number: u64, task: &TaskContext) -> Result<StagedObject> {
        let file = encoder.into_file();
        file.map_err(|error| error.into_error(number, task))?
            .finish()
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
        self.format.check()
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles> {
        self.format.check()?;
        let mut encoder = None;
        while let Some(row) = rows.next() {
            let encoder = match &mut encoder {
                Some(encoder) => encoder,
                none => none.insert(self.begin(task)?),
            };
            encoder
                .push(&row)
                .map_err(|error| error.into_error(rows.read(), task))?;
        }
        // IMPORTANT: a file of a part of the partition must not be finished (W8).
        require_complete(&rows, task)?;
        let files = match encoder {
            Some(encoder) => vec![self.finish(encoder, rows.read(), task)?],
            None => Vec::new(),
        };
        Ok(StagedFiles::new(rows.read(), files))
    }
}

#[cfg(test)]
mod tests;
