//! Who runs next: every order with few detours, or random ones; and how patient time is.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use crate::sync::clock;

/// When the time of a model passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Only when nobody else can go on: waits with a limit end by it only if nothing else ends them.
    Patient,
    /// At any moment, as on a machine that is slow.
    Any,
}

/// Keeps the thread of time waiting as long as another thread can go on.
#[derive(Debug)]
pub(super) struct WithTime<S> {
    inner: S,
    time: Time,
}

impl<S> WithTime<S> {
    pub(super) fn new(inner: S, time: Time) -> Self {
        Self { inner, time }
    }
}

impl<S: Scheduler> Scheduler for WithTime<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.inner.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let time = clock::thread();
        if self.time == Time::Any || time.is_none() || runnable.len() == 1 {
            return self.inner.next_task(runnable, current, is_yielding);
        }
        let others: Vec<&Task> = runnable
            .iter()
            .copied()
            .filter(|task| Some(task.id()) != time)
            .collect();
        self.inner.next_task(&others, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// Runs through every order that leaves a fixed one at most so many times, depth first.
///
/// In the fixed order a thread goes on as long as it can, and the one with the next number follows
/// it. Most bugs of concurrency show after two or three detours from there.
#[derive(Debug)]
pub(super) struct EveryOrder {
    detours_max: usize,
    schedules_max: usize,
    schedules: usize,
    path: Vec<Choice>,
    step: usize,
}

#[derive(Debug)]
struct Choice {
    /// Who may run; the first is that of the fixed order.
    candidates: Vec<TaskId>,
    chosen: usize,
    detours_before: usize,
}

impl Choice {
    fn detours_after(&self) -> usize {
        self.detours_before + usize::from(self.chosen > 0)
    }
}

impl EveryOrder {
    pub(super) fn new(detours_max: usize, schedules_max: usize) -> Self {
        Self {
            detours_max,
            schedules_max,
            schedules: 0,
            path: Vec::new(),
            step: 0,
        }
    }

    /// Goes to the next path; `false` if all were taken.
    fn advance(&mut self) -> bool {
        while let Some(last) = self.path.last_mut() {
            last.chosen += 1;
            if last.chosen < last.candidates.len() {
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn choice(&self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Choice {
        let detours_before = self.path.last().map_or(0, Choice::detours_after);
        let mut candidates: Vec<TaskId> = runnable.iter().map(|task| task.id()).collect();
        let current = current.map_or(0, usize::from);
        candidates.sort_by_key(|id| {
            let id = usize::from(*id);
            let comes_last = id < current || (is_yielding && id == current);
            (comes_last, id)
        });
        if detours_before >= self.detours_max {
            candidates.truncate(1);
        }
        Choice {
            candidates,
            chosen: 0,
            detours_before,
        }
    }
}

impl Scheduler for EveryOrder {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.schedules > 0 && !self.advance() {
            return None;
        }
        assert!(
            self.schedules < self.schedules_max,
            "there are more than {} orders: make the case smaller",
            self.schedules_max
        );
        self.schedules += 1;
        self.step = 0;
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        if self.step == self.path.len() {
            let choice = self.choice(runnable, current, is_yielding);
            self.path.push(choice);
        }
        let choice = &self.path[self.step];
        self.step += 1;
        let chosen = choice.candidates[choice.chosen];
        assert!(
            runnable.iter().any(|task| task.id() == chosen),
            "the case does not run the same way twice"
        );
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        panic!("a case whose every order is run takes no random numbers")
    }
}
