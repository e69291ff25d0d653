//! A source of numbers and a sink of files that let a test do something between the steps of a
//! batch.

use std::path::Path;
use std::sync::Arc;

use streamwriter::{
    BatchContext, BatchId, BoxError, Error, FileSink, Guarantee, Plan, PlanLimits, ReadCounts,
    RowReader, Source, StagedFiles, StreamWriter, Target, TaskContext, WriteRows,
};

use super::work::{Row, drive};
use streamwriter::testing::{NumbersOffset, NumbersPartition, NumbersReader};

use crate::support::Numbers;

/// When the hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Before a batch is planned: between two batches.
    Plan,
    /// In a task, before its first row; with its attempt.
    Open(u32),
    /// After all tasks, before their messages are recorded.
    Accept,
    /// After `prepared/N`, before any file is published.
    Prepared,
    /// After all files are published, before the target records the batch.
    Published,
    /// After `commits/N`.
    Committed,
}

impl At {
    /// One point between any two steps.
    pub(super) const ALL: [Self; 6] = [
        Self::Plan,
        Self::Open(0),
        Self::Accept,
        Self::Prepared,
        Self::Published,
        Self::Committed,
    ];
}

type Hook = dyn Fn(At, u64) + Send + Sync;

/// Reads all numbers into files of JSON lines, with a hook between the steps.
pub(super) fn run_hooked(
    numbers: Numbers,
    hook: impl Fn(At, u64) + Send + Sync + 'static,
    target: &Path,
    checkpoint: &Path,
) -> Result<(), Error> {
    let hook: Arc<Hook> = Arc::new(hook);
    let sink = HookedSink {
        inner: FileSink::json_lines(target)?,
        hook: Arc::clone(&hook),
    };
    let source = Hooked {
        inner: numbers,
        hook,
    };
    drive(source, sink, checkpoint)
}

/// Numbers as rows, with a hook that is told where the query is, and of which batch.
pub(super) struct Hooked {
    inner: Numbers,
    hook: Arc<Hook>,
}

impl Hooked {
    /// Numbers as rows, without a hook.
    pub(super) fn plain(inner: Numbers) -> Self {
        Self {
            inner,
            hook: Arc::new(|_, _| {}),
        }
    }
}

impl Source for Hooked {
    type Row = Row;
    type Offset = NumbersOffset;
    type Partition = NumbersPartition;
    type Reader<'a> = Rows<'a>;

    fn description(&self) -> String {
        self.inner.description()
    }

    fn plan(
        &self,
        start: Option<&NumbersOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<NumbersOffset, NumbersPartition>>, BoxError> {
        let batch = start.map_or(0, |start| start.next() / self.inner.rows_per_batch());
        (self.hook)(At::Plan, batch);
        self.inner.plan(start, limits)
    }

    fn open<'a>(
        &'a self,
        partition: &'a NumbersPartition,
        task: &'a TaskContext,
    ) -> Result<Rows<'a>, BoxError> {
        (self.hook)(At::Open(task.attempt().get()), task.batch_id().get());
        Ok(Rows(self.inner.open(partition, task)?))
    }

    fn accept(&self, batch: BatchId, _counts: &ReadCounts) -> Result<(), BoxError> {
        (self.hook)(At::Accept, batch.get());
        Ok(())
    }

    fn committed(
        &self,
        batch: BatchId,
        _plan: &Plan<NumbersOffset, NumbersPartition>,
    ) -> Result<(), BoxError> {
        (self.hook)(At::Committed, batch.get());
        Ok(())
    }
}

pub(super) struct Rows<'a>(NumbersReader<'a>);

impl RowReader for Rows<'_> {
    type Row = Row;

    fn next_row(&mut self) -> Option<Result<Row, BoxError>> {
        let number = self.0.next_row()?;
        Some(number.map(|number| Row { number }))
    }

    fn counts(&self) -> Option<ReadCounts> {
        self.0.counts()
    }
}

/// The sink of JSON lines, with the same hook.
struct HookedSink {
    inner: FileSink<streamwriter_sinks::JsonLines>,
    hook: Arc<Hook>,
}

impl StreamWriter for HookedSink {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        StreamWriter::name(&self.inner)
    }

    fn description(&self) -> String {
        self.inner.description()
    }

    fn guarantee(&self) -> Guarantee {
        self.inner.guarantee()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.inner.target()
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<(), Error> {
        (self.hook)(At::Prepared, batch.batch_id().get());
        self.inner.commit(messages, batch)?;
        (self.hook)(At::Published, batch.batch_id().get());
        Ok(())
    }

    fn abort(&self, messages: Vec<Option<StagedFiles>>, batch: &BatchContext) -> Result<(), Error> {
        self.inner.abort(messages, batch)
    }
}

impl WriteRows<Row> for HookedSink {
    fn write(
        &self,
        rows: impl streamwriter::Rows<Item = Row> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles, Error> {
        self.inner.write(rows, task)
    }
}
