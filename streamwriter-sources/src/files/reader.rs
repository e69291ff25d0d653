//! Reads a partition: its ranges one after another, each checked before and after.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::slice;

use streamwriter_core::{BoxError, Error, ErrorKind, ReadCounts, Result, RowReader, TaskContext};

use super::Directory;
use super::input::RangeInput;
use super::options::BadRows;
use super::position::{FileRange, FilesPartition, read_error};

/// Turns bytes into rows; one for each format.
pub(crate) trait Decoder: Send {
    /// What a row is.
    type Row;

    /// Makes ready for a range. The input is at the beginning of the file and has no other end;
    /// afterwards it is at the first row of the range and ends with it.
    fn begin(&mut self, input: &mut RangeInput, range: &FileRange) -> Result<(), Failure>;

    /// Reads the next row of the range.
    fn next(&mut self, input: &mut RangeInput) -> Result<Decoded<Self::Row>, Failure>;
}

/// What a decoder found.
pub(crate) enum Decoded<R> {
    /// A row.
    Row(R),
    /// A row that does not fit.
    Bad(BadRecord),
    /// The end of the range.
    End,
}

/// A row that does not fit: where it is, and why.
#[derive(Debug)]
pub(crate) struct BadRecord {
    /// A position in the file from which only line ends lead to the row.
    pub(crate) position: u64,
    /// The column, if it is known.
    pub(crate) column: Option<String>,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// Why a decoder cannot go on, whatever the policy for bad rows.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Reading failed.
    Io(io::Error),
    /// The file as a whole does not fit the row type.
    Shape(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Shape(error)
    }
}

/// Reads the rows of one partition of a directory.
pub(crate) struct FileReader<'a, D> {
    directory: &'a Directory,
    ranges: slice::Iter<'a, FileRange>,
    current: Option<&'a FileRange>,
    input: RangeInput,
    decoder: D,
    task: &'a TaskContext,
    counts: ReadCounts,
}

impl<'a, D: Decoder> FileReader<'a, D> {
    pub(crate) fn open(
        directory: &'a Directory,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
        decoder: D,
    ) -> Result<Self> {
        let mut reader = Self {
            directory,
            ranges: partition.ranges.iter(),
            current: None,
            input: RangeInput::default(),
            decoder,
            task,
            counts: ReadCounts::default(),
        };
        reader.advance()?;
        Ok(reader)
    }

    /// Begins the next range; `false` if there is none.
    fn advance(&mut self) -> Result<bool> {
        let Some(range) = self.ranges.next() else {
            return Ok(false);
        };
        let file = range.file.open(self.directory.root())?;
        self.input.begin(file, range.file.size);
        self.decoder
            .begin(&mut self.input, range)
            .map_err(|failure| self.failed(range, failure))?;
        self.current = Some(range);
        Ok(true)
    }

    /// Ends a range: only now it is known that its rows were those that were planned.
    fn end(&mut self, range: &FileRange) -> Result<()> {
        self.current = None;
        self.counts.bytes = self.counts.bytes.saturating_add(range.bytes());
        match self.input.finish() {
            Some(file) => range.file.check(&file, self.directory.root()),
            None => Ok(()),
        }
    }

    fn next(&mut self) -> Result<Option<D::Row>> {
        loop {
            let Some(range) = self.current else {
                if self.task.is_cancelled() || !self.advance()? {
                    return Ok(None);
                }
                continue;
            };
            match self.decoder.next(&mut self.input) {
                Ok(Decoded::Row(row)) => {
                    self.counts.rows += 1;
                    return Ok(Some(row));
                }
                Ok(Decoded::End) => self.end(range)?,
                Ok(Decoded::Bad(bad)) => {
                    self.judge(range, &bad)?;
                    if self.task.is_cancelled() {
                        return Ok(None);
                    }
                }
                Err(failure) => return Err(self.failed(range, failure)),
            }
        }
    }

    /// Does with a bad row what the policy says; the one place that knows the policies.
    #[cold]
    fn judge(&mut self, range: &FileRange, bad: &BadRecord) -> Result<()> {
        match self.directory.options.bad_rows {
            BadRows::Fail => Err(self.bad_row(range, bad).with_help(
                "let such rows be left out with `.bad_rows(BadRows::Drop { limit })` and start \
                 again, or correct the file and start anew with another checkpoint and target",
            )),
            BadRows::Drop { limit } if self.counts.dropped >= limit => {
                Err(self.bad_row(range, bad).with_help(format!(
                    "it is one more than the limit of {limit} for one batch: raise the limit of \
                     `BadRows::Drop` and start again, or correct the file and start anew with \
                     another checkpoint and target"
                )))
            }
            BadRows::Drop { .. } => {
                if self.counts.dropped == 0 {
                    let row = self.bad_row(range, bad);
                    tracing::warn!(%row, "dropped the first of the rows that do not fit");
                }
                self.counts.dropped += 1;
                Ok(())
            }
        }
    }

    fn bad_row(&self, range: &FileRange, bad: &BadRecord) -> Error {
        let path = self.directory.root().join(&range.file.path);
        let column = match &bad.column {
            Some(column) => format!(", column {column}"),
            None => String::new(),
        };
        let place = match locate(&path, bad.position) {
            Ok((line, byte)) => format!("line {line}, byte {byte}"),
            Err(_) => format!("byte {}", bad.position),
        };
        Error::new(
            ErrorKind::Row,
            format!("the row at {place}{column} does not fit: {}", bad.reason),
        )
        .at_path(path.display().to_string())
        .permanent()
    }

    fn failed(&self, range: &FileRange, failure: Failure) -> Error {
        let root = self.directory.root();
        let path = root.join(&range.file.path);
        match failure {
            Failure::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                range.file.changed(root, "it has become shorter")
            }
            Failure::Io(error) => read_error(&path, error),
            Failure::Shape(error) => error.at_path(path.display().to_string()),
        }
    }
}

/// Returns the line, from 1, and the first byte of the record at a position.
fn locate(path: &Path, position: u64) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let mut line = 1;
    let mut before = file.by_ref().take(position);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = before.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', chunk).count() as u64;
    }
    let mut position = file.stream_position()?;
    for byte in io::BufReader::new(file).bytes() {
        match byte? {
            b'\n' => line += 1,
            b'\r' => {}
            _ => break,
        }
        position += 1;
    }
    Ok((line, position))
}

impl<D: Decoder> RowReader for FileReader<'_, D> {
    type Row = D::Row;

    #[inline]
    fn next_row(&mut self) -> Option<Result<D::Row, BoxError>> {
        self.next().map_err(BoxError::from).transpose()
    }

    fn counts(&self) -> Option<ReadCounts> {
        let mut counts = self.counts;
        if let Some(range) = self.current {
            let read = self.input.position().saturating_sub(range.start);
            counts.bytes = counts.bytes.saturating_add(read);
        }
        Some(counts)
    }
}

impl<D> fmt::Debug for FileReader<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReader")
            .field("current", &self.current)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
