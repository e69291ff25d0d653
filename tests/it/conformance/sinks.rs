//! The shipped sinks: one line each.

use streamwriter::testing::conformance::{Conformance, Place};
use streamwriter::{
    BoxError, Compression, Error, FileFormat, FileSink, ParquetSink, Staging, ViaSerde,
    sink_conformance,
};

use super::read::{self, Row};

fn staging(place: &Place) -> Staging {
    Staging::over(place.storage())
}

fn file<F: FileFormat>(
    make: fn(Staging) -> FileSink<F>,
    read: fn(&std::path::Path) -> Result<Vec<u64>, BoxError>,
) -> Conformance<FileSink<F>, Row> {
    Conformance::of_rows(
        Row::of,
        move |place| Ok::<_, Error>(make(staging(place))),
        move |place| read(&place.directory()),
    )
}

fn parquet(
    make: fn(ParquetSink<ViaSerde>) -> ParquetSink<ViaSerde>,
) -> Conformance<ParquetSink<ViaSerde>, Row> {
    Conformance::of_rows(
        Row::of,
        move |place| Ok::<_, Error>(make(ParquetSink::new_in(staging(place)))),
        |place| read::parquet(&place.directory()),
    )
}

sink_conformance! { mod json_lines: file(FileSink::json_lines_in, read::json_lines) }
sink_conformance! { mod csv: file(FileSink::csv_in, read::csv) }
sink_conformance! { mod parquet_snappy: parquet(|sink| sink.compression(Compression::Snappy)) }
