//! Cases: how many executors run which tasks, and who gets in their way.

use std::time::Duration;

/// One unit of the model's time.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// What one attempt of a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Reads everything and succeeds.
    Succeeds,
    /// Fails, and may be tried again.
    Fails,
    /// Fails for good.
    FailsForGood,
    /// Panics.
    Panics,
    /// Panics after `write`, where its rows are counted.
    PanicsBeside,
    /// Fails with an error whose text panics.
    FailsUnprintably,
    /// Goes on until it is told to end.
    HangsUntilCancelled,
    /// Reads everything, then takes no notice of anything for some ticks, and succeeds.
    IsDeaf,
    /// Succeeds with its last row left unread, behind which the source is slow.
    LeavesARowUnread,
    /// Says that the rest is skipped; the source is slow to give it.
    SkipsASlowRest,
    /// Meets an error of the source after its first row.
    IsCutOff,
}

/// A batch, and what happens around it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) executors: usize,
    /// What each attempt of each partition does; the last entry goes for all further attempts.
    pub(super) partitions: &'static [&'static [Does]],
    pub(super) attempts_max: u32,
    /// How long before a second attempt.
    pub(super) delay: Duration,
    pub(super) task_timeout: Option<Duration>,
    /// Whether somebody abandons the batch at some moment.
    pub(super) stop: bool,
    /// How often somebody else may come before the stop, so that not every random order has it
    /// first.
    pub(super) steps_before_stop: usize,
    /// Whether somebody asks what runs, now and then.
    pub(super) observer: bool,
}

impl Case {
    pub(super) const fn new(name: &'static str, partitions: &'static [&'static [Does]]) -> Self {
        Self {
            name,
            executors: 2,
            partitions,
            attempts_max: 2,
            delay: TICK,
            task_timeout: None,
            stop: false,
            steps_before_stop: 1,
            observer: false,
        }
    }

    pub(super) const fn executors(mut self, executors: usize) -> Self {
        self.executors = executors;
        self
    }

    pub(super) const fn attempts(mut self, attempts_max: u32) -> Self {
        self.attempts_max = attempts_max;
        self
    }

    pub(super) const fn without_delay(mut self) -> Self {
        self.delay = Duration::ZERO;
        self
    }

    pub(super) const fn time_out_after(mut self, ticks: u64) -> Self {
        self.task_timeout = Some(Duration::from_secs(ticks));
        self
    }

    pub(super) const fn stopped(mut self) -> Self {
        self.stop = true;
        self
    }

    /// Lets the stop come later.
    pub(super) const fn late(mut self) -> Self {
        self.steps_before_stop = 15;
        self
    }

    pub(super) const fn observed(mut self) -> Self {
        self.observer = true;
        self
    }

    pub(super) fn does(&self, partition: u32, attempt: u32) -> Does {
        let attempts = self.partitions[partition as usize];
        attempts[(attempt as usize).min(attempts.len() - 1)]
    }
}
