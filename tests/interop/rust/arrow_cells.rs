//! The cells of Arrow columns, without `Row` having a part in it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::*;
use serde_json::{Value, json};
use streamwriter::{BoxError, serde_json};

use crate::cell::{Cell, bytes};

/// Returns a value of a column.
pub(crate) fn cells_of(column: &ArrayRef, row: usize) -> Result<Value, BoxError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! number {
        ($type:ty) => {
            column.as_primitive::<$type>().value(row).cell()
        };
    }
    macro_rules! nanos {
        ($seconds:ty, $millis:ty, $micros:ty, $nanos:ty, $unit:expr) => {
            match $unit {
                TimeUnit::Second => scaled(column.as_primitive::<$seconds>().value(row), 9),
                TimeUnit::Millisecond => scaled(column.as_primitive::<$millis>().value(row), 6),
                TimeUnit::Microsecond => scaled(column.as_primitive::<$micros>().value(row), 3),
                TimeUnit::Nanosecond => scaled(column.as_primitive::<$nanos>().value(row), 0),
            }
        };
    }
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).cell(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Date32 => number!(Date32Type),
        DataType::Decimal128(_, _) => number!(Decimal128Type),
        DataType::Utf8 => json!(column.as_string::<i32>().value(row)),
        DataType::Binary => bytes(column.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => bytes(column.as_fixed_size_binary().value(row)),
        DataType::Time32(unit) => match unit {
            TimeUnit::Second => scaled(column.as_primitive::<Time32SecondType>().value(row), 9),
            _ => scaled(column.as_primitive::<Time32MillisecondType>().value(row), 6),
        },
        DataType::Time64(unit) => match unit {
            TimeUnit::Microsecond => {
                scaled(column.as_primitive::<Time64MicrosecondType>().value(row), 3)
            }
            _ => scaled(column.as_primitive::<Time64NanosecondType>().value(row), 0),
        },
        DataType::Timestamp(unit, _) => nanos!(
            TimestampSecondType,
            TimestampMillisecondType,
            TimestampMicrosecondType,
            TimestampNanosecondType,
            unit
        ),
        DataType::Duration(unit) => nanos!(
            DurationSecondType,
            DurationMillisecondType,
            DurationMicrosecondType,
            DurationNanosecondType,
            unit
        ),
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            let key = *dictionary.normalized_keys().get(row).ok_or("no key")?;
            cells_of(dictionary.values(), key)?
        }
        DataType::List(_) => all(&column.as_list::<i32>().value(row))?,
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(column.as_struct().columns());
            let cells =
                columns.map(|(field, column)| Ok((field.name().clone(), cells_of(column, row)?)));
            Value::Object(cells.collect::<Result<_, BoxError>>()?)
        }
        DataType::Map(_, _) => {
            let entries = column.as_map().value(row);
            let pairs = (0..entries.len()).map(|at| {
                let pair: Result<Vec<_>, BoxError> = entries
                    .columns()
                    .iter()
                    .map(|column| cells_of(column, at))
                    .collect();
                Ok(Value::Array(pair?))
            });
            Value::Array(pairs.collect::<Result<_, BoxError>>()?)
        }
        other => return Err(format!("no cells of {other}").into()),
    })
}

fn all(items: &ArrayRef) -> Result<Value, BoxError> {
    let cells = (0..items.len()).map(|item| cells_of(items, item));
    Ok(Value::Array(cells.collect::<Result<_, BoxError>>()?))
}

/// Returns a number of units, each of ten to this power nanoseconds.
fn scaled(units: impl Into<i128>, power: u32) -> Value {
    (units.into() * 10_i128.pow(power)).cell()
}
