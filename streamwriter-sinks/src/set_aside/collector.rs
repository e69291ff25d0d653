//! The executors' half: streams the rows that one task attempt sets aside into staged files.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use streamwriter_core::{
    Error, ErrorKind, Result, SetAsidePlace, SetAsideRow, StagedObject, TaskContext,
};

use super::message::SetAsideFiles;
use crate::ending::in_task;
use crate::staging::{Staging, StagingFile};

/// What the name of a file with rows ends with, after its format.
const ROWS_EXTENSION: &str = "rejected";
/// The extension of a file with reasons. Its lines are JSON, and it is not data (F1).
const REASONS_EXTENSION: &str = "reasons";
/// The number of the file with the reasons; those with rows follow.
const REASONS_NUMBER: u32 = 0;
/// Bytes of a row that are in memory at a time.
const COPY_BYTES: usize = 64 << 10;

/// Takes the rows of one attempt. Made anew for each, so that only the attempt that succeeds counts.
pub(super) struct Collector {
    staging: Arc<Staging>,
    /// None after a row that could not be taken whole: what was collected is not to be finished.
    state: Mutex<Option<State>>,
}

#[derive(Default)]
struct State {
    rows: u64,
    reasons: Option<StagingFile>,
    open: Option<RowsFile>,
    finished: Vec<StagedObject>,
}

/// A file with rows of one format and under one header.
struct RowsFile {
    file: StagingFile,
    format: String,
    header: Option<Vec<u8>>,
    records: u64,
}

/// One line of the file with the reasons; `docs/set-aside-format.md` describes it.
#[derive(Serialize)]
struct Reason<'r> {
    outcome: &'static str,
    source: &'r str,
    position: u64,
    line: Option<u64>,
    column: Option<&'r str>,
    reason: &'r str,
    batch: u64,
    partition: u32,
    file: &'r str,
    record: u64,
    offset: u64,
    length: u64,
}

impl Collector {
    pub(super) fn new(staging: Arc<Staging>) -> Self {
        Self {
            staging,
            state: Mutex::new(Some(State::default())),
        }
    }

    /// Makes the files durable and returns what belongs into the message.
    ///
    /// Called once, after the end of the partition.
    pub(super) fn finish(&self) -> Result<SetAsideFiles> {
        let state = self.take();
        let mut state = state.ok_or_else(|| {
            Error::new(ErrorKind::Task, "a row that does not fit was not set aside")
        })?;
        state.close_rows()?;
        if let Some(reasons) = state.reasons {
            // Last, so that what the reasons speak of is published before them.
            state.finished.push(reasons.finish()?);
        }
        Ok(SetAsideFiles {
            rows: state.rows,
            files: state.finished,
        })
    }

    fn take(&self) -> Option<State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take()
    }
}

impl SetAsidePlace for Collector {
    fn put(&self, row: SetAsideRow<'_>, task: &TaskContext) -> Result<()> {
        let Some(mut state) = self.take() else {
            return Err(Error::new(
                ErrorKind::Task,
                "the place for rows that do not fit is closed",
            ));
        };
        state
            .put(row, &self.staging, task)
            .map_err(|error| in_task(error, task))?;
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        Ok(())
    }
}

impl State {
    fn put(&mut self, row: SetAsideRow<'_>, staging: &Staging, task: &TaskContext) -> Result<()> {
        let fits =
            |open: &RowsFile| open.format == row.format && open.header.as_deref() == row.header;
        if !self.open.as_ref().is_some_and(fits) {
            self.close_rows()?;
        }
        let rows = match &mut self.open {
            Some(open) => open,
            none => {
                let number = REASONS_NUMBER + 1 + self.finished.len() as u32;
                none.insert(RowsFile::begin(&row, number, staging, task)?)
            }
        };
        let offset = rows.file.bytes_written();
        let length = copy(row.raw, &mut rows.file)?;
        rows.file.write_all(b"\n").map_err(cannot_write)?;
        let reason = Reason {
            outcome: "set-aside",
            source: row.source,
            position: row.position,
            line: row.line,
            column: row.column,
            reason: row.reason,
            batch: task.batch_id().get(),
            partition: task.partition().get(),
            file: rows.file.path().as_str(),
            record: rows.records,
            offset,
            length,
        };
        let reasons = match &mut self.reasons {
            Some(reasons) => reasons,
            none => none.insert(staging.file(task, None, REASONS_NUMBER, REASONS_EXTENSION)?),
        };
        serde_json::to_writer(&mut *reasons, &reason)
            .map_err(|error| cannot_write(error.into()))?;
        reasons.write_all(b"\n").map_err(cannot_write)?;
        rows.records += 1;
        self.rows += 1;
        Ok(())
    }

    fn close_rows(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            self.finished.push(open.file.finish()?);
        }
        Ok(())
    }
}

impl RowsFile {
    fn begin(
        row: &SetAsideRow<'_>,
        number: u32,
        staging: &Staging,
        task: &TaskContext,
    ) -> Result<Self> {
        let extension = format!("{}.{ROWS_EXTENSION}", row.format);
        let mut file = staging.file(task, None, number, &extension)?;
        if let Some(header) = row.header {
            file.write_all(header).map_err(cannot_write)?;
            file.write_all(b"\n").map_err(cannot_write)?;
        }
        Ok(Self {
            file,
            format: row.format.to_owned(),
            header: row.header.map(<[u8]>::to_vec),
            records: 0,
        })
    }
}

/// Copies a row of any length; tells an input that cannot be read from a file that cannot be
/// written.
fn copy(from: &mut dyn Read, to: &mut StagingFile) -> Result<u64> {
    let mut buffer = [0; COPY_BYTES];
    let mut length = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.map_err(cannot_read)?,
        };
        to.write_all(buffer.get(..count).unwrap_or_default())
            .map_err(cannot_write)?;
        length += count as u64;
    }
}

fn cannot_read(error: io::Error) -> Error {
    Error::new(
        ErrorKind::Source,
        "cannot read a row again that does not fit",
    )
    .with_source(error)
}

fn cannot_write(error: io::Error) -> Error {
    Error::new(
        ErrorKind::Storage,
        "cannot write the staged file of rows that do not fit",
    )
    .with_source(error)
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}
