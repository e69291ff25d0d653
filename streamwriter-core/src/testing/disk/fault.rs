//! What goes wrong on a simulated disk, and when.

use std::io;

use rustix::io::Errno;

use super::DiskOperation;

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
    Fail(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: DiskError,
    /// Whether the call has its effect all the same.
    pub(super) after: bool,
    /// Whether every later call of the class fails too.
    pub(super) lasting: bool,
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
        let failure = Failure {
            error,
            after: false,
            lasting: false,
        };
        Self {
            strike: Strike::Fail(failure),
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

    /// Lets the failing call have its effect before it answers with the error. Means nothing for a
    /// stop.
    pub fn after_its_effect(mut self) -> Self {
        if let Strike::Fail(failure) = &mut self.strike {
            failure.after = true;
        }
        self
    }

    /// Lets every later call of the same class (changes or looks) fail as well. Means nothing for
    /// a stop.
    pub fn from_then_on(mut self) -> Self {
        if let Strike::Fail(failure) = &mut self.strike {
            failure.lasting = true;
        }
        self
    }

    /// Tears the call if it is a write: the first `bytes` of it reach the file.
    pub fn tearing(self, bytes: usize) -> Self {
        Self {
            torn: Some(bytes),
            ..self
        }
    }

    /// Tells whether this call is one to strike at.
    pub(super) fn strikes(&self, operation: &DiskOperation) -> bool {
        let lasting = matches!(self.strike, Strike::Fail(Failure { lasting: true, .. }));
        let is_of_class = self.at_look != operation.kind.is_change();
        is_of_class && (operation.number == self.at || lasting && operation.number > self.at)
    }
}
