//! One row, and the rows of a batch.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use streamwriter_core::Result;

use super::column::Column;

/// The columns of a batch with their names.
pub(super) type Columns = Vec<(String, Column)>;

/// A row of a record batch: a map from the names of the columns to their values, in their order.
///
/// Numbers, booleans and texts are what they are; structs and maps are maps, lists are sequences,
/// dictionaries their values. What serde has no type for becomes a text: dates `2026-01-02`, timestamps
/// `2026-01-02T03:04:05.678`, with a time zone in UTC with a `Z` behind, times `03:04:05`, durations
/// and intervals as Arrow prints them, decimals with all their digits (a number would lose some in most
/// readers), bytes in base64 (RFC 4648).
#[derive(Clone)]
pub struct ArrowRow {
    columns: Arc<Columns>,
    at: usize,
}

impl Serialize for ArrowRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.columns.len()))?;
        for (name, column) in self.columns.iter() {
            row.serialize_entry(name, &column.value(self.at))?;
        }
        row.end()
    }
}

impl fmt::Debug for ArrowRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowRow")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The rows of one record batch; from [`ArrowRows`](super::ArrowRows).
#[derive(Clone)]
pub struct ArrowRowsOfBatch {
    columns: Arc<Columns>,
    next: usize,
    rows: usize,
}

impl ArrowRowsOfBatch {
    pub(super) fn new(columns: Arc<Columns>, rows: usize) -> Self {
        Self {
            columns,
            next: 0,
            rows,
        }
    }
}

impl Iterator for ArrowRowsOfBatch {
    type Item = Result<ArrowRow>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.rows {
            return None;
        }
        let at = self.next;
        self.next += 1;
        Some(Ok(ArrowRow {
            columns: Arc::clone(&self.columns),
            at,
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for ArrowRowsOfBatch {}

impl FusedIterator for ArrowRowsOfBatch {}

impl fmt::Debug for ArrowRowsOfBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowRowsOfBatch")
            .field("next", &self.next)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
