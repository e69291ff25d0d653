//! A closure for each batch: the rows wait in staged files, and the commit reads them.

mod rows;

use std::fmt;
use std::io::Write;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use streamwriter_core::{
    BatchContext, BatchId, BoxError, Error, ErrorKind, Guarantee, MessageMetrics, Result, Rows,
    StagedObject, StreamWriter, Target, TaskContext, WriteRows,
};

use crate::ending::{bad_row, in_task, require_complete};
use crate::message::commit_message;
use crate::staging::{Staging, StagingFile, write_failed};

pub use rows::BatchRows;

/// What the name of a file of waiting rows ends with. Its lines are JSON, and it is not data (F1).
const EXTENSION: &str = "spilled";

/// Gives the rows of each batch to a closure on the driver, as Spark's `foreachBatch` does.
///
/// The tasks spill their rows into staged files, one JSON value a line, and the commit reads them
/// back: all partitions in their order, on the driver thread, when the batch is prepared. From then
/// on its id means these rows for ever, whatever crashes: after a restart the closure gets the
/// *stored* rows again, with [`replay`](BatchContext::replay) set, and the source is not asked.
///
/// ```
/// use std::fs;
/// use streamwriter_core::{BatchContext, BoxError, StreamWriter};
/// # use streamwriter_core::testing::{Pretend, write_rows};
/// use streamwriter_sinks::ForEachBatch;
///
/// # let directory = tempfile::tempdir()?;
/// # let lake = directory.path().to_owned();
/// # let reports = lake.clone();
/// let sink = ForEachBatch::<u64, _>::new(lake.join("spill"), move |rows, batch| {
///     let mut sum = 0;
///     for row in rows {
///         sum += row?;
///     }
///     // The same name and the same bytes, however often this batch comes.
///     let name = reports.join(format!("sum-{}", batch.batch_id()));
///     fs::write(name.with_extension("new"), sum.to_string())?;
///     fs::rename(name.with_extension("new"), name)?;
///     Ok::<_, BoxError>(())
/// })?
/// .idempotent();
/// # let pretend = Pretend::default();
/// # let message = write_rows(&sink, [1, 2, 3], &pretend.task())?;
/// # sink.commit(vec![message], &pretend.batch())?;
/// # assert_eq!(fs::read_to_string(lake.join("sum-0"))?, "6");
/// # Ok::<(), BoxError>(())
/// ```
///
/// # Guarantee
/// At-least-once: a crash in the closure, or after it and before the spill directory remembers the
/// batch, calls it again for the same batch. A closure that is [`idempotent`](Self::idempotent),
/// such as one that keys what it writes by [`batch_id`](BatchContext::batch_id) (with
/// [`revision`](BatchContext::revision), should a person ever have a batch written again), may say
/// so, and is exactly-once then. A batch that is recorded as committed is never given again.
///
/// # The closure
/// Batches come in order, one at a time. Its error ends the query, and the next start begins with
/// this batch; so does a panic (W5, W6). Returning `Ok` with rows left unread is an error unless
/// [`skip_rest`](BatchRows::skip_rest) was called (W9): rows that nobody read are rows lost. Before
/// it is called, the files are read once and held against the checksums of the messages, so what
/// it gets is whole.
///
/// # Rows
/// They must come back from JSON as they went in; a row that does not come back at all (a number
/// that is not finite, for example) fails its task, before the batch is prepared.
///
/// # Memory and disk
/// 1 MiB for each running task, 256 KiB and one row in the commit, whatever the size of the batch.
/// The directory holds the rows of the batch in hand, and of the one before until the next commit or
/// start. It is a target with a lock and a memory of its own.
#[must_use]
pub struct ForEachBatch<R, F> {
    staging: Staging,
    call: F,
    guarantee: Guarantee,
    /// What the newest commit has read: nobody needs it once its batch is done.
    read: Mutex<Option<Read>>,
    rows: PhantomData<fn(R)>,
}

impl<R, F> ForEachBatch<R, F> {
    /// Makes a sink of a closure, with a local directory for the rows on their way to it.
    ///
    /// # Errors
    /// As [`Staging::new`]; the directory itself is looked at when the query starts.
    pub fn new<E>(spill: impl AsRef<Path>, call: F) -> Result<Self>
    where
        F: Fn(&mut BatchRows<'_, R>, &BatchContext) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        Ok(Self::new_in(Staging::new(spill)?, call))
    }

    /// Lets the rows wait in any storage.
    pub fn new_in<E>(spill: Staging, call: F) -> Self
    where
        F: Fn(&mut BatchRows<'_, R>, &BatchContext) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        Self {
            staging: spill,
            call,
            guarantee: Guarantee::AtLeastOnce,
            read: Mutex::default(),
            rows: PhantomData,
        }
    }

    /// Declares that calling the closure again with the same batch, also from another process after
    /// a crash in its middle, has the effect of one call: the sink is exactly-once then (E4).
    ///
    /// Nobody can check it. A closure of which it is not true shows rows twice after a crash.
    pub fn idempotent(mut self) -> Self {
        self.guarantee = Guarantee::ExactlyOnce;
        self
    }

    /// Drops what the commit of an earlier batch has read; that batch is done (B5).
    ///
    /// What cannot be dropped, or is forgotten by a crash, the sweep of the next start removes.
    fn drop_read_before(&self, batch: BatchId) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // IMPORTANT: never those of the same batch. It may be committed again.
        let before = read.take_if(|read| read.batch < batch);
        drop(read);
        let Some(before) = before else { return };
        if let Err(error) = self.staging.drop_spilled(&before.files) {
            tracing::warn!(error = %error.report(), "spilled rows of a batch that is done stay");
        }
    }

    fn keep_read(&self, batch: BatchId, files: Vec<StagedObject>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = Some(Read { batch, files });
    }
}

/// The files that a commit has read.
struct Read {
    batch: BatchId,
    files: Vec<StagedObject>,
}

/// The commit message of [`ForEachBatch`]: where the rows of a task wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SpilledRows {
    /// How many rows wait.
    pub rows: u64,
    /// The staged file with the rows; none for a partition without rows.
    pub files: Vec<StagedObject>,
}

commit_message!(SpilledRows, "streamwriter.spilled-rows", |message| {
    // Not as bytes and files: what is spilled is no output.
    MessageMetrics::default().with_rows(message.rows)
});

impl<R, E, F> StreamWriter for ForEachBatch<R, F>
where
    R: DeserializeOwned + 'static,
    F: Fn(&mut BatchRows<'_, R>, &BatchContext) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    type Message = SpilledRows;
    type Error = BoxError;

    fn name(&self) -> &str {
        "for-each-batch"
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.staging)
    }

    fn commit(&self, messages: Vec<SpilledRows>, batch: &BatchContext) -> Result<(), BoxError> {
        let files = files_of(messages);
        self.drop_read_before(batch.batch_id());
        let files = self.staging.expect_spilled(&files, batch)?;
        let mut rows = BatchRows::new(&**self.staging.storage(), &files);
        (self.call)(&mut rows, batch).map_err(Into::into)?;
        rows.expect_done()
            .map_err(|error| error.in_batch(batch.batch_id()))?;
        self.keep_read(batch.batch_id(), files);
        Ok(())
    }

    fn abort(
        &self,
        messages: Vec<Option<SpilledRows>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        let files = files_of(messages.into_iter().flatten());
        Ok(self.staging.discard(&files, batch)?)
    }
}

fn files_of(messages: impl IntoIterator<Item = SpilledRows>) -> Vec<StagedObject> {
    let messages = messages.into_iter();
    messages.flat_map(|message| message.files).collect()
}

impl<R, E, F> WriteRows<R> for ForEachBatch<R, F>
where
    R: Serialize + DeserializeOwned + 'static,
    F: Fn(&mut BatchRows<'_, R>, &BatchContext) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<SpilledRows, BoxError> {
        let mut file: Option<StagingFile> = None;
        let mut line = Vec::new();
        while let Some(row) = rows.next() {
            encode(&row, &mut line).map_err(|why| bad_row(rows.read(), why, task))?;
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(self.staging.file(task, None, 0, EXTENSION)?),
            };
            file.write_all(&line)
                .map_err(|error| in_task(write_failed(error), task))?;
        }
        // IMPORTANT: a file of a part of the partition must not be finished (W8).
        require_complete(&rows, task)?;
        let file = file.map(StagingFile::finish).transpose()?;
        Ok(SpilledRows {
            rows: rows.read(),
            files: file.into_iter().collect(),
        })
    }
}

/// Makes the line of a row, and makes sure that it can be read back: in the commit it is too late.
fn encode<R: Serialize + DeserializeOwned>(row: &R, line: &mut Vec<u8>) -> Result<(), BoxError> {
    line.clear();
    serde_json::to_writer(&mut *line, row)?;
    if line.contains(&b'\n') {
        let message = "its JSON has a line break between its values, as raw JSON may have";
        return Err(Error::new(ErrorKind::Row, message).into());
    }
    serde_json::from_slice::<R>(line).map_err(|error| {
        Error::new(ErrorKind::Row, "it does not come back from JSON").with_source(error)
    })?;
    line.push(b'\n');
    Ok(())
}

impl<R, F> fmt::Debug for ForEachBatch<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachBatch")
            .field("spill", &self.staging)
            .field("guarantee", &self.guarantee)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    /// A spilled row is a line: one that were two could not be read back once it is prepared.
    #[test]
    fn w12_a_row_whose_json_has_a_line_break_is_refused_by_its_task() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let error = encode(&raw("[1,\n2]"), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("line break"), "{error}");
        let mut line = Vec::new();
        encode(&raw("[1, 2]"), &mut line).unwrap();
        assert_eq!(line, b"[1, 2]\n");
    }
}
