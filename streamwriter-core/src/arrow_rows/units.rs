//! Units of time.

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::{
    ArrowTimestampType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};

use super::encoding::{Micros, Millis, Nanos, Plain, Seconds};
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A unit, and how Arrow stores times in it.
pub trait Unit {
    /// Instants and local times.
    type Timestamp: ArrowTimestampType;
    /// Times of day.
    type TimeOfDay: ArrowPrimitiveType<Native: Into<i64> + TryFrom<i64>>;
    /// Lengths of time.
    type Duration: ArrowPrimitiveType<Native = i64>;
    /// The unit as Arrow names it.
    const UNIT: TimeUnit;
    /// The column of a time of day.
    const TIME_OF_DAY: ColumnType;
    /// How many there are in a second; divides a second's nanoseconds.
    const PER_SECOND: i64;
}

macro_rules! unit {
    ($unit:ident, $per_second:literal, $name:ident, $time:ident, $timestamp:ty, $time_of_day:ty,
     $duration:ty) => {
        impl Unit for $unit {
            type Timestamp = $timestamp;
            type TimeOfDay = $time_of_day;
            type Duration = $duration;
            const UNIT: TimeUnit = TimeUnit::$name;
            const TIME_OF_DAY: ColumnType = ColumnType::$time(TimeUnit::$name);
            const PER_SECOND: i64 = $per_second;
        }
    };
}

unit!(
    Seconds,
    1,
    Second,
    Time32,
    TimestampSecondType,
    Time32SecondType,
    DurationSecondType
);
unit!(
    Millis,
    1_000,
    Millisecond,
    Time32,
    TimestampMillisecondType,
    Time32MillisecondType,
    DurationMillisecondType
);
unit!(
    Micros,
    1_000_000,
    Microsecond,
    Time64,
    TimestampMicrosecondType,
    Time64MicrosecondType,
    DurationMicrosecondType
);
unit!(
    Plain,
    1_000_000,
    Microsecond,
    Time64,
    TimestampMicrosecondType,
    Time64MicrosecondType,
    DurationMicrosecondType
);
unit!(
    Nanos,
    1_000_000_000,
    Nanosecond,
    Time64,
    TimestampNanosecondType,
    Time64NanosecondType,
    DurationNanosecondType
);

/// Returns a time as a number of units; what is finer is cut off, downwards.
#[inline]
pub(super) fn to_units<U: Unit>(seconds: i64, nanos: i32) -> FieldResult<i64> {
    let part = i64::from(nanos).div_euclid(NANOS_PER_SECOND / U::PER_SECOND);
    seconds
        .checked_mul(U::PER_SECOND)
        .and_then(|units| units.checked_add(part))
        .map_or_else(|| at_the_end::<U>(seconds, part), Ok)
}

/// The first second that 64 bits reach into begins before them.
#[cold]
fn at_the_end<U: Unit>(seconds: i64, part: i64) -> FieldResult<i64> {
    let units = i128::from(seconds) * i128::from(U::PER_SECOND) + i128::from(part);
    i64::try_from(units).map_err(|_| too_far::<U>(seconds))
}

/// Returns the seconds, and the nanoseconds upwards from there, of a number of units.
#[inline]
pub(super) fn from_units<U: Unit>(units: i64) -> (i64, i32) {
    let part = units.rem_euclid(U::PER_SECOND) * (NANOS_PER_SECOND / U::PER_SECOND);
    // Below a second, so it fits.
    (units.div_euclid(U::PER_SECOND), part as i32)
}

#[cold]
fn too_far<U: Unit>(seconds: i64) -> FieldError {
    FieldError::new(format!(
        "{seconds} s do not fit into 64 bits of {:?}s: choose a larger unit with \
         `#[row(unit = \"..\")]`",
        U::UNIT
    ))
}
