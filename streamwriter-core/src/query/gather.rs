//! Whether a batch begins now or waits for more rows to gather (Q1).
//!
//! The decision is a function of what was seen and when; the driver asks the source and the clock. It is
//! made before a batch is planned and kept in memory only: a planned batch never comes here (B2), and
//! a restart begins to count time anew.

use std::time::Duration;

use super::trigger::Trigger;
use crate::error::{Error, ErrorKind, Result};
use crate::gathered::{Enough, Gathered, Measure};
use crate::source::PlanLimits;
use crate::sync::Instant;

/// How long rows wait at most unless told otherwise, as in Spark.
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);

/// What a person has said about gathering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GatherSettings {
    pub(super) enough: Enough,
    pub(super) delay_max: Option<Duration>,
    pub(super) idle_for: Option<Duration>,
}

impl GatherSettings {
    fn is_asked_for(&self) -> bool {
        *self != Self::default()
    }

    /// Returns the minimums that are set, with the names of their options.
    fn minimums(&self) -> impl Iterator<Item = (Measure, u64)> {
        [
            (Measure::Rows, self.enough.rows),
            (Measure::Bytes, self.enough.bytes),
            (Measure::Files, self.enough.files),
        ]
        .into_iter()
        .filter_map(|(measure, enough)| Some((measure, enough?)))
    }

    /// Refuses what makes no sense whatever the source is.
    pub(super) fn validate(&self, limits: &PlanLimits) -> Result<()> {
        let durations = [
            ("max_batch_delay", self.delay_max),
            ("batch_when_idle_for", self.idle_for),
        ];
        for (option, duration) in durations {
            if duration.is_some_and(|duration| duration.is_zero()) {
                return Err(
                    Error::new(ErrorKind::Config, format!("{option} is zero")).with_help(
                        "leave it out, and the minimums too, if a batch is to begin at once",
                    ),
                );
            }
        }
        for (measure, enough) in self.minimums() {
            let most = match measure {
                Measure::Rows => limits.rows,
                Measure::Bytes => limits.bytes,
                Measure::Files => limits.files,
            };
            if let Some(most) = most.filter(|most| *most < enough) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!(
                        "min_{measure}_per_batch is {enough}, and max_{measure}_per_batch is {most}"
                    ),
                )
                .with_help("no batch could hold so much: lower the one or raise the other"));
            }
        }
        Ok(())
    }

    /// Refuses a source that cannot tell what waits, in the units that were asked for.
    pub(super) fn expect_measured(&self, measures: &[Measure], source: &str) -> Result<()> {
        if self.is_asked_for() && measures.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the source {source} cannot tell how much waits, so no batch can gather"),
            )
            .with_help(
                "leave min_…_per_batch, max_batch_delay and batch_when_idle_for out and set \
                 Trigger::Interval, or have the source implement `measures` and `gathered`",
            ));
        }
        let Some((missing, _)) = self
            .minimums()
            .find(|(measure, _)| !measures.contains(measure))
        else {
            return Ok(());
        };
        let known: Vec<String> = measures
            .iter()
            .map(|measure| format!("min_{measure}_per_batch"))
            .collect();
        Err(Error::new(
            ErrorKind::Config,
            format!("the source {source} cannot tell how many {missing} wait"),
        )
        .with_help(format!(
            "instead of min_{missing}_per_batch write {}",
            known.join(" or ")
        )))
    }
}

/// What a look at the source leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// There is nothing to plan (B3).
    Nothing,
    /// There is something, and it waits for more.
    Wait,
    /// A batch begins, for this reason.
    Begin(&'static str),
}

/// The clocks of what waits.
#[derive(Debug)]
pub(super) struct Gather {
    enough: Enough,
    delay_max: Duration,
    idle_for: Option<Duration>,
    /// Nothing that waits is older than this.
    clear_at: Instant,
    /// The last look whose rows all fit into one batch.
    fitted_at: Instant,
    /// What was seen last, and since when it has been the same.
    seen: Option<(Gathered, Instant)>,
}

impl Gather {
    /// Begins to gather, if that is asked for and the trigger does not drain what is there.
    pub(super) fn new(settings: GatherSettings, trigger: Trigger, now: Instant) -> Option<Self> {
        let drains = matches!(trigger, Trigger::AvailableNow | Trigger::Once);
        (settings.is_asked_for() && !drains).then(|| Self {
            enough: settings.enough,
            delay_max: settings.delay_max.unwrap_or(DELAY_MAX),
            idle_for: settings.idle_for,
            clear_at: now,
            fitted_at: now,
            seen: None,
        })
    }

    /// Decides about what the source has just told.
    pub(super) fn look(&mut self, gathered: Gathered, now: Instant) -> Look {
        if gathered.is_nothing() {
            self.clear(now);
            return Look::Nothing;
        }
        let Some(reason) = self.reason(gathered, now) else {
            self.fitted_at = now;
            return Look::Wait;
        };
        if gathered.full {
            // The batch takes the oldest, so what it may leave came after the rows that would all have
            // fitted.
            (self.clear_at, self.seen) = (self.fitted_at, None);
        } else {
            self.clear(now);
        }
        Look::Begin(reason)
    }

    fn reason(&mut self, gathered: Gathered, now: Instant) -> Option<&'static str> {
        let same_since = match self.seen {
            Some((seen, since)) if seen == gathered => since,
            _ => now,
        };
        self.seen = Some((gathered, same_since));
        let passed = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        if gathered.full {
            Some("it is as large as it gets")
        } else if self.enough.is_reached_by(&gathered) {
            Some("enough has gathered")
        } else if passed(self.clear_at, self.delay_max) {
            Some("it has waited as long as it may")
        } else if self.idle_for.is_some_and(|idle| passed(same_since, idle)) {
            Some("nothing new has come")
        } else {
            None
        }
    }

    fn clear(&mut self, now: Instant) {
        (self.clear_at, self.fitted_at, self.seen) = (now, now, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rows(rows: u64) -> Gathered {
        Gathered::default().with_rows(rows)
    }

    /// Ten rows are enough, 60 s the longest delay, 5 s make it idle.
    fn settings() -> GatherSettings {
        GatherSettings {
            enough: Enough {
                rows: Some(10),
                ..Enough::default()
            },
            delay_max: Some(SECOND * 60),
            idle_for: Some(SECOND * 5),
        }
    }

    /// Looks at so many rows after so many seconds, in turn.
    fn looks(settings: GatherSettings, seen: &[(u32, Gathered)]) -> Vec<Look> {
        let began = Instant::now();
        let mut gather = Gather::new(settings, Trigger::default(), began).unwrap();
        let look =
            |(after, gathered): &(u32, Gathered)| gather.look(*gathered, began + SECOND * *after);
        seen.iter().map(look).collect()
    }

    const ENOUGH: Look = Look::Begin("enough has gathered");
    const OLD: Look = Look::Begin("it has waited as long as it may");
    const IDLE: Look = Look::Begin("nothing new has come");
    const FULL: Look = Look::Begin("it is as large as it gets");

    #[test]
    fn q1_a_batch_begins_when_enough_has_gathered() {
        use Look::{Nothing, Wait};
        let seen = [
            (0, rows(0)),
            (1, rows(9)),
            (2, rows(10)),
            (3, rows(0)),
            (4, rows(1)),
        ];
        assert_eq!(
            looks(settings(), &seen),
            [Nothing, Wait, ENOUGH, Nothing, Wait]
        );
        let enough = Enough {
            bytes: Some(100),
            files: Some(3),
            ..Enough::default()
        };
        assert!(!enough.is_reached_by(&rows(1000).with_bytes(99).with_files(2)));
        assert!(enough.is_reached_by(&Gathered::default().with_bytes(100)));
        assert!(enough.is_reached_by(&Gathered::default().with_files(3)));
    }

    #[test]
    fn q1_the_oldest_row_waits_no_longer_than_the_longest_delay() {
        use Look::{Nothing, Wait};
        // One row every four seconds: never idle, never enough in time.
        let mut seen: Vec<_> = (1..=15_u32)
            .map(|n| (4 * n, rows(u64::from(n.div_ceil(2)))))
            .collect();
        seen.insert(0, (2, rows(0)));
        let mut expected = vec![Wait; 14];
        expected.insert(0, Nothing);
        let not_idle = GatherSettings {
            idle_for: None,
            ..settings()
        };
        // The rows of the look after 4 s may be as old as the empty one after 2 s.
        seen.push((62, rows(8)));
        expected.extend([Wait, OLD]);
        assert_eq!(looks(not_idle, &seen), expected);
    }

    #[test]
    fn q1_what_came_while_a_batch_ran_is_as_old_as_the_batch() {
        let seen = [(1, rows(10)), (50, rows(1)), (54, rows(2)), (61, rows(3))];
        let expected = [ENOUGH, Look::Wait, Look::Wait, OLD];
        assert_eq!(looks(settings(), &seen), expected);
    }

    #[test]
    fn q1_what_a_full_batch_leaves_keeps_its_age() {
        use Look::Wait;
        let full = rows(30).with_full(true);
        let seen = [(58, full), (59, full), (59, rows(3)), (60, rows(4))];
        assert_eq!(looks(settings(), &seen), [FULL, FULL, Wait, OLD]);
        // All that was there after 50 s is in the batch.
        let seen = [
            (50, rows(5)),
            (58, full),
            (108, rows(3)),
            (109, rows(4)),
            (110, rows(5)),
        ];
        assert_eq!(looks(settings(), &seen), [Wait, FULL, Wait, Wait, OLD]);
    }

    #[test]
    fn q1_a_batch_begins_when_nothing_new_has_come_for_the_idle_time() {
        use Look::Wait;
        let seen = [
            (1, rows(1)),
            (4, rows(2)),
            (8, rows(2)),
            (9, rows(2)),
            (10, rows(1)),
            (14, rows(1)),
        ];
        assert_eq!(
            looks(settings(), &seen),
            [Wait, Wait, Wait, IDLE, Wait, Wait]
        );
    }

    #[test]
    fn q1_what_is_full_begins_however_little_it_is() {
        assert_eq!(looks(settings(), &[(0, rows(0).with_full(true))]), [FULL]);
    }

    #[test]
    fn q1_rows_wait_fifteen_minutes_unless_told_otherwise() {
        let plain = GatherSettings {
            enough: settings().enough,
            ..GatherSettings::default()
        };
        let seen = [(899, rows(1)), (900, rows(1))];
        assert_eq!(looks(plain, &seen), [Look::Wait, OLD]);
    }

    #[test]
    fn q1_nothing_gathers_unless_asked_for_or_for_a_trigger_that_drains() {
        let now = Instant::now();
        let gather = |settings, trigger| Gather::new(settings, trigger, now);
        assert!(gather(GatherSettings::default(), Trigger::default()).is_none());
        assert!(gather(settings(), Trigger::AvailableNow).is_none());
        assert!(gather(settings(), Trigger::Once).is_none());
        assert!(gather(settings(), Trigger::Interval(SECOND)).is_some());
    }
}
