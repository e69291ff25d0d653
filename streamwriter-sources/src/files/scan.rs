//! Finds where records end without reading them.
//!
//! For CSV with quoting the scan follows quotes exactly as the parser does (RFC 4180): a quote
//! opens a quoted field at the start of a field only, a doubled quote inside of one is a quote,
//! and one in the middle of an unquoted field is text. It must begin at a record boundary.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::BYTE_ORDER_MARK;
use super::sizes::piece;

/// Bytes that are read at a time.
fn chunk_bytes() -> usize {
    piece(256 << 10, 7)
}

/// How a format separates records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record is a line, and nothing inside of a line hides its end.
    Lines,
    /// A record ends with `\n`, `\r` or both, outside of quotes.
    #[cfg_attr(
        not(feature = "csv"),
        expect(dead_code, reason = "the shared code knows both formats")
    )]
    Csv {
        delimiter: u8,
        quote: Option<u8>,
        header: bool,
    },
    /// A file is cut between the row groups of Parquet only.
    #[cfg(feature = "parquet")]
    RowGroups,
}

impl Framing {
    fn has_header(self) -> bool {
        matches!(self, Self::Csv { header: true, .. })
    }

    /// Tells whether an end of a line is the end of a record, wherever one starts to look.
    fn is_plain(self) -> bool {
        match self {
            Self::Lines => true,
            Self::Csv { quote, .. } => quote.is_none(),
            #[cfg(feature = "parquet")]
            Self::RowGroups => false,
        }
    }
}

/// Where a scan ends: after the first record that reaches one of the two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// The position that the end of the record must reach.
    pub(crate) at: u64,
    /// The number of records.
    pub(crate) rows: Option<u64>,
}

/// What a scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The record boundary at which it ended, or the end of the file.
    pub(crate) end: u64,
    /// How many rows lie before it; never less than a reader finds there.
    pub(crate) rows: u64,
}

/// Counts records from a record boundary on.
pub(crate) fn scan(
    file: &mut File,
    framing: Framing,
    from: u64,
    stop: Stop,
) -> io::Result<Scanned> {
    #[cfg(feature = "parquet")]
    if framing == Framing::RowGroups {
        return crate::parquet::scan(file, from, stop);
    }
    let header = u64::from(from == 0 && framing.has_header());
    let mut state = State {
        framing,
        stop_at: stop.at,
        stop_records: stop
            .rows
            .map_or(u64::MAX, |rows| rows.saturating_add(header)),
        records: 0,
        record_start: from,
        quoted: false,
        closed_at: None,
        last: None,
    };
    let end = run(file, from, &mut state)?;
    Ok(Scanned {
        end,
        rows: state.records.saturating_sub(header),
    })
}

/// Returns the first record boundary at or after `at`; `from` is a known one before it.
pub(crate) fn boundary(file: &mut File, framing: Framing, from: u64, at: u64) -> io::Result<u64> {
    let stop = Stop { at, rows: None };
    // A line that ends right before `at` makes `at` itself a boundary, hence one byte earlier.
    let from = if framing.is_plain() {
        at.saturating_sub(1).max(from)
    } else {
        from
    };
    Ok(scan(file, framing, from, stop)?.end)
}

fn run(file: &mut File, from: u64, state: &mut State) -> io::Result<u64> {
    file.seek(SeekFrom::Start(from))?;
    let mut buffer = vec![0; chunk_bytes()];
    let mut position = from;
    loop {
        let length = read_full(file, &mut buffer)?;
        let mut chunk = buffer.get(..length).unwrap_or_default();
        if position == 0 && chunk.starts_with(BYTE_ORDER_MARK) {
            chunk = chunk.get(BYTE_ORDER_MARK.len()..).unwrap_or_default();
            position = BYTE_ORDER_MARK.len() as u64;
            state.record_start = position;
        }
        if let Some((end, terminator)) = state.feed(chunk, position) {
            return end_of_line(file, end, terminator);
        }
        position += chunk.len() as u64;
        if length < buffer.len() {
            state.end_record(position);
            return Ok(position);
        }
    }
}

/// Moves a boundary between `\r` and `\n` behind both.
fn end_of_line(file: &mut File, end: u64, terminator: u8) -> io::Result<u64> {
    if terminator != b'\r' {
        return Ok(end);
    }
    let mut next = [0];
    file.seek(SeekFrom::Start(end))?;
    let found = read_full(file, &mut next)? == 1 && next == *b"\n";
    Ok(end + u64::from(found))
}

fn read_full(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

struct State {
    framing: Framing,
    stop_at: u64,
    stop_records: u64,
    records: u64,
    record_start: u64,
    quoted: bool,
    /// Where the quote stands that closed the last quoted field.
    closed_at: Option<u64>,
    /// The last byte of the chunk before.
    last: Option<u8>,
}

impl State {
    /// Returns the end and the last byte of the record that reaches the stop, if one does.
    fn feed(&mut self, chunk: &[u8], base: u64) -> Option<(u64, u8)> {
        let end = match self.framing {
            // Their places stand in the file's footer.
            #[cfg(feature = "parquet")]
            Framing::RowGroups => None,
            Framing::Lines => self.hits(chunk, base, memchr::memchr_iter(b'\n', chunk)),
            Framing::Csv { quote: None, .. } => {
                self.hits(chunk, base, memchr::memchr2_iter(b'\n', b'\r', chunk))
            }
            Framing::Csv {
                quote: Some(quote), ..
            } => self.hits(
                chunk,
                base,
                memchr::memchr3_iter(quote, b'\n', b'\r', chunk),
            ),
        };
        self.last = chunk.last().copied().or(self.last);
        end
    }

    fn hits(
        &mut self,
        chunk: &[u8],
        base: u64,
        hits: impl Iterator<Item = usize>,
    ) -> Option<(u64, u8)> {
        for index in hits {
            let position = base + index as u64;
            let before = index
                .checked_sub(1)
                .and_then(|index| chunk.get(index).copied())
                .or(self.last);
            match chunk.get(index) {
                Some(&terminator @ (b'\n' | b'\r')) => {
                    if !self.quoted && self.line_ends(position, before) {
                        return Some((position + 1, terminator));
                    }
                }
                _ => self.quote(position, before),
            }
        }
        None
    }

    fn quote(&mut self, position: u64, before: Option<u8>) {
        if self.quoted {
            self.quoted = false;
            self.closed_at = Some(position);
            return;
        }
        let Framing::Csv { delimiter, .. } = self.framing else {
            return;
        };
        let doubled = self.closed_at.is_some_and(|closed| closed + 1 == position);
        self.quoted = doubled || position == self.record_start || before == Some(delimiter);
    }

    fn line_ends(&mut self, position: u64, before: Option<u8>) -> bool {
        let blank = self.framing == Framing::Lines
            && before == Some(b'\r')
            && position == self.record_start + 1;
        if !blank {
            self.end_record(position);
        }
        self.record_start = position + 1;
        self.records >= self.stop_records || self.record_start >= self.stop_at
    }

    fn end_record(&mut self, position: u64) {
        self.records += u64::from(position > self.record_start);
    }
}
