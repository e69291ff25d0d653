//! Staged files that are never published: a commit reads them, and then they go.

use streamwriter_core::{BatchContext, Error, ErrorKind, FileState, Result, StagedObject};

use super::{Staging, expect_files_of, place, withdraw};

impl Staging {
    /// Returns the files of a batch that is to be committed, each as its message says.
    ///
    /// A file that a person has accepted as published is left out.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub(crate) fn expect_spilled(
        &self,
        files: &[StagedObject],
        batch: &BatchContext,
    ) -> Result<Vec<StagedObject>> {
        self.expect_owner(batch.query_id())?;
        expect_files_of(files, batch)?;
        batch.check_current()?;
        let mut whole = Vec::with_capacity(files.len());
        for file in files {
            if batch.accepts(&file.path) {
                tracing::warn!(
                    batch = %batch.batch_id(), file = %file.path,
                    "the rows of this file count as published, as a person has decided"
                );
                continue;
            }
            match withdraw::inspect(&*self.storage, file)?.state {
                FileState::Staged => whole.push(file.clone()),
                state => {
                    let message = format!("a file of spilled rows is {state}");
                    let error = Error::new(ErrorKind::Mismatch, message)
                        .in_batch(batch.batch_id())
                        .at_path(place(&*self.storage, &file.staged));
                    return Err(withdraw::with_choices(error, batch));
                }
            }
        }
        // A driver that was stopped while it read may only find out here that its successor has
        // decided otherwise (E5).
        batch.check_current()?;
        Ok(whole)
    }

    /// Drops files of a batch that is done.
    pub(crate) fn drop_spilled(&self, files: &[StagedObject]) -> Result<()> {
        for file in files {
            self.storage.discard(&file.staged)?;
        }
        Ok(())
    }
}
