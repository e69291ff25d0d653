//! The rows of a batch, read back from the files in which they wait.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use streamwriter_core::{Error, ErrorKind, Result, StagedObject, Storage};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// The rows of a batch, in partition order; an item is an error if a row cannot be read back.
///
/// After an error there are no more items, and the commit fails whatever the closure returns.
pub struct BatchRows<'b, R> {
    storage: &'b dyn Storage,
    files: VecDeque<&'b StagedObject>,
    /// How much of the first file is in `bytes`, or was.
    offset: u64,
    bytes: Vec<u8>,
    /// Where the next row begins in `bytes`.
    next: usize,
    read: u64,
    skipped: bool,
    failed: bool,
    rows: PhantomData<fn() -> R>,
}

impl<'b, R> BatchRows<'b, R> {
    pub(super) fn new(storage: &'b dyn Storage, files: &'b [StagedObject]) -> Self {
        Self {
            storage,
            files: files.iter().collect(),
            offset: 0,
            bytes: Vec::new(),
            next: 0,
            read: 0,
            skipped: false,
            failed: false,
            rows: PhantomData,
        }
    }

    /// Returns how many rows were taken so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Leaves the rest unread, on purpose (W9).
    pub fn skip_rest(&mut self) {
        self.skipped = true;
    }

    /// Makes sure that every row was taken, or left on purpose.
    pub(super) fn expect_done(&mut self) -> Result<()> {
        if self.failed {
            return Err(Error::new(
                ErrorKind::Commit,
                format!("row {} of the batch could not be read back", self.read + 1),
            ));
        }
        if self.skipped || self.line()?.is_none() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Commit,
            format!(
                "the closure returned with rows of the batch left unread; it had read {}",
                self.read
            ),
        )
        .with_help("read all rows, or say that the rest is skipped with rows.skip_rest()"))
    }

    /// Finds the next line; returns where it lies in `bytes`, without its end.
    fn line(&mut self) -> Result<Option<(usize, usize)>> {
        let mut searched = self.next;
        loop {
            let found = self.bytes.get(searched..).unwrap_or_default();
            if let Some(length) = found.iter().position(|byte| *byte == b'\n') {
                return Ok(Some((self.next, searched + length)));
            }
            self.bytes.drain(..self.next);
            self.next = 0;
            searched = self.bytes.len();
            let Some(file) = self.files.front() else {
                return Ok(None);
            };
            let more = self
                .storage
                .read_range(&file.staged, self.offset, CHUNK_BYTES)?;
            if more.is_empty() {
                self.files.pop_front();
                self.offset = 0;
                continue;
            }
            self.offset += more.len() as u64;
            self.bytes.extend(more);
        }
    }
}

impl<R: DeserializeOwned> BatchRows<'_, R> {
    fn decode(&mut self) -> Result<Option<R>> {
        let Some((from, to)) = self.line()? else {
            return Ok(None);
        };
        let line = self.bytes.get(from..to).unwrap_or_default();
        let row = serde_json::from_slice(line).map_err(|error| {
            Error::new(
                ErrorKind::Message,
                format!(
                    "row {} of the batch is not one of this program's rows",
                    self.read + 1
                ),
            )
            .with_help("commit the batch with the release of the program that wrote it")
            .with_source(error)
        })?;
        self.next = to + 1;
        Ok(Some(row))
    }
}

impl<R: DeserializeOwned> Iterator for BatchRows<'_, R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        if self.failed {
            return None;
        }
        let row = self.decode();
        match row {
            Ok(Some(_)) => self.read += 1,
            Ok(None) => {}
            Err(_) => self.failed = true,
        }
        row.transpose()
    }
}

impl<R> fmt::Debug for BatchRows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchRows")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
