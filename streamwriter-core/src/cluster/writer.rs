//! The sink as the driver's engine sees it.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use crate::by_name::{AnyMessage, AnySink};
use crate::context::{BatchContext, TaskContext};
use crate::error::BoxError;
use crate::guarantee::Guarantee;
use crate::rows::Rows;
use crate::target::Target;
use crate::writer::{StreamWriter, WriteRows};

/// A sink with its target, or without it: a job does not claim the target that it adds to.
pub(super) struct DriverWriter {
    pub(super) sink: Arc<AnySink>,
    pub(super) claims: bool,
}

impl StreamWriter for DriverWriter {
    type Message = AnyMessage;
    type Error = BoxError;

    fn name(&self) -> &str {
        self.sink.name()
    }

    fn description(&self) -> String {
        self.sink.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.sink.guarantee()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.sink.target().filter(|_| self.claims)
    }

    fn commit(&self, messages: Vec<AnyMessage>, batch: &BatchContext) -> Result<(), BoxError> {
        self.sink.commit(messages, batch)
    }

    fn abort(
        &self,
        messages: Vec<Option<AnyMessage>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        self.sink.abort(messages, batch)
    }
}

impl WriteRows<RecordBatch> for DriverWriter {
    fn write(
        &self,
        rows: impl Rows<Item = RecordBatch> + Send,
        task: &TaskContext,
    ) -> Result<AnyMessage, BoxError> {
        self.sink.write(rows, task)
    }
}
