//! Which Arrow types a partition column may have.

use arrow::datatypes::DataType;
use streamwriter_core::{Error, ErrorKind, Result};

/// Refuses a column whose values have no one text.
pub(crate) fn expect_one_text(name: &str, of_type: &DataType) -> Result<()> {
    if has_one_text(of_type) {
        return Ok(());
    }
    let message = format!("rows cannot be partitioned by column `{name}`, which is {of_type}");
    Err(Error::new(ErrorKind::Config, message).with_help(
        "partition by integers, booleans, texts, dates, times or decimals; a float has no one text",
    ))
}

/// Tells whether two programs print a value of a type alike.
fn has_one_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => {
            matches!(
                **values,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            )
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => true,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => true,
        DataType::Time32(_) | DataType::Time64(_) => true,
        other => other.is_integer() || other.is_decimal(),
    }
}
