//! The values of directories as columns of the schema.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray, UInt64Array, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options, take};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use streamwriter_core::Result;

use super::SchemaDrift;
use crate::files::hive::DirectoryValue;
use crate::plain::config;

/// One column of a file that its directory holds: its one value.
#[derive(Debug)]
pub(super) struct DirectoryColumn {
    pub(super) name: String,
    value: ArrayRef,
}

/// Refuses columns of directories that the schema does not have, or whose values no directory can hold.
pub(super) fn check(schema: &Schema, columns: &[String], drift: SchemaDrift) -> Result<()> {
    for column in columns {
        match schema.field_with_name(column) {
            Ok(field) if has_text(field.data_type()) => {}
            Ok(field) => {
                let message = format!(
                    "a directory cannot hold the column {column:?}, which is {} in the schema",
                    field.data_type()
                );
                let help = "let it be a number, bool, text, date, time, timestamp or decimal";
                return Err(config(message, help));
            }
            Err(_) if drift == SchemaDrift::Adapt => {}
            Err(_) => {
                let message =
                    format!("the schema has no column {column:?}, which the directories hold");
                return Err(config(
                    message,
                    "add it to the schema, with the type that its values have, or leave it out of \
                     the rows with `.schema_drift(SchemaDrift::Adapt)`",
                ));
            }
        }
    }
    Ok(())
}

/// Tells whether a text can be read as a value of a type.
fn has_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => true,
        DataType::Dictionary(_, values) => {
            matches!(
                **values,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            )
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => true,
        DataType::Time32(_) | DataType::Time64(_) => true,
        other => other.is_numeric(),
    }
}

impl DirectoryColumn {
    /// Reads a value as the schema says.
    ///
    /// # Errors
    /// [`Row`](streamwriter_core::ErrorKind::Row) names directory and column if it is none of that type.
    pub(super) fn new(value: &DirectoryValue, field: &Field) -> Result<Self> {
        let (column, data_type) = (value.column.clone(), field.data_type());
        let array = match &value.text {
            Some(text) => parse(text, data_type)
                .map_err(|why| value.unfit(&format!("{text:?} is no {data_type}: {why}")))?,
            None if field.is_nullable() => new_null_array(data_type, 1),
            None => return Err(value.unfit("it is null, and may not be null in the schema")),
        };
        Ok(Self {
            name: column,
            value: array,
        })
    }

    /// Returns the value so many times.
    pub(super) fn repeated(&self, rows: usize) -> Result<ArrayRef, ArrowError> {
        take(&self.value, &UInt64Array::from_value(0, rows), None)
    }
}

/// Reads a text as one value. Nothing is rounded or cut off.
fn parse(text: &str, data_type: &DataType) -> Result<ArrayRef, String> {
    let digits = text.split_once('.').map_or("", |(_, digits)| digits);
    let digits = digits.trim_end_matches('0');
    if fraction_of(data_type).is_some_and(|most| digits.len() > most) {
        return Err("it has more digits behind the point".to_owned());
    }
    if *data_type == DataType::Boolean {
        let value = text
            .parse::<bool>()
            .map_err(|_| "it is not `true` or `false`")?;
        return Ok(Arc::new(BooleanArray::from(vec![value])));
    }
    parse_by_cast(text, data_type).map_err(|error| error.to_string())
}

fn parse_by_cast(text: &str, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    // What cannot be read is an error, not a null.
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
    match data_type {
        // Instants stand there in UTC, as Spark and our sinks write them.
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            cast(&cast_with_options(&text, &utc, &strict)?, data_type)
        }
        DataType::Date64 => cast(
            &cast_with_options(&text, &DataType::Date32, &strict)?,
            data_type,
        ),
        _ => cast_with_options(&text, data_type, &strict),
    }
}

/// Returns how many digits a value may have behind the point, if there is a bound.
fn fraction_of(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
            Some(match unit {
                TimeUnit::Second => 0,
                TimeUnit::Millisecond => 3,
                TimeUnit::Microsecond => 6,
                TimeUnit::Nanosecond => 9,
            })
        }
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(usize::try_from(*scale).unwrap_or_default()),
        _ => None,
    }
}
