//! A sink that is written once in Rust, as a data source of PySpark.
//!
//! ```ignore
//! use streamwriter::prelude::*;
//! use streamwriter_pyspark::export;
//!
//! /// Posts rows to a web service.
//! #[stream_writer(name = "webhook")]
//! struct Webhook {
//!     /// Where the rows go.
//!     url: String,
//! }
//!
//! #[stream_writer]
//! impl Webhook {
//!     fn write(&self, rows: impl Rows<Item = Order>) -> Result<u64, BoxError> { /* ... */ }
//! }
//!
//! export! { Webhook }
//! ```
//!
//! The crate of the sink is a `cdylib` that depends on `streamwriter` and on this crate; `maturin build`
//! makes the wheel. `examples/pyspark_webhook` is one, complete.
//!
//! # What happens where
//!
//! | step | file | who |
//! |---|---|---|
//! | a module is imported | `exports.rs`, `shim.py` | [`export!`], [`Exports`]: a `DataSource` class for each sink |
//! | Spark asks for a writer | `shim.py` | the schema as Arrow, what cannot be written is refused; the sink is opened and checked |
//! | a task writes | `native.rs`, `batches.rs` | the GIL is released, and held only while Python makes the next batch |
//! | a batch comes from Python | `capsule.rs`, `adopt.rs` | Arrow's C data interface; brought to the declared schema |
//! | `commit`, `abort` | `native.rs` | [`ClusterSink`](streamwriter_core::ClusterSink) |
//! | an error goes to Python | `raised.rs`, `panics.rs` | `StreamwriterError` with the whole report |
//!
//! # Features
//!
//! | feature | default | what it adds | what it pulls in |
//! |---|---|---|---|
//! | `serde` | yes | sinks whose rows derive serde's `Deserialize` | `parquet`, `serde_arrow` |

mod exports;
mod register;

mod native;

mod batches;
mod capsule;

mod adopt;

mod panics;
mod raised;

pub use exports::Exports;
pub use streamwriter_derive::export;

#[doc(hidden)]
pub mod __private {
    //! What `export!` calls.

    pub use pyo3;
    pub use streamwriter_core::{Result, SinkOptions};

    pub use crate::exports::{all_differ, install};
    pub use crate::register::{
        Pick, PickFactory, PickSink, RegisterBatches, RegisterDecoded, RegisterDerived,
    };
}
