//! Splits bytes into records, and records into rows.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::marker::PhantomData;

use csv_core::ReadRecordResult;
use serde::de::DeserializeOwned;
use streamwriter_core::{Error, Result};

use super::header::{Header, names};
use super::row::{Record, fields_of};
use crate::files::decode_error::{Cause, DecodeError, shape_error};
use crate::files::hive::DirectoryValue;
use crate::files::sizes::piece;
use crate::files::{
    BYTE_ORDER_MARK, BadRecord, Decoded, Decoder, Failure, FileRange, RangeInput, Span,
};
use crate::plain::config;

/// The first sizes of the buffers, which grow.
fn text_bytes() -> usize {
    piece(1 << 10, 1)
}

fn fields() -> usize {
    piece(64, 1)
}

/// How the files are written.
#[derive(Clone, Debug)]
pub(crate) struct CsvOptions {
    pub(crate) header: bool,
    /// The columns that every file has to have; none if nothing is said about them.
    pub(crate) columns: Vec<String>,
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) quoting: bool,
    pub(crate) null_values: Vec<String>,
    pub(crate) flexible: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: true,
            columns: Vec::new(),
            delimiter: b',',
            quote: b'"',
            quoting: true,
            null_values: Vec::new(),
            flexible: false,
        }
    }
}

impl CsvOptions {
    pub(crate) fn validate(&self) -> Result<()> {
        let usable = |byte: u8| byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0);
        if !usable(self.delimiter) {
            return Err(config(
                format!("{:?} cannot separate fields", char::from(self.delimiter)),
                "write an ASCII character that ends no line, for example `.delimiter(b';')`",
            ));
        }
        if self.quoting && (!usable(self.quote) || self.quote == self.delimiter) {
            return Err(config(
                format!("{:?} cannot be the quote", char::from(self.quote)),
                "write an ASCII character that is not the delimiter, for example `.quote(b'\"')`, \
                 or `.quoting(false)`",
            ));
        }
        Ok(())
    }

    /// Checks what is declared, beside what the directories hold.
    pub(crate) fn validate_with(&self, directories: &[String]) -> Result<()> {
        let mut seen = HashSet::new();
        for column in &self.columns {
            if !seen.insert(column) {
                let message = format!("the column {column:?} is declared twice");
                return Err(config(message, "give each column once in `.columns([…])`"));
            }
            if directories.contains(column) {
                let message = format!(
                    "the column {column:?} is declared for the files and for the directories"
                );
                let help = "leave it out of `.columns([…])` or of `.partitioned_by([…])`";
                return Err(config(message, help));
            }
        }
        let by_position = !self.header && self.columns.is_empty();
        if by_position && self.flexible && !directories.is_empty() {
            return Err(config(
                "the columns of directories have no place behind rows of any length without names",
                "declare the columns of the files with `.columns([…])`, or write `.flexible(false)`",
            ));
        }
        Ok(())
    }

    fn reader(&self) -> csv_core::Reader {
        csv_core::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .quote(self.quote)
            .quoting(self.quoting)
            .build()
    }
}

/// Reads records as rows.
pub(crate) struct CsvDecoder<'o, R> {
    options: &'o CsvOptions,
    records: Records,
    header: Header,
    /// Where the header stands, if the files have one.
    header_span: Option<Span>,
    row: PhantomData<fn() -> R>,
}

impl<'o, R> CsvDecoder<'o, R> {
    pub(crate) fn new(options: &'o CsvOptions, record_bytes_max: usize) -> Self {
        Self {
            options,
            records: Records::new(options, record_bytes_max),
            header: Header::default(),
            header_span: None,
            row: PhantomData,
        }
    }
}

/// Returns the columns that the first record of a file names, from its beginning; `None` if it cannot
/// be a header, which the reader of its rows says.
pub(super) fn columns_of(
    input: &mut RangeInput,
    options: &CsvOptions,
    record_bytes_max: usize,
) -> io::Result<Option<Vec<String>>> {
    let mut records = Records::new(options, record_bytes_max);
    records.restart(options);
    skip_byte_order_mark(input)?;
    Ok(match records.next(input)? {
        Framed::Record(text, ends) => names(text, ends),
        Framed::TooLong | Framed::Unclosed | Framed::End => None,
    })
}

fn skip_byte_order_mark(input: &mut RangeInput) -> io::Result<()> {
    input.fill_to(BYTE_ORDER_MARK.len())?;
    if input.available().starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}

impl<R> fmt::Debug for CsvDecoder<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvDecoder")
            .field("options", self.options)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl<R: DeserializeOwned> Decoder for CsvDecoder<'_, R> {
    type Row = R;
    const FORMAT: &'static str = "csv";

    fn begin(
        &mut self,
        input: &mut RangeInput,
        range: &FileRange,
        values: Vec<DirectoryValue>,
    ) -> Result<(), Failure> {
        self.records.restart(self.options);
        skip_byte_order_mark(input)?;
        let mut first_row = input.position();
        let read = self.records.next(input)?;
        self.header = Header::read(&read, self.options, values)?;
        self.header_span = None;
        if self.options.header {
            self.header_span = Some(self.records.span(first_row, input));
            first_row = input.position();
        }
        self.records.restart(self.options);
        // A range that ends inside of the header, after blank lines, has no rows.
        let start = range.start.max(first_row).min(range.end);
        Ok(input.seek(start, range.end)?)
    }

    fn header(&self) -> Option<Span> {
        self.header_span
    }

    #[inline]
    fn next(&mut self, input: &mut RangeInput) -> Result<Decoded<R>, Failure> {
        let position = input.position();
        let record = match self.records.next(input)? {
            Framed::End => return Ok(Decoded::End),
            Framed::TooLong => {
                let reason = format!("it is longer than {} bytes", self.records.record_bytes_max);
                return Ok(bad_record(self.records.span(position, input), None, reason));
            }
            Framed::Unclosed => {
                let reason = "a quote is not closed before the end of the file".to_owned();
                return Ok(bad_record(self.records.span(position, input), None, reason));
            }
            Framed::Record(text, ends) => Record::new(text, ends, &self.header, self.options),
        };
        match record.and_then(|record| record.decode()) {
            Ok(row) => Ok(Decoded::Row(row)),
            Err(error) => self.refuse(self.records.span(position, input), &error),
        }
    }
}

fn bad_record<R>(span: Span, column: Option<String>, reason: String) -> Decoded<R> {
    Decoded::Bad(BadRecord {
        span,
        column,
        reason,
    })
}

impl<R: DeserializeOwned> CsvDecoder<'_, R> {
    /// Tells a row that does not fit from a file that does not.
    #[cold]
    fn refuse(&self, span: Span, error: &DecodeError) -> Result<Decoded<R>, Failure> {
        match error.cause() {
            Cause::Missing(field) => Err(self.missing(field).into()),
            Cause::Shape(message) => Err(shape_error(
                format!("the columns do not fit the row type: {message}"),
                "let the row type have the columns of the file, in the same order",
            )
            .into()),
            Cause::Directory(index, reason) => Err(self.header.unfit(*index, reason).into()),
            Cause::Value(reason) => {
                let column = error.column().map(|index| self.header.column(index));
                Ok(bad_record(span, column, reason.clone()))
            }
        }
    }

    fn missing(&self, field: &str) -> Error {
        let needed = match fields_of::<R>() {
            Some(fields) => format!("; the row type has the fields {}", fields.join(", ")),
            None => String::new(),
        };
        shape_error(
            format!(
                "the column {field:?} is missing; the file has the columns {}{needed}",
                self.header.list()
            ),
            "rename the field with `#[serde(rename)]` or give it `#[serde(default)]`, and start \
             again; or correct the file's header and start anew with another checkpoint and \
             target; if the files have no header, write `.header(false)`",
        )
    }
}

/// Finds records, unquoted, in a buffer that is used again for each.
struct Records {
    core: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    record_bytes_max: usize,
    /// Whether the end of a line ended the last record, and not the end of the range.
    terminated: bool,
}

/// One record as it stands in the file.
pub(crate) enum Framed<'r> {
    /// The text of all fields, and where each of them ends.
    Record(&'r [u8], &'r [usize]),
    /// A record that is longer than allowed; it has been skipped.
    TooLong,
    /// A quoted field that has no end.
    Unclosed,
    /// The end of the range.
    End,
}

impl Records {
    fn new(options: &CsvOptions, record_bytes_max: usize) -> Self {
        Self {
            core: options.reader(),
            text: vec![0; text_bytes()],
            ends: vec![0; fields()],
            record_bytes_max,
            terminated: false,
        }
    }

    /// Begins anew at a record boundary.
    fn restart(&mut self, options: &CsvOptions) {
        self.core = options.reader();
        // A byte order mark is taken off where it belongs; the parser, which would take it off
        // at the beginning of every range, does so only before it has seen anything.
        let _ = self.core.read_record(b"\n", &mut self.text, &mut self.ends);
    }

    #[inline]
    fn next(&mut self, input: &mut RangeInput) -> io::Result<Framed<'_>> {
        let (mut text, mut ends, mut bytes) = (0, 0, 0);
        self.terminated = true;
        skip_line_ends(input)?;
        loop {
            if input.available().is_empty() && !input.fill()? {
                return Ok(self.last(text, ends, bytes));
            }
            let text_space = self.text.get_mut(text..).unwrap_or_default();
            let ends_space = self.ends.get_mut(ends..).unwrap_or_default();
            let (result, read, written, ended) =
                self.core
                    .read_record(input.available(), text_space, ends_space);
            input.consume(read);
            (text, ends, bytes) = (text + written, ends + ended, bytes + read);
            // The end of a line is not counted.
            let too_long = bytes > self.record_bytes_max.saturating_add(2);
            match result {
                ReadRecordResult::Record if too_long => return Ok(Framed::TooLong),
                ReadRecordResult::Record => return Ok(self.record(text, ends)),
                ReadRecordResult::End => return Ok(Framed::End),
                // The rest is read over what is there, and thrown away.
                _ if too_long => (text, ends) = (0, 0),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => grow(&mut self.text),
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends),
            }
        }
    }

    /// Ends the last record of a range as if its line had an end.
    ///
    /// The parser would end it inside of quotes, too, and make the rest of the file one field.
    #[cold]
    fn last(&mut self, text: usize, ends: usize, bytes: usize) -> Framed<'_> {
        self.terminated = false;
        if bytes > self.record_bytes_max.saturating_add(2) {
            self.core.reset();
            return Framed::TooLong;
        }
        self.text.resize(self.text.len().max(text + 1), 0);
        self.ends.resize(self.ends.len().max(ends + 1), 0);
        let text_space = self.text.get_mut(text..).unwrap_or_default();
        let ends_space = self.ends.get_mut(ends..).unwrap_or_default();
        let (result, _, written, ended) = self.core.read_record(b"\n", text_space, ends_space);
        match result {
            ReadRecordResult::Record => self.record(text + written, ends + ended),
            _ if written > 0 => {
                self.core.reset();
                Framed::Unclosed
            }
            _ => Framed::End,
        }
    }

    /// Returns where the last record stands, which was read from this position on.
    fn span(&self, position: u64, input: &RangeInput) -> Span {
        Span::between_line_ends(position, input.position(), self.terminated)
    }

    fn record(&self, text: usize, ends: usize) -> Framed<'_> {
        Framed::Record(
            self.text.get(..text).unwrap_or_default(),
            self.ends.get(..ends).unwrap_or_default(),
        )
    }
}

/// Skips blank lines, which belong to no record and to no record's length.
#[inline]
fn skip_line_ends(input: &mut RangeInput) -> io::Result<()> {
    loop {
        let available = input.available();
        let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let blank = available.iter().take_while(is_end).count();
        let is_all = blank == available.len();
        input.consume(blank);
        if !is_all || !input.fill()? {
            return Ok(());
        }
    }
}

fn grow<T: Copy + Default>(buffer: &mut Vec<T>) {
    buffer.resize(buffer.len() * 2, T::default());
}
