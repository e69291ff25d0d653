//! Few rows for each of many files, kept until there are enough of them to encode.

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use parquet::errors::Result;

use super::sizes::in_memory;

/// The rows of one file that are not encoded yet.
///
/// The columns of an open row group need some ten KiB each before their first row. Where many files get a
/// few rows at a time, the rows alone are much less.
#[derive(Debug)]
pub(super) struct Gathered {
    enough: usize,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

/// How many batches are put together at the latest: each costs as much as several rows.
const BATCHES_MAX: usize = 8;

/// Batches of fewer rows are put together at once: an array of few values is mostly what every array needs.
const SMALL_ROWS: usize = 64;

impl Gathered {
    /// Gathers so many rows; 1 for none.
    pub(super) fn new(enough: usize) -> Self {
        Self {
            enough,
            batches: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds rows; returns all of them if they are enough.
    pub(super) fn add(&mut self, columns: RecordBatch) -> Result<Option<RecordBatch>> {
        if self.batches.is_empty() && columns.num_rows() >= self.enough {
            return Ok(Some(columns));
        }
        self.rows += columns.num_rows();
        self.bytes += in_memory(&columns);
        self.push(columns)?;
        if self.rows >= self.enough {
            return self.take();
        }
        if self.batches.len() >= BATCHES_MAX
            && let Some(together) = self.take()?
        {
            self.rows = together.num_rows();
            self.bytes = in_memory(&together);
            self.batches.push(together);
        }
        Ok(None)
    }

    fn push(&mut self, columns: RecordBatch) -> Result<()> {
        let is_small = |before: &RecordBatch| before.num_rows() + columns.num_rows() <= SMALL_ROWS;
        let columns = match self.batches.pop_if(|before| is_small(before)) {
            None => columns,
            Some(before) => {
                let pieces = [&before, &columns];
                let together = concat_batches(&before.schema(), pieces)?;
                let apart = in_memory(&before) + in_memory(&columns);
                self.bytes = (self.bytes + in_memory(&together)).saturating_sub(apart);
                together
            }
        };
        self.batches.push(columns);
        Ok(())
    }

    /// Takes what was gathered.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        let batches = std::mem::take(&mut self.batches);
        (self.rows, self.bytes) = (0, 0);
        Ok(match batches.as_slice() {
            [] => None,
            [single] => Some(single.clone()),
            [first, ..] => Some(concat_batches(&first.schema(), &batches)?),
        })
    }

    /// Returns how much memory the rows need.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
