//! Where the row groups of a file begin: the only places where it is cut.

use std::fs::File;
use std::io;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use crate::files::{Scanned, Stop};

/// Returns the position of the first byte of a row group.
fn begin_of(group: &RowGroupMetaData) -> u64 {
    let begins = group.columns().iter().map(|column| column.byte_range().0);
    begins.min().unwrap_or_default()
}

/// Returns the numbers of the row groups that begin in a range of bytes; those of a whole file if it is
/// the file's.
pub(super) fn in_range(metadata: &ParquetMetaData, start: u64, end: u64) -> Vec<usize> {
    let groups = metadata.row_groups().iter().enumerate();
    groups
        .filter(|(_, group)| (start..end).contains(&begin_of(group)))
        .map(|(number, _)| number)
        .collect()
}

/// Counts rows from a boundary on, row group by row group, until one of the bounds is reached.
pub(crate) fn scan(file: &File, from: u64, stop: Stop) -> io::Result<Scanned> {
    let size = file.metadata()?.len();
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(file)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let begins = metadata.row_groups().iter().map(begin_of);
    // A group ends where the next one begins, the last with the file.
    let ends = begins.clone().skip(1).chain([size]);
    let mut rows = 0;
    for ((group, begin), end) in metadata.row_groups().iter().zip(begins).zip(ends) {
        if begin < from {
            continue;
        }
        rows += u64::try_from(group.num_rows()).unwrap_or_default();
        if end >= stop.at || stop.rows.is_some_and(|most| rows >= most) {
            return Ok(Scanned { end, rows });
        }
    }
    Ok(Scanned { end: size, rows })
}
