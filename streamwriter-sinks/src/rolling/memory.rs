//! How much memory an open file keeps.

use std::ops::{Add, AddAssign, SubAssign};

/// What an open file keeps in memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What stays until the file is finished: its buffer, and what its end will say.
    pub(crate) fixed: usize,
    /// What a flush frees.
    pub(crate) flushable: usize,
}

impl Memory {
    pub(crate) fn total(self) -> usize {
        self.fixed.saturating_add(self.flushable)
    }
}

impl Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            fixed: self.fixed.saturating_add(other.fixed),
            flushable: self.flushable.saturating_add(other.flushable),
        }
    }
}

impl AddAssign for Memory {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Memory {
    fn sub_assign(&mut self, other: Self) {
        self.fixed = self.fixed.saturating_sub(other.fixed);
        self.flushable = self.flushable.saturating_sub(other.flushable);
    }
}
