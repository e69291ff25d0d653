//! What goes wrong on a simulated disk, and when.

use std::io;

use rustix::io::Errno;

/// The error that a system call answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskError {
    /// `ENOSPC`: no space is left.
    Full,
    /// `EIO`: the device has failed.
    Io,
    /// `EACCES`: a permission is missing.
    Denied,
}

impl DiskError {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Full, Self::Io, Self::Denied];

    pub(super) fn to_io(self) -> io::Error {
        match self {
            Self::Full => Errno::NOSPC,
            Self::Io => Errno::IO,
            Self::Denied => Errno::ACCESS,
        }
        .into()
    }
}

/// A promise that a bad disk does not keep. It answers as a good one.
///
/// A test that passes on a good disk and does not fail on each of these has not looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskFlaw {
    /// The sync of a file makes nothing durable.
    IgnoresFileSyncs,
    /// The sync of a directory makes nothing durable.
    IgnoresDirectorySyncs,
    /// A rename that is not synced may lose the old name and the new one. Journaling file systems
    /// keep at least one, and streamwriter relies on that.
    TearsRenames,
}

/// One fault in the life of a process, at one of its system calls.
///
/// Changes (everything that makes, writes, names, removes or syncs) are counted from 0, and so
/// are, apart from them, looks (everything that reads).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a fault strikes only when a process begins with it"]
pub struct DiskFault {
    pub(super) at: u64,
    pub(super) at_look: bool,
    pub(super) strike: Strike,
    /// How many bytes of the call go through, if it is a write.
    pub(super) torn: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// Nothing has an effect any more.
    Stop,
    Fail {
        error: DiskError,
        after: bool,
        lasting: bool,
    },
}

impl DiskFault {
    /// Stops the process, or the machine, in front of its `at`-th change: that call and all later
    /// ones have no effect and answer with an error.
    ///
    /// It was a kill if the next process begins at once, and a power cut if
    /// [`SimulatedDisk::power_cut`](super::SimulatedDisk::power_cut) comes first.
    pub fn stop(at: u64) -> Self {
        Self {
            at,
            at_look: false,
            strike: Strike::Stop,
            torn: None,
        }
    }

    /// Lets the `at`-th change fail once, without effect.
    pub fn fail(at: u64, error: DiskError) -> Self {
        Self {
            strike: Strike::Fail {
                error,
                after: false,
                lasting: false,
            },
            ..Self::stop(at)
        }
    }

    /// Lets the `at`-th look fail once.
    pub fn fail_look(at: u64, error: DiskError) -> Self {
        Self {
            at_look: true,
            ..Self::fail(at, error)
        }
    }

    /// Lets the failing call have its effect before it answers with the error.
    pub fn after_its_effect(self) -> Self {
        self.failing(|error, _, lasting| (error, true, lasting))
    }

    /// Lets every later call of the same class (changes or looks) fail as well.
    pub fn from_then_on(self) -> Self {
        self.failing(|error, after, _| (error, after, true))
    }

    /// Tears the call if it is a write: the first `bytes` of it reach the file.
    pub fn tearing(self, bytes: usize) -> Self {
        Self {
            torn: Some(bytes),
            ..self
        }
    }

    fn failing(
        mut self,
        change: impl FnOnce(DiskError, bool, bool) -> (DiskError, bool, bool),
    ) -> Self {
        if let Strike::Fail {
            error,
            after,
            lasting,
        } = self.strike
        {
            let (error, after, lasting) = change(error, after, lasting);
            self.strike = Strike::Fail {
                error,
                after,
                lasting,
            };
        }
        self
    }
}
