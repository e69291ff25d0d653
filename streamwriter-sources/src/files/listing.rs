//! Finds the files of a directory that have not been taken.

use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::Path;

use streamwriter_core::{Error, ErrorKind, QueryId, Result};

use super::content::Codec;
use super::hive::Layout;
use super::own::expect_foreign;
use super::position::{FileIdentity, read_error};
use super::taken::{FileHash, TakenSet, hash_of};
use super::walk::Walk;

/// Names that are looked up in the taken set at a time.
const CHUNK_NAMES: usize = 8_192;

/// A file that waits to be planned; ordered by modification time, then name, which is the path below
/// the directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    modified_ns: i64,
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// What a listing has found.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) files: VecDeque<Found>,
    /// Whether no name that is wanted was left out.
    pub(crate) complete: bool,
}

/// Which files are looked for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) root: &'a Path,
    /// Whose own output is no input.
    pub(crate) query: Option<QueryId>,
    pub(crate) layout: &'a Layout,
    pub(crate) extensions: &'a [String],
    /// Whether a further ending may say how a file is compressed.
    pub(crate) decompress: bool,
    pub(crate) taken: &'a TakenSet,
    /// Files that are planned and not yet in the taken set, and others that are not looked for.
    pub(crate) planned: &'a HashSet<FileHash>,
    /// The only files that may be found, if the stream is frozen.
    pub(crate) frozen: Option<&'a HashSet<FileHash>>,
}

impl Wanted<'_> {
    /// Returns the first files in the order of [`Found`], at most `count` of them.
    pub(crate) fn first(&self, count: usize) -> Result<Listed> {
        self.first_and_each(count, |_| ())
    }

    /// As [`first`](Self::first), and the hashes of the names of all files.
    pub(crate) fn first_and_all(&self, count: usize) -> Result<(Listed, HashSet<FileHash>)> {
        let mut all = HashSet::new();
        let first = self.first_and_each(count, |hash| {
            all.insert(hash);
        })?;
        Ok((first, all))
    }

    fn first_and_each(&self, count: usize, mut each: impl FnMut(FileHash)) -> Result<Listed> {
        let (mut first, mut complete) = (BinaryHeap::new(), true);
        self.visit(|hash, name| {
            each(hash);
            let Some(found) = self.look_at(name)? else {
                // A symbolic link may lead to a file later.
                complete = false;
                return Ok(());
            };
            first.push(found);
            if first.len() > count {
                first.pop();
                complete = false;
            }
            Ok(())
        })?;
        Ok(Listed {
            files: first.into_sorted_vec().into(),
            complete,
        })
    }

    fn visit(&self, mut each: impl FnMut(FileHash, String) -> Result<()>) -> Result<()> {
        let mut chunk = Vec::with_capacity(CHUNK_NAMES);
        let mut walk = Walk::new(self.root, self.layout.is_nested())?;
        while let Some(name) = walk.next(|name| self.is_wanted(name))? {
            let hash = hash_of(&name);
            let frozen_out = self.frozen.is_some_and(|frozen| !frozen.contains(&hash));
            if frozen_out || self.planned.contains(&hash) {
                continue;
            }
            chunk.push((hash, name));
            if chunk.len() == CHUNK_NAMES {
                self.visit_chunk(&mut chunk, &mut each)?;
            }
        }
        self.visit_chunk(&mut chunk, &mut each)
    }

    fn visit_chunk(
        &self,
        chunk: &mut Vec<(FileHash, String)>,
        each: &mut impl FnMut(FileHash, String) -> Result<()>,
    ) -> Result<()> {
        chunk.sort_unstable();
        let hashes: Vec<FileHash> = chunk.iter().map(|(hash, _)| *hash).collect();
        let taken = self.taken.which(&hashes)?;
        for ((hash, name), taken) in chunk.drain(..).zip(taken) {
            if !taken {
                each(hash, name)?;
            }
        }
        Ok(())
    }

    /// Looks at the end of a name, and in front of what says how the file is compressed.
    fn is_wanted(&self, name: &[u8]) -> bool {
        self.has_extension(name) || (self.decompress && self.has_extension(Codec::of(name).1))
    }

    fn has_extension(&self, name: &[u8]) -> bool {
        self.extensions.iter().any(|extension| {
            name.len()
                .checked_sub(extension.len())
                .and_then(|at| name.split_at_checked(at))
                .is_some_and(|(stem, tail)| {
                    stem.ends_with(b".") && tail.eq_ignore_ascii_case(extension.as_bytes())
                })
        })
    }

    fn look_at(&self, name: String) -> Result<Option<Found>> {
        let Some(file) = identify(self.root, &name)? else {
            return Ok(None);
        };
        if let Some(query) = self.query {
            expect_foreign(self.root, &name, query)?;
        }
        // Before it is planned, and not only when it is read.
        self.layout.values(self.root, &name)?;
        Ok(Some(Found {
            modified_ns: file.modified_ns,
            name,
            size: file.size,
        }))
    }
}

/// Returns the identity of a regular file; `None` if there is none (any more).
pub(crate) fn identify(root: &Path, name: &str) -> Result<Option<FileIdentity>> {
    let path = root.join(name);
    let metadata = match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        // A symbolic link that leads nowhere looks the same as a file that is gone.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(&path, error)),
    };
    FileIdentity::of(name, &metadata)
        .map(Some)
        .map_err(|error| read_error(&path, error))
}

/// Says why a directory cannot be a source.
pub(crate) fn directory_error(root: &Path, error: io::Error) -> Error {
    let (kind, message, help) = match error.kind() {
        io::ErrorKind::NotFound => (
            ErrorKind::Source,
            "the input directory does not exist",
            "create it, or correct the path",
        ),
        io::ErrorKind::NotADirectory => (
            ErrorKind::Config,
            "the input is not a directory",
            "name the directory that holds the files",
        ),
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Source,
            "the input directory may not be read",
            "allow this user to list it",
        ),
        _ => {
            return Error::new(ErrorKind::Source, "the input directory cannot be listed")
                .at_path(root.display().to_string())
                .with_help("check the file system")
                .with_source(error);
        }
    };
    // The message says all that the system's error would say.
    Error::new(kind, message)
        .at_path(root.display().to_string())
        .with_help(help)
}
