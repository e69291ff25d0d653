//! Every field must come back exactly as it was, and a damaged one must never become a default.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::json;

use super::field::{FieldResult, MessageField};
use super::totals::{Countable, Summable, keep_max, keep_min};
use crate::ids::{Attempt, BatchId, PartitionId, QueryId, Run};
use crate::storage::{StagedObject, StorePath};

/// Through text, as the journal does.
fn through_text<T: MessageField>(value: &T) -> FieldResult<T> {
    let text = serde_json::to_string(&value.to_value()?).unwrap();
    T::from_value(serde_json::from_str(&text).unwrap())
}

#[track_caller]
fn returns<T: MessageField + PartialEq + Debug>(value: T) {
    assert_eq!(through_text(&value).unwrap(), value);
}

#[track_caller]
fn refused<T: MessageField + Debug>(value: serde_json::Value) -> String {
    T::from_value(value).unwrap_err().to_string()
}

proptest! {
    #[test]
    fn numbers_return(
        a: u64, b: i64, c: u128, d: i128, e: u8, f: i16, g: usize, h: isize, i: bool,
    ) {
        returns((a, b, c, d, e, f));
        returns((g, h, i));
    }

    #[test]
    fn floats_return_bit_for_bit(wide in any::<u64>(), narrow in any::<u32>()) {
        let wide = f64::from_bits(wide);
        let narrow = f32::from_bits(narrow);
        let (wide_back, narrow_back) = (through_text(&wide).unwrap(), through_text(&narrow).unwrap());
        prop_assert!(wide_back.to_bits() == wide.to_bits() || wide.is_nan() && wide_back.is_nan());
        prop_assert!(
            narrow_back.to_bits() == narrow.to_bits() || narrow.is_nan() && narrow_back.is_nan()
        );
    }

    #[test]
    fn text_and_times_return(text: String, char: char, duration: Duration, time: SystemTime) {
        returns((text.clone(), char, duration, time));
        returns(text.clone().into_boxed_str());
        returns(PathBuf::from(text));
    }

    #[test]
    fn nested_options_return(
        a: Option<Option<bool>>,
        b: Option<Option<Option<()>>>,
        c: Option<BTreeMap<String, Option<u8>>>,
        d in proptest::collection::btree_map("some|sum", any::<Option<Option<u8>>>(), 0..2),
    ) {
        returns(a);
        returns(b);
        returns(c);
        returns(Some(d));
    }

    #[test]
    fn collections_return(
        a: Vec<(String, Option<i64>)>,
        b: BTreeMap<i32, Vec<u8>>,
        c: HashMap<String, char>,
        d: HashSet<u16>,
        e: BTreeSet<(bool, String)>,
        f: [u8; 3],
        g: VecDeque<Box<i8>>,
    ) {
        returns((a, b, c, d, e, f));
        returns(g);
    }
}

#[test]
fn special_floats_are_words() {
    assert_eq!(f64::NAN.to_value().unwrap(), json!("NaN"));
    assert_eq!(f32::NEG_INFINITY.to_value().unwrap(), json!("-Infinity"));
    returns(f64::INFINITY);
    returns(-0.0_f64);
    assert!(through_text(&f32::NAN).unwrap().is_nan());
    assert_eq!(
        refused::<f32>(json!(0.1)),
        "expected a number that fits an f32, found the number 0.1"
    );
    assert_eq!(refused::<f64>(json!(null)), "expected a number, found null");
}

#[test]
fn times_before_1970_return() {
    for before in [1, 999_999_999, 1_000_000_000, 1_000_000_001] {
        returns(UNIX_EPOCH - Duration::from_nanos(before));
    }
    assert_eq!(
        (UNIX_EPOCH - Duration::from_nanos(1)).to_value().unwrap(),
        json!({"secs": -1, "nanos": 999_999_999})
    );
    assert_eq!(
        refused::<Duration>(json!({"secs": 1, "nanos": 1_000_000_000})),
        "field `nanos`: expected less than a second, found the number 1000000000"
    );
}

#[test]
fn our_own_types_return() {
    returns((BatchId::new(7), PartitionId::new(1), Attempt::new(0)));
    returns((QueryId::random(), Run::FIRST));
    returns(StagedObject {
        staged: StorePath::parse("a/b").unwrap(),
        path: StorePath::parse("c").unwrap(),
        size: 3,
        checksum: "xxh3:0".to_owned(),
        token: None,
    });
}

#[test]
fn what_encoding_does_not_make_is_refused() {
    assert_eq!(
        refused::<u8>(json!(256)),
        "expected an integer from 0 to 255, found the number 256"
    );
    refused::<u64>(json!(-1));
    refused::<u64>(json!(1.0));
    refused::<u128>(json!("007"));
    refused::<u128>(json!(7));
    refused::<String>(json!(7));
    refused::<char>(json!("ab"));
    refused::<()>(json!(0));
    refused::<Option<u8>>(json!("1"));
    assert_eq!(
        refused::<[u8; 2]>(json!([1])),
        "expected an array of length 2, found one of length 1"
    );
    assert_eq!(
        refused::<(u8, u8)>(json!([1, 2, 3])),
        "expected an array of length 2, found an array of length 3"
    );
    assert_eq!(
        refused::<HashSet<u8>>(json!([1, 1])),
        "expected different items, found 1 doubled"
    );
    assert_eq!(
        refused::<BTreeMap<u8, u8>>(json!({"07": 1})),
        "expected an integer as key, found \"07\""
    );
}

#[test]
fn an_error_names_the_path_and_what_was_found() {
    assert_eq!(
        refused::<BTreeMap<String, Vec<(u8, bool)>>>(json!({"eu": [[1, true], [2, 3]]})),
        "field `[\"eu\"][1][1]`: expected true or false, found the number 3"
    );
    let long = "x".repeat(100);
    assert_eq!(
        refused::<bool>(json!(long)),
        format!(
            "expected true or false, found the string \"{}\"... of 100 bytes",
            "x".repeat(40)
        )
    );
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let path = PathBuf::from(std::ffi::OsString::from_vec(vec![b'a', 0xff]));
    let error = vec![path].to_value().unwrap_err();
    assert!(
        error.to_string().starts_with("field `[0]`: the path"),
        "{error}"
    );
}

#[test]
fn equal_sets_and_maps_have_equal_encodings() {
    let forwards: HashSet<u32> = (0..100).collect();
    let backwards: HashSet<u32> = (0..100).rev().collect();
    assert_eq!(forwards.to_value().unwrap(), backwards.to_value().unwrap());
}

#[test]
fn sums_stay_at_the_limit() {
    let mut sum = 250_u8;
    sum.add_saturating(&10);
    assert_eq!(sum, 255);
    let mut sum = -100_i8;
    sum.add_saturating(&-100);
    assert_eq!(sum, -128);
    let mut sum = Duration::MAX;
    sum.add_saturating(&Duration::from_secs(1));
    assert_eq!(sum, Duration::MAX);
    assert_eq!((-3_i32).count(), 0);
    assert_eq!(u128::MAX.count(), u64::MAX);
    assert_eq!(vec![1, 2].count(), 2);
}

#[test]
fn nan_is_neither_smallest_nor_largest() {
    let (mut least, mut most) = (None, None);
    for value in [f64::NAN, 2.0, f64::NAN, 1.0, 3.0] {
        keep_min(&mut least, &value);
        keep_max(&mut most, &value);
    }
    assert_eq!((least, most), (Some(1.0), Some(3.0)));
}
