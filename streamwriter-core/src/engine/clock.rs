//! Durations of the steps of a batch, under the names that progress uses (Q3).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::sync::Instant;

/// Measures from step to step.
#[derive(Debug)]
pub(super) struct StepClock {
    began: Instant,
    last: Instant,
    steps: Vec<(&'static str, Duration)>,
}

impl StepClock {
    /// Starts after the planning, if this run did any, and counts it as a step.
    pub(super) fn start(planning: Option<Duration>) -> Self {
        let now = Instant::now();
        let began = planning
            .and_then(|took| now.checked_sub(took))
            .unwrap_or(now);
        let mut steps = Vec::with_capacity(8);
        steps.extend(planning.map(|took| ("latestOffset", took)));
        Self {
            began,
            last: now,
            steps,
        }
    }

    /// Ends a step.
    pub(super) fn lap(&mut self, step: &'static str) {
        let now = Instant::now();
        self.steps.push((step, now - self.last));
        self.last = now;
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns the milliseconds of each step, with the sum that Spark calls `addBatch`.
    pub(super) fn into_millis(self) -> BTreeMap<String, u64> {
        let in_add_batch = |step: &str| matches!(step, "write" | "prepare" | "publish");
        let add_batch: Duration = self
            .steps
            .iter()
            .filter(|(step, _)| in_add_batch(step))
            .map(|(_, took)| *took)
            .sum();
        let all = [
            ("addBatch", add_batch),
            ("triggerExecution", self.began.elapsed()),
        ];
        let steps = self.steps.into_iter().chain(all);
        steps
            .map(|(step, took)| (step.to_owned(), millis(took)))
            .collect()
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
