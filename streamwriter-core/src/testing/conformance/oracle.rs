//! What may be visible, and what must be, at any instant: decided from the journal's file names
//! and the rows that were put in.

use std::collections::BTreeMap;
use std::path::Path;

use super::faults::Shape;
use super::place::{Place, checkpoint_of};
use super::subject::Conformance;
use crate::guarantee::Guarantee;

/// How far a query had come when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    planned: Option<u64>,
    prepared: Option<u64>,
    committed: Option<u64>,
}

impl Progress {
    /// Reads how far the query has come: the newest records of each kind.
    fn of(root: &Path) -> Self {
        let newest = |log: &str| newest_number(&checkpoint_of(root).join(log));
        // IMPORTANT: `commits` first. Read the other way round, a batch that is prepared and
        // committed in between would count as committed and not as prepared.
        let committed = newest("commits");
        let prepared = newest("prepared");
        Self {
            planned: newest("offsets"),
            prepared,
            committed,
        }
    }
}

fn newest_number(directory: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(directory).ok()?;
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().strip_suffix(".json")?.parse().ok()
        })
        .max()
}

/// Looks at what is visible in the middle of things.
///
/// By the guarantee no row is there twice or missing; whatever it is, no row of a batch that is not
/// prepared shows (not planned, for a sink that shows rows at once), and none of a committed one is
/// missing.
pub(super) fn check_now<W, R>(
    subject: &Conformance<W, R>,
    root: &Path,
    shape: Shape,
    guarantee: Guarantee,
) -> Result<(), String> {
    // The lower bound is read before the rows are, the upper bound after them.
    let before = Progress::of(root);
    let visible = visible(subject, root)?;
    let after = Progress::of(root);
    let least = shape.rows_through(before.committed);
    let most = shape.rows_through(match subject.shows_at_once {
        true => after.planned,
        false => after.prepared,
    });
    judge(&visible, least, most, guarantee)
}

/// Looks at what is visible when the query has ended well: all rows.
pub(super) fn check_end<W, R>(
    subject: &Conformance<W, R>,
    root: &Path,
    shape: Shape,
    guarantee: Guarantee,
) -> Result<(), String> {
    judge(&visible(subject, root)?, shape.rows, shape.rows, guarantee)
}

fn visible<W, R>(subject: &Conformance<W, R>, root: &Path) -> Result<Vec<u64>, String> {
    (subject.visible)(&Place::plain(root)).map_err(|error| format!("a reader fails: {error}"))
}

/// Judges the visible rows: all below `least`, none from `most` on, none twice.
fn judge(visible: &[u64], least: u64, most: u64, guarantee: Guarantee) -> Result<(), String> {
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    for row in visible {
        *counts.entry(*row).or_default() += 1;
    }
    if let Some(row) = counts.keys().next_back().filter(|row| **row >= most) {
        return Err(format!("row {row} shows, of a batch that is not prepared"));
    }
    let twice = counts.iter().find(|(_, count)| **count > 1);
    if let Some((row, count)) = twice.filter(|_| guarantee != Guarantee::AtLeastOnce) {
        return Err(format!("row {row} is there {count} times"));
    }
    let lost = (0..least).find(|row| !counts.contains_key(row));
    if let Some(row) = lost.filter(|_| guarantee != Guarantee::AtMostOnce) {
        return Err(format!("row {row} of a committed batch is lost"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_doubled_and_early_rows_are_rejected_as_the_guarantee_says() {
        use Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce};
        let judged = |visible: &[u64], guarantee| judge(visible, 2, 4, guarantee);
        for guarantee in [AtLeastOnce, AtMostOnce, ExactlyOnce] {
            for fine in [&[0, 1][..], &[1, 0, 3], &[0, 1, 2, 3]] {
                assert_eq!(judged(fine, guarantee), Ok(()), "{fine:?}");
            }
            let early = judged(&[0, 1, 4], guarantee).unwrap_err();
            assert!(early.contains("row 4 shows"), "{early}");
        }
        let lost = judged(&[0, 3], ExactlyOnce).unwrap_err();
        assert!(lost.contains("row 1 of a committed batch is lost"));
        let doubled = judged(&[0, 1, 1], ExactlyOnce).unwrap_err();
        assert!(doubled.contains("row 1 is there 2 times"));
        assert!(judged(&[0, 3], AtLeastOnce).is_err());
        assert!(judged(&[0, 1, 1], AtLeastOnce).is_ok());
        assert!(judged(&[0, 3], AtMostOnce).is_ok());
        assert!(judged(&[0, 1, 1], AtMostOnce).is_err());
    }
}
