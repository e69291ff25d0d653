//! Our sinks as data sources of Spark: the Python module `pyspark_streamwriter`.

use streamwriter::prebuilt_sinks;
use streamwriter_pyspark::__private::pyo3;
use streamwriter_pyspark::__private::pyo3::prelude::*;
use streamwriter_pyspark::Exports;

/// The class, the sink, and the name for `format(...)`: Spark's own `parquet` and the like win over others
/// of the same name.
const CLASSES: [(&str, &str, &str); 6] = [
    ("Parquet", "parquet", "streamwriter_parquet"),
    ("JsonLines", "jsonl", "streamwriter_jsonl"),
    ("Csv", "csv", "streamwriter_csv"),
    ("Text", "text", "streamwriter_text"),
    ("Stdout", "stdout", "streamwriter_stdout"),
    ("Noop", "noop", "streamwriter_noop"),
];

/// Exactly-once Parquet and file sinks for Spark, written in Rust.
///
/// df.writeStream.format("streamwriter").option("sink", "parquet").option("path", "/data/orders") works
/// without any preparation: Spark finds the module by its name. After register(spark) each sink has a name
/// of its own as well: format("streamwriter_parquet"). help() of a class lists its options.
#[pymodule]
#[pyo3(crate = "::streamwriter_pyspark::__private::pyo3")]
fn pyspark_streamwriter(module: &Bound<'_, PyModule>) -> PyResult<()> {
    exports()
        .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.report().to_string()))?
        .install(module)
}

fn exports() -> streamwriter::Result<Exports> {
    let mut exports = Exports::of(prebuilt_sinks()?);
    for (class, sink, name) in CLASSES {
        exports.class(class, sink, name)?;
    }
    exports.choose("streamwriter");
    Ok(exports)
}
