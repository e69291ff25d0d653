//! What stands between the storages of one process and the simulated disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::DiskFlaw;
use super::fault::{DiskFault, Strike};
use super::image::Image;
use super::operation::{DiskOperation, OperationKind, Placed};
use crate::storage::{DiskCall, DiskHook};

/// A disk, shared by all storages on it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) flaw: Option<DiskFlaw>,
    pub(super) renames_exclusively: bool,
    pub(super) image: Image,
    /// The process whose calls have an effect.
    pub(super) process: u64,
    pub(super) life: Life,
}

/// What the process that runs now has done, and what is to happen to it.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) fault: Option<DiskFault>,
    pub(super) struck: Option<DiskOperation>,
    pub(super) off: bool,
    pub(super) changes: u64,
    pub(super) looks: u64,
    pub(super) log: Vec<DiskOperation>,
}

impl Shared {
    pub(super) fn new(directory: PathBuf, image: Image) -> Self {
        Self {
            directory,
            state: Mutex::new(State {
                flaw: None,
                renames_exclusively: true,
                image,
                process: 0,
                life: Life::default(),
            }),
        }
    }

    /// Held for the whole of a call, so that image and directory never differ for another one.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a call is to go.
enum Verdict {
    Runs,
    Fails {
        error: io::Error,
        after: bool,
        torn: Option<usize>,
    },
}

impl Life {
    /// Counts a call, and decides how it goes.
    fn begin(&mut self, call: &Placed) -> Verdict {
        let count = match call.kind.is_change() {
            true => &mut self.changes,
            false => &mut self.looks,
        };
        let number = *count;
        *count += 1;
        let operation = call.numbered(number);
        self.log.push(operation.clone());
        let Some(fault) = self.fault.filter(|fault| fault.strikes(&operation)) else {
            return Verdict::Runs;
        };
        self.struck.get_or_insert(operation);
        let torn = fault.torn;
        match fault.strike {
            Strike::Stop => {
                self.off = true;
                Verdict::Fails {
                    error: off(),
                    after: false,
                    torn,
                }
            }
            Strike::Fail(failure) => Verdict::Fails {
                error: failure.error.to_io(),
                after: failure.after,
                torn,
            },
        }
    }
}

fn off() -> io::Error {
    io::Error::other("the simulated machine is off")
}

/// The hook of one process: it goes dead when another one begins.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) disk: Arc<Shared>,
    pub(super) number: u64,
}

impl Process {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.process != self.number || state.life.off {
            return Err(off());
        }
        Ok(state)
    }
}

impl State {
    fn run(&mut self, call: &Placed, effect: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        if call.kind == OperationKind::Rename && !self.renames_exclusively {
            return Err(Errno::INVAL.into());
        }
        // Durability is the image's affair: a real sync would only cost time.
        if !call.kind.is_sync() {
            effect()?;
        }
        self.image.apply(call, self.flaw);
        Ok(())
    }
}

impl DiskHook for Process {
    fn call(
        &self,
        call: DiskCall<'_>,
        effect: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(call) = Placed::new(&self.disk.directory, call) else {
            return effect();
        };
        let mut state = self.state()?;
        let verdict = state.life.begin(&call);
        match verdict {
            Verdict::Runs => state.run(&call, effect),
            Verdict::Fails { error, after, .. } => {
                if after {
                    // Whatever its own answer is, the caller gets the other one.
                    let _ = state.run(&call, effect);
                }
                Err(error)
            }
        }
    }

    fn write(
        &self,
        path: &Path,
        bytes: &[u8],
        effect: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let Some(call) = Placed::at(&self.disk.directory, OperationKind::Write, path) else {
            return effect(bytes);
        };
        let mut state = self.state()?;
        let verdict = state.life.begin(&call);
        let (part, error) = match verdict {
            Verdict::Runs => (bytes, None),
            Verdict::Fails { error, after, torn } => {
                let length = torn.unwrap_or(if after { bytes.len() } else { 0 });
                (bytes.get(..length).unwrap_or(bytes), Some(error))
            }
        };
        let written = match part {
            [] => 0,
            part => effect(part)?,
        };
        let done = part.get(..written).unwrap_or(part);
        state.image.write(&call.path, done);
        error.map_or(Ok(written), Err)
    }
}
