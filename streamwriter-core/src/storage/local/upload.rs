//! A staged upload on a file system: a file under a staging name, hashed while it is written.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::disk::Disk;
use super::durable::Durable;
use super::lock::is_current;
use super::own::OwnFiles;
use super::{StagedObject, StagedUpload, StorageError, StorePath, parent_of};
use crate::error::{Error, Result};

/// How many bytes are collected by the system before it is asked to write them to the disk.
///
/// Left alone it waits for the sync at the end, and the disk is idle while rows are being made.
const AHEAD_BYTES: u64 = 8 * 1024 * 1024;

pub(super) struct LocalUpload {
    file: File,
    full_path: PathBuf,
    identity: Identity,
    /// Up to where the system was asked to write to the disk.
    on_their_way: u64,
    staged: StorePath,
    target: StorePath,
    durable: Arc<Durable>,
    own_files: Arc<OwnFiles>,
    finished: bool,
}

impl LocalUpload {
    pub(super) fn create(
        full_path: PathBuf,
        staged: StorePath,
        target: StorePath,
        durable: Arc<Durable>,
        own_files: Arc<OwnFiles>,
    ) -> Result<Self, StorageError> {
        let file = durable
            .disk_to_change(&full_path)?
            .create_file(&full_path)
            .map_err(|error| StorageError::io("stage", full_path.display().to_string(), error))?;
        let identity = Identity::default();
        Ok(Self {
            file,
            full_path,
            identity,
            on_their_way: 0,
            staged,
            target,
            durable,
            own_files,
            finished: false,
        })
    }
}

impl Write for LocalUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let path = &self.full_path;
        let disk = self
            .durable
            .disk_to_change(path)
            .map_err(|error| io::Error::other(Error::from(error)))?;
        let written = disk
            .write(&mut self.file, path, bytes)
            .map_err(|error| with_path(path, error))?;
        self.identity.update(bytes.get(..written).unwrap_or(bytes));
        if self.identity.size.saturating_sub(self.on_their_way) >= AHEAD_BYTES {
            disk.begin_writing(&self.file, self.on_their_way, self.identity.size);
            self.on_their_way = self.identity.size;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LocalUpload {
    /// A directory that was removed or exchanged underneath took the file with it: what was written
    /// is not what has its name then, and must not be named.
    fn expect_current(&self) -> Result<(), StorageError> {
        let path = self.full_path.display().to_string();
        match is_current(self.durable.disk(), &self.file, &self.full_path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StorageError::StagedRemoved { path }),
            Err(error) => Err(StorageError::io("look up", path, error)),
        }
    }
}

/// Says where a write has failed, and what to do; its kind stays.
fn with_path(path: &Path, error: io::Error) -> io::Error {
    let kind = error.kind();
    let error = StorageError::io("write", path.display().to_string(), error);
    io::Error::new(kind, Error::from(error))
}

impl StagedUpload for LocalUpload {
    fn finish(mut self: Box<Self>) -> Result<StagedObject> {
        // IMPORTANT: both syncs come before the identity is handed out. The journal may name the
        // file as soon as it has the identity, and what the journal names must survive a power cut.
        self.durable.sync_file(&self.file, &self.full_path)?;
        self.durable.sync_directory(parent_of(&self.full_path))?;
        self.expect_current()?;
        self.finished = true;
        self.own_files.add(self.full_path.clone());
        Ok(StagedObject {
            staged: self.staged.clone(),
            path: self.target.clone(),
            size: self.identity.size,
            checksum: self.identity.checksum(),
            token: None,
        })
    }
}

impl Drop for LocalUpload {
    fn drop(&mut self) {
        if !self.finished {
            self.durable.remove_quietly(&self.full_path);
        }
    }
}

/// Size and XXH3 (64 bits, seed 0) of the bytes seen so far.
#[derive(Default)]
pub(in crate::storage) struct Identity {
    size: u64,
    hash: Xxh3,
}

impl Identity {
    pub(in crate::storage) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
    }

    pub(in crate::storage) fn size(&self) -> u64 {
        self.size
    }

    pub(in crate::storage) fn checksum(&self) -> String {
        format!("xxh3:{:016x}", self.hash.digest())
    }
}

/// Reads a file through and returns its size and checksum.
pub(super) fn identity_of(disk: &Disk, path: &Path) -> io::Result<(u64, String)> {
    let mut file = disk.open(path)?;
    let mut identity = Identity::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((identity.size, identity.checksum()));
        }
        identity.update(buffer.get(..read).unwrap_or_default());
    }
}
