//! Columns by themselves; rows are tested where the derive is.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, NullArray};
use arrow::datatypes::{DataType, TimeUnit};
use proptest::prelude::*;

use super::encoding::{Decimal, Micros, Millis, Nanos, Plain, Seconds};
use super::list::Spans;
use super::units::{Unit, from_units, to_units};
use super::{Column, ColumnBuilder, ColumnType};

fn column_of<T: Column<As>, As>(values: &[T]) -> ArrayRef {
    let mut builder = T::builder(0);
    for value in values {
        T::append(value, &mut builder).unwrap();
    }
    builder.finish().unwrap()
}

#[track_caller]
fn round_trip<T: Column<As> + PartialEq + Debug, As>(values: &[T]) {
    let array = column_of::<T, As>(values);
    assert_eq!(*array.data_type(), T::TYPE.data_type());
    let reader = T::reader(&array).unwrap();
    for (at, value) in values.iter().enumerate() {
        assert_eq!(T::read(&reader, at).unwrap(), *value);
    }
}

#[test]
fn values_come_back() {
    round_trip::<_, Plain>(&[Some(vec![1_u8, 2]), None, Some(vec![])]);
    round_trip::<_, Plain>(&[Some(vec![None, Some(vec![1_u16])]), None]);
    round_trip::<_, Plain>(&[BTreeMap::from([(1_i8, Some(true))]), BTreeMap::new()]);
    round_trip::<_, Plain>(&[Some([1_u8, 2]), None]);
    round_trip::<_, Decimal<4, 2>>(&[vec![Some(9999_i128), None, Some(-9999)]]);
}

#[test]
fn a_null_inside_a_null_is_no_value() {
    let array = column_of::<Option<String>, Plain>(&[None, Some(String::new())]);
    let reader = String::reader(&array).unwrap();
    assert!(String::read(&reader, 0).is_err());
    assert_eq!(String::read(&reader, 1).unwrap(), "");
}

#[test]
fn another_type_says_what_was_expected_and_found() {
    let nulls: ArrayRef = Arc::new(NullArray::new(1));
    fn refusal<T: Column>(array: &ArrayRef) -> String {
        T::reader(array).err().unwrap().to_string()
    }
    for (expected, error) in [
        ("Int64", refusal::<i64>(&nulls)),
        ("Utf8", refusal::<String>(&nulls)),
        ("a List", refusal::<Vec<i64>>(&nulls)),
        ("a Map", refusal::<BTreeMap<i64, i64>>(&nulls)),
        ("FixedSizeBinary(2)", refusal::<[u8; 2]>(&nulls)),
    ] {
        assert_eq!(error, format!("expected {expected}, found Null"));
    }
}

#[test]
fn a_column_never_holds_more_items_than_it_can_count() {
    let mut spans = Spans::with_capacity(2);
    spans.append(i32::MAX as usize).unwrap();
    spans.append(0).unwrap();
    assert!(spans.append(1).is_err());
    assert!(Spans::with_capacity(1).append(usize::MAX).is_err());
}

#[test]
fn the_constant_type_is_the_one_of_arrow() {
    let millis = <jiff::civil::Time as Column<Millis>>::TYPE;
    assert_eq!(millis, ColumnType::Time32(TimeUnit::Millisecond));
    let instant = <jiff::Timestamp as Column<Nanos>>::TYPE.data_type();
    let utc = Some("UTC".into());
    assert_eq!(instant, DataType::Timestamp(TimeUnit::Nanosecond, utc));
    let decimal = <i64 as Column<Decimal<9, 2>>>::TYPE.data_type();
    assert_eq!(decimal, DataType::Decimal128(9, 2));
}

#[test]
fn large_text_is_read_as_text() {
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), None]));
    let reader = Option::<String>::reader(&large).unwrap();
    assert_eq!(
        Option::<String>::read(&reader, 0).unwrap().as_deref(),
        Some("a")
    );
    assert_eq!(Option::<String>::read(&reader, 1).unwrap(), None);
    let text = column_of::<String, Plain>(&["b".to_owned()]);
    assert!(text.as_string_opt::<i32>().is_some());
}

proptest! {
    #[test]
    fn units_come_back(units: i64) {
        fn check<U: Unit>(units: i64) {
            let (seconds, nanos) = from_units::<U>(units);
            assert!((0..1_000_000_000).contains(&nanos));
            assert_eq!(to_units::<U>(seconds, nanos).unwrap(), units);
        }
        check::<Seconds>(units);
        check::<Millis>(units);
        check::<Micros>(units);
        check::<Nanos>(units);
    }

    /// The lowest second is not whole: it begins before what 64 bits reach.
    #[test]
    fn units_of_the_lowest_second_come_back(units in i64::MIN..i64::MIN + 1_000_000_000) {
        let (seconds, nanos) = from_units::<Nanos>(units);
        prop_assert_eq!(to_units::<Nanos>(seconds, nanos).unwrap(), units);
        let lower = i64::from(nanos) - 1 - (units - i64::MIN);
        if let Ok(lower) = u32::try_from(lower) {
            prop_assert!(to_units::<Nanos>(seconds, lower as i32).is_err());
        }
    }

    #[test]
    fn what_is_finer_goes_to_the_past(seconds in -1_000_000_i64..1_000_000, nanos in 0..1_000_000_000_i32) {
        let units = to_units::<Millis>(seconds, nanos).unwrap();
        let exact = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        prop_assert_eq!(i128::from(units), exact.div_euclid(1_000_000));
    }
}
