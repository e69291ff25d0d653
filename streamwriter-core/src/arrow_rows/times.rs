//! Dates, times, instants and lengths of time.

use std::time::{Duration, SystemTime};

use arrow::array::builder::{Date32Builder, PrimitiveBuilder};
use arrow::array::{ArrayRef, Date32Array, PrimitiveArray};
use arrow::datatypes::Date32Type;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::accept::primitive_as;
use super::column::{Column, ListItem, not_null};
use super::encoding::Plain;
use super::spec::ColumnType;
use super::units::{Unit, from_units, to_units};
use crate::message::{FieldError, FieldResult};

const EPOCH: Date = Date::constant(1970, 1, 1);
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

impl Column<Plain> for Date {
    type Builder = Date32Builder;
    type Reader = Date32Array;

    const TYPE: ColumnType = ColumnType::Date32;

    fn builder(rows: usize) -> Date32Builder {
        Date32Builder::with_capacity(rows)
    }

    #[inline]
    fn append(value: &Self, builder: &mut Date32Builder) -> FieldResult<()> {
        // The dates of jiff span 20,000 years.
        let days = value.duration_since(EPOCH).as_secs() / SECONDS_PER_DAY;
        builder.append_value(days as i32);
        Ok(())
    }

    fn reader(array: &ArrayRef) -> FieldResult<Date32Array> {
        primitive_as::<Date32Type>(array, ColumnType::Date32)
    }

    fn read(reader: &Date32Array, at: usize) -> FieldResult<Self> {
        not_null(reader, at)?;
        let days = reader.value(at);
        let since = SignedDuration::from_secs(i64::from(days) * SECONDS_PER_DAY);
        EPOCH
            .checked_add(since)
            .map_err(|error| not_a("date", i64::from(days)).with_source(error))
    }
}

impl ListItem for Date {}

/// Implements a column of numbers in the unit that the encoding names.
macro_rules! counted {
    ($rust:ty, $arrow:ident, $column:expr, $to_units:expr, $from_units:expr) => {
        impl<U: Unit> ListItem<U> for $rust {}

        impl<U: Unit> Column<U> for $rust {
            type Builder = PrimitiveBuilder<U::$arrow>;
            type Reader = PrimitiveArray<U::$arrow>;

            const TYPE: ColumnType = $column;

            fn builder(rows: usize) -> Self::Builder {
                let data_type = <Self as Column<U>>::TYPE.data_type();
                PrimitiveBuilder::with_capacity(rows).with_data_type(data_type)
            }

            #[inline]
            fn append(value: &Self, builder: &mut Self::Builder) -> FieldResult<()> {
                builder.append_value($to_units(value)?);
                Ok(())
            }

            fn reader(array: &ArrayRef) -> FieldResult<Self::Reader> {
                primitive_as(array, <Self as Column<U>>::TYPE)
            }

            #[inline]
            fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self> {
                not_null(reader, at)?;
                $from_units(reader.value(at))
            }
        }
    };
}

counted!(
    Timestamp,
    Timestamp,
    ColumnType::UtcTimestamp(U::UNIT),
    instant_to_units::<U>,
    instant_from_units::<U>
);
counted!(
    SystemTime,
    Timestamp,
    ColumnType::UtcTimestamp(U::UNIT),
    system_to_units::<U>,
    system_from_units::<U>
);
counted!(
    DateTime,
    Timestamp,
    ColumnType::LocalTimestamp(U::UNIT),
    local_to_units::<U>,
    local_from_units::<U>
);
counted!(
    Time,
    TimeOfDay,
    U::TIME_OF_DAY,
    time_to_units::<U>,
    time_from_units::<U>
);
counted!(
    SignedDuration,
    Duration,
    ColumnType::Duration(U::UNIT),
    signed_to_units::<U>,
    signed_from_units::<U>
);
counted!(
    Duration,
    Duration,
    ColumnType::Duration(U::UNIT),
    duration_to_units::<U>,
    duration_from_units::<U>
);

#[inline]
fn instant_to_units<U: Unit>(value: &Timestamp) -> FieldResult<i64> {
    to_units::<U>(value.as_second(), value.subsec_nanosecond())
}

#[inline]
fn instant_from_units<U: Unit>(units: i64) -> FieldResult<Timestamp> {
    let (seconds, nanos) = from_units::<U>(units);
    Timestamp::new(seconds, nanos).map_err(|error| not_a("instant", units).with_source(error))
}

fn system_to_units<U: Unit>(value: &SystemTime) -> FieldResult<i64> {
    let instant = Timestamp::try_from(*value).map_err(|error| {
        FieldError::new("expected an instant of the years -9999 to 9999").with_source(error)
    })?;
    instant_to_units::<U>(&instant)
}

fn system_from_units<U: Unit>(units: i64) -> FieldResult<SystemTime> {
    instant_from_units::<U>(units).map(SystemTime::from)
}

#[inline]
fn local_to_units<U: Unit>(value: &DateTime) -> FieldResult<i64> {
    let days = value.date().duration_since(EPOCH).as_secs();
    let (seconds, nanos) = of_day(value.time());
    to_units::<U>(days + seconds, nanos)
}

fn local_from_units<U: Unit>(units: i64) -> FieldResult<DateTime> {
    instant_from_units::<U>(units).map(|instant| Offset::UTC.to_datetime(instant))
}

#[inline]
fn time_to_units<U: Unit>(
    value: &Time,
) -> FieldResult<<U::TimeOfDay as arrow::array::ArrowPrimitiveType>::Native> {
    let (seconds, nanos) = of_day(*value);
    let units = to_units::<U>(seconds, nanos)?;
    units.try_into().map_err(|_| not_a("time of day", units))
}

fn time_from_units<U: Unit>(
    units: <U::TimeOfDay as arrow::array::ArrowPrimitiveType>::Native,
) -> FieldResult<Time> {
    let units = units.into();
    let (seconds, nanos) = from_units::<U>(units);
    let time = match seconds {
        0..SECONDS_PER_DAY => Time::midnight()
            .checked_add(SignedDuration::new(seconds, nanos))
            .ok(),
        _ => None,
    };
    time.ok_or_else(|| not_a("time of day", units))
}

fn of_day(time: Time) -> (i64, i32) {
    let hours = i64::from(time.hour());
    let minutes = i64::from(time.minute());
    let seconds = hours * 3600 + minutes * 60 + i64::from(time.second());
    (seconds, time.subsec_nanosecond())
}

#[inline]
fn signed_to_units<U: Unit>(value: &SignedDuration) -> FieldResult<i64> {
    to_units::<U>(value.as_secs(), value.subsec_nanos())
}

fn signed_from_units<U: Unit>(units: i64) -> FieldResult<SignedDuration> {
    let (seconds, nanos) = from_units::<U>(units);
    Ok(SignedDuration::new(seconds, nanos))
}

#[inline]
fn duration_to_units<U: Unit>(value: &Duration) -> FieldResult<i64> {
    let signed = SignedDuration::try_from(*value)
        .map_err(|error| FieldError::new("expected a shorter duration").with_source(error))?;
    signed_to_units::<U>(&signed)
}

fn duration_from_units<U: Unit>(units: i64) -> FieldResult<Duration> {
    let signed = signed_from_units::<U>(units)?;
    Duration::try_from(signed).map_err(|error| {
        FieldError::new(format!(
            "expected a duration, found the negative number {units}: use `SignedDuration`"
        ))
        .with_source(error)
    })
}

#[cold]
fn not_a(what: &str, found: i64) -> FieldError {
    FieldError::new(format!("expected a {what}, found the number {found}"))
}
