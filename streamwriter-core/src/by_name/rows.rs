//! The rows of a partition that comes as record batches.

use arrow::record_batch::RecordBatch;

use super::decode::BatchDecoder;
use crate::engine::caught;
use crate::error::{Error, Result};
use crate::rows::{End, Rows, sealed, unread};

/// Takes the batches of a partition apart into rows, one after another.
///
/// It is a frame like the engine's own: it knows how the rows ended (W8), and whether some were left
/// unread (W9). A batch that has no such rows ends them, and the error leads that of the writer.
pub(super) struct DecodedRows<'b, D: BatchDecoder> {
    batches: &'b mut (dyn Rows<Item = RecordBatch> + Send),
    current: Option<D::Rows>,
    read: u64,
    skips: bool,
    end: End,
    error: Option<Error>,
}

impl<'b, D: BatchDecoder> DecodedRows<'b, D> {
    pub(super) fn new(batches: &'b mut (dyn Rows<Item = RecordBatch> + Send)) -> Self {
        Self {
            batches,
            current: None,
            read: 0,
            skips: false,
            end: End::Open,
            error: None,
        }
    }

    /// Takes the reason why a batch did not become rows.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    #[cold]
    fn fail(&mut self, error: Error) {
        self.current = None;
        self.end = End::CutOff;
        self.error = Some(error);
    }
}

impl<D: BatchDecoder> Iterator for DecodedRows<'_, D> {
    type Item = D::Row;

    #[inline]
    fn next(&mut self) -> Option<D::Row> {
        loop {
            match self.current.as_mut().and_then(Iterator::next) {
                Some(Ok(row)) => {
                    self.read += 1;
                    return Some(row);
                }
                Some(Err(error)) => self.fail(error),
                None => self.current = None,
            }
            if self.end != End::Open {
                return None;
            }
            match self.batches.next().map(D::rows) {
                Some(Ok(rows)) => self.current = Some(rows),
                Some(Err(error)) => self.fail(error),
                None => self.end = self.batches.end(),
            }
        }
    }
}

impl<D: BatchDecoder> sealed::Sealed for DecodedRows<'_, D> {
    fn set_skip_rest(&mut self) {
        self.skips = true;
        self.batches.set_skip_rest();
    }
}

impl<D: BatchDecoder> Rows for DecodedRows<'_, D> {
    fn read(&self) -> u64 {
        self.read
    }

    fn end(&self) -> End {
        self.end
    }

    fn skip_rest(mut self) {
        sealed::Sealed::set_skip_rest(&mut self);
    }

    fn read_rest(&mut self) -> Result<()> {
        if self.skips {
            // The engine reads on, and counts.
            return Ok(());
        }
        if self.end == End::Open && caught("reading the rest", || self.next())?.is_some() {
            return Err(unread(self.read - 1));
        }
        self.require_complete()
    }
}
