//! The batches of a cluster as the engine sees them: rows that a cluster reads, and plans.

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::context::TaskContext;
use crate::error::{BoxError, Error, ErrorKind};
use crate::ids::BatchId;
use crate::journal::QUERY;
use crate::source::{Plan, PlanLimits, PlanOf, ReadCounts, RowReader, Source};

/// Which rows a batch is, as far as a cluster says it: what `offsets/N` holds as its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterOffset {
    pub(super) batch: BatchId,
    /// The digest of the cluster's own record of the batch's offsets, if that could be read.
    pub(super) offsets: Option<String>,
}

/// One partition of a batch: what is known of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionRows {
    pub(super) rows: u64,
}

/// Which rows a cluster says that a batch is.
pub(super) type ClusterPlan = Plan<ClusterOffset, PartitionRows>;

/// Tells whether two plans of a batch mean the same rows: by the cluster's own record if both have seen
/// it, otherwise by the rows of each partition.
///
/// A cluster with another number of cores cuts the same rows into another number of partitions; then the
/// rows of the whole batch have to do.
pub(super) fn same_rows(one: &ClusterPlan, other: &ClusterPlan) -> bool {
    if one.end.batch != other.end.batch {
        return false;
    }
    match (&one.end.offsets, &other.end.offsets) {
        (Some(one), Some(other)) => one == other,
        _ if one.partitions.len() == other.partitions.len() => one.partitions == other.partitions,
        _ => rows_of(one) == rows_of(other),
    }
}

/// Returns how many rows a batch has.
pub(super) fn rows_of(plan: &ClusterPlan) -> u64 {
    plan.partitions.iter().map(|partition| partition.rows).sum()
}

/// Stands for the source of the rows, which the cluster reads.
#[derive(Debug)]
pub(super) struct ClusterSource;

impl Source for ClusterSource {
    type Row = RecordBatch;
    type Offset = ClusterOffset;
    type Partition = PartitionRows;
    type Reader<'a> = NoRows;

    fn description(&self) -> String {
        QUERY.to_owned()
    }

    fn plan(
        &self,
        _: Option<&ClusterOffset>,
        _: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        Ok(None)
    }

    fn open<'a>(&'a self, _: &'a PartitionRows, _: &'a TaskContext) -> Result<NoRows, BoxError> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "the rows of a cluster are read there",
        )
        .into())
    }
}

/// Has no rows.
#[derive(Debug)]
pub(super) struct NoRows;

impl RowReader for NoRows {
    type Row = RecordBatch;

    fn next_row(&mut self) -> Option<Result<RecordBatch, BoxError>> {
        None
    }
}

/// Reads the batches that a cluster hands to a task, and counts their rows.
#[derive(Debug)]
pub(super) struct TaskBatches<I> {
    batches: I,
    rows: u64,
}

impl<I> TaskBatches<I> {
    pub(super) fn new(batches: I) -> Self {
        Self { batches, rows: 0 }
    }
}

impl<I: Iterator<Item = Result<RecordBatch, BoxError>> + Send> RowReader for TaskBatches<I> {
    type Row = RecordBatch;

    fn next_row(&mut self) -> Option<Result<RecordBatch, BoxError>> {
        let batch = self.batches.next()?;
        if let Ok(batch) = &batch {
            self.rows += batch.num_rows() as u64;
        }
        Some(batch)
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(ReadCounts::new(self.rows, 0))
    }
}
