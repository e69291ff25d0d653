//! Guards that every value of a record batch has one text, and that nulls and slices are minded.

use std::sync::Arc;

use arrow::array::builder::{
    FixedSizeListBuilder, Int32Builder, LargeListBuilder, ListBuilder, MapBuilder, StringBuilder,
    StringDictionaryBuilder,
};
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Int8Type, IntervalMonthDayNanoType};
use streamwriter_core::BatchDecoder;

use super::*;

/// Returns the rows of one column as JSON, each `{"c":…}` without its frame.
fn json(column: ArrayRef) -> Vec<String> {
    let field = Field::new("c", column.data_type().clone(), true);
    let schema = Arc::new(arrow::datatypes::Schema::new(vec![field]));
    ArrowRows::check(&schema).unwrap();
    let batch = RecordBatch::try_new(schema, vec![column]).unwrap();
    let rows = ArrowRows::rows(batch).unwrap();
    let texts = rows.map(|row| serde_json::to_string(&row.unwrap()).unwrap());
    texts
        .map(|text| text[r#"{"c":"#.len()..text.len() - 1].to_owned())
        .collect()
}

fn expect(column: impl Array + 'static, expected: &[&str]) {
    let data_type = column.data_type().clone();
    let column: ArrayRef = Arc::new(column);
    assert_eq!(json(Arc::clone(&column)), expected, "{data_type}");
    // A part of a batch shares the memory of the whole one.
    let part = column.slice(1, column.len() - 1);
    assert_eq!(json(part), expected[1..], "a slice of {data_type}");
}

#[test]
fn numbers_and_texts_are_what_they_are() {
    expect(
        BooleanArray::from(vec![Some(true), None]),
        &["true", "null"],
    );
    expect(
        Int8Array::from(vec![Some(i8::MIN), None]),
        &["-128", "null"],
    );
    expect(Int16Array::from(vec![i16::MIN, 1]), &["-32768", "1"]);
    expect(Int32Array::from(vec![i32::MIN, 1]), &["-2147483648", "1"]);
    expect(
        Int64Array::from(vec![i64::MIN, 1]),
        &["-9223372036854775808", "1"],
    );
    expect(UInt8Array::from(vec![u8::MAX, 1]), &["255", "1"]);
    expect(UInt16Array::from(vec![u16::MAX, 1]), &["65535", "1"]);
    expect(UInt32Array::from(vec![u32::MAX, 1]), &["4294967295", "1"]);
    expect(
        UInt64Array::from(vec![u64::MAX, 1]),
        &["18446744073709551615", "1"],
    );
    expect(Float32Array::from(vec![Some(0.1), None]), &["0.1", "null"]);
    expect(
        Float64Array::from(vec![1e300, f64::NAN]),
        &["1e+300", "null"],
    );
    let halves = Float32Array::from(vec![1.5, 2.0]);
    let halves = arrow::compute::cast(&halves, &DataType::Float16).unwrap();
    expect(
        halves
            .as_any()
            .downcast_ref::<Float16Array>()
            .unwrap()
            .clone(),
        &["1.5", "2.0"],
    );
    expect(
        StringArray::from(vec![Some("a\"\n"), None, Some("")]),
        &[r#""a\"\n""#, "null", r#""""#],
    );
    expect(
        LargeStringArray::from(vec!["ä", "b"]),
        &[r#""ä""#, r#""b""#],
    );
    expect(
        StringViewArray::from(vec!["a text that is too long for a view", "b"]),
        &[r#""a text that is too long for a view""#, r#""b""#],
    );
    expect(NullArray::new(2), &["null", "null"]);
}

#[test]
fn bytes_are_base64() {
    let bytes: Vec<Option<&[u8]>> = vec![Some(b"\xff\0"), None, Some(b"")];
    let expected = [r#""/wA=""#, "null", r#""""#];
    expect(BinaryArray::from(bytes.clone()), &expected);
    expect(LargeBinaryArray::from(bytes.clone()), &expected);
    expect(BinaryViewArray::from(bytes), &expected);
    let fixed: Vec<&[u8]> = vec![b"ab", b"cd"];
    expect(
        FixedSizeBinaryArray::try_from(fixed).unwrap(),
        &[r#""YWI=""#, r#""Y2Q=""#],
    );
}

#[test]
fn dates_and_times_are_iso_8601_and_instants_are_in_utc() {
    expect(
        Date32Array::from(vec![Some(-1), None]),
        &[r#""1969-12-31""#, "null"],
    );
    expect(
        Date64Array::from(vec![86_400_000, 0]),
        &[r#""1970-01-02""#, r#""1970-01-01""#],
    );
    let seconds = TimestampSecondArray::from(vec![Some(-1), None]);
    expect(seconds, &[r#""1969-12-31T23:59:59""#, "null"]);
    let millis = TimestampMillisecondArray::from(vec![1, 0]);
    expect(
        millis,
        &[r#""1970-01-01T00:00:00.001""#, r#""1970-01-01T00:00:00""#],
    );
    let zoned = TimestampMicrosecondArray::from(vec![1, 0]).with_timezone("+02:00");
    expect(
        zoned,
        &[
            r#""1970-01-01T00:00:00.000001Z""#,
            r#""1970-01-01T00:00:00Z""#,
        ],
    );
    let named = TimestampNanosecondArray::from(vec![1, 0]).with_timezone("Europe/Oslo");
    expect(
        named,
        &[
            r#""1970-01-01T00:00:00.000000001Z""#,
            r#""1970-01-01T00:00:00Z""#,
        ],
    );
    expect(
        Time32SecondArray::from(vec![3_661, 0]),
        &[r#""01:01:01""#, r#""00:00:00""#],
    );
    let times = Time64MicrosecondArray::from(vec![1_500_000, 0]);
    expect(times, &[r#""00:00:01.500""#, r#""00:00:00""#]);
    let durations = DurationMillisecondArray::from(vec![Some(1_500), None]);
    expect(durations, &[r#""PT1.5S""#, "null"]);
    let month = IntervalMonthDayNanoType::make_value(1, 2, 3_000_000_000);
    let intervals = IntervalMonthDayNanoArray::from(vec![Some(month), None]);
    expect(intervals, &[r#""1 mons 2 days 3.000000000 secs""#, "null"]);
}

#[test]
fn decimals_keep_all_their_digits() {
    let digits = 12_345_678_901_234_567_890_123_456_789_i128;
    let decimals = Decimal128Array::from(vec![Some(digits), None]);
    let decimals = decimals.with_precision_and_scale(38, 9).unwrap();
    expect(decimals, &[r#""12345678901234567890.123456789""#, "null"]);
    let small = Decimal32Array::from(vec![-1, 100])
        .with_precision_and_scale(9, 2)
        .unwrap();
    expect(small, &[r#""-0.01""#, r#""1.00""#]);
}

#[test]
fn nested_values_and_dictionaries_are_read_at_their_places() {
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None]);
    list.append_null();
    list.append_value([]);
    expect(list.finish(), &["[1,null]", "null", "[]"]);

    let mut large = LargeListBuilder::new(StringBuilder::new());
    large.append_value([Some("a")]);
    large.append_value([Some("b"), Some("c")]);
    expect(large.finish(), &[r#"["a"]"#, r#"["b","c"]"#]);

    let mut fixed = FixedSizeListBuilder::new(Int32Builder::new(), 2);
    for pair in [[1, 2], [3, 4], [5, 6]] {
        fixed.values().append_slice(&pair);
        fixed.append(true);
    }
    expect(fixed.finish(), &["[1,2]", "[3,4]", "[5,6]"]);

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true).unwrap();
    map.append(false).unwrap();
    map.keys().append_value("l");
    map.values().append_null();
    map.append(true).unwrap();
    expect(map.finish(), &[r#"{"k":1}"#, "null", r#"{"l":null}"#]);

    let fields = vec![Field::new("x", DataType::Int32, true)];
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let nulls = NullBuffer::from(vec![true, false, true]);
    let points = StructArray::new(fields.into(), vec![column], Some(nulls));
    expect(points, &[r#"{"x":1}"#, "null", r#"{"x":3}"#]);

    let mut colours = StringDictionaryBuilder::<Int8Type>::new();
    colours.append_value("red");
    colours.append_null();
    colours.append_value("red");
    expect(colours.finish(), &[r#""red""#, "null", r#""red""#]);
}

#[test]
fn a_value_that_has_no_text_is_an_error_that_names_its_column() {
    let too_late = TimestampSecondArray::from(vec![i64::MAX]);
    let batch = RecordBatch::try_from_iter([("at", Arc::new(too_late) as ArrayRef)]).unwrap();
    let error = ArrowRows::rows(batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
    assert!(error.to_string().contains("column `at`"), "{error}");
}
