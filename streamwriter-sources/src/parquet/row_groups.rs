//! Where the row groups of a file begin: the only places where it is cut.

use std::fs::File;
use std::io;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use crate::files::{Scanned, Stop};

/// Returns the position of the first byte of a row group; none for one without rows, whose positions
/// mean nothing.
fn begin_of(group: &RowGroupMetaData) -> io::Result<Option<u64>> {
    if group.num_rows() <= 0 {
        return Ok(None);
    }
    let begins = group.columns().iter().map(|column| {
        let pages = column.data_page_offset();
        // A position of 0 is the file's own first bytes: writers mean "none" by it.
        let dictionary = column.dictionary_page_offset().filter(|offset| *offset > 0);
        u64::try_from(dictionary.map_or(pages, |dictionary| dictionary.min(pages)))
    });
    let begin = begins.min_by_key(|begin| begin.unwrap_or_default());
    let begin = begin
        .transpose()
        .map_err(|_| damaged("a row group begins before the file"))?;
    Ok(Some(begin.unwrap_or_default()))
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Returns the row groups that have rows: where each begins, its number and its rows, in the order in
/// which they begin.
fn groups(metadata: &ParquetMetaData) -> io::Result<Vec<(u64, usize, u64)>> {
    let mut groups = Vec::new();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        if let Some(begin) = begin_of(group)? {
            groups.push((begin, number, group.num_rows().unsigned_abs()));
        }
    }
    groups.sort_unstable();
    Ok(groups)
}

/// Returns the numbers of the row groups that begin in a range of bytes.
pub(super) fn in_range(metadata: &ParquetMetaData, start: u64, end: u64) -> io::Result<Vec<usize>> {
    let groups = groups(metadata)?.into_iter();
    Ok(groups
        .filter(|(begin, ..)| (start..end).contains(begin))
        .map(|(_, number, _)| number)
        .collect())
}

/// Counts rows from a boundary on, row group by row group, until one of the bounds is reached.
pub(crate) fn scan(file: &File, from: u64, stop: Stop) -> io::Result<Scanned> {
    let size = file.metadata()?.len();
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(file)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let groups = groups(&metadata)?;
    // A group ends where the next one begins, the last with the file.
    let ends = groups
        .iter()
        .map(|(begin, ..)| *begin)
        .skip(1)
        .chain([size]);
    let mut rows = 0;
    for ((begin, _, count), end) in groups.iter().zip(ends) {
        if *begin < from {
            continue;
        }
        if end <= *begin {
            return Err(damaged(
                "two row groups begin at one place, or one behind the file",
            ));
        }
        rows += count;
        if end >= stop.at || stop.rows.is_some_and(|most| rows >= most) {
            return Ok(Scanned { end, rows });
        }
    }
    Ok(Scanned { end: size, rows })
}
