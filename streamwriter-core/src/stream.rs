//! The beginning of the chain: a source, and plain Rust between it and the sink.

use crate::context::TaskContext;
use crate::error::{BoxError, Permanent};
use crate::gathered::{Gathered, Measure};
use crate::ids::BatchId;
use crate::query::QueryBuilder;
use crate::source::{PlanLimits, PlanOf, ReadCounts, Replay, RowReader, Source, SourceContext};
use crate::writer::WriteRows;

/// Begins a query with its source.
pub fn stream<S: Source>(source: S) -> Stream<S> {
    Stream(source)
}

/// Rows on their way from a source to a sink.
#[derive(Clone, Debug)]
#[must_use = "a stream does nothing until it is written to a sink and started"]
pub struct Stream<S>(S);

impl<S: Source> Stream<S> {
    /// Keeps only the rows for which the closure says true. Progress counts the rows before it.
    pub fn filter<F>(self, keep: F) -> Stream<impl Source<Row = S::Row>>
    where
        F: Fn(&S::Row) -> bool + Send + Sync + 'static,
    {
        self.step(move |row: S::Row| Ok(keep(&row).then_some(row)))
    }

    /// Turns each row into another.
    pub fn map<T, F>(self, turn: F) -> Stream<impl Source<Row = T>>
    where
        T: Send + 'static,
        F: Fn(S::Row) -> T + Send + Sync + 'static,
    {
        self.step(move |row| Ok(Some(turn(row))))
    }

    /// Turns each row into another or drops it.
    pub fn filter_map<T, F>(self, turn: F) -> Stream<impl Source<Row = T>>
    where
        T: Send + 'static,
        F: Fn(S::Row) -> Option<T> + Send + Sync + 'static,
    {
        self.step(move |row| Ok(turn(row)))
    }

    /// Turns each row into another; an error fails the batch, without a second attempt, since the
    /// same row would fail again.
    pub fn try_map<T, E, F>(self, turn: F) -> Stream<impl Source<Row = T>>
    where
        T: Send + 'static,
        E: Into<BoxError>,
        F: Fn(S::Row) -> Result<T, E> + Send + Sync + 'static,
    {
        self.step(move |row| match turn(row) {
            Ok(row) => Ok(Some(row)),
            Err(error) => Err(Permanent::new(error).into()),
        })
    }

    /// Names the sink.
    pub fn write_to<W: WriteRows<S::Row>>(self, writer: W) -> QueryBuilder<S, W> {
        QueryBuilder::new(self.0, writer)
    }

    fn step<T, F>(self, step: F) -> Stream<Step<S, F>>
    where
        T: Send + 'static,
        F: Fn(S::Row) -> Result<Option<T>, BoxError> + Send + Sync + 'static,
    {
        Stream(Step {
            source: self.0,
            step,
        })
    }
}

/// A source with a closure behind it that turns each row into another, into none, or fails.
#[derive(Debug)]
struct Step<S, F> {
    source: S,
    step: F,
}

impl<S, T, F> Source for Step<S, F>
where
    S: Source,
    T: Send + 'static,
    F: Fn(S::Row) -> Result<Option<T>, BoxError> + Send + Sync + 'static,
{
    type Row = T;
    type Offset = S::Offset;
    type Partition = S::Partition;
    type Reader<'a> = StepReader<'a, S::Reader<'a>, F>;

    fn description(&self) -> String {
        self.source.description()
    }

    fn replay(&self) -> Replay {
        self.source.replay()
    }

    fn sets_aside(&self) -> bool {
        self.source.sets_aside()
    }

    fn measures(&self) -> &'static [Measure] {
        self.source.measures()
    }

    fn start(&self, context: &SourceContext) -> Result<(), BoxError> {
        self.source.start(context)
    }

    fn freeze(&self) -> Result<(), BoxError> {
        self.source.freeze()
    }

    fn gathered(
        &self,
        start: Option<&S::Offset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        self.source.gathered(start, limits)
    }

    fn plan(
        &self,
        start: Option<&S::Offset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<S>>, BoxError> {
        self.source.plan(start, limits)
    }

    fn open<'a>(
        &'a self,
        partition: &'a S::Partition,
        task: &'a TaskContext,
    ) -> Result<Self::Reader<'a>, BoxError> {
        let reader = self.source.open(partition, task)?;
        Ok(StepReader {
            reader,
            step: &self.step,
            task,
            handed_on: 0,
        })
    }

    fn accept(&self, batch: BatchId, counts: &ReadCounts) -> Result<(), BoxError> {
        self.source.accept(batch, counts)
    }

    fn resumed(&self, batch: BatchId, plan: &PlanOf<S>) -> Result<(), BoxError> {
        self.source.resumed(batch, plan)
    }

    fn committed(&self, batch: BatchId, plan: &PlanOf<S>) -> Result<(), BoxError> {
        self.source.committed(batch, plan)
    }
}

#[derive(Debug)]
struct StepReader<'a, Rd, F> {
    reader: Rd,
    step: &'a F,
    task: &'a TaskContext,
    handed_on: u64,
}

impl<Rd, T, F> RowReader for StepReader<'_, Rd, F>
where
    Rd: RowReader,
    F: Fn(Rd::Row) -> Result<Option<T>, BoxError> + Sync,
{
    type Row = T;

    #[inline]
    fn next_row(&mut self) -> Option<Result<T, BoxError>> {
        loop {
            let row = match self.reader.next_row()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            self.handed_on += 1;
            match (self.step)(row) {
                Ok(Some(row)) => return Some(Ok(row)),
                // A step that drops every row would otherwise never see the cancellation.
                Ok(None) if self.task.is_cancelled() => return None,
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(
            self.reader
                .counts()
                .unwrap_or(ReadCounts::new(self.handed_on, 0)),
        )
    }
}
