//! How Parquet files are written.

use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use streamwriter_core::{Error, ErrorKind, Result, TaskContext};

/// How the pages of a Parquet file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy: quick, and known to every reader.
    Snappy,
    /// Zstandard, level 1 (quick) to 22 (small).
    Zstd(i32),
}

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) compression: Compression,
    pub(super) row_group_rows: usize,
    pub(super) row_group_bytes: usize,
    pub(super) batch_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compression: Compression::Zstd(1),
            row_group_rows: 1024 * 1024,
            row_group_bytes: 128 * 1024 * 1024,
            batch_rows: 8192,
        }
    }
}

impl Options {
    /// Checks the options and turns them into those of the Parquet writer.
    pub(super) fn properties(&self, task: Option<&TaskContext>) -> Result<WriterProperties> {
        for (option, value) in [
            ("row_group_rows", self.row_group_rows),
            ("row_group_bytes", self.row_group_bytes),
            ("batch_rows", self.batch_rows),
        ] {
            if value == 0 {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("{option} must be at least 1"),
                ));
            }
        }
        Ok(WriterProperties::builder()
            .set_compression(self.codec()?)
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .set_max_row_group_bytes(Some(self.row_group_bytes))
            .set_created_by(concat!("streamwriter ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(task.map(origin))
            .build())
    }

    fn codec(&self) -> Result<Codec> {
        match self.compression {
            Compression::None => Ok(Codec::UNCOMPRESSED),
            Compression::Snappy => Ok(Codec::SNAPPY),
            Compression::Zstd(level) => {
                let level = ZstdLevel::try_new(level).map_err(|_| {
                    let message = format!("zstd has no level {level}");
                    Error::new(ErrorKind::Config, message).with_help("choose 1 to 22")
                })?;
                Ok(Codec::ZSTD(level))
            }
        }
    }
}

/// Says in the file itself where its rows come from.
fn origin(task: &TaskContext) -> Vec<KeyValue> {
    let entry = |key: &str, value: String| KeyValue::new(format!("streamwriter.{key}"), value);
    vec![
        entry("query", task.query_id().to_string()),
        entry("batch", task.batch_id().to_string()),
        entry("partition", task.partition().to_string()),
    ]
}
