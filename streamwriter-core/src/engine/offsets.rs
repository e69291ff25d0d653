//! Step 1: which rows the batch is (B2).

use serde_json::Value;

use super::{Batch, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::Revision;
use crate::journal::{Log, OffsetsRecord, Recorded};
use crate::source::Source;
use crate::writer::WriteRows;

impl<S, W> Engine<S, W>
where
    S: Source,
    W: WriteRows<S::Row>,
{
    /// Step 1: records which rows the batch is (B2).
    pub(super) fn record_offsets(&self, batch: &mut Batch<S>) -> Result<()> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        let body = OffsetsRecord {
            query: self.query.id,
            run: self.query.run,
            batch: batch.id,
            previous: batch.offsets_before.clone(),
            start: batch
                .start
                .as_ref()
                .map_or(Ok(Value::Null), |start| self.to_json(start))?,
            end: self.to_json(&batch.plan.end)?,
            rows: batch.plan.rows,
            partitions: batch
                .plan
                .partitions
                .iter()
                .map(|partition| self.to_json(partition))
                .collect::<Result<_>>()?,
        };
        match journal.record(Log::Offsets, batch.id, Revision::FIRST, &body)? {
            Recorded::Ours(checksum) => {
                batch.before_prepared = Some(checksum);
                Ok(())
            }
            Recorded::Theirs(bytes) => {
                let (found, checksum) =
                    journal.decode(Log::Offsets, batch.id, Revision::FIRST, &bytes)?;
                self.adopt_offsets(batch, &body, found, checksum)
            }
        }
    }

    /// Goes on with the record of an earlier run that woke up late and was quicker, if it means the
    /// same rows in the same partitions (B2).
    fn adopt_offsets(
        &self,
        batch: &mut Batch<S>,
        ours: &OffsetsRecord,
        found: OffsetsRecord,
        checksum: String,
    ) -> Result<()> {
        let theirs = OffsetsRecord {
            run: ours.run,
            ..found
        };
        if theirs != *ours {
            return Err(Error::new(
                ErrorKind::Locked,
                "another run has recorded other rows for this batch",
            )
            .in_batch(batch.id)
            .with_help("start again: the batch is then written from what is recorded"));
        }
        batch.before_prepared = Some(checksum);
        Ok(())
    }

    fn to_json<T: serde::Serialize>(&self, value: &T) -> Result<Value> {
        serde_json::to_value(value).map_err(|error| {
            Error::new(
                ErrorKind::Source,
                format!("{}: an offset or partition is not JSON", self.query.source),
            )
            .with_source(error)
        })
    }
}
