//! A buffered window on a range of a file, which knows where it is.

use std::io::{self, Read, Seek, SeekFrom};

use super::content::Content;
use super::sizes::piece;

/// Bytes that are read at a time.
fn buffer_bytes() -> usize {
    piece(128 << 10, 7)
}

/// Bytes of one file, up to the end of a range.
///
/// The buffer is kept from file to file, and grows only for a record that is longer.
#[derive(Debug, Default)]
pub(crate) struct RangeInput {
    file: Option<Content>,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not consumed.
    start: usize,
    filled: usize,
    /// Where in the file the filled part ends.
    position: u64,
    /// Where in the file the range ends.
    end: u64,
}

/// What [`RangeInput::line`] found.
#[cfg(feature = "jsonl")]
#[derive(Debug)]
pub(crate) enum Line<'i> {
    /// A line without its `\n`.
    Bytes(&'i [u8]),
    /// A line that is longer than allowed; it has been skipped. Its `\n`, or the end of the range,
    /// is at this position.
    TooLong(u64),
    /// The range is at its end.
    End,
}

impl RangeInput {
    /// Begins a file at its first byte, readable up to `end`.
    pub(crate) fn begin(&mut self, file: Content, end: u64) {
        let bytes = buffer_bytes();
        if self.buffer.len() < bytes {
            self.buffer.resize(bytes, 0);
        }
        self.file = Some(file);
        (self.start, self.filled) = (0, 0);
        (self.position, self.end) = (0, end);
    }

    /// Ends the file and gives it back.
    pub(crate) fn finish(&mut self) -> Option<Content> {
        self.file.take()
    }

    /// Returns where in the file the next byte is.
    pub(crate) fn position(&self) -> u64 {
        self.position - (self.filled - self.start) as u64
    }

    /// Goes to another place and sets another end.
    pub(crate) fn seek(&mut self, position: u64, end: u64) -> io::Result<()> {
        let buffered = self.position - self.filled as u64..=self.position.min(end);
        if buffered.contains(&position) && self.position <= end {
            self.start = (position - buffered.start()) as usize;
        } else {
            (self.start, self.filled) = (0, 0);
            self.position = position;
            if let Some(file) = &mut self.file {
                file.seek(SeekFrom::Start(position))?;
            }
        }
        self.end = end;
        Ok(())
    }

    /// Returns what is in the buffer.
    #[inline]
    pub(crate) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.filled).unwrap_or_default()
    }

    /// Moves on by so many of the available bytes.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.filled);
    }

    /// Reads more behind what is available; `false` at the end of the range.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file is shorter than the range.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(false);
        }
        self.make_room();
        let Some(file) = &mut self.file else {
            return Ok(false);
        };
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let length = space.len().min(left);
        let space = space.get_mut(..length).unwrap_or_default();
        let count = loop {
            match file.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if count == 0 && file.is_compressed() {
            self.end = self.position;
            return Ok(false);
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        self.position += count as u64;
        Ok(true)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    /// Reads until so many bytes are available or the range is at its end.
    pub(crate) fn fill_to(&mut self, count: usize) -> io::Result<()> {
        while self.available().len() < count && self.fill()? {}
        Ok(())
    }

    /// Returns the next line, and moves behind it.
    #[cfg(feature = "jsonl")]
    #[inline]
    pub(crate) fn line(&mut self, bytes_max: usize) -> io::Result<Line<'_>> {
        let mut searched = 0;
        let (length, terminator) = loop {
            let available = self.available();
            let rest = available.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', rest) {
                break (searched + at, 1);
            }
            searched = available.len();
            if searched > bytes_max {
                return Ok(Line::TooLong(self.skip_line()?));
            }
            if !self.fill()? {
                if searched == 0 {
                    return Ok(Line::End);
                }
                break (searched, 0);
            }
        };
        let (start, position) = (self.start, self.position());
        self.consume(length + terminator);
        if length > bytes_max {
            return Ok(Line::TooLong(position + length as u64));
        }
        let line = self.buffer.get(start..start + length);
        Ok(Line::Bytes(line.unwrap_or_default()))
    }

    /// Moves behind the line, and returns where it ends.
    #[cfg(feature = "jsonl")]
    fn skip_line(&mut self) -> io::Result<u64> {
        loop {
            let available = self.available();
            if let Some(at) = memchr::memchr(b'\n', available) {
                let end = self.position() + at as u64;
                self.consume(at + 1);
                return Ok(end);
            }
            self.consume(available.len());
            if !self.fill()? {
                return Ok(self.position());
            }
        }
    }
}
