//! How much waits in a source for the next batch, and how much of it is enough to begin one (Q1).

use std::fmt;

use crate::progress::Counted;

/// A unit in which a source can tell how much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// Rows.
    Rows,
    /// Bytes of input, as a bound on the bytes of a batch counts them.
    Bytes,
    /// Input files.
    Files,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Files => "files",
        })
    }
}

/// How much makes a batch worth beginning; any of it that is reached suffices.
///
/// Nothing is enough by itself if all are `None`, as for a query without minimums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enough {
    /// Rows.
    pub rows: Option<u64>,
    /// Bytes of input.
    pub bytes: Option<u64>,
    /// Input files.
    pub files: Option<u64>,
}

impl Enough {
    /// Tells whether so much is enough.
    #[must_use]
    pub fn is_reached_by(&self, gathered: &Gathered) -> bool {
        let reached = |enough: Option<u64>, there| enough.is_some_and(|enough| there >= enough);
        reached(self.rows, gathered.rows)
            || reached(self.bytes, gathered.bytes)
            || reached(self.files, gathered.files)
    }
}

/// How much waits in a source and is not planned.
///
/// ```
/// use streamwriter_core::Gathered;
///
/// assert!(Gathered::default().is_nothing());
/// let gathered = Gathered::default().with_bytes(43).with_files(1);
/// assert_eq!(gathered.to_string(), "43 bytes, 1 file");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gathered {
    /// Rows; 0 if the source does not measure them.
    pub rows: u64,
    /// Bytes of input; 0 if the source does not measure them.
    pub bytes: u64,
    /// Input files; 0 if the source does not measure them.
    pub files: u64,
    /// Whether waiting makes the batch no larger: it is as large as its bounds allow, or nothing can
    /// come before it is planned. A batch begins then, however little it is.
    pub full: bool,
}

impl Gathered {
    /// Sets the number of rows.
    #[must_use]
    pub const fn with_rows(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }

    /// Sets the bytes of input.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets the number of input files.
    #[must_use]
    pub const fn with_files(mut self, files: u64) -> Self {
        self.files = files;
        self
    }

    /// Sets whether waiting makes the batch no larger.
    #[must_use]
    pub const fn with_full(mut self, full: bool) -> Self {
        self.full = full;
        self
    }

    /// Tells whether nothing waits, so that there is nothing to plan (B3).
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        !self.full && self.rows == 0 && self.bytes == 0 && self.files == 0
    }
}

impl fmt::Display for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            Counted(self.rows, "row", "rows"),
            Counted(self.bytes, "byte", "bytes"),
            Counted(self.files, "file", "files"),
        ];
        let mut before = "";
        for count in counts.into_iter().filter(|count| count.0 > 0) {
            write!(f, "{before}{count}")?;
            before = ", ";
        }
        if before.is_empty() {
            return f.write_str("nothing");
        }
        Ok(())
    }
}
