//! The rows of the benchmark, made from their numbers: seven columns.

use serde::{Deserialize, Serialize};
use streamwriter::{BoxError, Plan, PlanLimits, PlanOf, Row, RowReader, Source, TaskContext};

/// A trip, as a taxi company might record it.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub(crate) struct Trip {
    pub(crate) id: i64,
    pub(crate) began: i64,
    pub(crate) fare: f64,
    pub(crate) passengers: i32,
    pub(crate) city: String,
    pub(crate) car: String,
    pub(crate) note: Option<String>,
}

const CITIES: [&str; 8] = [
    "Oslo", "New York", "Lima", "Accra", "Hanoi", "Quito", "Bergen", "Pune",
];

impl Trip {
    /// Makes the row of a number; scattered by a multiplicative hash.
    #[inline]
    pub(crate) fn of(number: u64) -> Self {
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let city = CITIES.get((hash >> 61) as usize).copied();
        Self {
            id: number as i64,
            began: 1_700_000_000_000 + (number * 1_337) as i64,
            fare: ((hash >> 40) % 10_000) as f64 / 100.0,
            passengers: (hash >> 58) as i32 & 7,
            city: city.unwrap_or_default().to_owned(),
            car: car(hash),
            note: (hash & 7 == 0).then(|| "paid in cash".to_owned()),
        }
    }
}

/// One of 4,096 number plates.
#[inline]
fn car(hash: u64) -> String {
    let mut plate = String::with_capacity(8);
    plate.push_str("EL-");
    for shift in [28, 32, 36] {
        plate.push(char::from(b'A' + ((hash >> shift) & 15) as u8));
    }
    plate
}

/// A source of so many rows, in equal partitions. The maker is a type, so that it is inlined as in a loop.
pub(crate) struct Made<M> {
    rows: u64,
    partitions: u64,
    make: M,
}

impl<M> Made<M> {
    pub(crate) fn new(rows: u64, make: M) -> Self {
        Self {
            rows,
            partitions: 1,
            make,
        }
    }

    /// Cuts each batch into so many partitions.
    pub(crate) fn partitions(mut self, partitions: u64) -> Self {
        self.partitions = partitions;
        self
    }
}

/// The rows from a number up to another.
pub(crate) struct Numbers<M> {
    numbers: std::ops::Range<u64>,
    make: M,
}

impl<R, M> Source for Made<M>
where
    R: Send + 'static,
    M: Fn(u64) -> R + Copy + Send + Sync + 'static,
{
    type Row = R;
    type Offset = u64;
    type Partition = (u64, u64);
    type Reader<'a> = Numbers<M>;

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
        let each = (end - first).div_ceil(self.partitions).max(1);
        let bound = |number| end.min(first + number * each);
        let partition = |number| (bound(number), bound(number + 1));
        Ok((first < end).then(|| Plan {
            end,
            partitions: (0..self.partitions).map(partition).collect(),
            rows: Some(end - first),
        }))
    }

    fn open<'a>(
        &'a self,
        partition: &'a (u64, u64),
        _: &'a TaskContext,
    ) -> Result<Numbers<M>, BoxError> {
        Ok(Numbers {
            numbers: partition.0..partition.1,
            make: self.make,
        })
    }
}

impl<R, M: Fn(u64) -> R + Send> RowReader for Numbers<M> {
    type Row = R;

    #[inline]
    fn next_row(&mut self) -> Option<Result<R, BoxError>> {
        self.numbers.next().map(|number| Ok((self.make)(number)))
    }
}
