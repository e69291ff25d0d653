//! A type that derives `Row` and serde's traits: one schema, and the same columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use streamwriter::{Encoding, Row, ViaSerde};

use super::{batch_of, rows_of};

#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
struct Both {
    flag: bool,
    i8: i8,
    i16: Option<i16>,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: Option<u64>,
    f32: f32,
    f64: f64,
    text: String,
    maybe_text: Option<String>,
    list: Vec<i64>,
    nullable_items: Vec<Option<String>>,
    lists: Option<Vec<Vec<f64>>>,
    place: Place,
    maybe_place: Option<Place>,
    places: Vec<Option<Place>>,
    map: BTreeMap<String, Option<i32>>,
    maps: Option<BTreeMap<u32, Place>>,
    payment: Payment,
    maybe_payment: Option<Payment>,
    id: Id,
    boxed: Box<Place>,
    #[row(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    #[row(skip)]
    #[serde(skip)]
    seen: u64,
}

#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
#[row(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct Place {
    long_name: String,
    at: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Row, Serialize, Deserialize)]
#[row(rename_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
enum Payment {
    Cash,
    CreditCard,
}

#[derive(Clone, Copy, Debug, PartialEq, Row, Serialize, Deserialize)]
struct Id(u64);

fn place(name: &str, at: Option<f64>) -> Place {
    Place {
        long_name: name.into(),
        at,
    }
}

fn both(full: bool) -> Both {
    Both {
        flag: full,
        i8: -8,
        i16: full.then_some(-16),
        i32: -32,
        i64: -64,
        u8: 8,
        u16: 16,
        u32: 32,
        u64: full.then_some(u64::MAX),
        f32: 0.1,
        f64: -0.0,
        text: "ä".into(),
        maybe_text: full.then(String::new),
        list: vec![1; usize::from(full)],
        nullable_items: vec![None, full.then(|| "x".into())],
        lists: full.then(|| vec![vec![], vec![1.5]]),
        place: place("a", None),
        maybe_place: full.then(|| place("b", Some(1.0))),
        places: vec![full.then(|| place("c", None)), None],
        map: [("k".into(), full.then_some(1)), ("l".into(), Some(2))].into(),
        maps: full.then(|| [(1, place("d", Some(2.0)))].into()),
        payment: Payment::CreditCard,
        maybe_payment: full.then_some(Payment::Cash),
        id: Id(7),
        boxed: Box::new(place("e", Some(3.0))),
        kind: "k".into(),
        seen: 0,
    }
}

#[test]
fn both_find_the_same_schema() {
    let via_serde = Encoding::<Both>::schema(&ViaSerde::default()).unwrap();
    assert_eq!(*via_serde, *Both::schema());
}

#[test]
fn both_make_the_same_columns() {
    let rows = [both(true), both(false), both(false), both(true)];
    let schema = Encoding::<Both>::schema(&ViaSerde::default()).unwrap();
    let via_serde = serde_arrow::to_record_batch(schema.fields(), &rows).unwrap();
    let derived = batch_of(&rows);
    for (at, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        assert_eq!(derived.column(at), via_serde.column(at), "column {name}");
    }
}

#[test]
fn each_reads_what_the_other_wrote() {
    let rows = vec![both(true), both(false)];
    let schema = Encoding::<Both>::schema(&ViaSerde::default()).unwrap();
    let via_serde = serde_arrow::to_record_batch(schema.fields(), &rows).unwrap();
    assert_eq!(rows_of::<Both>(&[via_serde]), rows);
    let read: Vec<Both> = serde_arrow::from_record_batch(&batch_of(&rows)).unwrap();
    assert_eq!(read, rows);
}

/// Where the schemas differ, as the docs of `Row` say.
#[test]
fn serde_shows_bytes_as_numbers() {
    use arrow::datatypes::DataType;

    #[derive(Row, Serialize, Deserialize)]
    struct Bytes {
        bytes: Vec<u8>,
    }
    let via_serde = Encoding::<Bytes>::schema(&ViaSerde::default()).unwrap();
    assert!(matches!(via_serde.field(0).data_type(), DataType::List(_)));
    assert_eq!(*Bytes::schema().field(0).data_type(), DataType::Binary);
}
