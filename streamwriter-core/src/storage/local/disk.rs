//! Every system call of [`LocalStorage`](super::LocalStorage), in one place, so that a test can
//! count it, fail it, tear it, or take its effect back (E8).
//!
//! In production there is no hook and each method is the call of the standard library. With one
//! (feature `testing`), the hook decides whether the call runs at all and what it answers.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One system call, as a hook sees it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(any(test, feature = "testing")),
    expect(dead_code, reason = "only hooks read them, and hooks are for tests")
)]
pub(crate) enum DiskCall<'c> {
    CreateFile(&'c Path),
    /// Opens a file for writing, and makes it if it is absent: a lock.
    OpenLock(&'c Path),
    Truncate(&'c Path),
    SyncFile(&'c Path),
    SyncDirectory(&'c Path),
    Rename {
        from: &'c Path,
        to: &'c Path,
    },
    Link {
        from: &'c Path,
        to: &'c Path,
    },
    Unlink(&'c Path),
    CreateDirectory(&'c Path),
    RemoveDirectory(&'c Path),
    Read(&'c Path),
    List(&'c Path),
    Look(&'c Path),
    MayWrite(&'c Path),
}

/// Stands between a storage and its disk; called from the driver and from executors.
pub(crate) trait DiskHook: fmt::Debug + Send + Sync {
    /// Runs a call, or does not; what it returns is the call's answer.
    fn call(
        &self,
        call: DiskCall<'_>,
        effect: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()>;

    /// Writes to the end of a file: all bytes, a part of them, or none.
    fn write(
        &self,
        path: &Path,
        bytes: &[u8],
        effect: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize>;
}

/// The system calls, with a hook in front of them in tests.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    hook: Option<Arc<dyn DiskHook>>,
}

impl Disk {
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn hooked(hook: Arc<dyn DiskHook>) -> Self {
        Self { hook: Some(hook) }
    }

    fn call<T>(
        &self,
        call: DiskCall<'_>,
        mut effect: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(hook) = &self.hook else {
            return effect();
        };
        let mut answer = None;
        hook.call(call, &mut || {
            answer = Some(effect()?);
            Ok(())
        })?;
        answer.ok_or_else(|| io::Error::other("the hook left the call out"))
    }

    /// As [`call`](Self::call), for calls with no answer but success: a hook may leave them out.
    fn act(
        &self,
        call: DiskCall<'_>,
        mut effect: impl FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        match &self.hook {
            None => effect(),
            Some(hook) => hook.call(call, &mut effect),
        }
    }

    /// Creates a file that must not exist, for writing.
    pub(super) fn create_file(&self, path: &Path) -> io::Result<File> {
        self.call(DiskCall::CreateFile(path), || {
            OpenOptions::new().write(true).create_new(true).open(path)
        })
    }

    /// Opens a lock file for reading and writing, and makes it if it is absent.
    pub(super) fn open_lock(&self, path: &Path) -> io::Result<File> {
        self.call(DiskCall::OpenLock(path), || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
        })
    }

    /// Empties an open file and goes to its beginning.
    pub(super) fn truncate(&self, file: &mut File, path: &Path) -> io::Result<()> {
        self.act(DiskCall::Truncate(path), || {
            file.set_len(0)?;
            file.rewind()
        })
    }

    pub(super) fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<usize> {
        match &self.hook {
            None => file.write(bytes),
            Some(hook) => hook.write(path, bytes, &mut |bytes| file.write(bytes)),
        }
    }

    pub(super) fn write_all(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.write(file, path, rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn sync_file(&self, file: &File, path: &Path) -> io::Result<()> {
        self.act(DiskCall::SyncFile(path), || file.sync_all())
    }

    pub(super) fn sync_directory(&self, directory: &File, path: &Path) -> io::Result<()> {
        self.act(DiskCall::SyncDirectory(path), || directory.sync_all())
    }

    /// Renames a file; an existing target is an error.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub(super) fn rename_exclusive(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        self.act(DiskCall::Rename { from, to }, || {
            Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
        })
    }

    /// Gives a file a second name; an existing one is an error.
    pub(super) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(DiskCall::Link { from, to }, || fs::hard_link(from, to))
    }

    pub(super) fn unlink(&self, path: &Path) -> io::Result<()> {
        self.act(DiskCall::Unlink(path), || fs::remove_file(path))
    }

    pub(super) fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.act(DiskCall::CreateDirectory(path), || fs::create_dir(path))
    }

    pub(super) fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.act(DiskCall::RemoveDirectory(path), || fs::remove_dir(path))
    }

    /// Opens a file or a directory for reading.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        self.call(DiskCall::Read(path), || File::open(path))
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.call(DiskCall::Read(path), || fs::read(path))
    }

    /// Reads from a position on; fewer bytes than asked for where the file ends earlier.
    pub(super) fn read_range(&self, path: &Path, at: u64, length: usize) -> io::Result<Vec<u8>> {
        self.call(DiskCall::Read(path), || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(at))?;
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.call(DiskCall::List(directory), || {
            fs::read_dir(directory)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
    }

    /// Has the system begin to write a part of a file to the disk; nothing depends on it.
    ///
    /// By `posix_fadvise(DONTNEED)`, which on Linux begins to write what is dirty, waits for nothing, and takes no error
    /// away from the sync that comes later. Pages that are not written yet stay in memory.
    pub(super) fn begin_writing(&self, file: &File, from: u64, to: u64) {
        #[cfg(target_os = "linux")]
        {
            let length = std::num::NonZeroU64::new(to.saturating_sub(from));
            let asked = rustix::fs::fadvise(file, from, length, rustix::fs::Advice::DontNeed);
            if let Err(error) = asked {
                tracing::trace!(%error, "the system does not write ahead");
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (file, from, to);
    }

    /// Returns what is known of a file or directory; follows symbolic links.
    pub(super) fn look(&self, path: &Path) -> io::Result<fs::Metadata> {
        self.call(DiskCall::Look(path), || fs::metadata(path))
    }

    /// As [`look`](Self::look), of a symbolic link itself.
    pub(super) fn look_at_link(&self, path: &Path) -> io::Result<fs::Metadata> {
        self.call(DiskCall::Look(path), || fs::symlink_metadata(path))
    }

    /// Tells whether a file exists; a look that fails is an error, not an absence.
    pub(super) fn is_there(&self, path: &Path) -> io::Result<bool> {
        match self.look(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tells whether this user may write to a directory.
    pub(super) fn may_write(&self, directory: &Path) -> io::Result<()> {
        self.act(DiskCall::MayWrite(directory), || {
            Ok(rustix::fs::access(directory, rustix::fs::Access::WRITE_OK)?)
        })
    }
}
