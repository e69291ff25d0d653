//! The options of the Parquet sink, as a person sets them.

use super::columns::{BloomFilter, ParquetStatistics, SortColumn};
use super::{Compression, ParquetSink};
use crate::partition::PartitionBy;

/// Columns are named as Parquet has them: the parts of nested ones by their paths, such as
/// `tags.list.element`. A name that no file has is refused when the query starts, with those that
/// there are; partition columns are in no file.
impl<E> ParquetSink<E> {
    /// Sets the compression of all columns; zstd level 1 by default.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Sets how many rows a row group has at most; 1,048,576 by default.
    pub fn row_group_rows(mut self, rows: usize) -> Self {
        self.options.row_group_rows = rows;
        self
    }

    /// Sets how many encoded bytes a row group has at most, about; 128 MiB by default.
    pub fn row_group_bytes(mut self, bytes: usize) -> Self {
        self.options.row_group_bytes = bytes;
        self
    }

    /// Sets how much memory the open files of all tasks keep together, about; 1 GiB by default.
    ///
    /// Each of the tasks that run at once in a process has the same share of it, whatever the others do,
    /// so that the same rows make the same files. If the row groups that are being filled keep more
    /// the largest is written out before it is full; if buffers and footers alone keep half of it,
    /// files are finished that were left alone longest. See [`ParquetSink`] for what is counted, and
    /// [`max_open_files`](Self::max_open_files).
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.options.memory_budget = bytes;
        self
    }

    /// Sets how many rows are collected before they are encoded as columns; 8,192 by default.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.options.batch_rows = rows;
        self
    }

    /// Sets how many rows a file has at most; no limit by default. (Spark: `maxRecordsPerFile`.)
    ///
    /// A full file is finished, and the next row begins another one.
    pub fn max_rows_per_file(mut self, rows: u64) -> Self {
        self.layout.rows_max = Some(rows);
        self
    }

    /// Sets how many bytes fill a file; no limit by default. (Flink: the part size of a rolling
    /// policy.)
    ///
    /// They are looked at after each column batch ([`batch_rows`](Self::batch_rows)): those that
    /// were written, and the writer's estimate of the row group that is being filled. A file is
    /// longer by one column batch and its footer at most, and may be shorter, since the estimate
    /// knows of no compression of pages that are not complete.
    pub fn max_bytes_per_file(mut self, bytes: u64) -> Self {
        self.layout.bytes_max = Some(bytes);
        self
    }

    /// Writes rows into a directory for each value of these columns, such as
    /// `city=Oslo/year=2026/part-….parquet`, as Spark and Hive lay them out; into one directory by
    /// default (F4).
    ///
    /// The columns leave the files: readers find them in the names. They are integers, booleans,
    /// texts, dates (`2026-01-02`), timestamps (`2026-01-02 03:04:05.6`; with a time zone, in UTC),
    /// times and decimals, escaped as in Spark; a null and an empty text are
    /// `__HIVE_DEFAULT_PARTITION__`. A column of another type is refused when the query starts: a
    /// float has no one text. A row whose value cannot be a name (with a NUL, or longer than 255 bytes
    /// with the column's name) does not fit.
    ///
    /// Each column batch is cut by the values, and the rows of each value keep their order. Many
    /// values in few rows make many small files and row groups.
    pub fn partition_by(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.layout.partition_by = PartitionBy::new(columns);
        self
    }

    /// Sets how many files each task has open at once under [`partition_by`](Self::partition_by); 64
    /// by default.
    ///
    /// One more closes the file that was left alone longest, and a later row of that directory begins
    /// another file there. Rows that come in the order of the partition columns need one open file.
    pub fn max_open_files(mut self, files: usize) -> Self {
        self.layout.open_files_max = files;
        self
    }

    /// Sets how many rows a page has at most, about; 20,000 by default.
    pub fn page_rows(mut self, rows: usize) -> Self {
        self.options.page_rows = rows;
        self
    }

    /// Sets how many bytes a page has at most, about and before compression; 1 MiB by default.
    pub fn page_bytes(mut self, bytes: usize) -> Self {
        self.options.page_bytes = bytes;
        self
    }

    /// Sets which statistics the files have; those of each page by default.
    pub fn statistics(mut self, statistics: ParquetStatistics) -> Self {
        self.options.statistics = statistics;
        self
    }

    /// Sets whether columns are dictionary-encoded, until a dictionary grows too large; they are by
    /// default.
    ///
    /// Where it would only cost there is none: if at most one of the first 1,024 values of a column that is
    /// not nested repeats another one, that row group has it without, until
    /// [`column_dictionary`](Self::column_dictionary) says otherwise.
    pub fn dictionary(mut self, enabled: bool) -> Self {
        self.options.dictionary = enabled;
        self
    }

    /// Sets for one column whether it is dictionary-encoded, whatever its first values are.
    pub fn column_dictionary(mut self, column: impl Into<String>, enabled: bool) -> Self {
        let dictionaries = &mut self.options.column_dictionaries;
        dictionaries.push((column.into(), enabled));
        self
    }

    /// Sets how many bytes the dictionary of a column has at most, about; 1 MiB by default.
    pub fn dictionary_bytes(mut self, bytes: usize) -> Self {
        self.options.dictionary_bytes = bytes;
        self
    }

    /// Gives a column a bloom filter, so that readers may skip row groups without a value; no column
    /// has one by default.
    pub fn bloom_filter(mut self, column: impl Into<String>, filter: BloomFilter) -> Self {
        self.options.bloom_filters.push((column.into(), filter));
        self
    }

    /// Declares in each file that its rows are sorted by these columns; nothing is declared by
    /// default.
    ///
    /// The sink neither sorts nor checks: a reader that relies on a wrong declaration gives wrong
    /// results. Rows keep the order in which the source gives them, in each partition directory too.
    pub fn sorted_by(mut self, columns: impl IntoIterator<Item = SortColumn>) -> Self {
        self.options.sorted_by = columns.into_iter().collect();
        self
    }

    /// Adds a pair to the key-value metadata of each file.
    ///
    /// Keys that begin with `streamwriter.` are the sink's own: see [`ParquetSink`].
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.metadata.push((key.into(), value.into()));
        self
    }
}
