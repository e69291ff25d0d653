//! Who holds a lock, in a form that a person can act on (E5).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A lock that is held until this value is dropped.
pub trait StorageLock: fmt::Debug + Send + Sync {}

/// The process that holds a lock; stored as JSON in the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process id.
    pub pid: u32,
    /// The host name.
    pub host: String,
    /// When it took the lock, in UTC (RFC 3339).
    pub since: String,
}

impl LockHolder {
    /// Describes this process.
    #[must_use]
    pub fn this_process() -> Self {
        Self {
            pid: std::process::id(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            since: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "process {} on host {} since {}",
            self.pid, self.host, self.since
        )
    }
}
