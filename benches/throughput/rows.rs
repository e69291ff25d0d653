//! The rows of the benchmark, made from their numbers.

use serde::{Deserialize, Serialize};
use streamwriter::{BoxError, Plan, PlanLimits, PlanOf, Row, RowReader, Source, TaskContext};

/// About what the flights of the examples look like.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    pub(crate) carrier: String,
    pub(crate) number: i32,
    pub(crate) delay: Option<f64>,
    pub(crate) distance: f64,
    pub(crate) cancelled: bool,
}

const CARRIERS: [&str; 8] = ["UA", "AA", "B6", "DL", "EV", "MQ", "US", "WN"];

impl Flight {
    /// Makes the row of a number; scattered by a multiplicative hash.
    #[inline]
    pub(crate) fn of(number: u64) -> Self {
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            id: number,
            carrier: CARRIERS
                .get((hash >> 61) as usize)
                .copied()
                .unwrap_or_default()
                .to_owned(),
            number: (hash >> 48) as i32 & 0xfff,
            delay: (hash & 7 != 0).then(|| (hash >> 40) as f64 / 1000.0 - 200.0),
            distance: (hash >> 52) as f64,
            cancelled: hash & 31 == 0,
        }
    }
}

/// A source of so many of them, one partition a batch.
pub(crate) struct Made {
    rows: u64,
}

impl Made {
    pub(crate) fn new(rows: u64) -> Self {
        Self { rows }
    }
}

/// The rows from a number up to another.
pub(crate) struct Numbers(std::ops::Range<u64>);

impl Source for Made {
    type Row = Flight;
    type Offset = u64;
    type Partition = (u64, u64);
    type Reader<'a> = Numbers;

    fn description(&self) -> String {
        "made rows".to_owned()
    }

    fn plan(
        &self,
        start: Option<&u64>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        let first = start.copied().unwrap_or(0);
        let end = self.rows.min(first + limits.rows.unwrap_or(self.rows));
        Ok((first < end).then(|| Plan {
            end,
            partitions: vec![(first, end)],
            rows: Some(end - first),
        }))
    }

    fn open<'a>(
        &'a self,
        partition: &'a (u64, u64),
        _: &'a TaskContext,
    ) -> Result<Numbers, BoxError> {
        Ok(Numbers(partition.0..partition.1))
    }
}

impl RowReader for Numbers {
    type Row = Flight;

    #[inline]
    fn next_row(&mut self) -> Option<Result<Flight, BoxError>> {
        self.0.next().map(|number| Ok(Flight::of(number)))
    }
}
