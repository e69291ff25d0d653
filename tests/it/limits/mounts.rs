//! File systems that tests mount for themselves, and unmount whatever happens.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::skipped;

/// Runs a command; says why it failed.
fn try_run(command: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(command)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{command} {}: {said}", arguments.join(" ")))
}

/// A mounted file system, in a folder of its own.
pub(super) struct Mounted {
    mount: PathBuf,
    _folder: tempfile::TempDir,
}

impl Mounted {
    /// Mounts a tmpfs with these options; says so and returns `None` where that is impossible.
    pub(super) fn tmpfs(what: &str, options: &str) -> Option<Self> {
        Self::with(what, |_, mount| {
            try_run("mount", &["-t", "tmpfs", "-o", options, "none", mount])
        })
    }

    /// Mounts an ext4 of so many MiB in a file; says so and returns `None` where that is
    /// impossible.
    pub(super) fn ext4(what: &str, mebibytes: u64) -> Option<Self> {
        Self::with(what, |folder, mount| {
            let image = folder.join("image").display().to_string();
            let file = File::create(&image).map_err(|error| error.to_string())?;
            file.set_len(mebibytes << 20)
                .map_err(|error| error.to_string())?;
            try_run("mkfs.ext4", &["-q", "-F", "-m", "0", "-b", "1024", &image])?;
            try_run("mount", &["-o", "loop", &image, mount])
        })
    }

    fn with(what: &str, mount_at: impl FnOnce(&Path, &str) -> Result<(), String>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = folder.path().join("mount");
        fs::create_dir(&mount).unwrap();
        match mount_at(folder.path(), mount.to_str().unwrap()) {
            Ok(()) => Some(Self {
                mount,
                _folder: folder,
            }),
            Err(why) => {
                skipped(what, &why);
                None
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.mount
    }

    /// Takes all space but so many bytes.
    pub(super) fn leave_bytes(&self, bytes: u64) {
        let mut file = File::create(self.mount.join("ballast")).unwrap();
        // Large pieces first, then what is left byte by block.
        for piece in [1 << 16, 1 << 12, 1 << 10] {
            let zeros = vec![0; piece];
            while file.write_all(&zeros).is_ok() {}
        }
        let taken = file.metadata().unwrap().len();
        file.set_len(taken.saturating_sub(bytes)).unwrap();
        file.sync_all().unwrap();
    }

    /// Takes all inodes but so many.
    pub(super) fn leave_inodes(&self, inodes: u64) {
        let directory = self.mount.join("files");
        fs::create_dir(&directory).unwrap();
        let mut taken = 0_u64;
        while File::create(directory.join(taken.to_string())).is_ok() {
            taken += 1;
        }
        for number in taken.saturating_sub(inodes)..taken {
            fs::remove_file(directory.join(number.to_string())).unwrap();
        }
    }

    /// Gives back what was taken.
    pub(super) fn free(&self) {
        let _ = fs::remove_file(self.mount.join("ballast"));
        let _ = fs::remove_dir_all(self.mount.join("files"));
    }

    /// Removes everything.
    pub(super) fn clear(&self) {
        for entry in fs::read_dir(&self.mount).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_dir() {
                fs::remove_file(path).unwrap();
            } else if path.file_name().unwrap() != "lost+found" {
                fs::remove_dir_all(path).unwrap();
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a failing test may still have files open.
        let _ = try_run("umount", &["-l", self.mount.to_str().unwrap()]);
    }
}

/// A directory that is read-only for as long as this lives: a read-only view of it is mounted on
/// top. (The file system itself cannot be made so while the query holds its lock open.)
pub(super) struct ReadOnly(PathBuf);

impl ReadOnly {
    /// Says so and returns `None` where that is impossible.
    pub(super) fn on(directory: &Path, what: &str) -> Option<Self> {
        let path = directory.to_str().unwrap();
        if let Err(why) = try_run("mount", &["--bind", path, path]) {
            skipped(what, &why);
            return None;
        }
        let guard = Self(directory.to_owned());
        match try_run("mount", &["-o", "remount,bind,ro", path]) {
            Ok(()) => Some(guard),
            Err(why) => {
                skipped(what, &why);
                None
            }
        }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = try_run("umount", &["-l", self.0.to_str().unwrap()]);
    }
}
