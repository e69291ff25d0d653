//! The way of a row that does not fit from its source to the place for such rows (F5).

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::context::TaskContext;
use crate::error::{Error, ErrorKind, Result};

/// A row that did not fit: where it was, why, and its bytes.
///
/// A source hands it to [`TaskContext::set_aside`].
pub struct SetAsideRow<'r> {
    /// What it was read from, such as the path of a file.
    pub source: &'r str,
    /// Where it begins there: in a file the number of its first byte, from 0.
    pub position: u64,
    /// The line in a file, from 1, if it is known.
    pub line: Option<u64>,
    /// The column that does not fit, if it is known.
    pub column: Option<&'r str>,
    /// What is wrong with it.
    pub reason: &'r str,
    /// The format of the bytes as an extension of files: `csv`, `jsonl`.
    pub format: &'r str,
    /// What stands before the first record of a file of this format so that the records can be
    /// read: the line with the names of the columns, without its end.
    pub header: Option<&'r [u8]>,
    /// The bytes of the record as they were, without the end of its line; read to their end by
    /// whoever takes the row.
    pub raw: &'r mut dyn Read,
}

impl fmt::Debug for SetAsideRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetAsideRow")
            .field("source", &self.source)
            .field("position", &self.position)
            .field("line", &self.line)
            .field("column", &self.column)
            .field("reason", &self.reason)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Takes the rows that the source of one task attempt sets aside.
///
/// A sink that [has a place for such rows](crate::StreamWriter::takes_set_aside) makes one for each
/// `write` and gives it to [`TaskContext::set_aside_into`] before it reads its first row.
pub trait SetAsidePlace: Send + Sync {
    /// Takes a row, in the order in which the source meets them.
    ///
    /// Called on the executor that runs the attempt, while `write` asks for its next row.
    ///
    /// # Errors
    /// Whatever keeps the row from being kept. The attempt fails with it.
    fn put(&self, row: SetAsideRow<'_>, task: &TaskContext) -> Result<()>;
}

/// The place of one attempt, and how many rows went there.
#[derive(Default)]
pub(crate) struct SetAside {
    place: OnceLock<Arc<dyn SetAsidePlace>>,
    rows: AtomicU64,
}

impl SetAside {
    pub(crate) fn choose(&self, place: Arc<dyn SetAsidePlace>) -> Result<()> {
        self.place.set(place).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "two sinks want the rows that are set aside",
            )
            .with_help("give them one place")
            .permanent()
        })
    }

    pub(crate) fn put(&self, row: SetAsideRow<'_>, task: &TaskContext) -> Result<()> {
        let Some(place) = self.place.get() else {
            return Err(Error::new(
                ErrorKind::Config,
                "a row is set aside before `write` has said where such rows go",
            )
            .with_help("a source sets rows aside while it is asked for its next row, not before")
            .permanent());
        };
        place.put(row, task)?;
        self.rows.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}
