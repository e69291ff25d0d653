//! How many cases of each kind ended how.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Counts by row and column: cases that ended right, and cases that were refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    counts: BTreeMap<(String, String), (u32, u32)>,
    problems: Vec<String>,
}

impl Table {
    pub(super) fn count(&mut self, row: &str, column: &str, refused: bool) {
        let key = (row.to_owned(), column.to_owned());
        let (right, wrong) = self.counts.entry(key).or_default();
        *(if refused { wrong } else { right }) += 1;
    }

    /// Notes what must not be.
    pub(super) fn problem(&mut self, what: &str, why: &str) {
        self.problems.push(format!("{what}: {why}"));
    }

    /// Prints the table, and fails if anything is wrong.
    #[track_caller]
    pub(super) fn conclude(&self) {
        println!("{self}");
        let shown: Vec<&str> = self.problems.iter().map(String::as_str).take(30).collect();
        assert!(
            shown.is_empty(),
            "{} problems, such as:\n{}",
            self.problems.len(),
            shown.join("\n")
        );
    }

    pub(super) fn merged(mut self, other: Self) -> Self {
        for (key, (right, refused)) in other.counts {
            let count = self.counts.entry(key).or_default();
            count.0 += right;
            count.1 += refused;
        }
        self.problems.extend(other.problems);
        self
    }

    /// All cases: right, refused.
    pub(super) fn total(&self) -> (u32, u32) {
        let sum = |(a, b): (u32, u32), (c, d): &(u32, u32)| (a + c, b + d);
        self.counts.values().fold((0, 0), sum)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (right, refused) = self.total();
        writeln!(
            f,
            "{} cases; each cell: right / refused ({right} / {refused} in all)",
            right + refused
        )?;
        let rows: BTreeSet<&String> = self.counts.keys().map(|(row, _)| row).collect();
        for row in rows {
            write!(f, "  {row:<18}")?;
            let cells = self.counts.iter().filter(|((of, _), _)| of == row);
            for ((_, column), (right, refused)) in cells {
                write!(f, " | {column} {right}/{refused}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
