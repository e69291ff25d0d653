//! The edge values of each type.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::values::{Inner, Place};

/// As many rows as the longest column has; those of a table are told apart by it.
pub(crate) fn ids() -> Vec<u32> {
    (0..).take(texts().len()).collect()
}

/// A null, then the values.
pub(crate) fn nullable<T>(values: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
    [None]
        .into_iter()
        .chain(values.into_iter().map(Some))
        .collect()
}

pub(crate) fn times<T>(texts: impl IntoIterator<Item = &'static str>) -> Vec<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Debug>,
{
    nullable(texts.into_iter().map(|text| text.parse().unwrap()))
}

pub(crate) const SECONDS: [&str; 4] = [
    "1970-01-01T00:00:00",
    "1969-12-31T23:59:59",
    "0001-01-01T00:00:00",
    "9999-12-30T21:59:59",
];
pub(crate) const MILLIS: [&str; 4] = [
    "1969-12-31T23:59:59.999",
    "1582-10-10T12:30:00.5",
    "0001-01-01T00:00:00.001",
    "9999-12-30T21:59:59.999",
];
pub(crate) const MICROS: [&str; 5] = [
    "1969-12-31T23:59:59.999999",
    "1970-01-01T00:00:00.000001",
    "1883-11-18T12:03:57.1",
    "0001-01-01T00:00:00.000001",
    "9999-12-30T21:59:59.999999",
];
/// The first and the last but one that 64 bits hold are in the second half.
pub(crate) const NANOS: [&str; 4] = [
    "1969-12-31T23:59:59.999999999",
    "2026-03-29T01:30:00.123456789",
    "1677-09-21T00:12:43.145224193",
    "2262-04-11T23:47:16.854775806",
];

pub(crate) fn local(texts: impl IntoIterator<Item = &'static str>) -> Vec<Option<DateTime>> {
    times(texts)
}

pub(crate) fn utc(texts: impl IntoIterator<Item = &'static str>) -> Vec<Option<Timestamp>> {
    let instants = texts
        .into_iter()
        .map(|text| format!("{text}Z").parse().unwrap());
    nullable(instants)
}

pub(crate) fn texts() -> Vec<Option<String>> {
    let long = "long ".repeat(20_000);
    let texts = [
        "",
        " ",
        "plain",
        "NULL",
        "null",
        "NaN",
        "true",
        "007",
        "\\N",
        "a,b;c\td|e",
        "\"quoted\" and 'quoted'",
        "\"",
        "line\nfeed, carriage\rreturn, both\r\n",
        "back\\slash \\n \\\"",
        "\u{1}\u{7f}\u{85}\u{2028}",
        "nul\0inside",
        "äöü 日本語 \u{1F980} e\u{301} \u{202e}",
        "  spaces around  ",
        "#comment",
        "2026-01-02",
        &long,
    ];
    nullable(texts.map(str::to_owned))
}

pub(crate) fn places() -> Vec<Option<Place>> {
    let inner = |at, tags: &[&str]| Inner {
        at,
        tags: tags.iter().map(ToString::to_string).collect(),
    };
    let place = |name: &str, inner| Place {
        name: name.to_owned(),
        inner,
    };
    nullable([
        place("", None),
        place("a \"b\"", Some(inner(None, &[]))),
        place("日", Some(inner(Some(-0.5), &["x", "", "y\nz"]))),
    ])
}

pub(crate) fn lists() -> Vec<Option<Vec<Option<Vec<Option<String>>>>>> {
    let text = |text: &str| Some(text.to_owned());
    nullable([
        vec![],
        vec![None],
        vec![Some(vec![])],
        vec![
            Some(vec![text("a"), None, text("")]),
            None,
            Some(vec![text("b")]),
        ],
    ])
}

pub(crate) fn numbers() -> Vec<Option<Vec<Option<i64>>>> {
    nullable([
        vec![],
        vec![None],
        vec![Some(i64::MIN), None, Some(i64::MAX)],
    ])
}

pub(crate) fn place_lists() -> Vec<Option<Vec<Option<Place>>>> {
    nullable([vec![], places(), vec![None]])
}

pub(crate) fn text_maps() -> Vec<Option<BTreeMap<String, Option<i32>>>> {
    let pairs = [("", None), ("k", Some(1)), ("ключ \"2\"", Some(i32::MIN))];
    let all: BTreeMap<_, _> = pairs.map(|(key, value)| (key.to_owned(), value)).into();
    nullable([BTreeMap::new(), all, [("one".to_owned(), None)].into()])
}

pub(crate) fn place_maps() -> Vec<Option<BTreeMap<u32, Place>>> {
    let all = places().into_iter().flatten();
    nullable([BTreeMap::new(), (0..).step_by(7).zip(all).collect()])
}

pub(crate) const F32: [f32; 8] = [
    0.0,
    -0.0,
    0.1,
    f32::MIN,
    f32::MAX,
    f32::MIN_POSITIVE,
    1e-45,
    16_777_217.0,
];
pub(crate) const F64: [f64; 8] = [
    0.0,
    -0.0,
    0.1,
    f64::MIN,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    9_007_199_254_740_993.0,
];

pub(crate) fn f32s() -> Vec<Option<f32>> {
    nullable(
        F32.into_iter()
            .chain([f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
    )
}

pub(crate) fn f64s() -> Vec<Option<f64>> {
    nullable(
        F64.into_iter()
            .chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    )
}

pub(crate) const DATES: [&str; 5] = [
    "1970-01-01",
    "1969-12-31",
    "0001-01-01",
    "9999-12-31",
    "1582-10-10",
];
pub(crate) const DIGITS: i128 = 10_i128.pow(38) - 1;

pub(crate) const PART_TEXTS: [&str; 18] = [
    "",
    " ",
    "plain",
    "a b",
    "a/b",
    "k=v",
    "100%",
    "%2F",
    "äöü 日本語 \u{1F980}",
    "..",
    ".hidden",
    "_under",
    "\"'*:?\\[]{}^#",
    "tab\tbell\u{7}del\u{7f}",
    "line\nfeed\r",
    "+a&b;c<d>e|f~g",
    "007",
    "trailing ",
];

pub(crate) const PART_LOCALS: [&str; 5] = [
    "1969-12-31T23:59:59.999999",
    "2026-03-29T02:30:00",
    "1883-11-18T12:03:57.1",
    "0001-01-01T00:00:00.000001",
    "9999-12-30T21:59:59.5",
];
