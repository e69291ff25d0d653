#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_qualifications)]
//! Sinks of each kind of rows, and one that a factory makes.

use arrow::record_batch::RecordBatch;
use serde::Deserialize;
use streamwriter::prelude::*;
use streamwriter::{Noop, Row, SinkFactory, SinkRequest, WholeBatches};
use streamwriter_pyspark::export;

/// Takes whole batches.
#[stream_writer(name = "batches")]
struct Batches;

#[stream_writer]
impl Batches {
    fn write(&self, rows: impl Iterator<Item = RecordBatch>) {
        rows.for_each(drop);
    }
}

#[derive(Row)]
struct Derived {
    #[allow(dead_code)]
    id: i64,
}

/// Takes rows that derive `Row`.
#[stream_writer(name = "derived")]
struct OfDerived;

#[stream_writer]
impl OfDerived {
    fn write(&self, rows: impl Iterator<Item = Derived>) {
        rows.for_each(drop);
    }
}

#[derive(Deserialize)]
struct Decoded {
    #[allow(dead_code)]
    id: i64,
}

mod sinks {
    use super::*;

    /// Takes rows of serde.
    #[stream_writer(name = "decoded")]
    pub(super) struct OfSerde;

    #[stream_writer]
    impl OfSerde {
        fn write(&self, rows: impl Iterator<Item = Decoded>) {
            rows.for_each(drop);
        }
    }
}

/// Opens another sink.
#[stream_writer(name = "opened")]
struct Opened;

impl SinkFactory for Opened {
    type Decoder = WholeBatches;
    type Sink = Noop;

    fn open(self, _: &SinkRequest) -> streamwriter::Result<Noop> {
        Ok(Noop::new())
    }
}

export! { Batches, OfDerived, sinks::OfSerde, Opened }

fn main() {}
