//! The records of a person's decisions about a batch that is prepared and not committed (E3).

use super::layout::{self, Log};
use super::reader::{ACCEPTED, REVOKED};
use super::records::{AcceptedRecord, DecidedFile, RevokedRecord};
use super::{Journal, Recorded, now};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{BatchId, Revision};
use crate::storage::LockHolder;

impl Journal {
    /// Records, durably, that a batch is to be written again.
    ///
    /// The record has the name of `commits/N`: whatever a driver that wakes up late does, the batch
    /// is either committed or revoked, and never both.
    ///
    /// # Errors
    /// `Mismatch` if the batch was committed or revoked meanwhile; `Superseded` if a newer run has
    /// begun. Whatever the error, the record may exist afterwards.
    pub(crate) fn revoke(
        &self,
        batch: BatchId,
        revision: Revision,
        prepared: &str,
        files: Vec<DecidedFile>,
        holder: &LockHolder,
    ) -> Result<()> {
        let body = RevokedRecord {
            query: self.query,
            run: self.run,
            batch,
            revision,
            previous: prepared.to_owned(),
            files,
            decided: now(),
            pid: holder.pid,
            host: holder.host.clone(),
        };
        let path = Log::Commits.path(batch, revision)?;
        let recorded = self.create(REVOKED, &path, &body, None);
        ours_or_decided(recorded.map_err(|error| error.in_batch(batch))?, batch)
    }

    /// Records, durably, that files of a batch count as published.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub(crate) fn accept(
        &self,
        batch: BatchId,
        number: u32,
        prepared: &str,
        files: Vec<DecidedFile>,
        holder: &LockHolder,
    ) -> Result<()> {
        let body = AcceptedRecord {
            query: self.query,
            run: self.run,
            batch,
            number,
            previous: prepared.to_owned(),
            files,
            decided: now(),
            pid: holder.pid,
            host: holder.host.clone(),
        };
        let path = layout::accepted_path(batch, number)?;
        let recorded = self.create(ACCEPTED, &path, &body, None);
        ours_or_decided(recorded.map_err(|error| error.in_batch(batch))?, batch)
    }
}

fn ours_or_decided(recorded: Recorded, batch: BatchId) -> Result<()> {
    match recorded {
        Recorded::Ours(_) => Ok(()),
        Recorded::Theirs(_) => Err(Error::new(
            ErrorKind::Mismatch,
            "what becomes of this batch was decided by another process meanwhile",
        )
        .in_batch(batch)
        .with_help("look again")),
    }
}

/// The error of a driver that wanted to commit a batch which a person has revoked meanwhile.
pub(super) fn revoked_meanwhile(batch: BatchId, place: &str) -> Error {
    Error::new(
        ErrorKind::Superseded,
        "a person has decided meanwhile that this batch is written again",
    )
    .in_batch(batch)
    .at_path(place)
    .with_help("start again: the batch is written from its offsets once more then")
}
