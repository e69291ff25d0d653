//! Rounds, interleaved, and their medians.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use streamwriter::BoxError;

use crate::case::Outcome;

/// How often each side runs, after once to warm up.
pub(crate) const ROUNDS: usize = 7;

/// The times of two sides, round by round.
pub(crate) struct Pairs {
    ours: Vec<f64>,
    baseline: Vec<f64>,
}

/// Measures two sides in turns; each returns how long it took.
///
/// The side that begins changes from round to round, so that neither always gets the warmer machine.
pub(crate) fn pairs(
    mut ours: impl FnMut() -> Result<Duration, BoxError>,
    mut baseline: impl FnMut() -> Result<Duration, BoxError>,
) -> Result<Pairs, BoxError> {
    ours()?;
    baseline()?;
    let mut pairs = Pairs {
        ours: Vec::new(),
        baseline: Vec::new(),
    };
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            pairs.ours.push(ours()?.as_secs_f64());
            pairs.baseline.push(baseline()?.as_secs_f64());
        } else {
            pairs.baseline.push(baseline()?.as_secs_f64());
            pairs.ours.push(ours()?.as_secs_f64());
        }
    }
    Ok(pairs)
}

impl Pairs {
    fn rounds(&self, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let both = self.ours.iter().zip(&self.baseline);
        both.map(|(ours, baseline)| value(*ours, *baseline))
            .collect()
    }

    fn outcome(&self, rounds: Vec<f64>, show: impl Fn(f64) -> String) -> Outcome {
        Outcome {
            value: median(&rounds),
            ours: show(median(&self.ours)),
            baseline: show(median(&self.baseline)),
            rounds,
        }
    }

    /// How fast ours is: the baseline's time by ours. 1 is as fast.
    pub(crate) fn speed(&self, rows: u64) -> Outcome {
        self.outcome(self.rounds(|ours, baseline| baseline / ours), |took| {
            format!("{:.0} k rows/s", rows as f64 / took / 1e3)
        })
    }

    /// What ours costs: its time by the baseline's. 1 is as cheap.
    pub(crate) fn cost(&self, units: u64, unit: &str) -> Outcome {
        self.outcome(self.rounds(|ours, baseline| ours / baseline), |took| {
            format!("{:.3} ms a {unit}", took * 1e3 / units as f64)
        })
    }

    /// What ours takes more, in nanoseconds a unit.
    pub(crate) fn extra_ns(&self, units: u64, unit: &str) -> Outcome {
        let each = |took: f64| took * 1e9 / units as f64;
        self.outcome(
            self.rounds(|ours, baseline| each(ours - baseline)),
            |took| format!("{:.1} ns a {unit}", each(took)),
        )
    }
}

/// Returns the processor time that something took on all threads of this process.
///
/// For what runs alone here and may share the machine: others do not count.
pub(crate) fn processor_time(
    run: impl FnOnce() -> Result<Duration, BoxError>,
) -> Result<Duration, BoxError> {
    let now = || clock_gettime(ClockId::ProcessCPUTime);
    let began = now();
    run()?;
    let took = now() - began;
    Ok(Duration::new(took.tv_sec as u64, took.tv_nsec as u32))
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
