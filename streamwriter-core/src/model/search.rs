//! Runs a case in many orders, and says how many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::schedulers::{EveryOrder, Time, WithTime};
use crate::sync::clock;

/// More steps than any case needs: a schedule that takes them is one in which somebody spins.
const STEPS_MAX: usize = 20_000;

/// More orders than a case may have that is to be run in all of them.
const ORDERS_MAX: usize = 1_000_000;

/// How a case is run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Orders {
    /// In every order with at most so many detours from a fixed one.
    Every { detours: usize },
    /// In so many random orders: half of them uniform, half with few changes of priority.
    Random { schedules: usize, time: Time },
}

/// Counts what was run and, for a twin, stops at the first schedule that shows its bug.
pub(super) struct Search {
    name: String,
    seed: u64,
    began: Instant,
    schedules: Arc<AtomicUsize>,
    rejection: Option<String>,
    effort: Effort,
}

/// How much of the stated number of orders is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// All of it, and every failure is one.
    Thorough,
    /// Until the first failure, which is wanted: first a small part of it, since most bugs show
    /// soon, then all of it.
    TwinQuick,
    TwinThorough,
}

impl Orders {
    fn with(self, effort: Effort) -> Self {
        match self {
            _ if effort != Effort::TwinQuick => self,
            Self::Every { detours } => Self::Every {
                detours: detours.min(2),
            },
            Self::Random { schedules, time } => Self::Random {
                schedules: schedules / 20,
                time,
            },
        }
    }
}

impl Search {
    /// Runs everything; any schedule that breaks a property fails the test.
    pub(super) fn thorough(name: &str) -> Self {
        Self::new(name, Effort::Thorough)
    }

    /// Runs until a schedule breaks a property, and prints which; returns whether one did.
    pub(super) fn rejects(twin: &str, check: impl Fn(&mut Self)) -> bool {
        let mut search = Self::new(twin, Effort::TwinQuick);
        check(&mut search);
        if search.rejection.is_none() {
            search.effort = Effort::TwinThorough;
            check(&mut search);
        }
        search.report_rejection()
    }

    fn new(name: &str, effort: Effort) -> Self {
        let seed = std::env::var("STREAMWRITER_MODEL_SEED").map_or_else(
            |_| uuid::Uuid::new_v4().as_u64_pair().0,
            |seed| seed.parse().expect("STREAMWRITER_MODEL_SEED is a number"),
        );
        Self {
            name: name.to_owned(),
            seed,
            began: Instant::now(),
            schedules: Arc::default(),
            rejection: None,
            effort,
        }
    }

    /// Runs a case. `run` asserts what must hold; the time of the model is its own.
    pub(super) fn run(
        &mut self,
        case: &str,
        orders: Orders,
        run: impl Fn() + Send + Sync + 'static,
    ) {
        if self.rejection.is_some() {
            return;
        }
        let orders = orders.with(self.effort);
        let before = self.schedules.load(Ordering::Relaxed);
        let run: Arc<dyn Fn() + Send + Sync> = Arc::new({
            let schedules = Arc::clone(&self.schedules);
            move || {
                schedules.fetch_add(1, Ordering::Relaxed);
                clock::with_time(&run);
            }
        });
        let began = Instant::now();
        let (name, seed) = (&self.name, self.seed);
        let explored = catch_unwind(AssertUnwindSafe(|| explore(orders, seed, &run)));
        let ran = self.schedules.load(Ordering::Relaxed) - before;
        match explored {
            Ok(()) if self.effort != Effort::Thorough => {}
            Ok(()) => println!(
                "model {name}: {case}: {ran} schedules, {orders:?}, {:.1} s",
                began.elapsed().as_secs_f64()
            ),
            Err(panic) if self.effort != Effort::Thorough => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.into()));
                self.rejection = Some(format!("{case}: {}", text.unwrap_or_default()));
            }
            Err(panic) => {
                eprintln!(
                    "model {name}: {case}: broken in schedule {ran}, {orders:?}; run it again with \
                     STREAMWRITER_MODEL_SEED={seed}, or that one schedule with \
                     STREAMWRITER_MODEL_REPLAY=(the schedule above)"
                );
                std::panic::resume_unwind(panic);
            }
        }
    }

    fn report_rejection(&self) -> bool {
        let schedules = self.schedules.load(Ordering::Relaxed);
        match &self.rejection {
            Some(why) => println!(
                "twin {}: rejected after {schedules} schedules: {}",
                self.name,
                why.lines().next().unwrap_or_default()
            ),
            None => println!("twin {}: NOT rejected in {schedules} schedules", self.name),
        }
        self.rejection.is_some()
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        if self.effort == Effort::Thorough && !std::thread::panicking() {
            println!(
                "model {}: {} schedules in all, seed {}, {:.1} s",
                self.name,
                self.schedules.load(Ordering::Relaxed),
                self.seed,
                self.began.elapsed().as_secs_f64()
            );
        }
    }
}

fn explore(orders: Orders, seed: u64, run: &Arc<dyn Fn() + Send + Sync>) {
    if let Ok(schedule) = std::env::var("STREAMWRITER_MODEL_REPLAY") {
        return run_with(ReplayScheduler::new_from_encoded(schedule.trim()), run);
    }
    match orders {
        Orders::Every { detours } => {
            let every = EveryOrder::new(detours, ORDERS_MAX);
            run_with(WithTime::new(every, Time::Patient), run);
        }
        Orders::Random { schedules, time } => {
            let uniform = RandomScheduler::new_from_seed(seed, schedules / 2);
            run_with(WithTime::new(uniform, time), run);
            let few_changes = PctScheduler::new_from_seed(seed, 3, schedules / 2);
            run_with(WithTime::new(few_changes, time), run);
        }
    }
}

fn run_with(scheduler: impl Scheduler + 'static, run: &Arc<dyn Fn() + Send + Sync>) {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.failure_persistence = FailurePersistence::Print;
    config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
    config.silence_warnings = true;
    let run = Arc::clone(run);
    Runner::new(scheduler, config).run(move || run());
}
