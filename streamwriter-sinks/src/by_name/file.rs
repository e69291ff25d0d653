//! `format("jsonl")`, `format("csv")` and `format("text")`

use std::path::PathBuf;

use arrow::datatypes::{DataType, Field};
use streamwriter_core::{Error, ErrorKind, Result, SinkFactory, SinkRequest};
use streamwriter_derive::stream_writer;

#[cfg(feature = "csv")]
use super::values::Ascii;
use super::values::{AtLeastOne, Bytes, level, no_level, words};
use crate::arrow_row::ArrowRows;
#[cfg(feature = "jsonl")]
use crate::file::JsonLines;
#[cfg(feature = "csv")]
use crate::file::{Csv, CsvQuoting};
use crate::file::{FileCompression, FileFormat, FileSink, Text};
use crate::partition::expect_one_text;

words! {
    /// How text files are compressed.
    Codec: "none" => None, "gzip" => Gzip, "zstd" => Zstd
}

#[cfg(feature = "csv")]
words! {
    /// Which fields stand in quotes.
    Quoting: "necessary" => Necessary, "nonNumeric" => NonNumeric, "always" => Always
}

/// What all file sinks have.
struct Common {
    compression: Codec,
    compression_level: Option<i32>,
    max_rows_per_file: Option<AtLeastOne<u64>>,
    max_bytes_per_file: Option<AtLeastOne<Bytes>>,
    partition_by: Vec<String>,
    max_open_files: AtLeastOne<usize>,
}

impl Common {
    fn apply<F: FileFormat>(self, sink: FileSink<F>) -> Result<FileSink<F>> {
        let mut sink = sink
            .compression(self.codec()?)
            .max_open_files(self.max_open_files.0);
        if let Some(rows) = self.max_rows_per_file {
            sink = sink.max_rows_per_file(rows.0);
        }
        if let Some(bytes) = self.max_bytes_per_file {
            sink = sink.max_bytes_per_file(bytes.0.0);
        }
        if !self.partition_by.is_empty() {
            sink = sink.partition_by(self.partition_by);
        }
        Ok(sink)
    }

    fn codec(&self) -> Result<FileCompression> {
        let given = self.compression_level;
        match self.compression {
            Codec::None => no_level("none", given).map(|()| FileCompression::None),
            #[cfg(feature = "gzip")]
            Codec::Gzip => level("gzip", given, 6).map(FileCompression::Gzip),
            #[cfg(feature = "zstd")]
            Codec::Zstd => level("zstd", given, 3).map(FileCompression::Zstd),
            #[cfg(not(all(feature = "gzip", feature = "zstd")))]
            other => {
                let _ = level::<i32>;
                let message = format!("this program is built without {other:?}");
                Err(Error::new(ErrorKind::Config, message)
                    .with_help("build it with the features `gzip` and `zstd`"))
            }
        }
    }
}

/// Makes the options of a file sink: its own, between the path and those that all have.
macro_rules! file_options {
    (
        $(#[$attribute:meta])*
        $name:ident {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub(super) struct $name {
            /// The directory that the files go to; it is made if it is not there.
            path: PathBuf,
            $($(#[$field_attribute])* $field: $type,)*
            /// How files are compressed.
            #[option(default = Codec::None, default_text = "none")]
            compression: Codec,
            /// The level: gzip 0 to 9, 6 by default; zstd 1 to 22, 3 by default.
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
        }

        impl $name {
            fn apply<F: FileFormat>(self, sink: FileSink<F>) -> Result<FileSink<F>> {
                let common = Common {
                    compression: self.compression,
                    compression_level: self.compression_level,
                    max_rows_per_file: self.max_rows_per_file,
                    max_bytes_per_file: self.max_bytes_per_file,
                    partition_by: self.partition_by,
                    max_open_files: self.max_open_files,
                };
                common.apply(sink)
            }
        }
    };
}

#[cfg(feature = "jsonl")]
file_options! {
    /// Writes each row as a line of JSON, in files `*.jsonl`.
    #[stream_writer(name = "jsonl")]
    JsonLinesOptions {}
}

#[cfg(feature = "jsonl")]
impl SinkFactory for JsonLinesOptions {
    type Decoder = ArrowRows;
    type Sink = FileSink<JsonLines>;

    fn open(self, request: &SinkRequest) -> Result<Self::Sink> {
        expect_columns(request, &self.partition_by)?;
        let sink = FileSink::json_lines(&self.path)?;
        self.apply(sink)
    }
}

#[cfg(feature = "csv")]
file_options! {
    /// Writes rows as comma-separated values, in files `*.csv`.
    #[stream_writer(name = "csv")]
    CsvOptions {
        /// Whether the first line of each file names the columns.
        #[option(default = true)]
        header: bool,
        /// What separates fields.
        #[option(default = Ascii(b','), default_text = ",")]
        delimiter: Ascii,
        /// Which fields stand in quotes.
        #[option(default = Quoting::Necessary, default_text = "necessary")]
        quoting: Quoting,
        /// What stands for a missing value.
        #[option(name = "nullValue", default, default_text = "")]
        null_value: String,
    }
}

#[cfg(feature = "csv")]
impl SinkFactory for CsvOptions {
    type Decoder = ArrowRows;
    type Sink = FileSink<Csv>;

    fn open(self, request: &SinkRequest) -> Result<Self::Sink> {
        for field in expect_columns(request, &self.partition_by)? {
            expect_flat(field)?;
        }
        let sink = FileSink::csv(&self.path)?
            .header(self.header)
            .delimiter(self.delimiter.0)
            .quoting(match self.quoting {
                Quoting::Necessary => CsvQuoting::Necessary,
                Quoting::NonNumeric => CsvQuoting::NonNumeric,
                Quoting::Always => CsvQuoting::Always,
            })
            .null_value(&self.null_value);
        self.apply(sink)
    }
}

file_options! {
    /// Writes the one text of each row as a line, in files `*.txt`.
    #[stream_writer(name = "text")]
    TextOptions {}
}

impl SinkFactory for TextOptions {
    type Decoder = ArrowRows;
    type Sink = FileSink<Text>;

    fn open(self, request: &SinkRequest) -> Result<Self::Sink> {
        let columns = expect_columns(request, &self.partition_by)?;
        match columns.as_slice() {
            [field] if is_text(field.data_type()) => {}
            [field] => {
                return Err(not_one_text(&format!(
                    "column `{}` is {}",
                    field.name(),
                    field.data_type()
                )));
            }
            others => {
                let names: Vec<String> = others
                    .iter()
                    .map(|field| format!("`{}`", field.name()))
                    .collect();
                return Err(not_one_text(&format!("there are {}", names.join(", "))));
            }
        }
        let sink = FileSink::text(&self.path)?;
        self.apply(sink)
    }
}

/// Returns the columns that are in the files; refuses partition columns that there are not, and those
/// whose values cannot be names.
fn expect_columns<'r>(request: &'r SinkRequest, partition_by: &[String]) -> Result<Vec<&'r Field>> {
    let fields = request.schema.fields();
    if let Some(missing) = partition_by
        .iter()
        .find(|name| fields.iter().all(|field| field.name() != *name))
    {
        let known: Vec<String> = fields
            .iter()
            .map(|field| format!("`{}`", field.name()))
            .collect();
        let message = format!("partitionBy names a column `{missing}` that there is not");
        return Err(Error::new(ErrorKind::Config, message)
            .with_help(format!("the columns are {}", known.join(", "))));
    }
    for field in fields
        .iter()
        .filter(|field| partition_by.contains(field.name()))
    {
        expect_one_text(field.name(), field.data_type())?;
    }
    let left = fields
        .iter()
        .filter(|field| !partition_by.contains(field.name()));
    Ok(left.map(AsRef::as_ref).collect())
}

#[cfg(feature = "csv")]
fn expect_flat(field: &Field) -> Result<()> {
    let data_type = field.data_type();
    if !data_type.is_nested() {
        return Ok(());
    }
    let message = format!(
        "column `{}` is {data_type}, which does not fit into one CSV field",
        field.name()
    );
    Err(Error::new(ErrorKind::Config, message)
        .with_help("leave the column out, make a text of it, or write JSON lines or Parquet"))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => other.is_string(),
    }
}

fn not_one_text(found: &str) -> Error {
    let message = format!("plain text needs one column of text: {found}");
    Error::new(ErrorKind::Config, message)
        .with_help("select one column of text, beside those of partitionBy")
}
