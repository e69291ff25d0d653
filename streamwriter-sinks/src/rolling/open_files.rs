//! The open files of one task attempt.

use std::collections::HashMap;

use streamwriter_core::{Error, ErrorKind, Result, StagedObject, StorePath, TaskContext};

use super::{Layout, Memory};
use crate::ending::in_task;
use crate::staging::{Staging, StagingFile};

/// How many bytes one of several open files collects before it writes them.
pub(crate) const SMALL_BUFFER_BYTES: usize = 128 * 1024;

/// A file that is being written, in the format of its sink.
pub(crate) trait TaskFile: Sized {
    /// Tells whether the file has this many bytes by now, as exactly as the format knows.
    fn has_reached(&mut self, bytes: u64) -> Result<bool>;

    /// Returns how much memory the file keeps.
    fn memory(&self) -> Memory {
        Memory::default()
    }

    /// Hands what is kept in memory to the file.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// Completes the file.
    fn finish(self) -> Result<StagedObject>;
}

/// Owns the files of a task: one that is written to in each partition directory, and those that are
/// finished.
///
/// Numbers are given in the order in which files begin, so they are a function of the rows, and an
/// attempt with the same rows gives the same names (F2). A file is finished when it is full, or
/// when it is the one that was left alone longest and another has to begin; a later row of its
/// directory begins the next file there.
///
/// Dropped before [`finish`](Self::finish), it removes the files that are finished already: the part
/// of a partition is not to stay (W8).
pub(crate) struct OpenFiles<'s, F, B> {
    begin: B,
    extension: &'s str,
    layout: &'s Layout,
    task: &'s TaskContext,
    memory_max: usize,
    /// The file that was written to last, with its directory.
    current: Option<(String, Open<F>)>,
    others: HashMap<String, Open<F>>,
    finished: Finished<'s>,
    /// How many files were begun: the next number.
    begun: u32,
    turns: u64,
    rows: u64,
    memory: Memory,
    beside: usize,
}

struct Open<F> {
    file: F,
    number: u32,
    rows: u64,
    memory: Memory,
    /// When the task turned away from it.
    left_at: u64,
}

impl<'s, F: TaskFile, B: Fn(StagingFile) -> Result<F>> OpenFiles<'s, F, B> {
    /// Prepares to write files of an extension; `begin` begins each of them.
    pub(crate) fn new(
        staging: &'s Staging,
        layout: &'s Layout,
        task: &'s TaskContext,
        extension: &'s str,
        begin: B,
    ) -> Self {
        Self {
            begin,
            extension,
            layout,
            task,
            memory_max: usize::MAX,
            current: None,
            others: HashMap::new(),
            finished: Finished {
                staging,
                files: Vec::new(),
            },
            begun: 0,
            turns: 0,
            rows: 0,
            memory: Memory::default(),
            beside: 0,
        }
    }

    /// Sets how much memory the open files may keep together. When they keep more the largest is
    /// flushed; when half of it is what no flush frees, files are finished that were left alone longest.
    #[cfg(any(test, feature = "parquet"))]
    pub(crate) fn memory_max(mut self, bytes: usize) -> Self {
        self.memory_max = bytes;
        self
    }

    /// Says how much of the memory something else needs meanwhile: the rows on their way.
    #[cfg(any(test, feature = "parquet"))]
    pub(crate) fn leave_room_for(&mut self, bytes: usize) {
        self.beside = bytes;
    }

    /// Returns how much memory the open files keep together.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.memory.total()
    }

    /// Writes rows into the file of a directory, the empty one being the target itself.
    ///
    /// `write` gets the file and how many rows it has room for, at least one, and returns how many
    /// it has written.
    pub(crate) fn write(
        &mut self,
        directory: &str,
        write: impl FnOnce(&mut F, u64) -> Result<u64>,
    ) -> Result<u64> {
        let (directory, mut open) = self.turn_to(directory)?;
        let room = self.layout.rows_max.unwrap_or(u64::MAX);
        let written = write(&mut open.file, room.saturating_sub(open.rows))?;
        open.rows += written;
        self.rows += written;
        self.memory -= open.memory;
        if is_full(self.layout, &mut open)? {
            self.finished.add(open.number, open.file)?;
        } else {
            open.memory = open.file.memory();
            self.memory += open.memory;
            self.current = Some((directory, open));
            self.free_memory()?;
        }
        Ok(written)
    }

    /// Finishes every file and returns how many rows they have together, and the files in the order
    /// of their numbers.
    pub(crate) fn finish(mut self) -> Result<(u64, Vec<StagedObject>)> {
        let mut open: Vec<_> = self.others.drain().map(|(_, open)| open).collect();
        open.extend(self.current.take().map(|(_, open)| open));
        open.sort_by_key(|open| open.number);
        for open in open {
            self.finished.add(open.number, open.file)?;
        }
        Ok((self.rows, self.finished.take()))
    }

    /// Takes out the file of a directory, with the directory's name.
    fn turn_to(&mut self, directory: &str) -> Result<(String, Open<F>)> {
        match self.current.take() {
            Some((at, open)) if at == directory => return Ok((at, open)),
            Some((at, open)) => self.leave(at, open),
            None => {}
        }
        match self.others.remove_entry(directory) {
            Some(found) => Ok(found),
            None => {
                self.make_room()?;
                Ok((directory.to_owned(), self.begin(directory)?))
            }
        }
    }

    fn leave(&mut self, directory: String, mut open: Open<F>) {
        self.turns += 1;
        open.left_at = self.turns;
        self.others.insert(directory, open);
    }

    /// Finishes the files that were left alone longest, so that one more may be open.
    fn make_room(&mut self) -> Result<()> {
        while self.others.len() >= self.layout.open_files_max {
            self.finish_oldest()?;
        }
        Ok(())
    }

    /// Finishes the file that was left alone longest; `false` if there is only the current one.
    fn finish_oldest(&mut self) -> Result<bool> {
        let by_age = |(_, open): &(&String, &Open<F>)| open.left_at;
        let oldest = self.others.iter().min_by_key(by_age);
        let oldest = oldest.map(|(directory, _)| directory.clone());
        let Some(open) = oldest.and_then(|oldest| self.others.remove(&oldest)) else {
            return Ok(false);
        };
        self.memory -= open.memory;
        self.finished.add(open.number, open.file)?;
        Ok(true)
    }

    fn begin(&mut self, directory: &str) -> Result<Open<F>> {
        let number = self.begun;
        self.begun = number.checked_add(1).ok_or_else(|| {
            let message = "a task writes more files than there are numbers for";
            in_task(
                Error::new(ErrorKind::Config, message).permanent(),
                self.task,
            )
        })?;
        let staging = self.finished.staging;
        let file = if directory.is_empty() {
            staging.file(self.task, None, number, self.extension)?
        } else {
            let below = Some(&StorePath::parse(directory)?);
            let extension = self.extension;
            staging.buffered_file(self.task, below, number, extension, SMALL_BUFFER_BYTES)?
        };
        Ok(Open {
            file: (self.begin)(file)?,
            number,
            rows: 0,
            memory: Memory::default(),
            left_at: 0,
        })
    }

    /// Flushes and finishes files until all of them keep little enough together.
    fn free_memory(&mut self) -> Result<()> {
        let max = self.memory_max.saturating_sub(self.beside);
        while self.memory.total() > max {
            // Flushes do not help against many buffers, and leave more for the end of a file to say.
            let freed = if self.memory.fixed > max / 2 {
                self.finish_oldest()?
            } else {
                self.flush_largest()? || self.finish_oldest()?
            };
            if !freed && !self.flush_largest()? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Flushes the file that keeps most; `false` if that frees nothing.
    fn flush_largest(&mut self) -> Result<bool> {
        let current = self.current.iter_mut().map(|(_, open)| open);
        let all = current.chain(self.others.values_mut());
        let largest = all.max_by_key(|open| (open.memory.flushable, open.number));
        let Some(largest) = largest.filter(|open| open.memory.flushable > 0) else {
            return Ok(false);
        };
        largest.file.flush()?;
        let kept = std::mem::replace(&mut largest.memory, largest.file.memory());
        self.memory -= kept;
        self.memory += largest.memory;
        Ok(largest.memory.total() < kept.total())
    }
}

/// Tells whether a file takes no more.
fn is_full(layout: &Layout, open: &mut Open<impl TaskFile>) -> Result<bool> {
    if layout.rows_max.is_some_and(|max| open.rows >= max) {
        return Ok(true);
    }
    layout
        .bytes_max
        .map_or(Ok(false), |max| open.file.has_reached(max))
}

/// The finished files of a task, gone again unless they are taken.
struct Finished<'s> {
    staging: &'s Staging,
    files: Vec<(u32, StagedObject)>,
}

impl Finished<'_> {
    fn add(&mut self, number: u32, file: impl TaskFile) -> Result<()> {
        self.files.push((number, file.finish()?));
        Ok(())
    }

    fn take(&mut self) -> Vec<StagedObject> {
        let mut files = std::mem::take(&mut self.files);
        files.sort_by_key(|(number, _)| *number);
        files.into_iter().map(|(_, file)| file).collect()
    }
}

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        // A second panic would end the process; what stays, the sweep of a later run removes.
        if std::thread::panicking() {
            return;
        }
        for (_, file) in &self.files {
            if let Err(error) = self.staging.storage().discard(&file.staged) {
                tracing::debug!(file = %file.staged, %error, "a staged file stays");
            }
        }
    }
}
