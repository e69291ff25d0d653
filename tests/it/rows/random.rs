//! Any values come back, from whole batches and from parts of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use streamwriter::Row;

use super::{batch_of, rows_of};

#[derive(Clone, Debug, PartialEq, Row)]
struct Any {
    number: i64,
    maybe: Option<u32>,
    text: String,
    bytes: Option<Vec<u8>>,
    lists: Option<Vec<Option<Vec<i16>>>>,
    map: BTreeMap<String, Option<u8>>,
    part: Option<Part>,
    parts: Vec<Part>,
    #[row(unit = "ns")]
    at: Option<Timestamp>,
    #[row(decimal(38, 2))]
    decimal: i128,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Part {
    id: u64,
    side: Option<Side>,
    key: [u8; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Row)]
enum Side {
    Left,
    Right,
}

fn part() -> impl Strategy<Value = Part> {
    let side = prop_oneof![Just(Side::Left), Just(Side::Right)];
    (any::<u64>(), option::of(side), any::<[u8; 2]>()).prop_map(|(id, side, key)| Part {
        id,
        side,
        key,
    })
}

fn row() -> impl Strategy<Value = Any> {
    const DIGITS: i128 = 10_i128.pow(38);
    let scalars = (
        any::<i64>(),
        any::<Option<u32>>(),
        ".{0,8}",
        -DIGITS + 1..DIGITS,
    );
    let nested = (
        option::of(vec(any::<u8>(), 0..5)),
        option::of(vec(option::of(vec(any::<i16>(), 0..4)), 0..4)),
        btree_map(".{0,3}", any::<Option<u8>>(), 0..4),
        option::of(part()),
        vec(part(), 0..3),
        option::of(any::<i64>()),
    );
    (scalars, nested).prop_map(|(scalars, nested)| {
        let (number, maybe, text, decimal) = scalars;
        let (bytes, lists, map, part, parts, at) = nested;
        Any {
            number,
            maybe,
            text,
            bytes,
            lists,
            map,
            part,
            parts,
            at: at.map(|nanos| Timestamp::from_nanosecond(nanos.into()).unwrap()),
            decimal,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_rows_come_back(rows in vec(row(), 0..20), cut in 0..20_usize) {
        let batch = batch_of(&rows);
        prop_assert_eq!(batch.schema(), Any::schema());
        let cut = cut.min(rows.len());
        let parts = [batch.slice(0, cut), batch.slice(cut, rows.len() - cut)];
        prop_assert_eq!(rows_of::<Any>(&parts), rows);
    }
}
