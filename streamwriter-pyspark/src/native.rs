//! What the shim calls: the sinks of a module, and one that is open.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyIterator};
use streamwriter_core::{
    Attempt, BatchId, ClusterCommit, ClusterRequest, ClusterSink, ClusterTask, ClusterWork, Error,
    OptionMap, PartitionId, QueryId, Result, SinkRegistry,
};

use crate::batches::{Batches, Raised};
use crate::capsule::schema_of;
use crate::raised::{detached, exception};

/// The sinks of a module.
#[pyclass(frozen, name = "_Sinks")]
pub(crate) struct Sinks {
    registry: SinkRegistry,
    /// The class `StreamwriterError`, which the shim makes.
    error: Arc<PyOnceLock<Py<PyAny>>>,
}

/// A sink that is open.
#[pyclass(frozen, name = "_Sink")]
pub(crate) struct Sink {
    sink: ClusterSink,
    schema: SchemaRef,
    error: Arc<PyOnceLock<Py<PyAny>>>,
}

impl Sinks {
    pub(crate) fn new(registry: SinkRegistry) -> Self {
        Self {
            registry,
            error: Arc::new(PyOnceLock::new()),
        }
    }
}

#[pymethods]
impl Sinks {
    /// Takes the class of the exceptions.
    fn raise_as(&self, py: Python<'_>, class: Py<PyAny>) {
        // A second call finds the same class.
        drop(self.error.set(py, class));
    }

    /// Makes a sink, in any process.
    fn open(
        &self,
        py: Python<'_>,
        sink: String,
        options: &Bound<'_, PyDict>,
        schema: &Bound<'_, PyAny>,
        overwrite: bool,
    ) -> PyResult<Sink> {
        let schema = schema_of(schema)?;
        let request = ClusterRequest {
            sink,
            options: option_map(options)?,
            schema: Arc::clone(&schema),
            overwrite,
        };
        let opened = detached(py, || ClusterSink::open(&self.registry, request));
        Ok(Sink {
            sink: raise(py, &self.error, opened)?,
            schema,
            error: Arc::clone(&self.error),
        })
    }
}

#[pymethods]
impl Sink {
    /// Checks, on the driver, what can be checked before the first batch.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        raise(py, &self.error, detached(py, || self.sink.check()))
    }

    /// Returns the id of a job.
    fn job_id(&self) -> String {
        self.sink.job_id().to_string()
    }

    /// Writes a partition. Without a batch it is one of a job.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one that Spark tells by itself"
    )]
    fn write(
        &self,
        py: Python<'_>,
        query: &str,
        run: String,
        batch: Option<u64>,
        partition: u32,
        attempt: u32,
        attempt_id: u64,
        batches: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyBytes>> {
        let task = ClusterTask {
            query: query_id(query)?,
            run,
            work: work(batch),
            partition: PartitionId::new(partition),
            attempt: Attempt::new(attempt),
            attempt_id,
        };
        let iterator: Py<PyIterator> = batches.try_iter()?.unbind();
        let raised = Raised::default();
        let batches = Batches::new(&iterator, Arc::clone(&self.schema), &raised);
        let written = detached(py, || self.sink.write(&task, batches));
        match written {
            Ok(message) => Ok(PyBytes::new(py, &message).unbind()),
            Err(error) => Err(self.exception(py, &error, raised.take())),
        }
    }

    /// Commits a batch, or a job.
    fn commit(
        &self,
        py: Python<'_>,
        batch: Option<u64>,
        messages: Vec<Option<Bound<'_, PyBytes>>>,
    ) -> PyResult<&'static str> {
        let messages = owned(&messages);
        let committed = detached(py, || self.sink.commit(work(batch), &messages));
        raise(py, &self.error, committed).map(|done| match done {
            ClusterCommit::Published => "published",
            ClusterCommit::RolledForward => "rolled forward",
            ClusterCommit::Already => "already committed",
            _ => "committed",
        })
    }

    /// Tells which batch is recorded and not published, and decides about it if a decision is given.
    fn repair(
        &self,
        py: Python<'_>,
        query: Option<&str>,
        batch: Option<u64>,
        decision: Option<&str>,
    ) -> PyResult<String> {
        let query = query.map(query_id).transpose()?;
        let (accept, batch) = match (decision, batch) {
            (None, _) => (None, BatchId::FIRST),
            (Some("accept_as_published"), Some(batch)) => (Some(true), BatchId::new(batch)),
            (Some("write_again"), Some(batch)) => (Some(false), BatchId::new(batch)),
            (Some(_), None) => {
                return Err(PyValueError::new_err(
                    "a decision is about one batch: give its number as `batch`",
                ));
            }
            (Some(other), _) => {
                let message = format!(
                    "{other:?} is no decision: choose \"accept_as_published\" or \"write_again\""
                );
                return Err(PyValueError::new_err(message));
            }
        };
        let done = detached(py, || {
            let repair = self.sink.repair(query)?;
            let text = repair.to_string();
            match accept {
                Some(true) => repair.accept_as_published(batch)?,
                Some(false) => repair.write_again(batch)?,
                None => {}
            }
            Ok(text)
        });
        raise(py, &self.error, done)
    }

    /// Lists what lies in the target unpublished.
    fn survey(&self, py: Python<'_>, query: Option<&str>) -> PyResult<String> {
        let query = query.map(query_id).transpose()?;
        let found = detached(py, || {
            self.sink.survey(query).map(|found| found.to_string())
        });
        raise(py, &self.error, found)
    }

    /// Removes what goes; returns how many files went, and how many stay for now.
    fn sweep(&self, py: Python<'_>, query: Option<&str>) -> PyResult<(u64, u64)> {
        let query = query.map(query_id).transpose()?;
        let swept = detached(py, || self.sink.sweep(query));
        raise(py, &self.error, swept).map(|swept| (swept.removed, swept.remaining))
    }

    /// Cleans up after a batch, or a job.
    fn abort(
        &self,
        py: Python<'_>,
        batch: Option<u64>,
        messages: Vec<Option<Bound<'_, PyBytes>>>,
    ) -> PyResult<()> {
        let messages = owned(&messages);
        let aborted = detached(py, || self.sink.abort(work(batch), &messages));
        raise(py, &self.error, aborted)
    }
}

impl Sink {
    fn exception(&self, py: Python<'_>, error: &Error, of_iterator: Option<PyErr>) -> PyErr {
        exception_of(py, &self.error, error, of_iterator)
    }
}

fn raise<T>(py: Python<'_>, class: &PyOnceLock<Py<PyAny>>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| exception_of(py, class, &error, None))
}

fn exception_of(
    py: Python<'_>,
    class: &PyOnceLock<Py<PyAny>>,
    error: &Error,
    of_iterator: Option<PyErr>,
) -> PyErr {
    match class.get(py) {
        Some(class) => exception(class.bind(py), error, of_iterator),
        None => PyRuntimeError::new_err(error.report().to_string()),
    }
}

fn work(batch: Option<u64>) -> ClusterWork {
    batch.map_or(ClusterWork::Job, |batch| {
        ClusterWork::Batch(BatchId::new(batch))
    })
}

fn query_id(text: &str) -> PyResult<QueryId> {
    text.parse()
        .map_err(|error| PyValueError::new_err(format!("{text:?} is no query id: {error}")))
}

fn option_map(options: &Bound<'_, PyDict>) -> PyResult<OptionMap> {
    let mut map = OptionMap::new();
    for (name, value) in options {
        map.set(name.extract::<String>()?, value.extract::<String>()?);
    }
    Ok(map)
}

fn owned(messages: &[Option<Bound<'_, PyBytes>>]) -> Vec<Option<Vec<u8>>> {
    let message =
        |message: &Option<Bound<'_, PyBytes>>| Some(message.as_ref()?.as_bytes().to_vec());
    messages.iter().map(message).collect()
}
