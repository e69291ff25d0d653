//! The script of one life: strikes its faults where they belong, and observes the rest.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};

use super::faults::{Action, Fault, Shape, Step};
use super::observer::Observer;
use crate::context::TaskContext;
use crate::error::{BoxError, Error, ErrorKind, Permanent, Result};
use crate::query::StopHandle;
use crate::testing::{FaultPoint, When};

/// How long anything waits for anything else before the test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a slow task sleeps.
const SLOW: Duration = Duration::from_millis(20);

/// The text of every panic of the suite.
pub(super) const PANIC_TEXT: &str = "the conformance suite panics here";

/// Looks at what is visible, in the middle of a life.
type Reader = dyn Fn() -> Result<(), String> + Send + Sync;

pub(super) struct Script {
    faults: Vec<(Fault, AtomicU64)>,
    shape: Shape,
    pub(super) observer: Observer,
    stop: OnceLock<StopHandle>,
    gate: Gate,
    reader: OnceLock<Box<Reader>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Script {
    pub(super) fn new(faults: &[Fault], shape: Shape) -> Arc<Self> {
        Arc::new(Self {
            faults: faults
                .iter()
                .map(|fault| (*fault, AtomicU64::new(0)))
                .collect(),
            shape,
            observer: Observer::default(),
            stop: OnceLock::new(),
            gate: Gate::default(),
            reader: OnceLock::new(),
        })
    }

    /// Looks at what is visible at every step from now on.
    pub(super) fn read_at_every_step(
        &self,
        reader: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        // A second reader is not needed, and none is given.
        let _ = self.reader.set(Box::new(reader));
    }

    pub(super) fn stop_with(&self, handle: StopHandle) {
        let _ = self.stop.set(handle);
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns the first fault that never struck.
    pub(super) fn spared(&self) -> Option<Fault> {
        self.faults
            .iter()
            .find(|(_, struck)| struck.load(Ordering::SeqCst) == 0)
            .map(|(fault, _)| *fault)
    }

    /// Notes that the faults struck in a process of their own.
    pub(super) fn struck_elsewhere(&self) {
        for (_, struck) in &self.faults {
            struck.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Passes a step of a batch or of a start.
    pub(super) fn pass(&self, step: Step, batch: u64, when: When) -> Result<()> {
        self.read(&format!("{when} {step:?} of batch {batch}"));
        let of_start = Step::OF_A_START.contains(&step);
        let struck = self.take(|fault| {
            fault.step == step
                && fault.when == when
                && fault.action != Action::CommitTwice
                && (of_start || fault.batch == batch)
        });
        struck.map_or(Ok(()), |fault| self.strike(&fault))
    }

    /// Passes a durable operation of checkpoint or target.
    pub(super) fn pass_operation(&self, point: &FaultPoint<'_>) -> Result<()> {
        self.read(&point.to_string());
        let number = self.take(|fault| match fault.step {
            Step::Operation(at) => (at, fault.when) == (point.number, point.when),
            // Later ones never come to their effect.
            Step::OperationsFrom(at) if point.number == at => fault.when == point.when,
            Step::OperationsFrom(at) => point.number > at,
            _ => false,
        });
        if let Some(fault) = number {
            self.strike(&fault)?;
        }
        if point.operation != "create" {
            return Ok(());
        }
        let Some((step, batch)) = step_of(point.path.as_str()) else {
            return Ok(());
        };
        if step == Step::Prepared && point.when == When::Before {
            self.observer.prepared_attempted(batch);
        }
        if step == Step::Commits && point.when == When::After {
            self.observer.recorded(batch);
        }
        self.pass(step, batch, point.when)
    }

    /// Returns the fault of a task, if one strikes it now.
    pub(super) fn task_fault(&self, task: &TaskContext, when: When) -> Option<Fault> {
        self.take(|fault| {
            fault.step == Step::Write
                && fault.when == when
                && fault.action != Action::SourceFails
                && self.concerns(fault, task)
        })
    }

    /// Tells whether the commit of a batch is to be called twice.
    pub(super) fn commits_twice(&self, batch: u64) -> bool {
        self.take(|fault| fault.action == Action::CommitTwice && fault.batch == batch)
            .is_some()
    }

    /// Fails the source in front of the last row of a partition, if the script says so.
    pub(super) fn before_row(&self, number: u64, task: &TaskContext) -> Result<(), BoxError> {
        let (batch, partition) = (task.batch_id().get(), task.partition().get());
        if self.shape.last_row_of(batch, partition) != Some(number) {
            return Ok(());
        }
        self.take(|fault| fault.action == Action::SourceFails && self.concerns(fault, task))
            .map_or(Ok(()), |_| Err("the script fails the source here".into()))
    }

    fn concerns(&self, fault: &Fault, task: &TaskContext) -> bool {
        let last = self.shape.partitions.saturating_sub(1);
        fault.batch == task.batch_id().get() && fault.partition.min(last) == task.partition().get()
    }

    fn take(&self, matches: impl Fn(&Fault) -> bool) -> Option<Fault> {
        self.faults
            .iter()
            .filter(|(fault, _)| matches(fault))
            .find(|(fault, struck)| {
                struck
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                        (n < u64::from(fault.times)).then_some(n + 1)
                    })
                    .is_ok()
            })
            .map(|(fault, _)| *fault)
    }

    /// Does what a fault says, as far as that does not depend on the step.
    pub(super) fn strike(&self, fault: &Fault) -> Result<()> {
        match fault.action {
            Action::Fail => Err(failure(fault)),
            Action::FailForGood => Err(failure(fault).permanent()),
            Action::Panic => panic_as_scripted(),
            Action::Kill => kill_this_process(),
            Action::Stop => self.request_stop(),
            Action::Pause => self.gate.pause(),
            Action::BeSlow => {
                std::thread::sleep(SLOW);
                Ok(())
            }
            Action::HangUntilCancelled
            | Action::SourceFails
            | Action::LeaveUnread
            | Action::CommitTwice => Ok(()),
        }
    }

    fn request_stop(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        // The handle comes from `start`, which may not have returned yet.
        while Instant::now() < until {
            if let Some(stop) = self.stop.get() {
                stop.request_stop();
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(waited("the handle of the query"))
    }

    fn read(&self, at: &str) {
        if let Some(reader) = self.reader.get()
            && let Err(violation) = reader()
        {
            self.observer.violated(format!("{violation}, {at}"));
        }
    }
}

#[expect(clippy::panic, reason = "that is what the script asks for")]
fn panic_as_scripted() -> Result<()> {
    std::panic::panic_any(PANIC_TEXT.to_owned())
}

/// Waits in a task until it is cancelled.
pub(super) fn hang(task: &TaskContext) -> Result<(), BoxError> {
    let until = Instant::now() + PATIENCE;
    while !task.is_cancelled() {
        if Instant::now() > until {
            return Err(Permanent::new(waited("the cancellation of a task")).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err("the script's task was cancelled".into())
}

fn failure(fault: &Fault) -> Error {
    let what = match fault.when {
        When::Before => "the script fails this step",
        When::After => "the script loses the answer of this step",
    };
    Error::new(ErrorKind::Storage, format!("{what}: {fault}"))
}

fn waited(what: &str) -> Error {
    Error::new(
        ErrorKind::StillRunning,
        format!("waited {PATIENCE:?} for {what} in vain"),
    )
}

fn kill_this_process() -> Result<()> {
    kill_process(getpid(), Signal::KILL)
        .map_err(|error| Error::new(ErrorKind::Storage, "cannot kill itself").with_source(error))?;
    // The signal takes effect at once; the process does nothing further.
    loop {
        std::thread::park();
    }
}

/// The step and batch whose record an object is.
fn step_of(path: &str) -> Option<(Step, u64)> {
    if path == "query.json" {
        return Some((Step::Query, 0));
    }
    let (directory, name) = path.split_once('/')?;
    let number = name.strip_suffix(".json")?.parse().ok()?;
    match directory {
        "runs" => Some((Step::Run, 0)),
        "offsets" => Some((Step::Offsets, number)),
        "prepared" => Some((Step::Prepared, number)),
        "commits" => Some((Step::Commits, number)),
        _ => None,
    }
}

/// Holds a life at one place until the test lets it go on.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum GateState {
    #[default]
    Ahead,
    Reached,
    Open,
}

impl Gate {
    /// Waits in the life that is held.
    fn pause(&self) -> Result<()> {
        self.set(GateState::Reached);
        if self.wait_for(GateState::Open) {
            return Ok(());
        }
        Err(waited("the test to open the gate"))
    }

    /// Waits in the test until the life is held; false if that does not happen.
    pub(super) fn reached(&self) -> bool {
        self.wait_for(GateState::Reached)
    }

    /// Lets the life go on.
    pub(super) fn open(&self) {
        self.set(GateState::Open);
    }

    fn set(&self, state: GateState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_all();
    }

    fn wait_for(&self, wanted: GateState) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| *state != wanted)
            .unwrap_or_else(PoisonError::into_inner);
        *state == wanted
    }
}
