//! A disk under a storage whose system calls can fail, and whose power can be cut (E1, E8).

mod cut;
mod fault;
mod hook;
mod image;
mod matrix;
mod operation;
mod tree;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::cut::{Loss, PowerCut, Survival};
pub use self::fault::{DiskError, DiskFault, DiskFlaw};
pub use self::matrix::{Judged, PowerMatrix, PowerViolation};
pub use self::operation::{DiskOperation, OperationKind};

use self::cut::Rule;
use self::hook::{Life, Process, Shared};
use self::image::Image;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{LocalStorage, SharedStorage};

/// A directory that behaves as a disk does at its worst: its system calls fail, tear or stop where
/// a test says so, and a power cut takes back what was not synced.
///
/// It hands out [`LocalStorage`]s. Each of their system calls is counted, logged, and goes into a
/// model of what a file system promises: a file's bytes are durable once the file is synced, a
/// name (also that of a directory) once the directory that holds it is. [`power_cut`] then makes
/// the directory what a machine might find when it is switched on again.
///
/// # This one or `FaultStorage`
/// [`FaultStorage`](super::FaultStorage) strikes at the steps of the protocol: it wraps any
/// [`Storage`](crate::Storage) and fails whole operations such as "create this record". Use it to
/// find out whether a sink calls the steps in the right order and survives each of them failing.
/// `SimulatedDisk` strikes below the storage, at single system calls, some ten to an operation,
/// and it alone forgets what was not synced. Use it to find out whether what the steps promise
/// survives a power cut, and for errors of the device. It takes a sink whose target is a
/// [`SharedStorage`], such as one on `Staging::over(disk.storage("lake")?)`, and a query with
/// `.checkpoint(disk.storage("state")?)`, so that both are on one disk and under one count. What a
/// sink does to the directory past its storage is not seen.
///
/// # Processes
/// A disk outlives the processes that use it. [`begin`](Self::begin) begins one: the count and the
/// log start afresh, and the storages of the process before go dead, as after a kill. Everything
/// that the killed one has written is there, durable or not. So
/// - *stop, begin* is `kill -9` and a restart,
/// - *stop, [`power_cut`], begin* is a power cut and a restart,
/// - *stop, begin, stop, [`power_cut`], begin* is a power cut in the middle of the recovery from a
///   kill, which takes back what the first process left and the second has already seen.
///
/// [`PowerMatrix`] does the second and the last at every system call of a
/// program.
///
/// # Example
/// A file that was written and renamed, but not synced, is not there after a power cut:
///
/// ```
/// use streamwriter_core::testing::{DiskFault, SimulatedDisk, Survival};
/// use streamwriter_core::{Storage, StorePath};
///
/// let directory = tempfile::tempdir()?;
/// let disk = SimulatedDisk::new(directory.path())?;
/// let path = StorePath::parse("a")?;
///
/// // Learn how many changes there are, then cut the power in front of each.
/// disk.storage("state")?.create(&path, b"x")?;
/// let changes = disk.changes();
/// for at in 0..changes {
///     let directory = tempfile::tempdir()?;
///     let disk = SimulatedDisk::new(directory.path())?;
///     disk.begin(Some(DiskFault::stop(at)));
///     let answer = disk.storage("state")?.create(&path, b"x");
///     assert!(answer.is_err(), "the last change is the sync without which nothing is promised");
///     let cut = disk.power_cut(Survival::Nothing)?;
///     disk.begin(None);
///     let found = disk.storage("state")?.read(&path)?;
///     assert_eq!(found, None, "cut at change {at}: {cut}\n{:#?}", disk.log());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`power_cut`]: Self::power_cut
#[derive(Clone, Debug)]
pub struct SimulatedDisk(Arc<Shared>);

/// What a disk holds, with what is not durable yet; see [`SimulatedDisk::save`].
#[derive(Clone, Debug)]
pub struct SavedDisk(Image);

impl SimulatedDisk {
    /// Takes a directory, and everything in it as durable. The first process has begun.
    ///
    /// The disk keeps a copy of every byte in memory: it is for tests with small files.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) if the directory cannot be read.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = std::path::absolute(&directory)
            .map_err(|error| failed("make the path absolute", directory.as_ref(), error))?;
        let tree = tree::read(&directory).map_err(|error| failed("read", &directory, error))?;
        let image = Image::durable(tree);
        Ok(Self(Arc::new(Shared::new(directory, image))))
    }

    /// Takes a directory on a disk that breaks a promise. For the twin of a test: what passes on a
    /// good disk must fail on this one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn flawed(directory: impl AsRef<Path>, flaw: DiskFlaw) -> Result<Self> {
        let disk = Self::new(directory)?;
        disk.0.state().flaw = Some(flaw);
        Ok(disk)
    }

    /// Lets the file system not know `RENAME_NOREPLACE`, as some network file systems do; storages
    /// then link and unlink.
    #[must_use]
    pub fn without_exclusive_rename(self) -> Self {
        self.0.state().renames_exclusively = false;
        self
    }

    /// Begins a process, with at most one fault ahead of it. The process before is dead: whatever
    /// it still tries has no effect.
    pub fn begin(&self, fault: Option<DiskFault>) {
        let mut state = self.0.state();
        state.process += 1;
        state.life = Life {
            fault,
            ..Life::default()
        };
    }

    /// Gives the process that runs now a storage in a directory below the disk's.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) if the path cannot be made absolute.
    pub fn storage(&self, below: impl AsRef<Path>) -> Result<SharedStorage> {
        let number = self.0.state().process;
        let disk = Arc::clone(&self.0);
        let hook = Arc::new(Process { disk, number });
        Ok(Arc::new(LocalStorage::hooked(&self.path(below), hook)?))
    }

    /// Returns where something below the disk's directory really is.
    #[must_use]
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        // Without the separator at the end that joining nothing adds.
        self.0.directory.join(below).components().collect()
    }

    /// Returns how many changes the process that runs now has begun; syncs count as changes.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.0.state().life.changes
    }

    /// Returns how many looks the process that runs now has begun.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.0.state().life.looks
    }

    /// Returns the operation at which the fault has struck, if it has.
    #[must_use]
    pub fn struck(&self) -> Option<DiskOperation> {
        self.0.state().life.struck.clone()
    }

    /// Returns the operations that the process that runs now has begun, in order.
    #[must_use]
    pub fn log(&self) -> Vec<DiskOperation> {
        self.0.state().life.log.clone()
    }

    /// Cuts the power: the process is dead, and what is found at the next one is what was synced
    /// and, of the rest, what survives.
    ///
    /// Everything that is found is durable afterwards.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) if the directory cannot be made what it is to be.
    pub fn power_cut(&self, survival: Survival) -> Result<PowerCut> {
        self.power_cut_sparing(survival, &[])
    }

    /// As [`power_cut`](Self::power_cut), and the changes with these numbers survive in any case.
    ///
    /// It shrinks a cut that a test fails on: spare one [`Loss`] after the other, as long as the
    /// test still fails; what is lost then is what matters.
    ///
    /// # Errors
    /// As [`power_cut`](Self::power_cut).
    pub fn power_cut_sparing(&self, survival: Survival, spared: &[u64]) -> Result<PowerCut> {
        let mut state = self.0.state();
        let rule = Rule {
            survival,
            spared,
            flaw: state.flaw,
        };
        let (tree, cut) = cut::cut(&state.image, rule);
        let before = state.image.current();
        tree::change(&self.0.directory, &before, &tree)
            .map_err(|error| failed("simulate a power cut", &self.0.directory, error))?;
        state.image = Image::durable(tree);
        state.life.off = true;
        Ok(cut)
    }

    /// Remembers what the disk holds, so that several cuts can be tried at one point.
    #[must_use]
    pub fn save(&self) -> SavedDisk {
        SavedDisk(self.0.state().image.clone())
    }

    /// Goes back to what was saved. The process is dead, as after a kill at that point.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) if the directory cannot be made what it was.
    pub fn restore(&self, saved: &SavedDisk) -> Result<()> {
        let mut state = self.0.state();
        tree::change(
            &self.0.directory,
            &state.image.current(),
            &saved.0.current(),
        )
        .map_err(|error| failed("restore", &self.0.directory, error))?;
        state.image = saved.0.clone();
        state.life.off = true;
        Ok(())
    }
}

fn failed(to_do: &str, path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("cannot {to_do}"))
        .at_path(path.display().to_string())
        .with_source(error)
}

#[cfg(test)]
mod tests;
