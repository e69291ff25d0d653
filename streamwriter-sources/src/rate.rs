//! A generator of rows at a steady rate.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use streamwriter_core::{
    BoxError, Error, ErrorKind, Gathered, Measure, Plan, PlanLimits, ReadCounts, Result, RowReader,
    Source, SourceContext, TaskContext,
};

use crate::plain::{config, ranges};

const MICROS_PER_SECOND: i128 = 1_000_000;
/// Rows of a batch whose limits say nothing about rows or bytes.
const ROWS_DEFAULT: u64 = 1_000_000;
const ROW_BYTES: u64 = 16;

/// One row of a [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RateRow {
    /// The number of the row: 0, 1, 2, …
    pub value: i64,
    /// When the row was due, in microseconds since 1970 (UTC).
    pub timestamp: i64,
}

/// Generates so many rows per second, for trying out and measuring sinks.
///
/// Row `v` is due `v / n` seconds after the query's very first start, and its timestamp says so.
/// Both are functions of the position in the stream, so a batch that is read again has the same
/// rows. After a pause all rows that have become due meanwhile follow, at most 1,000,000 a batch
/// unless the query bounds its batches otherwise; a bound on bytes counts 16 for each row.
///
/// The rate belongs to the stream: a checkpoint of another rate is refused. A query that drains
/// what is available now gets the rows that are due at its start: none at its first.
///
/// ```
/// use streamwriter_core::{BoxError, Source};
/// use streamwriter_sources::Rate;
///
/// let source = Rate::per_second(1_000).rows(60_000).partitions(4);
/// assert_eq!(source.description(), "rate of 1000 rows per second");
/// ```
#[derive(Debug)]
#[must_use = "a source does nothing until a query reads it"]
pub struct Rate {
    rows_per_second: u64,
    rows: Option<u64>,
    partitions: Option<usize>,
    clock: Mutex<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
    /// When the stream began, if this process has begun it.
    started: Option<i64>,
    /// The time at which the stream was frozen.
    frozen: Option<i64>,
}

impl Rate {
    /// Sets how many rows are due each second; 0 is refused at the start.
    pub fn per_second(rows: u64) -> Self {
        Self {
            rows_per_second: rows,
            rows: None,
            partitions: None,
            clock: Mutex::default(),
        }
    }

    /// Ends the stream after so many rows in all; 0 is refused at the start.
    pub fn rows(mut self, total: u64) -> Self {
        self.rows = Some(total);
        self
    }

    /// Sets into how many partitions a batch is cut; 0 is refused at the start.
    ///
    /// The default is one for each executor.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = Some(partitions);
        self
    }

    fn validate(&self) -> Result<()> {
        if self.rows_per_second == 0 {
            return Err(config(
                "a rate of 0 rows per second makes no rows",
                "write for example `Rate::per_second(100)`",
            ));
        }
        if self.rows == Some(0) {
            return Err(config(
                "0 rows are no stream",
                "write for example `.rows(1_000)`, or leave it out for a stream without end",
            ));
        }
        if self.partitions == Some(0) {
            return Err(config(
                "0 partitions hold no rows",
                "write `.partitions(1)`",
            ));
        }
        Ok(())
    }

    fn plan_at(
        &self,
        now: i64,
        start: Option<&RateOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<RateOffset, RatePartition>>> {
        let (began, first, due) = self.due_at(now, start)?;
        let end = due.min(first.saturating_add(rows_max(limits)));
        if end <= first {
            return Ok(None);
        }
        let count = self.partitions.unwrap_or(limits.executors);
        Ok(Some(Plan {
            end: RateOffset {
                started_micros: began,
                rows_per_second: self.rows_per_second,
                rows: end,
            },
            partitions: ranges(first, end, count)
                .map(|(first, end)| RatePartition {
                    started_micros: began,
                    rows_per_second: self.rows_per_second,
                    first,
                    end,
                })
                .collect(),
            rows: Some(end - first),
        }))
    }

    /// Returns when the stream began, the first row that is not planned, and the first one that is not
    /// due.
    fn due_at(&self, now: i64, start: Option<&RateOffset>) -> Result<(i64, u64, u64)> {
        let (began, now) = self.times(now, start);
        if let Some(other) = start.filter(|start| start.rows_per_second != self.rows_per_second) {
            return Err(other_rate(other.rows_per_second, self.rows_per_second));
        }
        let due = due(began, now, self.rows_per_second).min(self.end());
        Ok((began, start.map_or(0, |start| start.rows), due))
    }

    /// Returns the row at which the stream ends.
    fn end(&self) -> u64 {
        self.rows.unwrap_or(u64::MAX).min(i64::MAX as u64)
    }

    fn gathered_at(
        &self,
        now: i64,
        start: Option<&RateOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered> {
        let (_, first, due) = self.due_at(now, start)?;
        let rows = due.saturating_sub(first);
        let is_last = rows > 0 && due == self.end();
        Ok(Gathered::default()
            .with_rows(rows)
            .with_bytes(rows.saturating_mul(ROW_BYTES))
            .with_full(is_last || rows >= rows_max(limits)))
    }

    /// Returns when the stream began, and the time up to which rows are due.
    fn times(&self, now: i64, start: Option<&RateOffset>) -> (i64, i64) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let began = match start {
            Some(start) => start.started_micros,
            None => *clock.started.get_or_insert(now),
        };
        (began, clock.frozen.unwrap_or(now))
    }
}

fn rows_max(limits: &PlanLimits) -> u64 {
    let by_bytes = limits.bytes.map(|bytes| bytes / ROW_BYTES);
    match (limits.rows, by_bytes) {
        (None, None) => {
            let by_bytes = limits.enough.bytes.map(|bytes| bytes.div_ceil(ROW_BYTES));
            let enough = limits.enough.rows.max(by_bytes);
            ROWS_DEFAULT.max(enough.unwrap_or_default())
        }
        (rows, bytes) => rows
            .unwrap_or(u64::MAX)
            .min(bytes.unwrap_or(u64::MAX))
            .max(1),
    }
}

fn due(began: i64, now: i64, rows_per_second: u64) -> u64 {
    let micros = (i128::from(now) - i128::from(began)).max(0);
    let rows = micros.saturating_mul(i128::from(rows_per_second)) / MICROS_PER_SECOND;
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn other_rate(logged: u64, given: u64) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        format!("the checkpoint is of a rate of {logged} rows per second, not {given}"),
    )
    .with_help(format!(
        "write `Rate::per_second({logged})`, or start anew with a new checkpoint"
    ))
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| {
        i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
    })
}

/// A position in the stream of a [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateOffset {
    /// When the stream began, in microseconds since 1970.
    started_micros: i64,
    rows_per_second: u64,
    /// The number of rows before this position.
    rows: u64,
}

/// The rows of one partition: from the number `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatePartition {
    started_micros: i64,
    rows_per_second: u64,
    first: u64,
    end: u64,
}

impl Source for Rate {
    type Row = RateRow;
    type Offset = RateOffset;
    type Partition = RatePartition;
    type Reader<'a> = RateReader;

    fn description(&self) -> String {
        format!("rate of {} rows per second", self.rows_per_second)
    }

    fn start(&self, _: &SourceContext) -> Result<(), BoxError> {
        self.validate()?;
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Clock {
            started: Some(now_micros()),
            frozen: None,
        };
        Ok(())
    }

    fn freeze(&self) -> Result<(), BoxError> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.frozen = Some(now_micros());
        Ok(())
    }

    fn measures(&self) -> &'static [Measure] {
        &[Measure::Rows, Measure::Bytes]
    }

    fn gathered(
        &self,
        start: Option<&RateOffset>,
        limits: &PlanLimits,
    ) -> Result<Gathered, BoxError> {
        Ok(self.gathered_at(now_micros(), start, limits)?)
    }

    fn plan(
        &self,
        start: Option<&RateOffset>,
        limits: &PlanLimits,
    ) -> Result<Option<Plan<RateOffset, RatePartition>>, BoxError> {
        Ok(self.plan_at(now_micros(), start, limits)?)
    }

    fn open<'a>(
        &'a self,
        partition: &'a RatePartition,
        _: &'a TaskContext,
    ) -> Result<RateReader, BoxError> {
        Ok(RateReader {
            partition: *partition,
            next: partition.first,
        })
    }
}

/// Generates the rows of one partition.
#[derive(Debug)]
pub struct RateReader {
    partition: RatePartition,
    next: u64,
}

impl RowReader for RateReader {
    type Row = RateRow;

    #[inline]
    fn next_row(&mut self) -> Option<Result<RateRow, BoxError>> {
        if self.next >= self.partition.end {
            return None;
        }
        let row = row(&self.partition, self.next);
        self.next += 1;
        Some(Ok(row))
    }

    fn counts(&self) -> Option<ReadCounts> {
        let rows = self.next.saturating_sub(self.partition.first);
        Some(ReadCounts::new(rows, rows.saturating_mul(ROW_BYTES)))
    }
}

#[inline]
fn row(partition: &RatePartition, number: u64) -> RateRow {
    let after =
        i128::from(number) * MICROS_PER_SECOND / i128::from(partition.rows_per_second.max(1));
    let timestamp = i128::from(partition.started_micros) + after;
    RateRow {
        value: i64::try_from(number).unwrap_or(i64::MAX),
        timestamp: i64::try_from(timestamp).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use streamwriter_core::QueryId;
    use streamwriter_core::testing::{Pretend, read_partition};

    use super::*;

    fn read(source: &Rate, plan: &Plan<RateOffset, RatePartition>) -> Vec<RateRow> {
        let task = Pretend::default().task();
        let read = |part| read_partition(source, part, &task).unwrap();
        plan.partitions.iter().flat_map(read).collect()
    }

    #[test]
    fn rows_are_due_by_the_clock_and_numbered_without_gaps() {
        let source = Rate::per_second(3).partitions(2);
        let limits = PlanLimits::unbounded(8);
        let began = 1_000_000_000;
        assert_eq!(source.plan_at(began, None, &limits).unwrap(), None);
        let first = source
            .plan_at(began + 999_999, None, &limits)
            .unwrap()
            .unwrap();
        assert_eq!(first.rows, Some(2));
        assert_eq!(first.partitions.len(), 2);
        let later = began + 2_000_000;
        let second = source
            .plan_at(later, Some(&first.end), &limits)
            .unwrap()
            .unwrap();
        let rows = [read(&source, &first), read(&source, &second)].concat();
        let expected = [0, 333_333, 666_666, 1_000_000, 1_333_333, 1_666_666];
        for (number, (row, after)) in rows.iter().zip(expected).enumerate() {
            assert_eq!((row.value, row.timestamp), (number as i64, began + after));
        }
        assert_eq!(rows.len(), 6);
        assert_eq!(
            source.plan_at(later, Some(&second.end), &limits).unwrap(),
            None
        );
        assert_eq!(
            source
                .plan_at(began - 5, Some(&second.end), &limits)
                .unwrap(),
            None
        );
    }

    #[test]
    fn a_logged_plan_gives_the_same_rows_in_another_process() {
        let source = Rate::per_second(1_000_000);
        let _ = source.plan_at(7, None, &PlanLimits::unbounded(4)).unwrap();
        let plan = source
            .plan_at(1_000, None, &PlanLimits::unbounded(4))
            .unwrap()
            .unwrap();
        let json = serde_json::to_string(&(&plan.end, &plan.partitions)).unwrap();
        let (end, partitions): (RateOffset, _) = serde_json::from_str(&json).unwrap();
        let logged = Plan {
            end,
            partitions,
            rows: None,
        };
        assert_eq!(read(&Rate::per_second(5), &logged), read(&source, &plan));
        let error = Rate::per_second(5)
            .plan_at(2_000, Some(&end), &PlanLimits::unbounded(4))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn batches_are_bounded_and_the_stream_ends() {
        let source = Rate::per_second(u64::MAX).rows(25);
        let mut limits = PlanLimits::unbounded(1);
        let _ = source.plan_at(0, None, &limits);
        limits.rows = Some(10);
        let (mut start, mut sizes) = (None, Vec::new());
        while let Some(plan) = source.plan_at(i64::MAX, start.as_ref(), &limits).unwrap() {
            sizes.push(read(&source, &plan).len());
            start = Some(plan.end);
        }
        assert_eq!(sizes, [10, 10, 5]);
        limits.bytes = Some(48);
        assert_eq!(
            source.plan_at(9, None, &limits).unwrap().unwrap().rows,
            Some(3)
        );
        let unbounded = PlanLimits::unbounded(1);
        let plan = Rate::per_second(1 << 40);
        let _ = plan.plan_at(0, None, &unbounded);
        let plan = plan.plan_at(1_000_000, None, &unbounded).unwrap().unwrap();
        assert_eq!(plan.rows, Some(1_000_000));
    }

    #[test]
    fn q1_rows_that_are_due_wait_and_the_last_ones_do_not() {
        let source = Rate::per_second(1_000).rows(2_000);
        let mut limits = PlanLimits::unbounded(1);
        let gathered = |now, start, limits: &_| {
            let gathered = source.gathered_at(now, start, limits).unwrap();
            (gathered.rows, gathered.bytes, gathered.full)
        };
        assert_eq!(gathered(0, None, &limits), (0, 0, false));
        assert_eq!(gathered(700_000, None, &limits), (700, 11_200, false));
        let plan = source.plan_at(500_000, None, &limits).unwrap().unwrap();
        let start = Some(&plan.end);
        assert_eq!(gathered(700_000, start, &limits), (200, 3_200, false));
        assert_eq!(gathered(2_000_000, start, &limits), (1_500, 24_000, true));
        limits.bytes = Some(3_200);
        assert_eq!(gathered(700_000, start, &limits), (200, 3_200, true));
        let all = source.plan_at(i64::MAX, None, &PlanLimits::unbounded(1));
        let end = all.unwrap().unwrap().end;
        assert_eq!(gathered(i64::MAX, Some(&end), &limits), (0, 0, false));
        // A bound of the source's own gives way.
        limits.bytes = None;
        limits.enough.bytes = Some(ROW_BYTES * 5_000_000);
        assert_eq!(rows_max(&limits), 5_000_000);
    }

    #[test]
    fn a_frozen_stream_ends_at_the_time_of_freezing() {
        let source = Rate::per_second(1_000);
        source
            .start(&SourceContext::new(QueryId::random(), None))
            .unwrap();
        source.freeze().unwrap();
        let later = now_micros() + 60_000_000;
        let plan = source
            .plan_at(later, None, &PlanLimits::unbounded(1))
            .unwrap();
        assert!(plan.is_none_or(|plan| plan.rows < Some(10_000)));
    }

    #[test]
    fn zero_is_refused_with_what_to_write() {
        let context = SourceContext::new(QueryId::random(), None);
        for source in [
            Rate::per_second(0),
            Rate::per_second(1).rows(0),
            Rate::per_second(1).partitions(0),
        ] {
            let error = source
                .start(&context)
                .unwrap_err()
                .downcast::<Error>()
                .unwrap();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.help().unwrap().contains("write"));
        }
    }
}
