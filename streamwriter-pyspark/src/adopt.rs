//! Brings the batches that arrive to the schema that was declared, without a change of any value.
//!
//! Spark labels timestamps with the time zone of its session, may send strings with long offsets, and
//! names the parts of lists and maps as it likes. An instant is the same under any label.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray,
    Time64MicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, SchemaRef, Time64MicrosecondType, Time64NanosecondType,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use streamwriter_core::{Error, ErrorKind, Result};

/// Returns the batch with the declared schema.
///
/// # Errors
/// [`Row`](ErrorKind::Row): the columns are others, a type is another, or a column that was declared
/// without nulls has one.
pub(crate) fn adopt(batch: RecordBatch, declared: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == declared {
        return Ok(batch);
    }
    let found = batch.schema();
    if !found
        .fields()
        .iter()
        .map(|field| field.name())
        .eq(names(declared.fields()))
    {
        let list = |fields: &Fields| names(fields).cloned().collect::<Vec<_>>().join("`, `");
        return Err(refused(format!(
            "the columns of a batch are `{}`, and `{}` were declared",
            list(found.fields()),
            list(declared.fields())
        )));
    }
    let columns = batch.columns().iter().zip(declared.fields());
    let columns = columns.map(|(column, field)| relabel(column, field, field.name()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(declared), columns, &rows)
        .map_err(|error| refused("a batch does not have the declared schema").with_source(error))
}

fn names(fields: &Fields) -> impl Iterator<Item = &String> {
    fields.iter().map(|field| field.name())
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Row, message).permanent()
}

/// Returns the array with the declared type; `path` names it to people, such as `order.items`.
fn relabel(array: &ArrayRef, to: &Field, path: &str) -> Result<ArrayRef> {
    use DataType as D;
    let relabelled: ArrayRef = match (array.data_type(), to.data_type()) {
        (found, declared) if found == declared => Arc::clone(array),
        (
            D::Timestamp(TimeUnit::Microsecond, Some(_)),
            D::Timestamp(TimeUnit::Microsecond, Some(zone)),
        ) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>().clone();
            Arc::new(instants.with_timezone(Arc::clone(zone)))
        }
        (D::LargeUtf8 | D::Utf8View, D::Utf8) | (D::LargeBinary | D::BinaryView, D::Binary) => {
            let strict = CastOptions {
                safe: false,
                ..CastOptions::default()
            };
            cast_with_options(array, to.data_type(), &strict).map_err(|error| at(path, error))?
        }
        (D::Time64(TimeUnit::Nanosecond), D::Time64(TimeUnit::Microsecond)) => {
            Arc::new(microseconds(array, path)?)
        }
        (D::List(_), D::List(item)) => Arc::new(list(array.as_list(), item, path)?),
        (D::Struct(found), D::Struct(fields)) if names(found).eq(names(fields)) => {
            Arc::new(structure(array.as_struct(), fields, path)?)
        }
        (D::Map(..), D::Map(entries, sorted)) => {
            Arc::new(map(array.as_map(), entries, *sorted, path)?)
        }
        (found, declared) => {
            return Err(refused(format!(
                "column `{path}` of a batch is {found}, and {declared} was declared"
            )));
        }
    };
    Ok(relabelled)
}

/// Spark's times have no more than six digits after the second.
fn microseconds(array: &ArrayRef, path: &str) -> Result<Time64MicrosecondArray> {
    let times = array.as_primitive::<Time64NanosecondType>();
    let micros = times.try_unary::<_, Time64MicrosecondType, _>(|nanos| match nanos % 1000 {
        0 => Ok(nanos / 1000),
        _ => Err(ArrowError::CastError(format!(
            "{nanos} ns are no whole microseconds"
        ))),
    });
    micros.map_err(|error| at(path, error))
}

fn list(array: &ListArray, item: &FieldRef, path: &str) -> Result<ListArray> {
    let items = relabel(array.values(), item, &format!("{path}.{}", item.name()))?;
    let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
    ListArray::try_new(Arc::clone(item), offsets, items, nulls).map_err(|error| at(path, error))
}

fn structure(array: &StructArray, fields: &Fields, path: &str) -> Result<StructArray> {
    let parts = array.columns().iter().zip(fields);
    let parts =
        parts.map(|(part, field)| relabel(part, field, &format!("{path}.{}", field.name())));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let (rows, nulls) = (array.len(), array.nulls().cloned());
    StructArray::try_new_with_length(fields.clone(), parts, nulls, rows)
        .map_err(|error| at(path, error))
}

/// Keys and values go by their place: their names are not Spark's but Arrow's.
fn map(array: &MapArray, entries: &FieldRef, sorted: bool, path: &str) -> Result<MapArray> {
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(refused(format!(
            "column `{path}` was declared as a map without entries"
        )));
    };
    let pairs = structure(array.entries(), fields, path)?;
    let (offsets, nulls) = (array.offsets().clone(), array.nulls().cloned());
    MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, sorted)
        .map_err(|error| at(path, error))
}

fn at(path: &str, error: ArrowError) -> Error {
    refused(format!(
        "column `{path}` of a batch does not have the declared type"
    ))
    .with_source(error)
}
