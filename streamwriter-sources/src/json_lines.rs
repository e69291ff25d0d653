//! A directory of JSON lines files as a source.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use streamwriter_core::{BoxError, ReadCounts, Result, RowReader, Source, TaskContext};

use crate::files::hive::{DirectoryValue, Refused, parse_joined};
use crate::files::shared::{bad_row_options, directory_options, source_of_directory};
use crate::files::{
    BYTE_ORDER_MARK, BadRecord, Decoded, Decoder, Directory, Failure, FileRange, FileReader,
    FilesPartition, Framing, Line, RangeInput, Span,
};

/// The rows of the JSON lines files of a directory, one JSON value per line.
///
/// Files are read once each, in the order of their modification time, then of their name; those
/// that arrive later are picked up by later batches. A file counts if its name ends with `.jsonl`,
/// `.ndjson` or `.json` (see [`extensions`](Self::extensions)), or one of these and `.gz` or `.zst`, and
/// does not begin with `.` or `_`. Directories inside are entered if they
/// [hold columns](Self::partitioned_by), which become further fields of the objects, or are
/// [to be entered](Self::recursive). [How to put files in](crate#putting-files-into-a-directory).
///
/// Blank lines are skipped, `\r\n` and a byte order mark are tolerated, and the last line needs no
/// line end. A line that is not one JSON value of the row type is a [bad row](crate::BadRows).
///
/// What a line lacks or has too much is for the row type to say, as everywhere in serde: a field that is no
/// [`Option`] and has no `#[serde(default)]` is required, and further keys are ignored unless the type says
/// `#[serde(deny_unknown_fields)]`.
///
/// # Batches
/// A batch holds at most 1,000 files and 256 MiB unless the query says otherwise. A bound on bytes
/// is kept by whole files, where one file fits, and otherwise exceeded by less than one line; a
/// bound on rows is exact (a line of spaces counts as a row). Large files are cut into partitions
/// between lines, about one for each executor and none under [1 MiB](Self::partition_bytes_min);
/// small files share one.
///
/// # What it remembers
/// 16 bytes for each file that was read, in the checkpoint, and less than 1 % of that in memory; a
/// query without a checkpoint keeps them in memory. A file is known by its name for good: another
/// one of the same name is not read.
///
/// ```
/// use serde::Deserialize;
/// use streamwriter_core::testing::{Pretend, read_partition};
/// use streamwriter_core::{BoxError, PlanLimits, Source};
/// use streamwriter_sources::JsonLines;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("orders.jsonl"), "{\"id\":1}\n{\"id\":2}\n")?;
///
/// let source = JsonLines::directory(dir.path())?;
/// let plan = source.plan(None, &PlanLimits::unbounded(4))?.ok_or("nothing there")?;
/// let task = Pretend::default().task();
/// let rows: Vec<Order> = read_partition(&source, &plan.partitions[0], &task)?;
/// assert_eq!(rows, [Order { id: 1 }, Order { id: 2 }]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a source does nothing until a query reads it"]
pub struct JsonLines<R> {
    directory: Directory,
    row: PhantomData<fn() -> R>,
}

impl<R> JsonLines<R> {
    /// Names the directory; the row type follows from what the rows are used for.
    ///
    /// # Errors
    /// [`Source`](streamwriter_core::ErrorKind::Source) if it does not exist or may not be read,
    /// [`Config`](streamwriter_core::ErrorKind::Config) if it is not a directory.
    pub fn directory(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self {
            directory: Directory::new(path.as_ref(), &["jsonl", "ndjson", "json"])?,
            row: PhantomData,
        })
    }

    directory_options!();

    bad_row_options!();

    fn check_options(&self) -> Result<()> {
        Ok(())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }
}

impl<R> fmt::Debug for JsonLines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("directory", &self.directory)
            .finish()
    }
}

impl<R: DeserializeOwned + Send + 'static> Source for JsonLines<R> {
    type Row = R;
    type Reader<'a> = JsonLinesReader<'a, R>;

    source_of_directory!("json lines");

    fn open<'a>(
        &'a self,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Result<Self::Reader<'a>, BoxError> {
        let decoder = JsonDecoder {
            record_bytes_max: self.directory.options.record_bytes_max,
            values: Vec::new(),
            row: PhantomData,
        };
        let reader = FileReader::open(&self.directory, partition, task, decoder)?;
        Ok(JsonLinesReader(reader))
    }
}

/// Reads the rows of one partition of [`JsonLines`] files.
#[derive(Debug)]
pub struct JsonLinesReader<'a, R>(FileReader<'a, JsonDecoder<R>>);

impl<R: DeserializeOwned> RowReader for JsonLinesReader<'_, R> {
    type Row = R;

    #[inline]
    fn next_row(&mut self) -> Option<Result<R, BoxError>> {
        self.0.next_row()
    }

    fn counts(&self) -> Option<ReadCounts> {
        self.0.counts()
    }
}

/// Reads lines as JSON.
#[derive(Debug)]
struct JsonDecoder<R> {
    record_bytes_max: usize,
    /// The columns that the directories of the file add.
    values: Vec<DirectoryValue>,
    row: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Decoder for JsonDecoder<R> {
    type Row = R;
    const FORMAT: &'static str = "jsonl";

    fn begin(
        &mut self,
        input: &mut RangeInput,
        range: &FileRange,
        values: Vec<DirectoryValue>,
    ) -> Result<(), Failure> {
        self.values = values;
        input.seek(range.start, range.end)?;
        if range.start == 0 {
            input.fill_to(BYTE_ORDER_MARK.len())?;
            if input.available().starts_with(BYTE_ORDER_MARK) {
                input.consume(BYTE_ORDER_MARK.len());
            }
        }
        Ok(())
    }

    #[inline]
    fn next(&mut self, input: &mut RangeInput) -> Result<Decoded<R>, Failure> {
        loop {
            let position = input.position();
            let line = match input.line(self.record_bytes_max)? {
                Line::Bytes(line) => line,
                Line::TooLong(end) => return Ok(self.too_long(position, end)),
                Line::End => return Ok(Decoded::End),
            };
            if line.trim_ascii_start().is_empty() {
                continue;
            }
            if !self.values.is_empty() {
                return self.next_joined(position, line);
            }
            return Ok(match parse(line) {
                Ok(row) => Decoded::Row(row),
                Err(reason) => bad_line(position, position + line.len() as u64, reason),
            });
        }
    }
}

impl<R: DeserializeOwned> JsonDecoder<R> {
    /// Reads a line and what the directories add; apart, so that other rows are as fast as without it.
    #[inline(never)]
    fn next_joined(&self, position: u64, line: &[u8]) -> Result<Decoded<R>, Failure> {
        let end = position + line.len() as u64;
        let text = match text_of(line) {
            Ok(text) => text,
            Err(reason) => return Ok(bad_line(position, end, reason)),
        };
        match parse_joined(text, &self.values) {
            Ok(row) => Ok(Decoded::Row(row)),
            Err(Refused::Line(error)) => Ok(bad_line(position, end, reason(&error))),
            Err(Refused::File(error)) => Err(error.into()),
        }
    }
}

impl<R> JsonDecoder<R> {
    #[cold]
    fn too_long(&self, start: u64, end: u64) -> Decoded<R> {
        let reason = format!("it is longer than {} bytes", self.record_bytes_max);
        bad_line(start, end, reason)
    }
}

#[cold]
fn bad_line<R>(start: u64, end: u64, reason: String) -> Decoded<R> {
    Decoded::Bad(BadRecord {
        span: Span::exact(start, end),
        column: None,
        reason,
    })
}

#[inline]
fn parse<R: DeserializeOwned>(line: &[u8]) -> Result<R, String> {
    serde_json::from_str(text_of(line)?).map_err(|error| reason(&error))
}

/// Returns the whole line, to be checked also where the row type has no fields.
#[inline]
fn text_of(line: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(line)
        .map_err(|error| format!("it is not UTF-8 from its byte {} on", error.valid_up_to()))
}

/// Says what is wrong with a line; the parser's own line number is always 1 and would mislead.
#[cold]
fn reason(error: &serde_json::Error) -> String {
    let column = error.column();
    let text = error.to_string();
    match text.strip_suffix(&format!(" at line 1 column {column}")) {
        Some(text) => format!("{text} (byte {column} of the line)"),
        None => text,
    }
}
