//! Sinks by name whose rows derive `Row`, or serde's `Deserialize`: what fits, and what does not.

use std::fs;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use serde::Deserialize;
use streamwriter::prelude::*;
use streamwriter::{
    ErrorKind, Row, SerdeRows, SinkBuilder, SinkRegistry, StreamingQuery, prebuilt_sinks,
};

use super::batch_of;

#[derive(Clone, Row, Deserialize)]
struct Order {
    id: i64,
    note: Option<String>,
    total: f64,
}

/// Appends each order to a file, as its task: what arrives, arrives here.
#[stream_writer(name = "lines")]
struct Lines {
    /// The file.
    path: String,
}

#[stream_writer]
impl Lines {
    fn write(&self, orders: impl Iterator<Item = Order>) -> Result<(), BoxError> {
        let mut text = String::new();
        for order in orders {
            text += &format!("{} {:?} {}\n", order.id, order.note, order.total);
        }
        fs::write(&self.path, text)?;
        Ok(())
    }
}

fn orders() -> Vec<Order> {
    let order = |id: i64| Order {
        id,
        note: (id != 1).then(|| format!("note {id}")),
        total: 0.5,
    };
    (0..3).map(order).collect()
}

/// Registers the sink with rows that derive `Row`, and with those of serde.
fn registries() -> [(&'static str, SinkRegistry); 2] {
    let mut derived = SinkRegistry::new();
    derived.register_rows::<Lines, Order>().unwrap();
    let mut serde = SinkRegistry::new();
    serde.register_with::<Lines, SerdeRows<Order>>().unwrap();
    [("derived", derived), ("serde", serde)]
}

fn run(builder: SinkBuilder<'_>, batches: Vec<RecordBatch>) -> Result<(), Error> {
    let schema = batches[0].schema();
    stream(Memory::new(batches))
        .write_to(builder.schema(schema).build()?)
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .start()?
        .await_termination()?;
    Ok(())
}

#[test]
fn a_sink_by_name_gets_its_typed_rows_from_whole_batches() {
    for (kind, sinks) in registries() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let builder = sinks.format("LINES").option("path", path.display());
        let (first, rest) = (batch_of(&orders()[..2]), batch_of(&orders()[2..]));
        run(builder, vec![first, rest]).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let expected = "0 Some(\"note 0\") 0.5\n1 None 0.5\n2 Some(\"note 2\") 0.5\n";
        assert_eq!(text, expected, "{kind}");
    }
}

#[test]
fn columns_may_stand_in_another_order() {
    for (kind, sinks) in registries() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let turned = batch_of(&orders()).project(&[2, 0, 1]).unwrap();
        let builder = sinks.format("lines").option("path", path.display());
        run(builder, vec![turned]).unwrap();
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.starts_with("0 Some(\"note 0\") 0.5\n1 None"),
            "{kind}: {text}"
        );
    }
}

#[test]
fn a_schema_that_does_not_fit_is_one_error_at_the_start_with_every_column() {
    let [(_, derived), (_, serde)] = registries();
    let found = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("note", DataType::Utf8, true),
        Field::new("colour", DataType::Utf8, true),
    ]);
    let batch = || vec![RecordBatch::new_empty(found.clone().into())];
    let of = |sinks: &SinkRegistry| run(sinks.format("lines").option("path", "never"), batch());
    let error = of(&derived).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.message(),
        "the schema does not fit rows of type `it::rows::by_name::Order`: column `id` is Utf8 \
         instead of Int64; column `total` Float64 is missing; column `colour` Utf8 is not in the \
         row type"
    );
    let error = of(&serde).unwrap_err();
    assert_eq!(
        error.message(),
        "the schema does not fit rows of type `it::rows::by_name::Order`: column `total` Float64 \
         is missing; column `colour` is not in the row type"
    );
}

#[test]
fn f5_a_null_where_the_row_has_none_fails_the_batch_and_names_the_column() {
    for (kind, sinks) in registries() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let nullable: Vec<Field> = Order::schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone().with_nullable(true))
            .collect();
        let columns = batch_of(&orders()).columns().to_vec();
        let nulls = arrow::array::new_null_array(&DataType::Float64, 3);
        let columns = vec![columns[0].clone(), columns[1].clone(), nulls];
        let batch = RecordBatch::try_new(Schema::new(nullable).into(), columns).unwrap();
        let builder = sinks.format("lines").option("path", path.display());
        let error = run(builder, vec![batch]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Row, "{kind}: {error}");
        assert!(error.to_string().contains("total"), "{kind}: {error}");
    }
}

#[test]
fn prebuilt_sinks_write_by_name_what_they_write_by_type() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let sinks = prebuilt_sinks().unwrap();
    let by_name = sinks.format("jsonl").option("path", at("name").display());
    run(by_name, vec![batch_of(&orders())]).unwrap();
    stream(Memory::new(
        orders().iter().map(|order| (order.id, order.total)),
    ))
    .write_to(FileSink::csv(at("type")).unwrap())
    .no_checkpoint()
    .trigger(Trigger::AvailableNow)
    .start()
    .unwrap()
    .await_termination()
    .unwrap();
    let by_name = sinks.format("csv").option("path", at("csv").display());
    let two = batch_of(&orders()).project(&[0, 2]).unwrap();
    run(by_name.option("header", false), vec![two]).unwrap();

    let json = read(&at("name"), "jsonl");
    assert_eq!(
        json,
        "{\"id\":0,\"note\":\"note 0\",\"total\":0.5}\n{\"id\":1,\"note\":null,\"total\":0.5}\n\
         {\"id\":2,\"note\":\"note 2\",\"total\":0.5}\n"
    );
    let typed = read(&at("type"), "csv");
    let (_header, rows) = typed.split_once('\n').unwrap();
    assert_eq!(read(&at("csv"), "csv"), rows);
}

fn read(directory: &std::path::Path, extension: &str) -> String {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// A query does not go on with the checkpoint of a sink that keeps other messages.
#[test]
fn w12_a_checkpoint_of_the_sink_itself_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let never = |orders: Vec<RecordBatch>| Memory::new(orders);
    let query = stream(never(vec![batch_of(&orders())]))
        .write_to(ParquetSink::arrow(directory.path().join("out"), Order::schema()).unwrap())
        .checkpoint(&state)
        .trigger(Trigger::AvailableNow);
    query.start().unwrap().await_termination().unwrap();
    // As a crash before the last `commits` would leave it.
    let commits = state.join("commits");
    for entry in fs::read_dir(&commits).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let sinks = prebuilt_sinks().unwrap();
    let sink = sinks
        .format("parquet")
        .option("path", directory.path().join("out").display())
        .schema(Order::schema())
        .build()
        .unwrap();
    let error = stream(never(vec![batch_of(&orders())]))
        .write_to(sink)
        .checkpoint(&state)
        .trigger(Trigger::AvailableNow)
        .start()
        .and_then(StreamingQuery::await_termination)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Message, "{error}");
    let text = error.to_string();
    assert!(
        text.contains("`streamwriter.staged-files` where `streamwriter.any`"),
        "{text}"
    );
}
