//! The prebuilt sinks by name, with their options as text.
//!
//! Each is a struct of options, whose documentation is what a person is shown, and a
//! [`SinkFactory`](streamwriter_core::SinkFactory). The defaults stand in both places, here as text; a
//! test holds them to one another.

mod file;
mod noop;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod serde_rows;
mod stdout;
mod values;

#[cfg(test)]
mod tests;

use streamwriter_core::{Result, SinkRegistry};

#[cfg(feature = "parquet")]
pub use serde_rows::{RowsOfVec, SerdeRows};

/// Returns a registry with the prebuilt sinks.
///
/// | name | also | sink | feature |
/// |---|---|---|---|
/// | `csv` | | [`FileSink::csv`](crate::FileSink) | `csv` |
/// | `jsonl` | `json` | [`FileSink::json_lines`](crate::FileSink) | `jsonl` |
/// | `noop` | | [`Noop`](crate::Noop) | |
/// | `parquet` | | [`ParquetSink`](crate::ParquetSink) | `parquet` |
/// | `stdout` | `console` | [`Stdout`](crate::Stdout) | |
/// | `text` | | [`FileSink::text`](crate::FileSink::text) | |
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::datatypes::{DataType, Field, Schema};
/// use streamwriter_core::StreamWriter;
/// use streamwriter_sinks::prebuilt_sinks;
///
/// # #[cfg(feature = "jsonl")] {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().display();
/// let schema = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
/// let sink = prebuilt_sinks()?
///     .format("json")
///     .option("path", path)
///     .option("maxRowsPerFile", 1_000_000)
///     .schema(schema)
///     .build()?;
/// assert_eq!(sink.name(), "jsonl");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// None that can happen: the names are different.
pub fn prebuilt_sinks() -> Result<SinkRegistry> {
    let mut sinks = SinkRegistry::new();
    #[cfg(feature = "csv")]
    sinks.register_factory::<file::CsvOptions>()?;
    #[cfg(feature = "jsonl")]
    {
        sinks.register_factory::<file::JsonLinesOptions>()?;
        sinks.alias("json", "jsonl")?;
    }
    sinks.register_factory::<noop::NoopOptions>()?;
    #[cfg(feature = "parquet")]
    sinks.register_factory::<parquet::ParquetOptions>()?;
    sinks.register_factory::<stdout::StdoutOptions>()?;
    sinks.alias("console", "stdout")?;
    sinks.register_factory::<file::TextOptions>()?;
    Ok(sinks)
}
