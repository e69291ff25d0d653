//! Cuts the ranges of a batch into partitions of about the same size.

use std::path::Path;

use streamwriter_core::Result;

use super::position::{FileRange, FilesPartition, read_error};
use super::scan::{Framing, boundary};

/// Cuts ranges into at most `executors` partitions, on record boundaries, keeping their order; into
/// fewer ones if they would have less than `bytes_min`.
pub(crate) fn split(
    root: &Path,
    framing: Framing,
    ranges: Vec<FileRange>,
    executors: usize,
    bytes_min: u64,
) -> Result<Vec<FilesPartition>> {
    let bytes = ranges.iter().map(FileRange::bytes);
    let total = bytes.fold(0, u64::saturating_add);
    let count = (total / bytes_min).clamp(1, executors.max(1) as u64);
    let mut split = Split {
        bytes_left: total,
        count_left: count,
        done: Vec::new(),
        open: FilesPartition::default(),
    };
    for range in ranges {
        split.add(root, framing, range)?;
    }
    split.close();
    Ok(split.done)
}

struct Split {
    /// The bytes of the open partition and all that follow it.
    bytes_left: u64,
    /// The number of partitions that are still to be made, with the open one.
    count_left: u64,
    done: Vec<FilesPartition>,
    open: FilesPartition,
}

impl Split {
    fn add(&mut self, root: &Path, framing: Framing, mut range: FileRange) -> Result<()> {
        while let Some(room) = self.room() {
            // A cut costs a search and another open of the file, so some imbalance is better.
            let slack = self.share() / 8;
            if range.bytes() <= room.saturating_add(slack) {
                break;
            }
            if range.file.is_compressed() {
                if !self.open.ranges.is_empty() {
                    self.close();
                }
                break;
            }
            if room > slack {
                let end = cut(root, framing, &range, room)?;
                if end >= range.end {
                    break;
                }
                let head = FileRange {
                    end,
                    ..range.clone()
                };
                range.start = end;
                self.open.ranges.push(head);
            }
            self.close();
        }
        self.open.ranges.push(range);
        if self.room() == Some(0) {
            self.close();
        }
        Ok(())
    }

    /// Returns the bytes that the open partition should hold: what earlier ones took too much or
    /// too little is shared by those that are left.
    fn share(&self) -> u64 {
        self.bytes_left.div_ceil(self.count_left.max(1))
    }

    /// Returns how much the open partition should still take; `None` if it takes all the rest.
    fn room(&self) -> Option<u64> {
        let is_last = self.count_left <= 1;
        (!is_last).then(|| self.share().saturating_sub(self.open.bytes()))
    }

    fn close(&mut self) {
        if !self.open.ranges.is_empty() {
            self.bytes_left = self.bytes_left.saturating_sub(self.open.bytes());
            self.count_left = self.count_left.saturating_sub(1);
            self.done.push(std::mem::take(&mut self.open));
        }
    }
}

fn cut(root: &Path, framing: Framing, range: &FileRange, room: u64) -> Result<u64> {
    let failed = |error| read_error(&root.join(&range.file.path), error);
    let mut file = range.file.open(root)?;
    let at = range.start.saturating_add(room);
    let end = boundary(&mut file, framing, range.start, at).map_err(failed)?;
    range.file.check(&file, root)?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::position::FileIdentity;
    use super::*;

    fn ranges(root: &Path, sizes: &[usize]) -> Vec<FileRange> {
        let make = |(index, &size): (usize, &usize)| {
            let name = format!("{index:04}.jsonl");
            fs::write(root.join(&name), "1234567\n".repeat(size / 8)).unwrap();
            let metadata = fs::metadata(root.join(&name)).unwrap();
            let file = FileIdentity::of(&name, &metadata).unwrap();
            let end = file.size;
            FileRange {
                file,
                start: 0,
                end,
            }
        };
        sizes.iter().enumerate().map(make).collect()
    }

    #[test]
    fn partitions_are_balanced_and_keep_every_byte_in_order() {
        for sizes in [
            vec![80_000],
            vec![800; 100],
            vec![8, 40_000, 8, 8, 40_000],
            vec![0, 0, 0],
            vec![8_000, 8_000, 8_000, 72_000],
        ] {
            for executors in [1, 2, 3, 8, 64] {
                let dir = tempfile::tempdir().unwrap();
                let whole = ranges(dir.path(), &sizes);
                let total: u64 = whole.iter().map(FileRange::bytes).sum();
                let parts =
                    split(dir.path(), Framing::Lines, whole.clone(), executors, 1_000).unwrap();
                let mut joined: Vec<FileRange> = Vec::new();
                for range in parts.iter().flat_map(|part| &part.ranges) {
                    match joined.last_mut() {
                        Some(last) if last.file == range.file => {
                            assert_eq!(last.end, range.start);
                            last.end = range.end;
                        }
                        _ => joined.push(range.clone()),
                    }
                }
                assert_eq!(joined, whole);
                let expected = (total / 1_000).clamp(1, executors as u64);
                assert!(parts.len() as u64 <= expected);
                let share = total.div_ceil(expected);
                for part in &parts {
                    assert!(
                        part.bytes() <= share + share / 4 + 8,
                        "{sizes:?} {executors}"
                    );
                }
            }
        }
    }
}
