//! Options that all directory sources have.

use streamwriter_core::Result;

use super::hive::Layout;
use crate::plain::config;

/// The longest record that is read unless told otherwise.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// A partition is not made smaller than this unless told otherwise, so that small inputs make few
/// output files.
const PARTITION_BYTES_MIN: u64 = 1 << 20;

/// Says what happens to a row that does not fit (F5).
///
/// A row does not fit if it is malformed, not UTF-8, too long, or cannot become the row type: a
/// word where a number belongs, a number that is too large, a null where the type has none. The
/// error names file, line, byte, column and reason.
///
/// ```
/// # #[cfg(feature = "jsonl")] {
/// use streamwriter_sources::{BadRows, JsonLines};
///
/// # fn main() -> Result<(), streamwriter_core::Error> {
/// let orders = JsonLines::<serde_json::Value>::directory(".")?
///     .bad_rows(BadRows::Drop { limit: 100 });
/// # Ok(())
/// # }
/// # main().unwrap();
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRows {
    /// The first bad row fails the batch, and with it the query.
    #[default]
    Fail,
    /// Bad rows are left out and counted, up to a limit.
    Drop {
        /// How many bad rows one batch may hold; one more fails the batch.
        limit: u64,
    },
    /// Bad rows are left out, counted, and kept as they are in a place of their own, with the
    /// reasons, up to a limit.
    ///
    /// The sink has to have that place: wrap it in `SetAside`. Rows that were set aside and
    /// corrected are read by the same source, from files with the extension `jsonl.rejected` or
    /// `csv.rejected`.
    SetAside {
        /// How many bad rows one batch may hold; one more fails the batch.
        limit: u64,
    },
}

/// Says what happens to a file whose columns are not those that are expected: the schema of
/// `ParquetFiles`, or the header of the first file of a `Csv` directory.
///
/// Columns are found by name, in any order, and in Parquet so are the fields of structs in them. What the items of
/// lists and the entries of maps are called does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaDrift {
    /// The first such file fails the query, with its name and every difference.
    #[default]
    Fail,
    /// CSV: the row type decides for each file by itself. A missing column is `None` for an `Option`
    /// and an error for another field, further columns are not read.
    ///
    /// Parquet: a missing column that may be null is null, further columns are not read, and a column of a
    /// narrower type is widened without loss: integers and floats to larger ones, times to a finer
    /// unit, decimals to a larger precision of the same scale, dictionaries to their values. The
    /// layouts of other programs are taken for the same: large texts, bytes and lists, views, texts for a
    /// dictionary of them, bytes for those of a fixed length (another length fails the query). All of
    /// that also inside of lists, maps and structs. Any other difference fails the query as above.
    /// Of a column that is in the file as well as in its directory the directory says the values.
    Adapt,
}

/// Options of a directory source that do not depend on the format.
#[derive(Clone, Debug)]
pub(crate) struct FileOptions {
    pub(crate) extensions: Vec<String>,
    /// Whether a further ending may say how a file is compressed.
    pub(crate) decompress: bool,
    /// Which directories are entered, and what their names hold.
    pub(crate) layout: Layout,
    pub(crate) bad_rows: BadRows,
    pub(crate) record_bytes_max: usize,
    pub(crate) partition_bytes_min: u64,
}

impl FileOptions {
    pub(crate) fn new(extensions: &[&str]) -> Self {
        Self {
            extensions: extensions.iter().map(|&one| one.to_owned()).collect(),
            decompress: true,
            layout: Layout::default(),
            bad_rows: BadRows::Fail,
            record_bytes_max: RECORD_BYTES_MAX,
            partition_bytes_min: PARTITION_BYTES_MIN,
        }
    }

    pub(crate) fn set_extensions(&mut self, extensions: impl IntoIterator<Item: Into<String>>) {
        let plain = |one: String| one.strip_prefix('.').map(str::to_owned).unwrap_or(one);
        self.extensions = extensions
            .into_iter()
            .map(|one| plain(one.into()))
            .collect();
    }

    pub(crate) fn validate(&self) -> Result<()> {
        if self.extensions.is_empty() {
            return Err(config(
                "no file extension is given, so no file would ever be read",
                "write for example `.extensions([\"csv\", \"txt\"])`",
            ));
        }
        if let Some(bad) = self.extensions.iter().find(|one| !is_extension(one)) {
            return Err(config(
                format!("{bad:?} is not a file extension"),
                "write the part after the last dot, for example `.extensions([\"csv\"])`",
            ));
        }
        self.layout.validate()?;
        if self.record_bytes_max == 0 {
            return Err(config(
                "a record of at most 0 bytes is no record",
                "write for example `.record_bytes_max(1 << 20)`",
            ));
        }
        if self.partition_bytes_min == 0 {
            return Err(config(
                "a partition of at least 0 bytes would have no rows",
                "write for example `.partition_bytes_min(1 << 20)`",
            ));
        }
        Ok(())
    }
}

fn is_extension(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '\\', '\0'])
}
