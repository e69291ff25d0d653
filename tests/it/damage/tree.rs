//! The files of a checkpoint and a target, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Directories and files by their paths below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) directories: BTreeSet<PathBuf>,
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Tree {
    /// Reads what lies below these directories of a folder.
    pub(super) fn read(folder: &Path, names: &[&Path]) -> Self {
        let mut tree = Self::default();
        for name in names {
            tree.read_below(folder, name);
        }
        tree
    }

    fn read_below(&mut self, folder: &Path, below: &Path) {
        let full = folder.join(below);
        if full.is_file() {
            self.files.insert(below.to_owned(), fs::read(full).unwrap());
            return;
        }
        let Ok(entries) = fs::read_dir(full) else {
            return;
        };
        self.directories.insert(below.to_owned());
        for entry in entries {
            let entry = entry.unwrap();
            self.read_below(folder, &below.join(entry.file_name()));
        }
    }

    /// Writes everything into a folder in which nothing of it is.
    pub(super) fn write(&self, folder: &Path) {
        for directory in &self.directories {
            fs::create_dir_all(folder.join(directory)).unwrap();
        }
        for (path, bytes) in &self.files {
            fs::write(folder.join(path), bytes).unwrap();
        }
    }
}
