//! A sink whose type is not known: it takes record batches.

use std::fmt;
use std::marker::PhantomData;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::decode::{BatchDecoder, WholeBatches};
use super::message::AnyMessage;
use super::rows::DecodedRows;
use crate::context::{BatchContext, TaskContext};
use crate::error::{BoxError, ErrorKind, Result};
use crate::guarantee::Guarantee;
use crate::rows::Rows;
use crate::target::Target;
use crate::writer::{StreamWriter, WriteRows};

/// Any sink, behind one type: record batches go in, and its messages are [`AnyMessage`]s.
///
/// It has the name, the guarantee and the target of the sink inside. A query that writes to it keeps
/// other messages in its checkpoint than one that writes to the sink itself: a checkpoint of the one
/// is no checkpoint of the other.
pub struct AnySink {
    inner: Box<dyn Erased>,
    schema: SchemaRef,
}

impl AnySink {
    /// Encloses a sink that takes record batches; they will have this schema.
    #[must_use]
    pub fn new<W: WriteRows<RecordBatch>>(sink: W, schema: impl Into<SchemaRef>) -> Self {
        Self::decoding::<W, WholeBatches>(sink, schema)
    }

    /// Encloses a sink that takes rows which a decoder makes from record batches of this schema.
    #[must_use]
    pub fn decoding<W, D>(sink: W, schema: impl Into<SchemaRef>) -> Self
    where
        D: BatchDecoder,
        W: WriteRows<D::Row>,
    {
        let inner = Box::new(Decoding::<W, D> {
            sink,
            decoder: PhantomData,
        });
        Self {
            inner,
            schema: schema.into(),
        }
    }

    /// Returns the schema of the record batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl fmt::Debug for AnySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnySink")
            .field(&self.inner.description())
            .finish()
    }
}

impl StreamWriter for AnySink {
    type Message = AnyMessage;
    type Error = BoxError;

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn description(&self) -> String {
        self.inner.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.inner.guarantee()
    }

    fn takes_set_aside(&self) -> bool {
        self.inner.takes_set_aside()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.inner.target()
    }

    fn commit(&self, messages: Vec<AnyMessage>, batch: &BatchContext) -> Result<(), BoxError> {
        self.inner.commit(messages, batch)
    }

    fn abort(
        &self,
        messages: Vec<Option<AnyMessage>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        self.inner.abort(messages, batch)
    }
}

impl WriteRows<RecordBatch> for AnySink {
    fn check_rows(&self) -> Result<(), BoxError> {
        self.inner.check_rows(&self.schema)
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = RecordBatch> + Send,
        task: &TaskContext,
    ) -> Result<AnyMessage, BoxError> {
        self.inner.write(&mut rows, task)
    }
}

/// A sink and its decoder, without their types.
trait Erased: Send + Sync {
    fn name(&self) -> &str;
    fn description(&self) -> String;
    fn guarantee(&self) -> Guarantee;
    fn takes_set_aside(&self) -> bool;
    fn target(&self) -> Option<&dyn Target>;
    fn check_rows(&self, schema: &SchemaRef) -> Result<(), BoxError>;
    fn write(
        &self,
        batches: &mut (dyn Rows<Item = RecordBatch> + Send),
        task: &TaskContext,
    ) -> Result<AnyMessage, BoxError>;
    fn commit(&self, messages: Vec<AnyMessage>, batch: &BatchContext) -> Result<(), BoxError>;
    fn abort(
        &self,
        messages: Vec<Option<AnyMessage>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError>;
}

struct Decoding<W, D> {
    sink: W,
    decoder: PhantomData<fn() -> D>,
}

impl<D: BatchDecoder, W: WriteRows<D::Row>> Erased for Decoding<W, D> {
    fn name(&self) -> &str {
        self.sink.name()
    }

    fn description(&self) -> String {
        self.sink.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.sink.guarantee()
    }

    fn takes_set_aside(&self) -> bool {
        self.sink.takes_set_aside()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.sink.target()
    }

    fn check_rows(&self, schema: &SchemaRef) -> Result<(), BoxError> {
        D::check(schema)?;
        self.sink.check_rows().map_err(Into::into)
    }

    fn write(
        &self,
        batches: &mut (dyn Rows<Item = RecordBatch> + Send),
        task: &TaskContext,
    ) -> Result<AnyMessage, BoxError> {
        let mut rows = DecodedRows::<D>::new(batches);
        let written = self.sink.write(&mut rows, task).map_err(Into::into);
        if let Some(error) = rows.take_error() {
            return Err(beside(error, written.err()));
        }
        let message = written?;
        // A batch of which a part is left unread counts as read to the engine (W9).
        let read = rows.read_rest();
        if let Some(error) = rows.take_error() {
            return Err(error.into());
        }
        read?;
        Ok(AnyMessage::of(&message)?)
    }

    fn commit(&self, messages: Vec<AnyMessage>, batch: &BatchContext) -> Result<(), BoxError> {
        let messages = messages.iter().map(AnyMessage::open);
        let messages = messages.collect::<Result<Vec<W::Message>>>()?;
        self.sink.commit(messages, batch).map_err(Into::into)
    }

    fn abort(
        &self,
        messages: Vec<Option<AnyMessage>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        let open = |message: &Option<AnyMessage>| message.as_ref().map(open::<W>).transpose();
        let messages = messages.iter().map(open).collect::<Result<Vec<_>>>()?;
        self.sink.abort(messages, batch).map_err(Into::into)
    }
}

fn open<W: StreamWriter>(message: &AnyMessage) -> Result<W::Message> {
    message.open::<W::Message>()
}

/// Adds what the writer says to why its rows ended, unless it says only that they did.
fn beside(error: crate::Error, of_writer: Option<BoxError>) -> BoxError {
    match of_writer.map(|error| crate::engine::own_or(error, ErrorKind::Task, "write failed")) {
        Some(of_writer) if of_writer.kind() != ErrorKind::CutOff => {
            error.and_also(of_writer).into()
        }
        _ => error.into(),
    }
}
