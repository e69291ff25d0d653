//! A directory of JSON lines files as a source.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use streamwriter_core::{
    BatchId, BoxError, Gathered, Measure, Plan, PlanLimits, ReadCounts, Result, RowReader, Source,
    SourceContext, TaskContext,
};

use crate::files::{
    BYTE_ORDER_MARK, BadRecord, BadRows, Decoded, Decoder, Directory, Failure, FileRange,
    FileReader, FilesOffset, FilesPartition, Framing, Line, MEASURES, RangeInput, Span,
};

/// The rows of the JSON lines files of a directory, one JSON value per line.
///
/// Files are read once each, in the order of their modification time, then of their name; those
/// that arrive later are picked up by later batches. A file counts if its name ends with `.jsonl`,
/// `.ndjson` or `.json` (see [`extensions`](Self::extensions)), or one of these and `.gz` or `.zst`, and
/// does not begin with `.` or `_`; directories inside are not entered. [How to put files in](crate#putting-files-into-a-directory).
///
/// Blank lines are skipped, `\r\n` and a byte order mark are tolerated, and the last line needs no
/// line end. A line that is not one JSON value of the row type is a [bad row](BadRows).
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

    /// Sets which files are read, by the ends of their names; upper or lower case.
    ///
    /// The default is `jsonl`, `ndjson` and `json`. An empty list is refused at the start.
    pub fn extensions(mut self, extensions: impl IntoIterator<Item: Into<String>>) -> Self {
        self.directory.options.set_extensions(extensions);
        self
    }

    /// Sets what happens to rows that do not fit; the default is [`BadRows::Fail`].
    pub fn bad_rows(mut self, policy: BadRows) -> Self {
        self.directory.options.bad_rows = policy;
        self
    }

    /// Sets how long a line may be in bytes; a longer one is a bad row. The default is 16 MiB.
    ///
    /// 0 is refused at the start.
    pub fn record_bytes_max(mut self, bytes: usize) -> Self {
        self.directory.options.record_bytes_max = bytes;
        self
    }

    /// Sets how many bytes of input a partition has at least, if its batch has them; the default
    /// is 1 MiB. Each partition makes a file of its own, so a small value makes many small files.
    ///
    /// A batch that is planned keeps its partitions. 0 is refused at the start.
    pub fn partition_bytes_min(mut self, bytes: u64) -> Self {
        self.directory.options.partition_bytes_min = bytes;
        self
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
    type Offset = FilesOffset;
    type Partition = FilesPartition;
    type Reader<'a> = JsonLinesReader<'a, R>;

    fn description(&self) -> String {
        self.directory.description("json lines")
    }

    fn sets_aside(&self) -> bool {
        self.directory.sets_aside()
    }

    fn start(&self, context: &SourceContext) -> Result<(), BoxError> {
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

    fn measures(&self) -> &'static [Measure] {
        MEASURES
    }

    fn gathered(
        &self,
        start: Option<&FilesOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        Ok(self.directory.gathered(start, limits)?)
    }

    fn plan(
        &self,
        start: Option<&FilesOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<FilesOffset, FilesPartition>>, BoxError> {
        Ok(self.directory.plan(Framing::Lines, start, limits)?)
    }

    fn open<'a>(
        &'a self,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Result<Self::Reader<'a>, BoxError> {
        let decoder = JsonDecoder {
            record_bytes_max: self.directory.options.record_bytes_max,
            row: PhantomData,
        };
        let reader = FileReader::open(&self.directory, partition, task, decoder)?;
        Ok(JsonLinesReader(reader))
    }

    fn accept(&self, batch: BatchId, counts: &ReadCounts) -> Result<(), BoxError> {
        Ok(self.directory.accept(batch, counts)?)
    }

    fn committed(
        &self,
        batch: BatchId,
        plan: &Plan<FilesOffset, FilesPartition>,
    ) -> Result<(), BoxError> {
        Ok(self.directory.committed(batch, plan)?)
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
    row: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Decoder for JsonDecoder<R> {
    type Row = R;
    const FORMAT: &'static str = "jsonl";

    fn begin(&mut self, input: &mut RangeInput, range: &FileRange) -> Result<(), Failure> {
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
            return Ok(match parse(line) {
                Ok(row) => Decoded::Row(row),
                Err(reason) => bad_line(position, position + line.len() as u64, reason),
            });
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
    // The whole line is checked, also the fields that the row type does not have.
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("it is not UTF-8 from its byte {} on", error.valid_up_to()))?;
    serde_json::from_str(text).map_err(|error| reason(&error))
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
