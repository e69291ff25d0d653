//! Goes through the entries of a directory, and of those inside if they are entered.

use std::fs::{self, DirEntry, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use streamwriter_core::{Error, ErrorKind, Result};

use super::listing::directory_error;
use super::position::read_error;

/// How deep directories may lie in one another; each is an open handle while it is listed.
const DEPTH_MAX: usize = 64;

/// The files below a directory, by their relative paths. Memory grows with the depth only.
///
/// Names that begin with `.` or `_` are passed over, with all that is below them.
pub(super) struct Walk<'r> {
    root: &'r Path,
    nested: bool,
    /// Those that are open, outermost first.
    open: Vec<Open>,
}

struct Open {
    /// Below the root, with a `/` at its end unless it is the root.
    prefix: String,
    entries: ReadDir,
}

impl<'r> Walk<'r> {
    /// Begins at a directory; those inside are entered if `nested`.
    pub(super) fn new(root: &'r Path, nested: bool) -> Result<Self> {
        let entries = fs::read_dir(root).map_err(|error| directory_error(root, error))?;
        let prefix = String::new();
        Ok(Self {
            root,
            nested,
            open: vec![Open { prefix, entries }],
        })
    }

    /// Returns the path of the next file whose name is wanted.
    pub(super) fn next(&mut self, is_wanted: impl Fn(&[u8]) -> bool) -> Result<Option<String>> {
        while let Some(open) = self.open.last_mut() {
            let Some(entry) = open.entries.next() else {
                self.open.pop();
                continue;
            };
            let entry = entry.map_err(|error| {
                let directory = self.root.join(&open.prefix);
                directory_error(&directory, error)
            })?;
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            let is_wanted = is_wanted(name);
            if matches!(name.first(), Some(b'.' | b'_')) || !(is_wanted || self.nested) {
                continue;
            }
            let Some(kind) = kind_of(&entry)? else {
                continue;
            };
            if self.nested && is_directory(&entry, kind)? {
                self.enter(&entry)?;
            } else if is_wanted && (kind.is_file() || kind.is_symlink()) {
                return self.path_of(&entry).map(Some);
            }
        }
        Ok(None)
    }

    fn enter(&mut self, entry: &DirEntry) -> Result<()> {
        let mut prefix = self.path_of(entry)?;
        prefix.push('/');
        if self.open.len() > DEPTH_MAX {
            let message = format!("directories lie more than {DEPTH_MAX} deep in one another");
            return Err(at(entry, Error::new(ErrorKind::Source, message))
                .with_help("put `_` before the name to have it ignored, or move it up"));
        }
        match fs::read_dir(entry.path()) {
            Ok(entries) => self.open.push(Open { prefix, entries }),
            // It is gone by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(directory_error(&entry.path(), error)),
        }
        Ok(())
    }

    /// Returns the path below the root, as it is logged.
    fn path_of(&self, entry: &DirEntry) -> Result<String> {
        let prefix = self.open.last().map_or("", |open| open.prefix.as_str());
        match entry.file_name().to_str() {
            Some(name) => Ok(format!("{prefix}{name}")),
            None => {
                let message = "a file name is not UTF-8, so it cannot be logged";
                Err(at(entry, Error::new(ErrorKind::Source, message))
                    .with_help("rename the file, or put `_` before its name to have it ignored"))
            }
        }
    }
}

/// Returns what an entry is; `None` if it is gone.
fn kind_of(entry: &DirEntry) -> Result<Option<FileType>> {
    match entry.file_type() {
        Ok(kind) => Ok(Some(kind)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(read_error(&entry.path(), error)),
    }
}

/// Tells whether an entry is a directory to enter.
///
/// # Errors
/// [`Source`](ErrorKind::Source) if a symbolic link leads to one. To follow it could read rows twice or
/// go round for ever, to pass it over could lose rows, so a person decides.
fn is_directory(entry: &DirEntry, kind: FileType) -> Result<bool> {
    if !kind.is_symlink() {
        return Ok(kind.is_dir());
    }
    let leads_to: PathBuf = entry.path();
    match fs::metadata(leads_to) {
        Ok(metadata) if metadata.is_dir() => {
            let message = "a symbolic link leads to a directory, which is not entered that way";
            Err(at(entry, Error::new(ErrorKind::Source, message)).with_help(
                "put `_` before its name to have it ignored; to have its files read, move or mount \
                 the directory here",
            ))
        }
        // One that leads nowhere looks the same as a file that is gone.
        _ => Ok(false),
    }
}

fn at(entry: &DirEntry, error: Error) -> Error {
    error
        .at_path(entry.path().display().to_string())
        .permanent()
}
