//! The contract, the batch engine and the journal of streamwriter.
//!
//! Most people use the facade crate `streamwriter`. This crate is for those who write a sink or a
//! source as a library and want to depend on nothing else.
//!
//! The modules stand in the order in which data flows: source, rows, tasks, messages, journal,
//! commit, progress.

#![warn(clippy::print_stdout, reason = "a library does not print")]

mod error;
mod ids;
mod sync;

mod gathered;
mod source;
mod stream;

#[cfg(feature = "arrow")]
mod arrow_rows;
#[cfg(feature = "arrow")]
mod by_name;
mod context;
mod finding;
mod guarantee;
mod idle;
mod leftover;
mod message;
mod options;
mod rows;
mod runtime;
mod set_aside;
mod target;
mod writer;

#[cfg(feature = "arrow")]
mod cluster;
mod engine;
mod failpoint;
mod journal;
pub mod record;
mod storage;

mod progress;
mod query;

#[cfg(feature = "arrow")]
pub use arrow_rows::{
    Column, ColumnBuilder, ColumnCodec, ColumnSpec, ColumnType, ListItem, RecordBatchRows, Row,
    RowBuilder, encoding as column_encoding,
};
#[cfg(feature = "arrow")]
pub use by_name::{
    AnyMessage, AnySink, BatchDecoder, DerivedRows, RegistryHelp, SinkBuilder, SinkFactory,
    SinkFormat, SinkHelp, SinkRegistry, SinkRequest, WholeBatches,
};
#[cfg(feature = "arrow")]
pub use cluster::{
    BRIDGE_OPTIONS, ClusterCommit, ClusterRepair, ClusterRequest, ClusterSink, ClusterTask,
    ClusterWork,
};
pub use context::{BatchContext, TaskContext};
pub use error::{BoxError, Error, ErrorKind, Permanent, Report, Result};
pub use finding::{FileFinding, FileState, StoredMessage, Withdrawal};
pub use gathered::{Enough, Gathered, Measure};
pub use guarantee::Guarantee;
pub use idle::IdleExecutor;
pub use ids::{Attempt, BatchId, PartitionId, QueryId, Revision, Run};
pub use leftover::{Fate, Leftover, SweepScope};
pub use message::{
    CommitMessage, FieldError, FieldResult, MessageField, MessageKey, MessageMetrics, totals,
};
pub use options::{OptionMap, OptionReader, OptionSpec, OptionValue, SinkOptions};
pub use progress::{
    BatchOrigin, QueryEvent, QueryListener, QuerySummary, SinkProgress, SourceProgress,
    StreamingQueryProgress,
};
pub use query::{
    CheckpointChosen, CheckpointNotChosen, CheckpointPlace, QueryBuilder, QueryStatus, Repair,
    StopHandle, StreamingQuery, Survey, Trigger, Upkeep,
};
pub use rows::{End, Rows};
pub use set_aside::{SetAsidePlace, SetAsideRow};
pub use source::{
    Plan, PlanLimits, PlanOf, ReadCounts, Replay, RowReader, Source, SourceContext, SourceState,
};
pub use storage::{
    Created, Entry, LocalStorage, LockHolder, ObjectIdentity, Publication, SharedStorage,
    StagedObject, StagedUpload, Storage, StorageLock, StorePath, Unlisted,
};
pub use stream::{Stream, stream};
pub use target::{Sweep, Target, TargetClaim, TargetRecord};
pub use writer::{StreamWriter, WriteRows};

// Migrations of messages read `serde_json::Value`s.
pub use serde_json;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

#[cfg(feature = "testing")]
#[doc(hidden)]
#[path = "fuzz.rs"]
pub mod __fuzz;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(test)]
#[cfg(streamwriter_model)]
mod model;
