//! How Parquet files are written.

use arrow::datatypes::Schema;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    BloomFilterPosition, BloomFilterProperties, DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT,
    DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT, DEFAULT_PAGE_SIZE, EnabledStatistics, WriterProperties,
    WriterPropertiesBuilder,
};
use parquet::schema::types::ColumnPath;
use streamwriter_core::{Error, ErrorKind, Result, TaskContext};

use super::columns::{BloomFilter, ParquetStatistics, SortColumn};
use super::footprint::Footprint;
use super::row_groups::Limits;
use super::schema::{no_form, unknown_column};

/// What the sink itself says in a file begins like this.
const OWN_KEYS: &str = "streamwriter.";

/// Where readers look for the Arrow schema.
const ARROW_SCHEMA_KEY: &str = "ARROW:schema";

/// How the pages of a Parquet file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy: quick, and known to every reader.
    Snappy,
    /// Gzip, level 0 (none) to 9 (small).
    Gzip(u32),
    /// LZ4 (`LZ4_RAW`): quick; readers from before 2021 may not know it.
    Lz4,
    /// Zstandard, level 1 (quick) to 22 (small).
    Zstd(i32),
}

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) compression: Compression,
    pub(super) row_group_rows: usize,
    pub(super) row_group_bytes: usize,
    pub(super) memory_budget: usize,
    pub(super) page_rows: usize,
    pub(super) page_bytes: usize,
    pub(super) dictionary_bytes: usize,
    pub(super) batch_rows: usize,
    pub(super) statistics: ParquetStatistics,
    pub(super) dictionary: bool,
    pub(super) column_dictionaries: Vec<(String, bool)>,
    pub(super) bloom_filters: Vec<(String, BloomFilter)>,
    pub(super) sorted_by: Vec<SortColumn>,
    pub(super) metadata: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compression: Compression::Zstd(1),
            row_group_rows: 1024 * 1024,
            row_group_bytes: 128 * 1024 * 1024,
            memory_budget: 1024 * 1024 * 1024,
            page_rows: DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT,
            page_bytes: DEFAULT_PAGE_SIZE,
            dictionary_bytes: DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT,
            batch_rows: 8192,
            statistics: ParquetStatistics::default(),
            dictionary: true,
            column_dictionaries: Vec::new(),
            bloom_filters: Vec::new(),
            sorted_by: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

impl Options {
    /// Checks the options against the schema of the files and turns them into those of the Parquet
    /// writer; without a task they are for a check only.
    pub(super) fn properties(
        &self,
        schema: &Schema,
        task: Option<&TaskContext>,
    ) -> Result<WriterProperties> {
        self.check_limits()?;
        self.check_metadata()?;
        let properties = WriterProperties::builder()
            .set_compression(self.codec()?)
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .set_max_row_group_bytes(Some(self.row_group_bytes))
            .set_data_page_row_count_limit(self.page_rows)
            .set_data_page_size_limit(self.page_bytes)
            .set_dictionary_page_size_limit(self.dictionary_bytes)
            .set_dictionary_enabled(self.dictionary)
            .set_statistics_enabled(match self.statistics {
                ParquetStatistics::None => EnabledStatistics::None,
                ParquetStatistics::RowGroup => EnabledStatistics::Chunk,
                ParquetStatistics::Page => EnabledStatistics::Page,
            })
            // Not at the end of the file: they would be kept in memory until then.
            .set_bloom_filter_position(BloomFilterPosition::AfterRowGroup)
            .set_created_by(concat!("streamwriter ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(task.map(|task| self.key_values(task)));
        Ok(self.of_columns(properties, &Leaves::of(schema)?)?.build())
    }

    /// Returns how large a row group may become in a task that writes one file after another.
    ///
    /// While it is being filled a helper may still have the one before. A task that is the only one has
    /// the budget for both; beside others it has help only if the share of an executor is not used.
    pub(super) fn limits(&self, task: &TaskContext) -> Limits {
        let row_groups = usize::try_from(task.tasks_at_once().max(2)).unwrap_or(usize::MAX);
        Limits {
            rows: self.row_group_rows,
            bytes: self.row_group_bytes,
            memory: self.memory_budget / row_groups,
            footprint: Footprint::new(self.compression, self.page_rows, self.page_bytes),
        }
    }

    /// Returns how much memory the open files of a task may ask for together.
    ///
    /// A quarter of the budget is left to the allocator: with very many blocks that come and go, some of what
    /// it holds is not in use (measured: a fifth).
    pub(super) fn share(&self, task: &TaskContext) -> usize {
        let tasks = usize::try_from(task.tasks_at_once().max(1)).unwrap_or(usize::MAX);
        self.memory_budget / 4 * 3 / tasks
    }

    fn check_limits(&self) -> Result<()> {
        for (option, value) in [
            ("row_group_rows", self.row_group_rows),
            ("row_group_bytes", self.row_group_bytes),
            ("memory_budget", self.memory_budget),
            ("page_rows", self.page_rows),
            ("page_bytes", self.page_bytes),
            ("dictionary_bytes", self.dictionary_bytes),
            ("batch_rows", self.batch_rows),
        ] {
            if value == 0 {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("{option} must be at least 1"),
                ));
            }
        }
        Ok(())
    }

    fn check_metadata(&self) -> Result<()> {
        for (at, (key, _)) in self.metadata.iter().enumerate() {
            let why = if key.is_empty() {
                "a key has at least one character"
            } else if key.starts_with(OWN_KEYS) || key == ARROW_SCHEMA_KEY {
                "the sink writes that key itself"
            } else if self.metadata.iter().take(at).any(|(other, _)| other == key) {
                "it is given twice"
            } else {
                continue;
            };
            let message = format!("metadata key {key:?} cannot be set: {why}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(())
    }

    fn codec(&self) -> Result<Codec> {
        match self.compression {
            Compression::None => Ok(Codec::UNCOMPRESSED),
            Compression::Snappy => Ok(Codec::SNAPPY),
            Compression::Lz4 => Ok(Codec::LZ4_RAW),
            Compression::Gzip(level) => GzipLevel::try_new(level)
                .map(Codec::GZIP)
                .map_err(|_| no_level("gzip", level, "0 to 9")),
            // The writer takes others too: 0 for its default, and negative ones.
            Compression::Zstd(level) => ZstdLevel::try_new(level)
                .ok()
                .filter(|_| level >= 1)
                .map(Codec::ZSTD)
                .ok_or_else(|| no_level("zstd", level, "1 to 22")),
        }
    }

    fn of_columns(
        &self,
        mut properties: WriterPropertiesBuilder,
        leaves: &Leaves,
    ) -> Result<WriterPropertiesBuilder> {
        for (column, enabled) in &self.column_dictionaries {
            let (_, path) = leaves.find("column_dictionary", column)?;
            properties = properties.set_column_dictionary_enabled(path.clone(), *enabled);
        }
        for (column, filter) in &self.bloom_filters {
            let (_, path) = leaves.find("bloom_filter", column)?;
            filter.check(column)?;
            let filter = BloomFilterProperties::builder()
                .with_fpp(filter.false_positive_rate)
                .with_max_ndv(filter.distinct_values)
                .try_build()
                .map_err(|error| {
                    let message = format!("column `{column}` cannot have this bloom filter");
                    Error::new(ErrorKind::Config, message).with_source(error)
                })?;
            properties = properties.set_column_bloom_filter_properties(path.clone(), filter);
        }
        let mut sorting: Vec<SortingColumn> = Vec::new();
        for sorted in &self.sorted_by {
            let (place, _) = leaves.find("sorted_by", &sorted.column)?;
            if sorting.iter().any(|other| other.column_idx == place) {
                let message = format!("sorted_by names column `{}` twice", sorted.column);
                return Err(Error::new(ErrorKind::Config, message));
            }
            sorting.push(SortingColumn {
                column_idx: place,
                descending: sorted.descending,
                nulls_first: sorted.nulls_first,
            });
        }
        let sorting = (!sorting.is_empty()).then_some(sorting);
        Ok(properties.set_sorting_columns(sorting))
    }

    /// Says in the file itself where its rows come from, and what the person adds.
    fn key_values(&self, task: &TaskContext) -> Vec<KeyValue> {
        let own = |key: &str, value: String| KeyValue::new(format!("{OWN_KEYS}{key}"), value);
        let mut pairs = vec![
            own("query", task.query_id().to_string()),
            own("batch", task.batch_id().to_string()),
            own("partition", task.partition().to_string()),
        ];
        let given = self.metadata.iter();
        pairs.extend(given.map(|(key, value)| KeyValue::new(key.clone(), value.clone())));
        pairs
    }
}

fn no_level(name: &str, level: impl std::fmt::Display, levels: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} has no level {level}"))
        .with_help(format!("choose {levels}"))
}

/// The columns of a file as Parquet has them: without parts, nested ones by their paths.
struct Leaves(Vec<(String, ColumnPath)>);

impl Leaves {
    fn of(schema: &Schema) -> Result<Self> {
        let converted = ArrowSchemaConverter::new().convert(schema);
        let columns = converted.map_err(no_form)?;
        let leaves = columns.columns().iter();
        let leaves = leaves.map(|leaf| (leaf.path().string(), leaf.path().clone()));
        Ok(Self(leaves.collect()))
    }

    fn find(&self, option: &str, column: &str) -> Result<(i32, &ColumnPath)> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        let found = (0_i32..).zip(&self.0).find(|(_, (name, _))| name == column);
        let (place, (_, path)) = found.ok_or_else(|| unknown_column(option, column, names()))?;
        Ok((place, path))
    }
}
