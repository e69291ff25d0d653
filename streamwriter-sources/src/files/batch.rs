//! Chooses what fits into one batch.

use std::path::Path;

use streamwriter_core::{Gathered, PlanLimits, Result};

use super::position::{FileIdentity, FileRange, PartialFile, read_error};
use super::scan::{Framing, Stop, boundary, scan};

/// Files of a batch whose limits say nothing about files.
const FILES_DEFAULT: u64 = 1_000;
/// Bytes of a batch whose limits say nothing about bytes.
const BYTES_DEFAULT: u64 = 256 << 20;

/// What a batch may hold at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    files: u64,
    bytes: u64,
}

impl Room {
    /// A bound of the query holds; one of ours gives way to what the query waits for.
    pub(crate) fn of(limits: &PlanLimits) -> Self {
        let ours = |usual: u64, enough: Option<u64>| usual.max(enough.unwrap_or(0));
        let (files, bytes) = (limits.enough.files, limits.enough.bytes);
        Self {
            files: limits.files.unwrap_or(ours(FILES_DEFAULT, files)).max(1),
            bytes: limits.bytes.unwrap_or(ours(BYTES_DEFAULT, bytes)).max(1),
        }
    }

    pub(crate) fn is_filled_by(&self, gathered: &Gathered) -> bool {
        gathered.files >= self.files || gathered.bytes >= self.bytes
    }
}

/// A batch that is being filled, and what still fits.
pub(crate) struct Batch<'d> {
    root: &'d Path,
    framing: Framing,
    files_left: u64,
    bytes_left: u64,
    rows_left: Option<u64>,
    ranges: Vec<FileRange>,
    partial: Option<PartialFile>,
}

impl<'d> Batch<'d> {
    pub(crate) fn new(root: &'d Path, framing: Framing, limits: &PlanLimits) -> Self {
        let room = Room::of(limits);
        Self {
            root,
            framing,
            files_left: room.files,
            bytes_left: room.bytes,
            rows_left: limits.rows.map(|rows| rows.max(1)),
            ranges: Vec::new(),
            partial: None,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.files_left == 0
            || self.bytes_left == 0
            || self.rows_left == Some(0)
            || self.partial.is_some()
    }

    /// Takes as much of a file as fits; returns whether it took anything.
    ///
    /// A file that does not fit by its bytes is left to the next batch, unless it is the first
    /// here; only then it is cut. A bound on rows is filled to the last row, so it cuts any file.
    ///
    /// A compressed file is never cut. Its rows are not known, so where they are bounded it is a batch
    /// of its own, which may exceed the bound.
    pub(crate) fn offer(&mut self, file: FileIdentity, from: u64) -> Result<bool> {
        let whole = file.is_compressed();
        if whole && self.rows_left.is_some() && !self.ranges.is_empty() {
            return Ok(false);
        }
        let left = file.size.saturating_sub(from);
        let too_large = left > self.bytes_left;
        if self.is_full() || (too_large && !self.ranges.is_empty()) {
            return Ok(false);
        }
        let end = if whole {
            self.rows_left = self.rows_left.map(|_| 0);
            file.size
        } else if too_large || self.rows_left.is_some() {
            self.cut(&file, from)?
        } else {
            file.size
        };
        self.files_left -= 1;
        self.bytes_left = self.bytes_left.saturating_sub(end.saturating_sub(from));
        if end < file.size {
            self.partial = Some(PartialFile {
                file: file.clone(),
                position: end,
            });
        }
        self.ranges.push(FileRange {
            file,
            start: from,
            end,
        });
        Ok(true)
    }

    fn cut(&mut self, file: &FileIdentity, from: u64) -> Result<u64> {
        let mut open = file.open(self.root)?;
        let at = from.saturating_add(self.bytes_left);
        let failed = |error| read_error(&self.root.join(&file.path), error);
        let end = if let Some(rows) = self.rows_left {
            let stop = Stop {
                at,
                rows: Some(rows),
            };
            let scanned = scan(&mut open, self.framing, from, stop).map_err(failed)?;
            self.rows_left = Some(rows.saturating_sub(scanned.rows));
            scanned.end
        } else {
            boundary(&mut open, self.framing, from, at).map_err(failed)?
        };
        file.check(&open, self.root)?;
        Ok(end)
    }

    /// Returns what was taken, and the file that was taken in part.
    pub(crate) fn finish(self) -> (Vec<FileRange>, Option<PartialFile>) {
        (self.ranges, self.partial)
    }
}
