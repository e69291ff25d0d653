//! The way of a row that does not fit to where it is set aside: its line, its bytes, its header.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use streamwriter_core::{Result, SetAsideRow, TaskContext};

use super::content::Content;
use super::position::{FileRange, read_error};
use super::reader::BadRecord;
use super::span::Span;

/// How far into a file lines are counted: counting begins at its first byte, for each range anew.
const LINES_COUNTED_BYTES: u64 = 256 << 20;
/// Bytes of a compressed file that are kept: a record is gone over several times.
const RECENT_BYTES: usize = if cfg!(test) { 5 } else { 256 << 10 };
/// Bytes that are read at a time; few in tests, so that everything straddles them.
const BUFFER_BYTES: usize = if cfg!(test) { 7 } else { 64 << 10 };

/// Reads the bad records of one range a second time, through a handle of its own, so that a record
/// of any length goes on byte for byte and the reader's buffer stays where it is.
pub(super) struct Aside<'a> {
    root: &'a Path,
    range: &'a FileRange,
    source: PathBuf,
    file: Content,
    header: Option<Vec<u8>>,
    lines: Option<Lines>,
    buffer: Vec<u8>,
}

/// How many lines end before a position.
struct Lines {
    position: u64,
    ended: u64,
}

impl<'a> Aside<'a> {
    pub(super) fn open(root: &'a Path, range: &'a FileRange, header: Option<Span>) -> Result<Self> {
        let mut aside = Self {
            root,
            range,
            source: root.join(&range.file.path),
            file: range.file.open_content(root)?.keep_recent(RECENT_BYTES),
            header: None,
            buffer: vec![0; BUFFER_BYTES],
            lines: (range.start <= LINES_COUNTED_BYTES).then_some(Lines {
                position: 0,
                ended: 0,
            }),
        };
        if let Some(header) = header {
            aside.header = Some(aside.bytes(header).map_err(|error| aside.failed(error))?);
        }
        Ok(aside)
    }

    /// Hands on a record.
    pub(super) fn put(&mut self, bad: &BadRecord, format: &str, task: &TaskContext) -> Result<()> {
        let (start, end) = self.trim(bad.span).map_err(|error| self.failed(error))?;
        let line = self.line_of(start).map_err(|error| self.failed(error))?;
        self.file
            .seek(SeekFrom::Start(start))
            .map_err(|error| self.failed(error))?;
        let source = self.source.display().to_string();
        let mut raw = self.file.by_ref().take(end.saturating_sub(start));
        task.set_aside(SetAsideRow {
            source: &source,
            position: start,
            line,
            column: bad.column.as_deref(),
            reason: &bad.reason,
            format,
            header: self.header.as_deref(),
            raw: &mut raw,
        })?;
        // Whoever takes the row reads it to its end, so that more of it should have been there.
        if raw.limit() > 0 {
            return Err(self.range.file.changed(self.root, "it has become shorter"));
        }
        Ok(())
    }

    /// Returns the line, from 1, in which a position is; none if counting would take too long.
    fn line_of(&mut self, position: u64) -> io::Result<Option<u64>> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        self.file.seek(SeekFrom::Start(lines.position))?;
        while lines.position < position {
            let chunk = read_up_to(&mut self.file, &mut self.buffer, position - lines.position)?;
            lines.ended += memchr::memchr_iter(b'\n', chunk).count() as u64;
            lines.position += chunk.len() as u64;
        }
        Ok(Some(lines.ended + 1))
    }

    /// Takes off the line ends that are around a record.
    fn trim(&mut self, span: Span) -> io::Result<(u64, u64)> {
        let (mut start, mut end) = (span.start, span.end);
        if span.line_ends_before {
            self.file.seek(SeekFrom::Start(start))?;
            while start < end {
                let chunk = read_up_to(&mut self.file, &mut self.buffer, end - start)?;
                let before = chunk.iter().take_while(|&&byte| is_line_end(byte)).count();
                start += before as u64;
                if before < chunk.len() {
                    break;
                }
            }
        }
        while span.line_end_after && start < end && is_line_end(self.byte(end - 1)?) {
            end -= 1;
        }
        Ok((start, end))
    }

    fn byte(&mut self, position: u64) -> io::Result<u8> {
        let mut byte = [0];
        self.file.seek(SeekFrom::Start(position))?;
        self.file.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    fn bytes(&mut self, span: Span) -> io::Result<Vec<u8>> {
        let (start, end) = self.trim(span)?;
        self.file.seek(SeekFrom::Start(start))?;
        let length = end.saturating_sub(start);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn failed(&self, error: io::Error) -> streamwriter_core::Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.range.file.changed(self.root, "it has become shorter");
        }
        read_error(&self.source, error)
    }
}

/// Reads at most so many bytes, and at least one.
fn read_up_to<'b>(file: &mut Content, buffer: &'b mut [u8], count: u64) -> io::Result<&'b [u8]> {
    let length = buffer
        .len()
        .min(usize::try_from(count).unwrap_or(usize::MAX));
    let chunk = buffer.get_mut(..length).unwrap_or_default();
    file.read_exact(chunk)?;
    Ok(chunk)
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
