//! When a query looks for new rows (Q1).

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::sync::Instant;

/// When a query looks for new rows.
///
/// Whatever the trigger, a batch that an earlier run left unfinished is finished first.
/// A trigger that finds rows begins a batch, unless it is to wait until there is
/// [enough](crate::QueryBuilder::min_rows_per_batch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// Drains what is there at the start, in bounded batches, then ends.
    AvailableNow,
    /// Runs one batch, then ends.
    Once,
    /// Looks at fixed times, this far apart. A batch that takes longer is followed at once.
    Interval(Duration),
    /// Looks at once after every batch, and this long after it found nothing new.
    Continuous(Duration),
}

impl Default for Trigger {
    /// Polls ten times a second.
    fn default() -> Self {
        Self::Continuous(Duration::from_millis(100))
    }
}

/// What to do after a trigger.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Now,
    At(Instant),
    End,
}

impl Trigger {
    pub(super) fn validate(self) -> Result<()> {
        match self {
            Self::Interval(every) | Self::Continuous(every) if every.is_zero() => Err(Error::new(
                ErrorKind::Config,
                format!("the trigger {self:?} never waits"),
            )
            .with_help("give it a duration above zero")),
            _ => Ok(()),
        }
    }

    /// Decides what follows a trigger that began at `began` and ran a batch or found nothing.
    pub(super) fn next(self, began: Instant, now: Instant, ran_batch: bool) -> Next {
        match self {
            Self::AvailableNow if ran_batch => Next::Now,
            Self::AvailableNow | Self::Once => Next::End,
            Self::Interval(every) => match began.checked_add(every) {
                Some(due) if due > now => Next::At(due),
                _ => Next::Now,
            },
            Self::Continuous(_) if ran_batch => Next::Now,
            Self::Continuous(poll) => now.checked_add(poll).map_or(Next::End, Next::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q1_each_trigger_goes_on_as_documented() {
        let began = Instant::now();
        let now = began + Duration::from_secs(3);
        let second = Duration::from_secs(1);
        assert_eq!(Trigger::AvailableNow.next(began, now, true), Next::Now);
        assert_eq!(Trigger::AvailableNow.next(began, now, false), Next::End);
        assert_eq!(Trigger::Once.next(began, now, true), Next::End);
        assert_eq!(Trigger::Interval(second).next(began, now, true), Next::Now);
        let ten = Trigger::Interval(second * 10);
        assert_eq!(ten.next(began, now, true), Next::At(began + second * 10));
        assert_eq!(ten.next(began, now, false), Next::At(began + second * 10));
        assert_eq!(
            Trigger::Continuous(second).next(began, now, true),
            Next::Now
        );
        assert_eq!(
            Trigger::Continuous(second).next(began, now, false),
            Next::At(now + second)
        );
    }
}
