//! Reads a partition: its ranges one after another, each checked before and after.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::slice;

use streamwriter_core::{BoxError, Error, ErrorKind, ReadCounts, Result, RowReader, TaskContext};

use super::Directory;
use super::content::Content;
use super::hive::DirectoryValue;
use super::input::RangeInput;
use super::options::BadRows;
use super::position::{FileRange, FilesPartition, read_error};
use super::set_aside::Aside;
use super::span::Span;

/// Turns bytes into rows; one for each format.
pub(crate) trait Decoder: Send {
    /// What a row is.
    type Row;

    /// The format as an extension of files.
    const FORMAT: &'static str;

    /// Makes ready for a range, whose rows get the values of the directories as further columns. The
    /// input is at the beginning of the file and has no other end; afterwards it is at the first row
    /// of the range and ends with it.
    fn begin(
        &mut self,
        input: &mut RangeInput,
        range: &FileRange,
        values: Vec<DirectoryValue>,
    ) -> Result<(), Failure>;

    /// Reads the next row of the range.
    fn next(&mut self, input: &mut RangeInput) -> Result<Decoded<Self::Row>, Failure>;

    /// Returns where the header of the file stands, if it has one.
    fn header(&self) -> Option<Span> {
        None
    }
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
    /// Where it stands.
    pub(crate) span: Span,
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
    /// The way of bad rows of the current range to where they are set aside, once it has one.
    aside: Option<Aside<'a>>,
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
            aside: None,
        };
        reader.advance()?;
        Ok(reader)
    }

    /// Begins the next range; `false` if there is none.
    fn advance(&mut self) -> Result<bool> {
        let Some(range) = self.ranges.next() else {
            return Ok(false);
        };
        let values = self.directory.values_of(&range.file)?;
        let file = range.file.open_content(self.directory.root())?;
        let begun = if file.is_compressed() {
            // Its length is known at its end only.
            let whole = FileRange {
                end: u64::MAX,
                ..range.clone()
            };
            self.input.begin(file, u64::MAX);
            self.decoder.begin(&mut self.input, &whole, values)
        } else {
            self.input.begin(file, range.file.size);
            self.decoder.begin(&mut self.input, range, values)
        };
        begun.map_err(|failure| self.failed(range, failure))?;
        self.current = Some(range);
        Ok(true)
    }

    /// Ends a range: only now it is known that its rows were those that were planned.
    fn end(&mut self, range: &FileRange) -> Result<()> {
        self.current = None;
        self.aside = None;
        self.counts.bytes = self.counts.bytes.saturating_add(range.bytes());
        match self.input.finish() {
            Some(content) => range.file.check(content.file(), self.directory.root()),
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
    fn judge(&mut self, range: &'a FileRange, bad: &BadRecord) -> Result<()> {
        match self.directory.options.bad_rows {
            BadRows::Fail => Err(self.bad_row(range, bad).with_help(
                "have such rows set aside with `.bad_rows(BadRows::SetAside { limit })` and the \
                 sink in `SetAside::new(sink, directory)?`, or left out with \
                 `.bad_rows(BadRows::Drop { limit })`, and start again; or correct the file and \
                 start anew with another checkpoint and target",
            )),
            BadRows::Drop { limit } if self.counts.dropped >= limit => {
                Err(self.one_too_many(range, bad, "Drop", limit))
            }
            BadRows::Drop { .. } => {
                if self.counts.dropped == 0 {
                    let row = self.bad_row(range, bad);
                    tracing::warn!(%row, "dropped the first of the rows that do not fit");
                }
                self.counts.dropped += 1;
                Ok(())
            }
            BadRows::SetAside { limit } if self.task.rows_set_aside() >= limit => {
                Err(self.one_too_many(range, bad, "SetAside", limit))
            }
            BadRows::SetAside { .. } => {
                if self.task.rows_set_aside() == 0 {
                    // Without the line: to find it takes long far into a file, in every batch.
                    let path = self.directory.root().join(&range.file.path);
                    let (path, byte, reason) = (path.display(), bad.span.start, &bad.reason);
                    tracing::warn!(%path, byte, reason, "set aside the first of the bad rows");
                }
                self.set_aside(range, bad)
            }
        }
    }

    /// Hands a bad row to where the sink wants it.
    fn set_aside(&mut self, range: &'a FileRange, bad: &BadRecord) -> Result<()> {
        let root = self.directory.root();
        let aside = match &mut self.aside {
            Some(aside) => aside,
            none => none.insert(Aside::open(root, range, self.decoder.header())?),
        };
        aside.put(bad, D::FORMAT, self.task)
    }

    fn one_too_many(&self, range: &FileRange, bad: &BadRecord, policy: &str, limit: u64) -> Error {
        self.bad_row(range, bad).with_help(format!(
            "it is one more than the limit of {limit} for one batch: raise the limit of \
             `BadRows::{policy}` and start again, or correct the file and start anew with another \
             checkpoint and target"
        ))
    }

    fn bad_row(&self, range: &FileRange, bad: &BadRecord) -> Error {
        let path = self.directory.root().join(&range.file.path);
        let column = match &bad.column {
            Some(column) => format!(", column {column}"),
            None => String::new(),
        };
        let place = match locate(&path, bad.span.start) {
            Ok((line, byte)) => format!("line {line}, byte {byte}"),
            Err(_) => format!("byte {}", bad.span.start),
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
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = Content::new(File::open(path)?, &name)?;
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
            // What comes out of a compressed file is more than was read.
            let read = read.min(range.bytes());
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
