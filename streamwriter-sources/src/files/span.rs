//! Where a record stands in its file, as far as a decoder knows.

/// The bytes of a record, perhaps with line ends around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte; for a decoder that skips blank lines unseen, perhaps that of such a line.
    pub(crate) start: u64,
    /// The byte after the last.
    pub(crate) end: u64,
    /// Whether the span may begin with line ends that are not of the record.
    pub(crate) line_ends_before: bool,
    /// Whether the span may end with a line end that is not of the record.
    pub(crate) line_end_after: bool,
}

impl Span {
    /// Names the bytes of the record and nothing else.
    #[cfg(feature = "jsonl")]
    pub(crate) fn exact(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            line_ends_before: false,
            line_end_after: false,
        }
    }

    /// Names what a parser consumed for the record: blank lines before it and, if a line end ended
    /// it, at least a part of that.
    #[cfg(feature = "csv")]
    pub(crate) fn between_line_ends(start: u64, end: u64, terminated: bool) -> Self {
        Self {
            start,
            end,
            line_ends_before: true,
            line_end_after: terminated,
        }
    }
}
