//! Small things that several sources need.

use streamwriter_core::{Error, ErrorKind};

/// Makes the error of an option that makes no sense, with what to write instead.
pub(crate) fn config(message: impl Into<String>, help: &str) -> Error {
    Error::new(ErrorKind::Config, message).with_help(help)
}

/// Cuts the numbers from `first` to before `end` into at most `count` ranges of about one size.
pub(crate) fn ranges(first: u64, end: u64, count: usize) -> impl Iterator<Item = (u64, u64)> {
    let total = end.saturating_sub(first);
    let count = (count as u64).clamp(1, total.max(1));
    let (size, larger) = (total / count, total % count);
    let start = move |index: u64| first + index * size + index.min(larger);
    (0..count).map(move |index| (start(index), start(index + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_every_number_once_and_differ_by_at_most_one() {
        for (first, end, count) in [(0, 10, 3), (5, 6, 4), (7, 7, 2), (3, 103, 100), (0, 9, 0)] {
            let cut: Vec<_> = ranges(first, end, count).collect();
            let all: Vec<u64> = cut.iter().flat_map(|&(first, end)| first..end).collect();
            assert_eq!(all, (first..end).collect::<Vec<_>>());
            let sizes = cut.iter().map(|&(first, end)| end - first);
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
        }
    }
}
