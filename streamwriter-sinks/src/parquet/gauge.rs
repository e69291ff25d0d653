//! A size that is measured now and then, and known to be no larger than a bound meanwhile.

/// The encoded size of the row group that is being filled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauge {
    measured: usize,
    /// By how much it has grown since at most.
    growth: usize,
}

impl Gauge {
    pub(super) fn grow(&mut self, at_most: usize, once: usize) {
        let once = if self.growth == 0 { once } else { 0 };
        self.growth = self.growth.saturating_add(at_most).saturating_add(once);
    }

    pub(super) fn set(&mut self, measured: usize) {
        *self = Self {
            measured,
            growth: 0,
        };
    }

    /// Returns the measure, unless something was added since.
    pub(super) fn exact(&self) -> Option<usize> {
        (self.growth == 0).then_some(self.measured)
    }

    pub(super) fn at_most(&self) -> usize {
        self.measured.saturating_add(self.growth)
    }
}
