//! What may be staged and nobody will publish, so that the target has to be swept (E7).

use crate::ids::BatchId;
use crate::sync::atomic::{AtomicU64, Ordering};

/// The newest batch of which something may be left.
///
/// A batch that is written while the one before it is cleaned up (B5) has files staged that are no
/// leftovers, and may leave some. So what is known has the number of a batch: that sweep neither
/// waits for the first nor forgets the second.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// The number of the first batch of which nothing is left, nor of any after it.
    end: AtomicU64,
    /// The number of the first batch whose tasks have not begun in this run.
    begun: AtomicU64,
}

impl Leftovers {
    /// Nothing is left of any batch after this one.
    pub(crate) fn through(newest: Option<BatchId>) -> Self {
        Self {
            end: AtomicU64::new(newest.map_or(0, end_of)),
            begun: AtomicU64::new(0),
        }
    }

    /// Nobody tells what is left.
    #[cfg(feature = "arrow")]
    pub(crate) fn unknown() -> Self {
        Self {
            end: AtomicU64::new(u64::MAX),
            begun: AtomicU64::new(0),
        }
    }

    /// Says that the tasks of a batch begin to stage files.
    pub(super) fn tasks_begin(&self, batch: BatchId) {
        self.begun.fetch_max(end_of(batch), Ordering::Relaxed);
    }

    /// Says that something may be left of a batch.
    pub(super) fn may_be_of(&self, batch: BatchId) {
        self.end.fetch_max(end_of(batch), Ordering::Relaxed);
    }

    /// Tells whether something may be left.
    pub(super) fn may_be(&self) -> bool {
        self.end.load(Ordering::Relaxed) > 0
    }

    /// Says that a sweep through this batch has found so much that stays for now.
    pub(super) fn swept(&self, through: BatchId, remaining: u64) {
        // What stays while a later batch is in hand is that batch's. If some of it is left over
        // in the end, it is known by the number of that batch.
        let in_hand = self.begun.load(Ordering::Relaxed) > end_of(through);
        if remaining > 0 && !in_hand {
            return;
        }
        let (load, store) = (Ordering::Relaxed, Ordering::Relaxed);
        let nothing = |end| (end <= end_of(through)).then_some(0);
        // Something of a later batch stays known.
        let _ = self.end.fetch_update(store, load, nothing);
    }
}

fn end_of(batch: BatchId) -> u64 {
    batch.get().saturating_add(1)
}

#[cfg(all(test, not(streamwriter_model)))]
mod tests {
    use super::*;

    #[test]
    fn e7_a_sweep_forgets_nothing_of_a_later_batch() {
        let batch = BatchId::new;
        let leftovers = Leftovers::default();
        assert!(!leftovers.may_be());
        leftovers.may_be_of(batch(0));
        assert!(leftovers.may_be());
        leftovers.may_be_of(batch(7));
        leftovers.may_be_of(batch(5));
        leftovers.swept(batch(6), 0);
        assert!(leftovers.may_be(), "batch 7 is written while 6 is swept");
        leftovers.swept(batch(7), 1);
        assert!(leftovers.may_be(), "one file stays for now");
        leftovers.swept(batch(7), 0);
        assert!(!leftovers.may_be());
        assert!(Leftovers::through(Some(batch(0))).may_be());
        assert!(!Leftovers::through(None).may_be());
    }

    #[test]
    fn b5_a_sweep_does_not_wait_for_what_the_next_batch_has_in_hand() {
        let batch = BatchId::new;
        let leftovers = Leftovers::through(Some(batch(3)));
        leftovers.tasks_begin(batch(3));
        leftovers.swept(batch(3), 2);
        assert!(leftovers.may_be(), "nothing else is in hand");
        leftovers.tasks_begin(batch(4));
        leftovers.swept(batch(3), 2);
        assert!(!leftovers.may_be());
        leftovers.may_be_of(batch(4));
        leftovers.swept(batch(3), 2);
        assert!(leftovers.may_be(), "an attempt of batch 4 has failed");
    }
}
