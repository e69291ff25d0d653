//! Which staged files this process has written itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many files are remembered before the memory starts afresh. A file that is forgotten is read
/// through before it is published, like one of another process.
const OWN_FILES_MAX: usize = 64 * 1024;

/// Staged files that this process has written and synced, and not published yet.
///
/// What is in them is known. A file that another process has staged may have been damaged since
/// then, and publishing it would show rows that are not in the message.
#[derive(Debug, Default)]
pub(super) struct OwnFiles(Mutex<HashSet<PathBuf>>);

impl OwnFiles {
    pub(super) fn add(&self, staged: PathBuf) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= OWN_FILES_MAX {
            own.clear();
        }
        own.insert(staged);
    }

    /// Forgets a file; returns whether it was one of them.
    pub(super) fn remove(&self, staged: &Path) -> bool {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.remove(staged)
    }
}
