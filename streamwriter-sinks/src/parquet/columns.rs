//! What a person says about single columns.

use streamwriter_core::{Error, ErrorKind, Result};

/// How large the bloom filter of a column is: [`ParquetSink::bloom_filter`].
///
/// [`ParquetSink::bloom_filter`]: super::ParquetSink::bloom_filter
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct BloomFilter {
    pub(super) distinct_values: u64,
    pub(super) false_positive_rate: f64,
}

impl BloomFilter {
    /// Begins with room for 1,048,576 distinct values in a row group, of which one in twenty that is
    /// not there seems to be: 1 MiB of memory for each open file and column. What a row group does
    /// not need of it is not written.
    pub const fn new() -> Self {
        Self {
            distinct_values: 1024 * 1024,
            false_positive_rate: 0.05,
        }
    }

    /// Sets how many distinct values a row group has at most; memory grows with them, up to 128 MiB.
    pub const fn distinct_values(mut self, values: u64) -> Self {
        self.distinct_values = values;
        self
    }

    /// Sets how many of the values that are not there may seem to be, between 0 and 1.
    pub const fn false_positive_rate(mut self, rate: f64) -> Self {
        self.false_positive_rate = rate;
        self
    }

    pub(super) fn check(&self, column: &str) -> Result<()> {
        let rate = self.false_positive_rate;
        let message = if self.distinct_values == 0 {
            "needs room for at least 1 distinct value".to_owned()
        } else if !(rate > 0.0 && rate < 1.0) {
            format!("cannot have a false positive rate of {rate}: it lies between 0 and 1")
        } else {
            return Ok(());
        };
        let message = format!("the bloom filter of column `{column}` {message}");
        Err(Error::new(ErrorKind::Config, message))
    }
}

impl Default for BloomFilter {
    fn default() -> Self {
        Self::new()
    }
}

/// A column that the rows of each file are sorted by: [`ParquetSink::sorted_by`].
///
/// [`ParquetSink::sorted_by`]: super::ParquetSink::sorted_by
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SortColumn {
    pub(super) column: String,
    pub(super) descending: bool,
    pub(super) nulls_first: bool,
}

impl SortColumn {
    /// Names a column with the smallest values first, after the nulls, as in Spark.
    pub fn ascending(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            descending: false,
            nulls_first: true,
        }
    }

    /// Names a column with the largest values first, before the nulls, as in Spark.
    pub fn descending(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            descending: true,
            nulls_first: false,
        }
    }

    /// Sets whether nulls come before the values.
    pub fn nulls_first(mut self, nulls_first: bool) -> Self {
        self.nulls_first = nulls_first;
        self
    }
}

/// Which statistics a Parquet file has, for readers that skip what they do not need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParquetStatistics {
    /// None.
    None,
    /// Of each column in each row group.
    RowGroup,
    /// Of each page as well, in the column index.
    #[default]
    Page,
}
