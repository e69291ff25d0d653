//! A directory of CSV files as a source.

mod decode;
mod header;
mod row;

mod added;

#[cfg(test)]
#[cfg(feature = "jsonl")]
mod tests;

#[cfg(test)]
#[cfg(feature = "jsonl")]
mod drift_tests;

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use streamwriter_core::{BoxError, ReadCounts, Result, RowReader, Source, TaskContext};

use self::decode::{CsvDecoder, CsvOptions};
use crate::files::shared::{bad_row_options, directory_options, source_of_directory};
use crate::files::{
    Directory, FileIdentity, FileReader, FilesPartition, Framing, RangeInput, SchemaDrift,
    read_error,
};

/// The rows of the CSV files of a directory.
///
/// Columns are matched **by name** with the fields of the row type, which implements
/// [`Deserialize`](serde::Deserialize); columns that it does not have are ignored, unless the columns of
/// files are [declared](Self::columns). Files [without a header](Self::header) are matched by position.
///
/// Files are read once each, in the order of their modification time, then of their name; those
/// that arrive later are picked up by later batches. A file counts if its name ends with `.csv`
/// (see [`extensions`](Self::extensions)), or with it and `.gz` or `.zst`, and does not begin with `.`
/// or `_`. Directories inside are entered if they [hold columns](Self::partitioned_by) or are
/// [to be entered](Self::recursive). [How to put files in](crate#putting-files-into-a-directory).
///
/// # What a field may be
/// Whole numbers, floating-point numbers, `true` and `false`, text, characters, enums without
/// data, and [`Option`]s of these. An empty field and a [null marker](Self::null_values) are
/// `None`, also for `Option<String>`; a field that is not an `Option` must not hold a null marker.
/// With `#[serde(flatten)]` and untagged enums the type is guessed from the text.
///
/// # The format
/// RFC 4180: fields may be quoted, a quote inside is doubled, line ends inside of quotes belong to
/// the field. `\r\n` and a byte order mark are tolerated, blank lines are skipped, the last line
/// needs no line end. An empty file and one with only a header have no rows.
///
/// A row that is malformed or does not fit the row type is a [bad row](crate::BadRows). A file that lacks
/// a column which the row type requires is an error that names the columns, whatever the policy
/// for bad rows. An `Option` field is not required.
///
/// # Batches
/// A batch holds at most 1,000 files and 256 MiB unless the query says otherwise. A bound on bytes
/// is kept by whole files, where one file fits, and otherwise exceeded by less than one row; a
/// bound on rows is exact. Large files are cut into partitions between rows, about one for each
/// executor and none under [1 MiB](Self::partition_bytes_min); small files share one. To find the cuts the driver follows the
/// quotes through the file, at memory speed; files [without quoting](Self::quoting) are not read
/// for it.
///
/// # What it remembers
/// 16 bytes for each file that was read, in the checkpoint, and less than 1 % of that in memory; a
/// query without a checkpoint keeps them in memory. A file is known by its name for good: another
/// one of the same name is not read.
///
/// ```
/// use serde::Deserialize;
/// use streamwriter_core::testing::{Pretend, read_partition};
/// use streamwriter_core::{BoxError, PlanLimits, Source};
/// use streamwriter_sources::Csv;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Flight {
///     origin: String,
///     dep_delay: Option<i32>,
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("1.csv"), "dep_delay,day,origin\n2,1,EWR\nNA,1,JFK\n")?;
///
/// let source = Csv::directory(dir.path())?.null_values(["NA"]);
/// let plan = source.plan(None, &PlanLimits::unbounded(4))?.ok_or("nothing there")?;
/// let task = Pretend::default().task();
/// let rows: Vec<Flight> = read_partition(&source, &plan.partitions[0], &task)?;
/// assert_eq!(rows[0], Flight { origin: "EWR".to_owned(), dep_delay: Some(2) });
/// assert_eq!(rows[1], Flight { origin: "JFK".to_owned(), dep_delay: None });
/// # Ok(())
/// # }
/// ```
#[must_use = "a source does nothing until a query reads it"]
pub struct Csv<R> {
    directory: Directory,
    options: CsvOptions,
    drift: SchemaDrift,
    row: PhantomData<fn() -> R>,
}

impl<R> Csv<R> {
    /// Names the directory; the row type follows from what the rows are used for.
    ///
    /// # Errors
    /// [`Source`](streamwriter_core::ErrorKind::Source) if it does not exist or may not be read,
    /// [`Config`](streamwriter_core::ErrorKind::Config) if it is not a directory.
    pub fn directory(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self {
            directory: Directory::new(path.as_ref(), &["csv"])?,
            options: CsvOptions::default(),
            drift: SchemaDrift::default(),
            row: PhantomData,
        })
    }

    /// Says whether the first row of each file names the columns; the default is that it does.
    ///
    /// Without a header the fields of the row type are those of the file, in the same order.
    pub fn header(mut self, header: bool) -> Self {
        self.options.header = header;
        self
    }

    /// Declares the columns that every file has, in any order; by default those of the first file are
    /// [what later ones are held to](Self::schema_drift).
    ///
    /// A file with further or missing columns fails the query, with both lists. Columns that are declared
    /// can change with the program.
    ///
    /// Files [without a header](Self::header) get these names, so that they are matched by name, too.
    /// Columns that directories hold are not among them. A name that is given twice is refused at the
    /// start.
    pub fn columns(mut self, columns: impl IntoIterator<Item: Into<String>>) -> Self {
        self.options.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets what happens to files whose header names other columns than that of the first file of the
    /// stream, in any order; the default is [`SchemaDrift::Fail`].
    ///
    /// A file that lacks a column for an [`Option`] would give nulls without a word, and one with a column
    /// more may mean another thing by the others. The files are looked at before anything is planned of
    /// them, and the columns of the first one are in the checkpoint: a restart compares with the same. A
    /// query whose checkpoint has none begins with the next file. It says nothing about files without a
    /// header, and beside [`columns`](Self::columns) nothing at all.
    pub fn schema_drift(mut self, drift: SchemaDrift) -> Self {
        self.drift = drift;
        self
    }

    /// Sets what separates fields, an ASCII character; the default is a comma.
    ///
    /// One that cannot separate fields is refused at the start.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.options.delimiter = delimiter;
        self
    }

    /// Sets the quote, an ASCII character; the default is `"`.
    ///
    /// One that cannot be a quote is refused at the start.
    pub fn quote(mut self, quote: u8) -> Self {
        self.options.quote = quote;
        self
    }

    /// Says whether fields may be quoted; the default is that they may.
    ///
    /// Without quoting a quote is a character like others, and every line is a row.
    pub fn quoting(mut self, quoting: bool) -> Self {
        self.options.quoting = quoting;
        self
    }

    /// Sets the texts that stand for a null, quoted or not; by default there are none.
    ///
    /// An empty field is `None` for an `Option` in any case.
    pub fn null_values(mut self, values: impl IntoIterator<Item: Into<String>>) -> Self {
        self.options.null_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Says whether rows may have fewer or more fields than the first row of their file; the
    /// default is that they may not, and are [bad rows](crate::BadRows).
    pub fn flexible(mut self, flexible: bool) -> Self {
        self.options.flexible = flexible;
        self
    }

    directory_options!();

    bad_row_options!();

    fn check_options(&self) -> Result<()> {
        self.options.validate()?;
        self.options
            .validate_with(&self.directory.options.layout.columns)
    }

    /// Returns the columns of a file that are held to those of the first one.
    fn columns_of(&self, file: &FileIdentity) -> Result<Option<Vec<String>>> {
        let is_declared = !self.options.columns.is_empty();
        if !self.options.header || is_declared || self.drift == SchemaDrift::Adapt {
            return Ok(None);
        }
        let root = self.directory.root();
        let content = file.open_content(root)?;
        let end = if file.is_compressed() {
            u64::MAX
        } else {
            file.size()
        };
        let mut input = RangeInput::default();
        input.begin(content, end);
        let record_bytes_max = self.directory.options.record_bytes_max;
        let columns = decode::columns_of(&mut input, &self.options, record_bytes_max)
            .map_err(|error| read_error(&root.join(file.path()), error))?;
        if let Some(content) = input.finish() {
            file.check(content.file(), root)?;
        }
        Ok(columns)
    }

    fn framing(&self) -> Framing {
        Framing::Csv {
            delimiter: self.options.delimiter,
            quote: self.options.quoting.then_some(self.options.quote),
            header: self.options.header,
        }
    }
}

impl<R> fmt::Debug for Csv<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv")
            .field("directory", &self.directory)
            .field("options", &self.options)
            .finish()
    }
}

impl<R: DeserializeOwned + Send + 'static> Source for Csv<R> {
    type Row = R;
    type Reader<'a> = CsvReader<'a, R>;

    source_of_directory!("csv", Self::columns_of);

    fn open<'a>(
        &'a self,
        partition: &'a FilesPartition,
        task: &'a TaskContext,
    ) -> Result<Self::Reader<'a>, BoxError> {
        let record_bytes_max = self.directory.options.record_bytes_max;
        let decoder = CsvDecoder::new(&self.options, record_bytes_max);
        let reader = FileReader::open(&self.directory, partition, task, decoder)?;
        Ok(CsvReader(reader))
    }
}

/// Reads the rows of one partition of [`Csv`] files.
#[derive(Debug)]
pub struct CsvReader<'a, R>(FileReader<'a, CsvDecoder<'a, R>>);

impl<R: DeserializeOwned> RowReader for CsvReader<'_, R> {
    type Row = R;

    #[inline]
    fn next_row(&mut self) -> Option<Result<R, BoxError>> {
        self.0.next_row()
    }

    fn counts(&self) -> Option<ReadCounts> {
        self.0.counts()
    }
}
