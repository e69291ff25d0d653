#![doc = include_str!("../README.md")]
//!
//! # The model
//!
//! A [`Source`] is cut into *micro-batches*, a batch into *partitions*. One *task* writes one
//! partition: [`WriteRows::write`] gets its rows on an executor and returns a *message*. When every
//! task of the batch has succeeded, the messages are made durable, and then
//! [`StreamWriter::commit`] gets all of them on the driver thread and publishes the batch. If a task
//! fails for good, [`StreamWriter::abort`] gets the messages that there are.
//!
//! What a crash costs follows from one question: are the messages durable? Before, the batch is
//! written again from the same offsets, so nothing that `write` did may be visible. After, the batch
//! only goes forward: `commit` is called with the stored messages until it has succeeded. A sink
//! whose `commit` may be repeated is therefore exactly-once, and [`Staging`] makes any file sink one.
//!
//! # Features
//!
//! | feature | default | what it adds | what it pulls in |
//! |---|---|---|---|
//! | `csv` | yes | [`Csv`], [`FileSink::csv`] | `csv-core` |
//! | `jsonl` | yes | [`JsonLines`], [`FileSink::json_lines`] | nothing |
//! | `parquet` | yes | [`ParquetSink`], [`ParquetFiles`] | feature `arrow`, `parquet`, `serde_arrow` |
//! | `arrow` | with `parquet` | [`trait@Row`], [`RowBuilder`]: rows as Arrow columns; [`prebuilt_sinks`], [`SinkRegistry`]: sinks by name | `arrow` |
//! | `gzip` | yes | [`FileCompression`]`::Gzip`, input files `*.gz` | `flate2` |
//! | `zstd` | yes | [`FileCompression`]`::Zstd`, input files `*.zst` | `zstd`, which compiles C |
//! | `tokio` | no | `async fn` in `#[stream_writer]` impls | `tokio` |
//! | `testing` | no | [`testing`]: the conformance suite for sinks, faulty storage, a disk that loses power, scripted sources | `proptest` |

// Generated code says `::streamwriter`, in this package's own tests and examples too.
extern crate self as streamwriter;

#[doc(hidden)]
pub use streamwriter_core::__private;

#[cfg(feature = "arrow")]
pub use streamwriter_core::{
    AnyMessage, AnySink, BRIDGE_OPTIONS, BatchDecoder, ClusterCommit, ClusterRepair,
    ClusterRequest, ClusterSink, ClusterTask, ClusterWork, Column, ColumnBuilder, ColumnCodec,
    ColumnSpec, ColumnType, DerivedRows, ListItem, RecordBatchRows, RegistryHelp, Row, RowBuilder,
    SinkBuilder, SinkFactory, SinkFormat, SinkHelp, SinkRegistry, SinkRequest, WholeBatches,
    column_encoding,
};
pub use streamwriter_core::{
    Attempt, BatchContext, BatchId, BatchOrigin, BoxError, CheckpointChosen, CheckpointNotChosen,
    CheckpointPlace, CommitMessage, Created, End, Enough, Entry, Error, ErrorKind, Fate,
    FieldError, FieldResult, FileFinding, FileState, Gathered, Guarantee, IdleExecutor, Leftover,
    LocalStorage, LockHolder, Measure, MessageField, MessageKey, MessageMetrics, ObjectIdentity,
    OptionMap, OptionReader, OptionSpec, OptionValue, PartitionId, Permanent, Plan, PlanLimits,
    PlanOf, Publication, QueryBuilder, QueryEvent, QueryId, QueryListener, QueryStatus,
    QuerySummary, ReadCounts, Repair, Replay, Report, Result, Revision, RowReader, Rows, Run,
    SetAsidePlace, SetAsideRow, SharedStorage, SinkOptions, SinkProgress, Source, SourceContext,
    SourceProgress, SourceState, StagedObject, StagedUpload, StopHandle, Storage, StorageLock,
    StorePath, StoredMessage, Stream, StreamWriter, StreamingQuery, StreamingQueryProgress, Survey,
    Sweep, SweepScope, Target, TargetClaim, TargetRecord, TaskContext, Trigger, Unlisted, Upkeep,
    Withdrawal, WriteRows, record, serde_json, stream, totals,
};
#[cfg(feature = "arrow")]
pub use streamwriter_derive::Row;
pub use streamwriter_derive::{CommitMessage, stream_writer};
#[cfg(feature = "csv")]
pub use streamwriter_sinks::CsvQuoting;
#[cfg(feature = "parquet")]
pub use streamwriter_sinks::SerdeRows;
#[cfg(feature = "parquet")]
pub use streamwriter_sinks::{
    ArrowBatches, BloomFilter, Compression, Derived, Encoding, ParquetSink, ParquetStatistics,
    SortColumn, ViaSerde,
};
#[cfg(feature = "arrow")]
pub use streamwriter_sinks::{ArrowRow, ArrowRows, prebuilt_sinks};
pub use streamwriter_sinks::{
    BatchRows, FanOut, FileCompression, FileFormat, FileSink, ForEach, ForEachBatch,
    ForEachPartition, MemorySink, Noop, PartitionRows, SetAside, StagedFiles, Staging, StagingFile,
    Stdout,
};
#[cfg(any(feature = "csv", feature = "jsonl"))]
pub use streamwriter_sources::BadRows;
#[cfg(feature = "csv")]
pub use streamwriter_sources::Csv;
#[cfg(feature = "jsonl")]
pub use streamwriter_sources::JsonLines;
#[cfg(feature = "parquet")]
pub use streamwriter_sources::ParquetFiles;
#[cfg(any(feature = "csv", feature = "parquet"))]
pub use streamwriter_sources::SchemaDrift;
pub use streamwriter_sources::{Channel, Iter, Memory, Rate, RateRow, SendError, Sender};

#[cfg(feature = "testing")]
pub use streamwriter_core::{sink_conformance, testing};

pub mod tutorial;

/// What most programs need: `use streamwriter::prelude::*;`
pub mod prelude {
    #[cfg(feature = "csv")]
    pub use crate::Csv;
    #[cfg(feature = "jsonl")]
    pub use crate::JsonLines;
    pub use crate::{
        BatchContext, BoxError, CommitMessage, Error, FileSink, Guarantee, Memory, Rows, Source,
        Staging, Stdout, StreamWriter, StreamingQuery, TaskContext, Trigger, WriteRows, stream,
        stream_writer,
    };
    #[cfg(feature = "parquet")]
    pub use crate::{ParquetFiles, ParquetSink};
}

/// The examples of `docs/`, run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../docs/migrating-from-pyspark.md")]
    mod migrating_from_pyspark {}
    #[doc = include_str!("../docs/sinks/by-name.md")]
    mod by_name {}
    #[doc = include_str!("../docs/sinks/closures.md")]
    mod closures {}
    #[doc = include_str!("../docs/sinks/fan-out.md")]
    mod fan_out {}
    #[doc = include_str!("../docs/sinks/memory.md")]
    mod memory {}
    #[doc = include_str!("../docs/sinks/noop.md")]
    mod noop {}
    #[doc = include_str!("../docs/sinks/set-aside.md")]
    mod set_aside {}
    #[cfg(all(feature = "jsonl", feature = "parquet"))]
    #[doc = include_str!("../docs/small-files.md")]
    mod small_files {}
    #[doc = include_str!("../docs/sinks/staging.md")]
    mod staging {}
    #[doc = include_str!("../docs/sinks/stdout.md")]
    mod stdout {}
    #[doc = include_str!("../docs/sources.md")]
    mod sources {}
}
