//! Values that serde has no type for, as texts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Prints a column of dates, times, decimals or intervals.
pub(super) fn printed(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let options = CastOptions {
        safe: false,
        format_options: FormatOptions::new()
            .with_display_error(false)
            .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S%.f"))
            .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ")),
    };
    let array = match array.data_type() {
        DataType::Date64 => cast_with_options(array, &DataType::Date32, &options)?,
        // The same instant, and the zone in which `Z` is right.
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            cast_with_options(array, &utc, &options)?
        }
        _ => Arc::clone(array),
    };
    let text = cast_with_options(&array, &DataType::Utf8, &options)?;
    text.as_string_opt::<i32>()
        .cloned()
        .ok_or_else(|| ArrowError::CastError(format!("{} has no text", array.data_type())))
}

/// Prints bytes.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
