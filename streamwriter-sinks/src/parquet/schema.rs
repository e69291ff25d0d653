//! What a schema must not hold.

use arrow::datatypes::{DataType, Field, Schema};
use parquet::errors::ParquetError;
use streamwriter_core::{Error, ErrorKind, Result};

/// Fails on a type that Parquet does not know, before the Parquet writer panics on it.
pub(super) fn expect_writable(schema: &Schema) -> Result<()> {
    let mut unions = schema.fields().iter().filter_map(|field| union_in(field));
    match unions.next() {
        None => Ok(()),
        Some(path) => Err(Error::new(
            ErrorKind::Config,
            format!("column `{path}` is a union, such as an enum with data, and Parquet has none"),
        )
        .with_help("make it a struct with optional fields, or a string")
        .permanent()),
    }
}

/// Makes the error of a schema that Parquet does not take.
pub(super) fn no_form(error: ParquetError) -> Error {
    Error::new(ErrorKind::Config, "the rows have no form in Parquet")
        .with_source(error)
        .with_help("leave the field out, or give a schema")
}

/// Makes the error of an option that names a column which is not there.
pub(super) fn unknown_column<'k>(
    option: &str,
    column: &str,
    known: impl Iterator<Item = &'k str>,
) -> Error {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let message = format!("{option} names column `{column}`, and the rows have none of that name");
    Error::new(ErrorKind::Config, message).with_help(format!("name one of {}", known.join(", ")))
}

/// Returns the path of the first union in a field.
fn union_in(field: &Field) -> Option<String> {
    let inside: Vec<&Field> = match field.data_type() {
        DataType::Union(_, _) => return Some(field.name().clone()),
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => vec![item.as_ref()],
        DataType::Dictionary(_, value) if matches!(**value, DataType::Union(_, _)) => {
            return Some(field.name().clone());
        }
        _ => return None,
    };
    let path = inside.into_iter().find_map(union_in)?;
    Some(format!("{}.{path}", field.name()))
}
