//! `format("noop")`

use streamwriter_core::{Result, SinkFactory, SinkRequest, WholeBatches};
use streamwriter_derive::stream_writer;

use crate::noop::Noop;

/// Reads all rows, counts them, and discards them.
#[stream_writer(name = "noop")]
#[derive(Debug)]
pub(super) struct NoopOptions {}

impl SinkFactory for NoopOptions {
    type Decoder = WholeBatches;
    type Sink = Noop;

    const OVERWRITES: bool = true;

    fn open(self, _: &SinkRequest) -> Result<Noop> {
        Ok(Noop::new())
    }
}
