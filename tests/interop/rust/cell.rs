//! Values in a form that no file format has a part in.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};
use streamwriter::serde_json;

/// A value of a column, as the comparison writes it down: all scalars are texts.
///
/// Integers in decimal, floats as the hexadecimal digits of their bits, bytes in hexadecimal, days and
/// nanoseconds since 1970 (or midnight) as integers, decimals as the integer of their last digit; lists
/// are lists, maps lists of pairs, structs objects, and a null is a null.
pub(crate) trait Cell {
    fn cell(&self) -> Value;
}

macro_rules! printed {
    ($($type:ty),*) => {$(
        impl Cell for $type {
            fn cell(&self) -> Value {
                json!(self.to_string())
            }
        }
    )*};
}

printed!(bool, i8, i16, i32, i64, i128, u8, u16, u32, u64, String);

impl Cell for f32 {
    fn cell(&self) -> Value {
        match self.is_nan() {
            true => json!("NaN"),
            false => json!(format!("{:08x}", self.to_bits())),
        }
    }
}

impl Cell for f64 {
    fn cell(&self) -> Value {
        match self.is_nan() {
            true => json!("NaN"),
            false => json!(format!("{:016x}", self.to_bits())),
        }
    }
}

/// Bytes are one value, not a list of numbers.
pub(crate) fn bytes(bytes: &[u8]) -> Value {
    json!(
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    )
}

impl Cell for Vec<u8> {
    fn cell(&self) -> Value {
        bytes(self)
    }
}

impl<const LENGTH: usize> Cell for [u8; LENGTH] {
    fn cell(&self) -> Value {
        bytes(self)
    }
}

impl Cell for Date {
    fn cell(&self) -> Value {
        let days = date(1970, 1, 1).until((Unit::Day, *self)).unwrap();
        json!(days.get_days().to_string())
    }
}

impl Cell for Time {
    fn cell(&self) -> Value {
        json!(self.duration_since(Time::midnight()).as_nanos().to_string())
    }
}

impl Cell for Timestamp {
    fn cell(&self) -> Value {
        json!(self.as_nanosecond().to_string())
    }
}

impl Cell for SystemTime {
    fn cell(&self) -> Value {
        Timestamp::try_from(*self).unwrap().cell()
    }
}

impl Cell for DateTime {
    fn cell(&self) -> Value {
        let utc = self.to_zoned(TimeZone::UTC).unwrap();
        utc.timestamp().cell()
    }
}

impl Cell for SignedDuration {
    fn cell(&self) -> Value {
        json!(self.as_nanos().to_string())
    }
}

impl Cell for Duration {
    fn cell(&self) -> Value {
        json!(self.as_nanos().to_string())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> Value {
        self.as_ref().map_or(Value::Null, Cell::cell)
    }
}

macro_rules! list {
    ($($item:ty),*) => {$(
        impl Cell for Vec<$item> {
            fn cell(&self) -> Value {
                self.iter().map(Cell::cell).collect()
            }
        }
    )*};
}

// Not for every type: that of bytes is not a list.
list!(
    Option<i64>,
    String,
    Option<String>,
    Option<Vec<Option<String>>>,
    Option<super::values::Place>,
    Option<super::values::Side>
);

impl<K: Cell, V: Cell> Cell for BTreeMap<K, V> {
    fn cell(&self) -> Value {
        let pairs = self.iter();
        pairs
            .map(|(key, value)| json!([key.cell(), value.cell()]))
            .collect()
    }
}
