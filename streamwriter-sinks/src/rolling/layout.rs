//! How the rows of a task are laid out in files.

use streamwriter_core::{Error, ErrorKind, Result};

use crate::partition::PartitionBy;

/// The options that the file sinks share.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// How many rows a file has at most.
    pub(crate) rows_max: Option<u64>,
    /// How many bytes fill a file.
    pub(crate) bytes_max: Option<u64>,
    /// The columns that make directories.
    pub(crate) partition_by: PartitionBy,
    /// How many files of a task are open at once.
    pub(crate) open_files_max: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            rows_max: None,
            bytes_max: None,
            partition_by: PartitionBy::default(),
            open_files_max: 64,
        }
    }
}

impl Layout {
    /// Refuses options under which no row could be written.
    pub(crate) fn check(&self) -> Result<()> {
        for (option, value) in [
            ("max_rows_per_file", self.rows_max),
            ("max_bytes_per_file", self.bytes_max),
            ("max_open_files", Some(self.open_files_max as u64)),
        ] {
            if value == Some(0) {
                let message = format!("{option} must be at least 1");
                return Err(Error::new(ErrorKind::Config, message));
            }
        }
        self.partition_by.check()
    }

    /// Returns how many rows may be written before the size of the file has to be looked at.
    pub(crate) fn rows_at_once(&self) -> u64 {
        self.bytes_max.map_or(u64::MAX, |_| 1)
    }
}
