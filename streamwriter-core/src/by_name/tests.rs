//! Guards W8, W9, W12 and the errors of sinks by name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::json;

use super::*;
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::finding::StoredMessage;
use crate::message::{CommitMessage, MessageMetrics};
use crate::options::{OptionMap, OptionReader, OptionSpec, SinkOptions};
use crate::rows::{End, Rows};
use crate::testing::{Pretend, decode_message, encode_message, write_rows, write_rows_cut_off};
use crate::{BatchContext, StreamWriter, TaskContext, WriteRows};

/// Makes numbers of the column `n`; a negative one does not fit.
struct Numbers;

impl BatchDecoder for Numbers {
    type Row = u64;
    type Rows = std::vec::IntoIter<Result<u64>>;

    fn check(schema: &SchemaRef) -> Result<()> {
        let found = schema.field_with_name("n");
        found
            .map(drop)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
    }

    fn rows(batch: RecordBatch) -> Result<Self::Rows> {
        let column = batch.column_by_name("n").map(|column| column.as_any());
        let column = column.and_then(|column| column.downcast_ref::<Int64Array>());
        let column = column.ok_or_else(|| Error::new(ErrorKind::Row, "no numbers"))?;
        let row = |number: &i64| {
            u64::try_from(*number).map_err(|_| Error::new(ErrorKind::Row, "negative").permanent())
        };
        let rows: Vec<Result<u64>> = column.values().iter().map(row).collect();
        Ok(rows.into_iter())
    }
}

/// A sink that does what it is told to, and adds up what it got.
#[derive(Default)]
struct Adder {
    does: String,
    committed: Arc<AtomicU64>,
}

impl SinkOptions for Adder {
    const NAME: &'static str = "Adder";
    const DOC: &'static str = "Adds.";
    const OPTIONS: &'static [OptionSpec] = &[OptionSpec::new("does", "string").required()];

    fn from_options(options: &OptionMap) -> Result<Self> {
        let reader = OptionReader::new(options, Self::OPTIONS)?;
        Ok(Self {
            does: reader.required("does")?,
            ..Self::default()
        })
    }
}

#[derive(Debug, PartialEq)]
struct Sum(u64);

impl CommitMessage for Sum {
    type Totals = ();
    const TYPE: &'static str = "sum";
    const VERSION: u32 = 3;

    fn to_body(&self) -> Result<serde_json::Value> {
        Ok(json!(self.0))
    }

    fn from_body(body: serde_json::Value) -> Result<Self> {
        let sum = body.as_u64();
        sum.map(Self)
            .ok_or_else(|| Error::new(ErrorKind::Message, "no sum"))
    }

    fn metrics(&self) -> MessageMetrics {
        MessageMetrics::default().with_rows(self.0).with_files(1)
    }
}

impl StreamWriter for Adder {
    type Message = Sum;
    type Error = BoxError;

    fn name(&self) -> &str {
        "adder"
    }

    fn commit(&self, messages: Vec<Sum>, _: &BatchContext) -> Result<(), BoxError> {
        let sum = messages.iter().map(|message| message.0).sum();
        self.committed.store(sum, Ordering::SeqCst);
        Ok(())
    }
}

impl WriteRows<u64> for Adder {
    fn check_rows(&self) -> Result<(), BoxError> {
        match self.does.as_str() {
            "refuses" => Err("not today".into()),
            "panics in the check" => panic!("never"),
            _ => Ok(()),
        }
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        _: &TaskContext,
    ) -> Result<Sum, BoxError> {
        match self.does.as_str() {
            "takes one" => return Ok(Sum(rows.next().unwrap_or_default())),
            "takes one and skips" => {
                let sum = Sum(rows.next().unwrap_or_default());
                rows.skip_rest();
                return Ok(sum);
            }
            "fails at the end" => {
                rows.by_ref().for_each(drop);
                return Err("full".into());
            }
            _ => {}
        }
        let sum = rows.by_ref().sum();
        match self.does.as_str() {
            "is careless" => assert_ne!(rows.end(), End::Complete),
            _ => rows.require_complete()?,
        }
        Ok(Sum(sum))
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

fn batch(numbers: &[i64]) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    RecordBatch::try_new(schema(), vec![column]).unwrap()
}

fn adder(does: &str) -> (AnySink, Arc<AtomicU64>) {
    let sink = Adder {
        does: does.to_owned(),
        ..Adder::default()
    };
    let committed = Arc::clone(&sink.committed);
    (AnySink::decoding::<_, Numbers>(sink, schema()), committed)
}

fn write(does: &str, batches: &[&[i64]]) -> Result<AnyMessage, String> {
    let batches: Vec<RecordBatch> = batches.iter().map(|numbers| batch(numbers)).collect();
    let (sink, _) = adder(does);
    write_rows(&sink, batches, &Pretend::default().task()).map_err(|error| error.to_string())
}

#[test]
fn every_row_of_every_batch_arrives_in_order_and_the_message_is_the_sinks() {
    let message = write("adds", &[&[1, 2], &[], &[3]]).unwrap();
    assert_eq!(message.open::<Sum>().unwrap(), Sum(6));
    assert_eq!(message.type_name(), "sum");
    assert_eq!(message.metrics(), Sum(6).metrics());
    let (sink, committed) = adder("adds");
    let twice = vec![message.clone(), message];
    sink.commit(twice, &Pretend::default().batch()).unwrap();
    assert_eq!(committed.load(Ordering::SeqCst), 12);
}

#[test]
fn w9_rows_left_unread_in_the_middle_of_a_batch_fail_the_task() {
    let error = write("takes one", &[&[1, 2]]).unwrap_err();
    assert!(error.contains("rows left unread; it had read 1"), "{error}");
    let error = write("takes one", &[&[1], &[2]]).unwrap_err();
    assert!(error.contains("rows left unread"), "{error}");
    write("takes one", &[&[1]]).unwrap();
    write("takes one", &[&[1], &[], &[]]).unwrap();
    write("takes one and skips", &[&[1, 2], &[3]]).unwrap();
}

#[test]
fn w8_a_row_that_does_not_fit_cuts_the_rows_off_and_is_the_error() {
    for does in ["adds", "is careless"] {
        let error = write(does, &[&[1, -2, 3]]).unwrap_err();
        assert_eq!(error, "negative", "{does}");
    }
    let error = write("takes one", &[&[1, -2]]).unwrap_err();
    assert_eq!(error, "negative");
    // The writer's own error is beside it.
    let (sink, _) = adder("fails at the end");
    let failed = write_rows(&sink, [batch(&[-1])], &Pretend::default().task()).unwrap_err();
    let failed = failed.downcast::<Error>().unwrap();
    assert_eq!(failed.kind(), ErrorKind::Row);
    assert_eq!(failed.also().len(), 1);
    // A source that fails is not an end of the rows.
    let (sink, _) = adder("adds");
    let task = Pretend::default().task();
    write_rows_cut_off(&sink, [batch(&[1])], &task).unwrap_err();
}

#[test]
fn w12_a_message_crosses_to_another_process_and_only_its_sink_can_open_it() {
    let message = AnyMessage::of(&Sum(7)).unwrap();
    let text = encode_message(&message, usize::MAX).unwrap();
    let again: AnyMessage = decode_message(&text).unwrap();
    assert_eq!(again, message);
    assert_eq!(again.metrics(), Sum(7).metrics());
    let error = again.open::<()>().unwrap_err().to_string();
    assert!(error.contains("`sum` where `()` is expected"), "{error}");

    let (sink, committed) = adder("adds");
    let foreign = AnyMessage::of(&()).unwrap();
    let error = sink.commit(vec![foreign], &Pretend::default().batch());
    assert!(error.unwrap_err().to_string().contains("`()` where `sum`"));
    assert_eq!(committed.load(Ordering::SeqCst), 0);
}

#[test]
fn w12_a_damaged_message_is_named() {
    let metrics = json!({"rows": 1, "bytes": null, "files": null, "set_aside": null});
    let message = json!({"type": "sum", "version": 3, "body": 7});
    let good = json!({"message": message, "metrics": metrics});
    AnyMessage::from_body(good.clone()).unwrap();
    let changed = |path: &str, value: serde_json::Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let mut further = good.clone();
    further["more"] = json!(1);
    let mut metric = good.clone();
    metric["metrics"]["more"] = json!(1);
    for bad in [
        json!(null),
        json!({}),
        json!({"message": good["message"]}),
        further,
        metric,
        changed("/message", json!([])),
        changed("/message", json!({"type": "sum", "version": 3})),
        changed("/metrics", json!(1)),
        changed("/metrics/rows", json!(-1)),
        changed("/metrics", json!({"rows": 1})),
    ] {
        let error = AnyMessage::from_body(bad.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Message, "{bad}");
    }
}

#[test]
fn e3_the_parts_of_a_message_are_seen_inside() {
    let of_any = StoredMessage::of(&AnyMessage::of(&Pair).unwrap()).unwrap();
    let plain = StoredMessage::of(&Pair).unwrap();
    assert_eq!(plain.parts().len(), 2);
    assert_eq!(of_any.parts().len(), 2);
    assert!(
        StoredMessage::of(&AnyMessage::of(&Sum(1)).unwrap())
            .unwrap()
            .parts()
            .is_empty()
    );
}

struct Pair;

impl CommitMessage for Pair {
    type Totals = ();
    const TYPE: &'static str = "pair";

    fn to_body(&self) -> Result<serde_json::Value> {
        Ok(json!([1, 2]))
    }

    fn from_body(_: serde_json::Value) -> Result<Self> {
        Ok(Self)
    }
}

#[test]
fn batches_of_another_schema_are_refused_before_the_first() {
    let other = Schema::new(vec![Field::new("m", DataType::Int64, false)]);
    let sink = AnySink::decoding::<_, Numbers>(Adder::default(), other);
    let error = sink.check_rows().unwrap_err();
    assert!(error.to_string().contains("\"n\""), "{error}");
    adder("adds").0.check_rows().unwrap();
}

#[test]
fn w6_what_a_sink_refuses_or_panics_at_is_said_as_it_is_built() {
    let sinks = registry();
    let build = |does: &str, column: &str| {
        let schema = Schema::new(vec![Field::new(column, DataType::Int64, false)]);
        let builder = sinks.format("adder").option("does", does).schema(schema);
        builder.build().unwrap_err()
    };
    for (error, kind) in [
        (build("adds", "m"), ErrorKind::Config),
        (build("refuses", "n"), ErrorKind::Config),
        (build("panics in the check", "n"), ErrorKind::Panic),
    ] {
        assert_eq!(
            (error.kind(), error.sink()),
            (kind, Some("Adder")),
            "{error}"
        );
    }
    assert!(
        build("refuses", "n")
            .report()
            .to_string()
            .contains("caused by: not today")
    );
}

fn registry() -> SinkRegistry {
    let mut sinks = SinkRegistry::new();
    sinks.register_with::<Adder, Numbers>().unwrap();
    sinks.alias("sum", "ADDER").unwrap();
    sinks
}

#[test]
fn a_sink_is_found_by_its_name_in_any_case_and_by_its_other_names() {
    let sinks = registry();
    for name in ["adder", "ADDER", "Adder", "sum", "Sum"] {
        let sink = sinks
            .format(name)
            .option("DOES", "adds")
            .schema(schema())
            .build();
        assert_eq!(sink.unwrap().name(), "adder", "{name}");
    }
    let formats: Vec<&SinkFormat> = sinks.formats().collect();
    assert_eq!(formats.len(), 1);
    assert_eq!((formats[0].name(), formats[0].doc()), ("Adder", "Adds."));
    assert_eq!(sinks.aliases_of(formats[0]).collect::<Vec<_>>(), ["sum"]);
}

#[test]
fn what_is_missing_or_unknown_is_named_with_the_way_out() {
    let sinks = registry();
    let whole = || {
        sinks
            .format("adder")
            .option("does", "adds")
            .schema(schema())
    };
    let text = |builder: SinkBuilder<'_>| builder.build().unwrap_err().to_string();
    assert_eq!(
        text(sinks.format("aderr")),
        "there is no sink `aderr`; did you mean `Adder`? the sinks are `Adder`, `sum`"
    );
    assert_eq!(
        text(sinks.format("adder").option("does", "adds")),
        "the schema of the record batches is not given (sink Adder); add `.schema(schema)`"
    );
    assert_eq!(
        text(whole().option("dose", 1)),
        "unknown option `dose` (sink Adder); did you mean `does`? the options are `does`"
    );
    assert_eq!(
        text(sinks.format("adder").schema(schema())),
        "required options are missing: `does` (string) (sink Adder); the options are `does`"
    );
    let error = whole().overwrite(true).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.sink(), Some("Adder"));
    whole().overwrite(true).overwrite(false).build().unwrap();
}

#[test]
fn two_sinks_of_one_name_are_refused() {
    let mut sinks = registry();
    for taken in [
        sinks.register_with::<Adder, Numbers>().map(drop),
        sinks.alias("SUM", "adder").map(drop),
        sinks.alias("adder", "adder").map(drop),
    ] {
        assert!(taken.unwrap_err().to_string().contains("already"));
    }
    assert!(sinks.alias("x", "y").is_err());
}

/// Rows that derive `Row`, as the macro would write it, are held to the schema by the tests of the
/// derive crate; here only that whole batches go through untouched.
#[test]
fn whole_batches_are_handed_on_as_they_are() {
    struct Keeps;
    impl StreamWriter for Keeps {
        type Message = ();
        type Error = BoxError;
        fn name(&self) -> &str {
            "keeps"
        }
    }
    impl WriteRows<RecordBatch> for Keeps {
        fn write(
            &self,
            rows: impl Rows<Item = RecordBatch> + Send,
            _: &TaskContext,
        ) -> Result<(), BoxError> {
            let names = StringArray::from(vec!["a", "b"]);
            let expected = RecordBatch::try_from_iter([("x", Arc::new(names) as ArrayRef)])?;
            assert_eq!(rows.collect::<Vec<_>>(), [expected.clone(), expected]);
            Ok(())
        }
    }
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let batch = RecordBatch::try_from_iter([("x", names)]).unwrap();
    let sink = AnySink::new(Keeps, batch.schema());
    assert_eq!(format!("{sink:?}"), "AnySink(\"keeps\")");
    write_rows(&sink, [batch.clone(), batch], &Pretend::default().task()).unwrap();
}
