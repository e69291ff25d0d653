//! `format("parquet")`

use std::path::PathBuf;
use std::sync::Arc;

use streamwriter_core::{Error, ErrorKind, Result, SinkFactory, SinkRequest, WholeBatches};
use streamwriter_derive::stream_writer;

use super::values::{AtLeastOne, Bytes, level, no_level, words};
use crate::parquet::{
    ArrowBatches, BloomFilter, Compression, ParquetSink, ParquetStatistics, SortColumn,
};

words! {
    /// How pages are compressed.
    Codec: "zstd" => Zstd, "snappy" => Snappy, "gzip" => Gzip, "lz4" => Lz4, "none" => None
}

words! {
    /// What readers skip by.
    Statistics: "page" => Page, "rowGroup" => RowGroup, "none" => None
}

/// Writes Parquet files.
#[stream_writer(name = "parquet")]
#[derive(Debug)]
pub(super) struct ParquetOptions {
    /// The directory that the files go to; it is made if it is not there.
    path: PathBuf,
    /// How pages are compressed.
    #[option(default = Codec::Zstd, default_text = "zstd")]
    compression: Codec,
    /// The level: zstd 1 to 22, 1 by default; gzip 0 to 9, 6 by default.
    #[option(name = "compressionLevel")]
    compression_level: Option<i32>,
    /// How many rows a file has at most; no limit by default.
    #[option(name = "maxRowsPerFile")]
    max_rows_per_file: Option<AtLeastOne<u64>>,
    /// How many bytes fill a file; no limit by default.
    #[option(name = "maxBytesPerFile")]
    max_bytes_per_file: Option<AtLeastOne<Bytes>>,
    /// Columns whose values make directories, such as `city=Oslo/`.
    #[option(name = "partitionBy", default, default_text = "")]
    partition_by: Vec<String>,
    /// How many files a task has open at once under `partitionBy`.
    #[option(name = "maxOpenFiles", default = AtLeastOne(64), default_text = "64")]
    max_open_files: AtLeastOne<usize>,
    /// How many rows a row group has at most.
    #[option(name = "rowGroupRows", default = AtLeastOne(1_048_576), default_text = "1048576")]
    row_group_rows: AtLeastOne<usize>,
    /// How many encoded bytes a row group has at most, about.
    #[option(name = "rowGroupBytes", default = AtLeastOne(Bytes(128 << 20)), default_text = "128MiB")]
    row_group_bytes: AtLeastOne<Bytes>,
    /// How many bytes of memory the open files of all tasks keep together, about.
    #[option(name = "memoryBudget", default = AtLeastOne(Bytes(1 << 30)), default_text = "1GiB")]
    memory_budget: AtLeastOne<Bytes>,
    /// How many rows a page has at most, about.
    #[option(name = "pageRows", default = AtLeastOne(20_000), default_text = "20000")]
    page_rows: AtLeastOne<usize>,
    /// How many bytes a page has at most, about and before compression.
    #[option(name = "pageBytes", default = AtLeastOne(Bytes(1 << 20)), default_text = "1MiB")]
    page_bytes: AtLeastOne<Bytes>,
    /// How many rows are collected before they are encoded.
    #[option(name = "batchRows", default = AtLeastOne(8_192), default_text = "8192")]
    batch_rows: AtLeastOne<usize>,
    /// What readers skip by: statistics of each page, of each row group, or none.
    #[option(default = Statistics::Page, default_text = "page")]
    statistics: Statistics,
    /// Whether columns are dictionary-encoded.
    #[option(default = true)]
    dictionary: bool,
    /// Columns without a dictionary.
    #[option(name = "noDictionary", default, default_text = "")]
    no_dictionary: Vec<String>,
    /// How many bytes the dictionary of a column has at most, about.
    #[option(name = "dictionaryBytes", default = AtLeastOne(Bytes(1 << 20)), default_text = "1MiB")]
    dictionary_bytes: AtLeastOne<Bytes>,
    /// Columns with a bloom filter, each of 1 MiB for every open file.
    #[option(name = "bloomFilters", default, default_text = "")]
    bloom_filters: Vec<String>,
    /// Columns that rows are sorted by already, such as `day, id desc`; nothing is declared by
    /// default, and nothing is checked.
    #[option(name = "sortedBy", default, default_text = "")]
    sorted_by: Vec<String>,
    /// Pairs for the metadata of each file, such as `team=lake, stage=raw`.
    #[option(default, default_text = "")]
    metadata: Vec<String>,
}

impl SinkFactory for ParquetOptions {
    type Decoder = WholeBatches;
    type Sink = ParquetSink<ArrowBatches>;

    fn open(self, request: &SinkRequest) -> Result<Self::Sink> {
        let mut sink = ParquetSink::arrow(&self.path, Arc::clone(&request.schema))?
            .compression(self.codec()?)
            .max_open_files(self.max_open_files.0)
            .row_group_rows(self.row_group_rows.0)
            .row_group_bytes(self.row_group_bytes.0.in_memory())
            .memory_budget(self.memory_budget.0.in_memory())
            .page_rows(self.page_rows.0)
            .page_bytes(self.page_bytes.0.in_memory())
            .dictionary_bytes(self.dictionary_bytes.0.in_memory())
            .batch_rows(self.batch_rows.0)
            .dictionary(self.dictionary)
            .statistics(match self.statistics {
                Statistics::Page => ParquetStatistics::Page,
                Statistics::RowGroup => ParquetStatistics::RowGroup,
                Statistics::None => ParquetStatistics::None,
            });
        if let Some(rows) = self.max_rows_per_file {
            sink = sink.max_rows_per_file(rows.0);
        }
        if let Some(bytes) = self.max_bytes_per_file {
            sink = sink.max_bytes_per_file(bytes.0.0);
        }
        if !self.partition_by.is_empty() {
            sink = sink.partition_by(&self.partition_by);
        }
        self.of_columns(sink)
    }
}

impl ParquetOptions {
    fn codec(&self) -> Result<Compression> {
        let given = self.compression_level;
        match self.compression {
            Codec::Zstd => level("zstd", given, 1).map(Compression::Zstd),
            Codec::Gzip => level("gzip", given, 6).map(Compression::Gzip),
            Codec::Snappy => no_level("snappy", given).map(|()| Compression::Snappy),
            Codec::Lz4 => no_level("lz4", given).map(|()| Compression::Lz4),
            Codec::None => no_level("none", given).map(|()| Compression::None),
        }
    }

    /// Sets what is said about single columns, and the metadata.
    fn of_columns(&self, mut sink: ParquetSink<ArrowBatches>) -> Result<ParquetSink<ArrowBatches>> {
        for column in &self.no_dictionary {
            sink = sink.column_dictionary(column, false);
        }
        for column in &self.bloom_filters {
            sink = sink.bloom_filter(column, BloomFilter::new());
        }
        if !self.sorted_by.is_empty() {
            sink = sink.sorted_by(self.sorted_by.iter().map(|text| sort_column(text)));
        }
        for pair in &self.metadata {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                let message = format!("option `metadata` has {pair:?}, which is no pair");
                Error::new(ErrorKind::Config, message).with_help("write key=value")
            })?;
            sink = sink.metadata(key.trim(), value.trim());
        }
        Ok(sink)
    }
}

/// Reads `day`, `day asc` or `day desc`; a column may have spaces in its name.
fn sort_column(text: &str) -> SortColumn {
    match text.rsplit_once(' ') {
        Some((column, order)) if order.eq_ignore_ascii_case("desc") => {
            SortColumn::descending(column.trim_end())
        }
        Some((column, order)) if order.eq_ignore_ascii_case("asc") => {
            SortColumn::ascending(column.trim_end())
        }
        _ => SortColumn::ascending(text),
    }
}
