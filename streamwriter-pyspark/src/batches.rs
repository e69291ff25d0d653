//! The batches that a Python iterator makes.

use std::sync::{Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use streamwriter_core::BoxError;

use crate::adopt::adopt;
use crate::capsule::batch_of;

/// Takes batches out of a Python iterator, one after another; any thread may do it.
///
/// The GIL is held only in [`next`](Iterator::next): a sink may drop a batch on another thread, which
/// takes the GIL, while this one waits.
pub(crate) struct Batches<'i> {
    iterator: &'i Py<PyIterator>,
    declared: SchemaRef,
    raised: &'i Raised,
    ended: bool,
}

/// What the iterator raised.
#[derive(Default)]
pub(crate) struct Raised(Mutex<Option<PyErr>>);

impl Raised {
    fn set(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<'i> Batches<'i> {
    pub(crate) fn new(
        iterator: &'i Py<PyIterator>,
        declared: SchemaRef,
        raised: &'i Raised,
    ) -> Self {
        Self {
            iterator,
            declared,
            raised,
            ended: false,
        }
    }

    fn next_batch(&self, py: Python<'_>) -> Option<Result<RecordBatch, BoxError>> {
        let batch = self.iterator.bind(py).clone().next()?;
        match batch.and_then(|batch| batch_of(&batch)) {
            Ok(batch) => Some(Ok(batch)),
            Err(error) => {
                let text = format!("the iterator of the rows raised {error}");
                self.raised.set(error);
                Some(Err(text.into()))
            }
        }
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = Python::attach(|py| self.next_batch(py));
        let batch = batch.map(|batch| adopt(batch?, &self.declared).map_err(BoxError::from));
        self.ended = !matches!(batch, Some(Ok(_)));
        batch
    }
}
