//! `format("noop")`

use arrow::record_batch::RecordBatch;
use streamwriter_core::{
    Error, Guarantee, Result, Rows, SinkFactory, SinkRequest, StreamWriter, TaskContext,
    WholeBatches, WriteRows,
};
use streamwriter_derive::stream_writer;

use crate::ending::require_complete;
use crate::noop::Discarded;

/// Reads all rows, counts them, and discards them.
#[stream_writer(name = "noop")]
#[derive(Debug)]
pub(super) struct NoopOptions {}

impl SinkFactory for NoopOptions {
    type Decoder = WholeBatches;
    type Sink = NoopBatches;

    const OVERWRITES: bool = true;

    fn open(self, _: &SinkRequest) -> Result<NoopBatches> {
        Ok(NoopBatches)
    }
}

/// [`Noop`](crate::Noop) that counts the rows of record batches, and not the batches.
#[derive(Debug)]
pub(super) struct NoopBatches;

impl StreamWriter for NoopBatches {
    type Message = Discarded;
    type Error = Error;

    fn name(&self) -> &str {
        "noop"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }
}

impl WriteRows<RecordBatch> for NoopBatches {
    fn write(
        &self,
        mut batches: impl Rows<Item = RecordBatch> + Send,
        task: &TaskContext,
    ) -> Result<Discarded> {
        let rows = batches.by_ref().map(|batch| batch.num_rows() as u64).sum();
        require_complete(&batches, task)?;
        Ok(Discarded { rows })
    }
}
