//! Guards what a row looks like as cells: names, nulls, numbers, and what has parts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;

use super::*;

#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl CellSink for Seen {
    fn cell(&mut self, column: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        let text = match cell {
            Cell::Null => "null".to_owned(),
            Cell::Number(text) => format!("number {text}"),
            Cell::Float(text) => format!("float {text}"),
            Cell::Text(text) => format!("text {text}"),
        };
        self.0.push((column.to_string(), text));
        Ok(())
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        column: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        self.0.push((column.to_owned(), what.to_owned()));
        Ok(())
    }
}

fn seen<R: Serialize>(row: R) -> Vec<(String, String)> {
    let mut sink = Seen::default();
    visit(&row, &mut sink).unwrap();
    sink.0
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    expected.iter().map(own).collect()
}

#[derive(Serialize)]
enum Kind {
    Plain,
    Data(u8),
}

#[derive(Serialize)]
struct Inner {
    a: u8,
    b: Option<u8>,
}

#[derive(Serialize)]
struct Outer {
    id: i64,
    ratio: f64,
    kind: Kind,
    other: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<u8>,
    list: Vec<u8>,
    inner: Inner,
}

#[derive(Serialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
}

#[test]
fn a_struct_gives_one_cell_per_field_also_for_skipped_ones() {
    let row = Outer {
        id: -1,
        ratio: 1.0,
        kind: Kind::Plain,
        other: Kind::Data(1),
        gone: None,
        list: vec![1],
        inner: Inner { a: 1, b: None },
    };
    let expected = [
        ("id", "number -1"),
        ("ratio", "float 1.0"),
        ("kind", "text Plain"),
        ("other", "an enum with data"),
        ("gone", "null"),
        ("list", "a list"),
        ("inner", "a struct"),
    ];
    assert_eq!(seen(row), pairs(&expected));
}

#[test]
fn flattened_fields_maps_tuples_and_single_values_have_names() {
    let inner = Inner { a: 1, b: None };
    assert_eq!(
        seen(Flat { id: 2, inner }),
        pairs(&[("id", "number 2"), ("a", "number 1"), ("b", "null")])
    );
    let map = BTreeMap::from([(1, "x"), (2, "y")]);
    assert_eq!(seen(map), pairs(&[("1", "text x"), ("2", "text y")]));
    assert_eq!(
        seen((true, 'c')),
        pairs(&[("_1", "text true"), ("_2", "text c")])
    );
    assert_eq!(seen("alone"), pairs(&[("value", "text alone")]));
    assert_eq!(seen(Some(1e300)), pairs(&[("value", "float 1e300")]));
    assert_eq!(seen(None::<u8>), pairs(&[("value", "null")]));
    assert_eq!(
        seen(Kind::Data(1)),
        pairs(&[("value", "an enum with data")])
    );
}

/// Expects the text of `{:?}`, or one as long that reads back as the same number: two shortest texts may
/// be equally near.
macro_rules! expect_float {
    ($value:expr, $float:ty) => {{
        let (value, plain) = ($value, format!("{:?}", $value));
        let seen = seen(value);
        let [(_, cell)] = seen.as_slice() else {
            panic!("{seen:?}")
        };
        let text = cell.strip_prefix("float ").unwrap();
        let reads_back = text.parse().is_ok_and(|read: $float| read == value);
        prop_assert!(
            text == plain || (reads_back && text.len() == plain.len()),
            "{text} instead of {plain}"
        );
    }};
}

proptest! {
    /// Two ways of printing floats give one form, on both sides of where one takes over from the other.
    #[test]
    fn a_float_is_printed_as_debug_does(bits in any::<u64>(), exponent in -7..20i32, digits in 0..100_000u32) {
        let near = f64::from(digits) * 10f64.powi(exponent - 5);
        let cases = [f64::from_bits(bits), near, -near, near.next_up(), near.next_down()];
        for value in cases {
            expect_float!(value, f64);
            expect_float!(value as f32, f32);
        }
        expect_float!(f32::from_bits(bits as u32), f32);
    }
}
