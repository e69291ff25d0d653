//! The contract, the batch engine and the journal of streamwriter.
//!
//! Most people use the facade crate `streamwriter`. This crate is for those who write a sink or a
//! source as a library and want to depend on nothing else.

mod error;
mod ids;

mod source;

mod context;
mod guarantee;
mod message;
mod options;
mod rows;
mod target;
mod writer;

mod storage;

pub use context::{BatchContext, TaskContext};
pub use error::{BoxError, Error, ErrorKind, Permanent, Report, Result};
pub use guarantee::Guarantee;
pub use ids::{Attempt, BatchId, PartitionId, QueryId, Run};
pub use message::{
    CommitMessage, FieldError, FieldResult, MessageField, MessageKey, MessageMetrics, totals,
};
pub use options::{OptionMap, OptionReader, OptionSpec, OptionValue, SinkOptions};
pub use rows::{End, Rows};
pub use source::{
    Plan, PlanLimits, ReadCounts, Replay, RowReader, Source, SourceContext, SourceState,
};
pub use storage::{
    Created, Entry, LocalStorage, LockHolder, Publication, SharedStorage, StagedObject,
    StagedUpload, Storage, StorageLock, StorePath,
};
pub use target::{Sweep, Target, TargetClaim, TargetRecord};
pub use writer::{StreamWriter, WriteRows};

// Migrations of messages read `serde_json::Value`s.
pub use serde_json;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
