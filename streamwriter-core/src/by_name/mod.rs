//! Sinks by name: made from text, given Arrow record batches, and seen through one type.
//!
//! | step | who | what |
//! |---|---|---|
//! | 1 | [`SinkRegistry`] | finds the [`SinkFormat`] of a name |
//! | 2 | [`SinkBuilder`] | collects options, schema and whether to overwrite, and checks them |
//! | 3 | [`SinkFactory`] | makes the sink |
//! | 4 | [`BatchDecoder`] | turns each record batch into the rows that the sink takes |
//! | 5 | [`AnySink`] | is the sink to the engine; its message is [`AnyMessage`] |
//!
//! A cluster bridge does the same: it knows a name, options, a schema, batches and messages, and no
//! type of any sink.

mod decode;
mod factory;
mod message;
mod registry;
mod rows;
mod sink;

#[cfg(test)]
mod tests;

pub use decode::{BatchDecoder, DerivedRows, WholeBatches};
pub use factory::{SinkFactory, SinkRequest};
pub use message::AnyMessage;
pub(crate) use message::inner_of;
pub use registry::{RegistryHelp, SinkBuilder, SinkFormat, SinkHelp, SinkRegistry};
pub use sink::AnySink;
