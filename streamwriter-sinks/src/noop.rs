//! The sink that reads everything and keeps nothing.

use serde::{Deserialize, Serialize};
use streamwriter_core::{
    Error, Guarantee, MessageMetrics, Result, Rows, StreamWriter, TaskContext, WriteRows,
};

use crate::ending::require_complete;
use crate::message::commit_message;

/// Reads all rows, counts them, and discards them: to measure a source, or to try a query.
///
/// It takes rows of every type. Its guarantee is at-most-once, since no row is kept at all.
///
/// ```
/// use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::Noop;
///
/// let message = write_rows(&Noop::new(), ["a", "b"], &Pretend::default().task())?;
/// assert_eq!(message.rows, 2);
/// # Ok::<(), streamwriter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Noop;

impl Noop {
    /// Makes the sink.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

/// The commit message of [`Noop`]: how many rows a task has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Discarded {
    /// How many rows were read and discarded.
    pub rows: u64,
}

commit_message!(Discarded, "streamwriter.discarded", |message| {
    MessageMetrics::default().with_rows(message.rows)
});

impl StreamWriter for Noop {
    type Message = Discarded;
    type Error = Error;

    fn name(&self) -> &str {
        "noop"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }
}

impl<R> WriteRows<R> for Noop {
    fn write(&self, mut rows: impl Rows<Item = R> + Send, task: &TaskContext) -> Result<Discarded> {
        rows.by_ref().for_each(drop);
        require_complete(&rows, task)?;
        Ok(Discarded { rows: rows.read() })
    }
}

#[cfg(test)]
mod tests {
    use streamwriter_core::ErrorKind;
    use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};

    use super::*;

    #[test]
    fn it_counts_whole_partitions_only() {
        let task = Pretend::default().task();
        let message = write_rows(&Noop::new(), 0..10, &task).unwrap();
        assert_eq!(round_trip(&message).unwrap().rows, 10);
        let error = write_rows_cut_off(&Noop::new(), 0..10, &task).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutOff);
    }
}
