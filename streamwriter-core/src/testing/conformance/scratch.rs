//! Folders of the suite: in memory where there is such a place, since a case takes hundreds of syncs.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// A folder that is removed at the end, unless somebody is to look at it.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let in_memory = Path::new("/dev/shm");
        let name = format!("streamwriter-{}", uuid::Uuid::new_v4());
        [in_memory, &std::env::temp_dir()]
            .iter()
            .map(|above| above.join(&name))
            .find(|path| std::fs::create_dir_all(path).is_ok())
            .map(|path| Self { path, keep: false })
            .ok_or_else(|| {
                Error::new(ErrorKind::Storage, "cannot make a folder for the suite")
                    .at_path(std::env::temp_dir().display().to_string())
                    .with_help("set TMPDIR to a folder that can be written to")
            })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the folder for the person who looks into a failure.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What stays is in a folder for temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
