//! How a sink is made from options.

use arrow::datatypes::SchemaRef;

use super::decode::BatchDecoder;
use crate::error::Result;
use crate::options::SinkOptions;
use crate::writer::WriteRows;

/// What a sink is told beside its options when it is made by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkRequest {
    /// The schema of the record batches.
    pub schema: SchemaRef,
    /// Whether each batch is to replace what the target holds, as in Spark's complete mode.
    pub overwrite: bool,
}

impl SinkRequest {
    /// Asks for a sink of batches with this schema, which adds to what its target holds.
    #[must_use]
    pub fn new(schema: impl Into<SchemaRef>) -> Self {
        Self {
            schema: schema.into(),
            overwrite: false,
        }
    }
}

/// Options of which a sink is made, when they are not the sink itself.
///
/// A sink whose fields are its options, with `#[stream_writer(name = "...")]` on the struct, needs no
/// factory: [`SinkRegistry::register`](super::SinkRegistry::register) and
/// [`register_rows`](super::SinkRegistry::register_rows) take it as it is. One that opens a place, or
/// asks for the schema, has its options in a struct of their own.
pub trait SinkFactory: SinkOptions {
    /// How record batches become the rows that the sink takes.
    type Decoder: BatchDecoder;
    /// The sink.
    type Sink: WriteRows<<Self::Decoder as BatchDecoder>::Row>;

    /// Whether the sink can replace what its target holds, batch by batch. A request to do so is
    /// refused by name if it cannot.
    const OVERWRITES: bool = false;

    /// Makes the sink.
    ///
    /// # Errors
    /// What does not fit, before any row is written.
    fn open(self, request: &SinkRequest) -> Result<Self::Sink>;
}
