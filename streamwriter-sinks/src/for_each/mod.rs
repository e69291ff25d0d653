//! Closures as sinks: for each row, for each partition, for each batch.
//!
//! | | runs | sees | effects | guarantee |
//! |---|---|---|---|---|
//! | `ForEach` | in the tasks | one row | at once | at-least-once |
//! | `ForEachPartition` | in the tasks | the rows of a partition | at once | at-least-once |
//! | `ForEachBatch` | on the driver | the rows of a batch that is prepared | at its commit | at-least-once, or what the closure declares |

mod batch;
mod partition;
mod row;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use streamwriter_core::MessageMetrics;

use crate::message::commit_message;

pub use batch::{BatchRows, ForEachBatch, SpilledRows};
pub use partition::{ForEachPartition, PartitionRows};
pub use row::ForEach;

/// The commit message of [`ForEach`] and [`ForEachPartition`]: how many rows a closure was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GivenRows {
    /// How many rows.
    pub rows: u64,
}

commit_message!(GivenRows, "streamwriter.given-rows", |message| {
    MessageMetrics::default().with_rows(message.rows)
});
