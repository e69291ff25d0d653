//! The tables that are written: every type with its edge values.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use streamwriter::{Row, serde_json};

use crate::as_text;
use crate::cell::Cell;
use crate::edges::*;

/// Declares a row type, its rows and their cells: `name: type = "what it is", edge values;`.
///
/// A column that has fewer edge values than the longest repeats them.
macro_rules! table {
    ($(#[$meta:meta])* $table:ident {
        $($(#[$attribute:meta])* $name:ident : [$($type:tt)*] = $kind:literal, $edges:expr;)*
    }) => {
        $(#[$meta])*
        pub(crate) struct $table {
            $($(#[$attribute])* pub(crate) $name: $($type)*,)*
        }

        impl Table for $table {
            fn columns() -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), $kind)),*]
            }

            fn rows() -> Vec<Self> {
                $(let $name: Vec<$($type)*> = $edges;)*
                let count = [$($name.len()),*].into_iter().max().unwrap_or(0);
                let at = |number: usize| Self {
                    $($name: $name[number % $name.len()].clone(),)*
                };
                (0..count).map(at).collect()
            }

            fn cells(&self) -> Value {
                let cells = [$((stringify!($name), self.$name.cell())),*];
                cells.into_iter().collect()
            }
        }
    };
}

/// A row type with its rows.
pub(crate) trait Table: Sized {
    /// The columns, each with what it holds.
    fn columns() -> Vec<(&'static str, &'static str)>;
    fn rows() -> Vec<Self>;
    /// The values of a row, by column.
    fn cells(&self) -> Value;
}

#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) inner: Option<Inner>,
}

#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub(crate) struct Inner {
    pub(crate) at: Option<f64>,
    pub(crate) tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Row, Serialize, Deserialize)]
#[row(rename_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    Left,
    FarRight,
}

impl Cell for Place {
    fn cell(&self) -> Value {
        json!({"name": self.name.cell(), "inner": self.inner.cell()})
    }
}

impl Cell for Inner {
    fn cell(&self) -> Value {
        json!({"at": self.at.cell(), "tags": self.tags.cell()})
    }
}

impl Cell for Side {
    fn cell(&self) -> Value {
        json!(match self {
            Self::Left => "left",
            Self::FarRight => "far-right",
        })
    }
}

table! {
    /// All that `derive(Row)` takes.
    #[derive(Clone, Debug, Row)]
    Types {
        id: [u32] = "uint32", ids();
        flag: [Option<bool>] = "bool", nullable([true, false]);
        i8: [Option<i8>] = "int8", nullable([i8::MIN, 0, i8::MAX]);
        i16: [Option<i16>] = "int16", nullable([i16::MIN, 0, i16::MAX]);
        i32: [Option<i32>] = "int32", nullable([i32::MIN, 0, i32::MAX]);
        i64: [Option<i64>] = "int64", nullable([i64::MIN, 0, i64::MAX]);
        u8: [Option<u8>] = "uint8", nullable([0, u8::MAX]);
        u16: [Option<u16>] = "uint16", nullable([0, u16::MAX]);
        u32: [Option<u32>] = "uint32", nullable([0, u32::MAX]);
        u64: [Option<u64>] = "uint64", nullable([0, u64::MAX]);
        required: [i64] = "int64", vec![1, -1];
        f32: [Option<f32>] = "float32", f32s();
        f64: [Option<f64>] = "float64", f64s();
        text: [Option<String>] = "text", texts();
        bytes: [Option<Vec<u8>>] = "bytes", nullable([vec![], vec![0], vec![0xff, 0, 0x80, b'"', b'\n']]);
        fixed: [Option<[u8; 4]>] = "fixed(4)", nullable([[0; 4], [0xff; 4], *b"abcd"]);
        side: [Option<Side>] = "enum", nullable([Side::Left, Side::FarRight]);
        date: [Option<Date>] = "date", times(DATES);
        #[row(unit = "s")]
        time_s: [Option<Time>] = "time(s)", times(["00:00:00", "23:59:59"]);
        #[row(unit = "ms")]
        time_ms: [Option<Time>] = "time(ms)", times(["00:00:00", "23:59:59.999"]);
        time_us: [Option<Time>] = "time(us)", times(["00:00:00", "23:59:59.999999", "01:02:03.5"]);
        #[row(unit = "ns")]
        time_ns: [Option<Time>] = "time(ns)", times(["00:00:00", "23:59:59.999999999"]);
        #[row(unit = "s")]
        local_s: [Option<DateTime>] = "local(s)", local(SECONDS);
        #[row(unit = "ms")]
        local_ms: [Option<DateTime>] = "local(ms)", local(MILLIS);
        local_us: [Option<DateTime>] = "local(us)", local(MICROS);
        #[row(unit = "ns")]
        local_ns: [Option<DateTime>] = "local(ns)", local(NANOS);
        #[row(unit = "s")]
        utc_s: [Option<Timestamp>] = "utc(s)", utc(SECONDS);
        #[row(unit = "ms")]
        utc_ms: [Option<Timestamp>] = "utc(ms)", utc(MILLIS);
        utc_us: [Option<Timestamp>] = "utc(us)", utc(MICROS);
        #[row(unit = "ns")]
        utc_ns: [Option<Timestamp>] = "utc(ns)", utc(NANOS);
        #[row(unit = "s")]
        duration_s: [Option<SignedDuration>] = "duration(s)",
            nullable([-1, 0, 86_400].map(SignedDuration::from_secs));
        #[row(unit = "ms")]
        duration_ms: [Option<SignedDuration>] = "duration(ms)",
            nullable([-1, 0, 86_400_001].map(SignedDuration::from_millis));
        duration_us: [Option<Duration>] = "duration(us)",
            nullable([0, 1, 86_400_000_001].map(Duration::from_micros));
        #[row(unit = "ns")]
        duration_ns: [Option<SignedDuration>] = "duration(ns)",
            nullable([i64::MIN + 1, 0, i64::MAX].map(SignedDuration::from_nanos));
        #[row(decimal(9, 2))]
        decimal_9: [Option<i64>] = "decimal(9, 2)", nullable([-999_999_999, 0, 1, 150, 999_999_999]);
        #[row(decimal(18, 6))]
        decimal_18: [Option<i64>] = "decimal(18, 6)", nullable([1 - 10_i64.pow(18), 0, 1, 10_i64.pow(18) - 1]);
        #[row(decimal(38, 10))]
        decimal_38: [Option<i128>] = "decimal(38, 10)", nullable([-DIGITS, 0, 1, DIGITS]);
        #[row(decimal(38, 38))]
        decimal_all: [Option<i128>] = "decimal(38, 38)", nullable([-DIGITS, 0, 1, DIGITS]);
        #[row(decimal(5, 0))]
        decimal_0: [Option<i64>] = "decimal(5, 0)", nullable([-99_999, 0, 99_999]);
        list: [Option<Vec<Option<i64>>>] = "list of int64", numbers();
        texts: [Vec<String>] = "list of text", vec![vec![], vec!["".into(), "a\n\"b\"".into()]];
        sides: [Option<Vec<Option<Side>>>] = "list of enum",
            nullable([vec![], vec![Some(Side::Left), None, Some(Side::FarRight)]]);
        lists: [Option<Vec<Option<Vec<Option<String>>>>>] = "list of list", lists();
        place: [Option<Place>] = "struct", places();
        places: [Option<Vec<Option<Place>>>] = "list of struct", place_lists();
        map: [Option<BTreeMap<String, Option<i32>>>] = "map of text", text_maps();
        map_int: [Option<BTreeMap<u32, Place>>] = "map of uint32", place_maps();
    }
}

table! {
    /// What serde rows can say, in JSON lines and Parquet: dates and times are texts.
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    #[serde(default)]
    Plain {
        id: [u32] = "uint32", ids();
        flag: [Option<bool>] = "bool", nullable([true, false]);
        i8: [Option<i8>] = "int8", nullable([i8::MIN, 0, i8::MAX]);
        i16: [Option<i16>] = "int16", nullable([i16::MIN, 0, i16::MAX]);
        i32: [Option<i32>] = "int32", nullable([i32::MIN, 0, i32::MAX]);
        i64: [Option<i64>] = "int64", nullable([i64::MIN, 0, i64::MAX]);
        u8: [Option<u8>] = "uint8", nullable([0, u8::MAX]);
        u16: [Option<u16>] = "uint16", nullable([0, u16::MAX]);
        u32: [Option<u32>] = "uint32", nullable([0, u32::MAX]);
        u64: [Option<u64>] = "uint64", nullable([0, u64::MAX]);
        f32: [Option<f32>] = "float32", f32s();
        f64: [Option<f64>] = "float64", f64s();
        text: [Option<String>] = "text", texts();
        side: [Option<Side>] = "enum", nullable([Side::Left, Side::FarRight]);
        #[serde(with = "as_text")]
        date: [Option<Date>] = "date text", times(DATES);
        #[serde(with = "as_text")]
        time: [Option<Time>] = "time text", times(["00:00:00", "23:59:59.999999", "01:02:03.5"]);
        #[serde(with = "as_text")]
        local: [Option<DateTime>] = "local text", local(MICROS);
        #[serde(with = "as_text")]
        utc: [Option<Timestamp>] = "utc text", utc(MICROS);
        list: [Option<Vec<Option<i64>>>] = "list of int64", numbers();
        texts: [Vec<String>] = "list of text", vec![vec![], vec!["".into(), "a\n\"b\"".into()]];
        lists: [Option<Vec<Option<Vec<Option<String>>>>>] = "list of list", lists();
        place: [Option<Place>] = "struct", places();
        places: [Option<Vec<Option<Place>>>] = "list of struct", place_lists();
        map: [Option<BTreeMap<String, Option<i32>>>] = "map of text", text_maps();
        map_int: [Option<BTreeMap<u32, Place>>] = "map of uint32", place_maps();
    }
}

table! {
    /// What a CSV file can hold.
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    #[serde(default)]
    Flat {
        id: [u32] = "uint32", ids();
        flag: [Option<bool>] = "bool", nullable([true, false]);
        i8: [Option<i8>] = "int8", nullable([i8::MIN, 0, i8::MAX]);
        i16: [Option<i16>] = "int16", nullable([i16::MIN, 0, i16::MAX]);
        i32: [Option<i32>] = "int32", nullable([i32::MIN, 0, i32::MAX]);
        i64: [Option<i64>] = "int64", nullable([i64::MIN, 0, i64::MAX]);
        u8: [Option<u8>] = "uint8", nullable([0, u8::MAX]);
        u16: [Option<u16>] = "uint16", nullable([0, u16::MAX]);
        u32: [Option<u32>] = "uint32", nullable([0, u32::MAX]);
        u64: [Option<u64>] = "uint64", nullable([0, u64::MAX]);
        f32: [Option<f32>] = "float32", f32s();
        f64: [Option<f64>] = "float64", f64s();
        text: [Option<String>] = "text", texts();
        side: [Option<Side>] = "enum", nullable([Side::Left, Side::FarRight]);
        #[serde(with = "as_text")]
        date: [Option<Date>] = "date text", times(DATES);
        #[serde(with = "as_text")]
        time: [Option<Time>] = "time text", times(["00:00:00", "23:59:59.999999", "01:02:03.5"]);
        #[serde(with = "as_text")]
        local: [Option<DateTime>] = "local text", local(MICROS);
        #[serde(with = "as_text")]
        utc: [Option<Timestamp>] = "utc text", utc(MICROS);
    }
}

table! {
    /// Everything that can make partition directories, beside `id`.
    #[derive(Clone, Debug, Row)]
    Parts {
        id: [u32] = "uint32", ids();
        flag: [Option<bool>] = "bool", nullable([true, false]);
        small: [Option<i8>] = "int8", nullable([i8::MIN, 0, i8::MAX]);
        big: [Option<i64>] = "int64", nullable([i64::MIN, 0, i64::MAX]);
        huge: [Option<u64>] = "uint64", nullable([0, u64::MAX]);
        text: [Option<String>] = "text", nullable(PART_TEXTS.map(str::to_owned));
        side: [Option<Side>] = "enum", nullable([Side::Left, Side::FarRight]);
        date: [Option<Date>] = "date", times(DATES);
        time: [Option<Time>] = "time(us)", times(["00:00:00", "23:59:59.999999", "01:02:03.5"]);
        local: [Option<DateTime>] = "local(us)", local(PART_LOCALS);
        utc: [Option<Timestamp>] = "utc(us)", utc(PART_LOCALS);
        #[row(decimal(9, 2))]
        cents: [Option<i64>] = "decimal(9, 2)", nullable([-999_999_999, 0, 1, 150, 999_999_999]);
        #[row(decimal(38, 10))]
        fine: [Option<i128>] = "decimal(38, 10)", nullable([-DIGITS, 0, 1, DIGITS]);
    }
}

table! {
    /// The same for rows that have only serde.
    #[derive(Clone, Debug, Serialize)]
    PlainParts {
        id: [u32] = "uint32", ids();
        flag: [Option<bool>] = "bool", nullable([true, false]);
        small: [Option<i8>] = "int8", nullable([i8::MIN, 0, i8::MAX]);
        big: [Option<i64>] = "int64", nullable([i64::MIN, 0, i64::MAX]);
        huge: [Option<u64>] = "uint64", nullable([0, u64::MAX]);
        text: [Option<String>] = "text", nullable(PART_TEXTS.map(str::to_owned));
        side: [Option<Side>] = "enum", nullable([Side::Left, Side::FarRight]);
        #[serde(with = "as_text")]
        date: [Option<Date>] = "date text", times(DATES);
        #[serde(with = "as_text")]
        time: [Option<Time>] = "time text", times(["00:00:00", "23:59:59.999999", "01:02:03.5"]);
        #[serde(with = "as_text")]
        local: [Option<DateTime>] = "local text", local(PART_LOCALS);
        #[serde(with = "as_text")]
        utc: [Option<Timestamp>] = "utc text", utc(PART_LOCALS);
    }
}
