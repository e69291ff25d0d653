//! A closure for each partition.

use std::fmt;
use std::marker::PhantomData;

use streamwriter_core::{
    BoxError, End, Error, ErrorKind, Guarantee, Result, Rows, StreamWriter, TaskContext, WriteRows,
};

use super::GivenRows;
use crate::ending::in_task;

/// Gives the rows of each partition to a closure, in the task that reads them.
///
/// For a connection or a transaction that many rows share. What the closure does is done at once,
/// and again when the task or the batch is written again, so the guarantee is at-least-once (E4).
/// Several tasks call the closure at the same time (W11). Its error fails the task, which is tried
/// again unless the error is [`Permanent`](streamwriter_core::Permanent) (W7).
///
/// A partition that is cut off, by a source that fails or a task that is cancelled, does not look
/// like one that has ended: the last item is an error then (W8). A closure that hands on the errors
/// of its rows, as `?` does, therefore never finishes a part of a partition.
///
/// Memory: one row for each running task, and what the closure keeps.
///
/// ```
/// use streamwriter_core::BoxError;
/// use streamwriter_core::testing::{Pretend, write_rows, write_rows_cut_off};
/// use streamwriter_sinks::ForEachPartition;
///
/// let sink = ForEachPartition::<u64, _>::new(|rows, _task| {
///     let mut sum = 0;
///     for row in rows {
///         sum += row?;
///     }
///     println!("the sum of a whole partition: {sum}");
///     Ok::<_, BoxError>(())
/// });
/// let task = Pretend::default().task();
/// write_rows(&sink, [1, 2, 3], &task)?;
/// assert!(write_rows_cut_off(&sink, [1, 2, 3], &task).is_err());
/// # Ok::<(), BoxError>(())
/// ```
#[must_use]
pub struct ForEachPartition<R, F> {
    call: F,
    rows: PhantomData<fn(R)>,
}

impl<R, F> ForEachPartition<R, F> {
    /// Makes a sink of a closure that takes the rows of a partition, and what task it is in.
    pub fn new<E>(call: F) -> Self
    where
        F: Fn(&mut PartitionRows<'_, R>, &TaskContext) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        Self {
            call,
            rows: PhantomData,
        }
    }
}

/// The rows of one partition; the last item is an error if they ended early (W8).
pub struct PartitionRows<'t, R> {
    rows: &'t mut (dyn Rows<Item = R> + Send),
    task: &'t TaskContext,
    told: bool,
}

impl<R> PartitionRows<'_, R> {
    /// Returns how many rows were taken so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.rows.read()
    }

    /// Leaves the rest unread, on purpose; a closure that returns `Ok` with rows left unread has
    /// failed otherwise (W9).
    pub fn skip_rest(&mut self) {
        self.task.skip_rest();
    }
}

impl<R> Iterator for PartitionRows<'_, R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        if let Some(row) = self.rows.next() {
            return Some(Ok(row));
        }
        let cut = self.rows.require_complete().err()?;
        // Once is enough: whoever goes on after an error sees an end.
        (!std::mem::replace(&mut self.told, true)).then(|| Err(in_task(cut, self.task)))
    }
}

impl<R: 'static, F: Send + Sync + 'static> StreamWriter for ForEachPartition<R, F> {
    type Message = GivenRows;
    type Error = BoxError;

    fn name(&self) -> &str {
        "for-each-partition"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }
}

impl<R, E, F> WriteRows<R> for ForEachPartition<R, F>
where
    R: 'static,
    F: Fn(&mut PartitionRows<'_, R>, &TaskContext) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    fn write(
        &self,
        mut rows: impl Rows<Item = R> + Send,
        task: &TaskContext,
    ) -> Result<GivenRows, BoxError> {
        let mut given = PartitionRows {
            rows: &mut rows,
            task,
            told: false,
        };
        (self.call)(&mut given, task).map_err(Into::into)?;
        if matches!(rows.end(), End::Cancelled | End::CutOff) {
            // A closure that lets the error of a row go has not seen the whole partition.
            return Err(
                Error::new(ErrorKind::CutOff, "the rows of the partition ended early").into(),
            );
        }
        Ok(GivenRows { rows: rows.read() })
    }
}

impl<R, F> fmt::Debug for ForEachPartition<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachPartition").finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for PartitionRows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionRows")
            .field("read", &self.read())
            .finish_non_exhaustive()
    }
}
