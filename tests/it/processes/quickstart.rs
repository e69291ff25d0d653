//! The quickstart binary over a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How a run of the binary ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Killed,
    Badly(String),
}

pub(crate) struct Quickstart {
    directory: tempfile::TempDir,
    pub(crate) sink: &'static str,
    rows_per_batch: u64,
}

impl Quickstart {
    pub(crate) fn new(sink: &'static str, rows_per_batch: u64) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            sink,
            rows_per_batch,
        }
    }

    pub(crate) fn with_rows_per_batch(self, rows_per_batch: u64) -> Self {
        Self {
            rows_per_batch,
            ..self
        }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.directory.path().join("output")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.directory.path().join("checkpoint")
    }

    /// Forgets everything that earlier runs did.
    pub(crate) fn forget(&self) {
        for directory in [self.output(), self.checkpoint()] {
            let _ = std::fs::remove_dir_all(directory);
        }
    }

    pub(crate) fn run(&self) -> Ended {
        wait(self.command().spawn().unwrap())
    }

    /// Runs it whole and returns how long that took.
    pub(crate) fn timed_run(&self) -> Duration {
        let began = Instant::now();
        assert_eq!(self.run(), Ended::Well);
        began.elapsed()
    }

    pub(crate) fn run_killed_at(&self, point: &str, passage: u32) -> Ended {
        let failpoint = format!("{point}=kill@{passage}");
        wait(
            self.command()
                .env("STREAMWRITER_FAILPOINT", failpoint)
                .spawn()
                .unwrap(),
        )
    }

    pub(crate) fn run_killed_after(&self, after: Duration) -> Ended {
        let mut child = self.command().spawn().unwrap();
        std::thread::sleep(after);
        let _ = child.kill();
        wait(child)
    }

    /// Sends a signal after the first batch; returns what it printed. It must end well.
    pub(crate) fn run_stopped_by(&self, signal: Signal) -> String {
        let mut child = self.command().spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut printed = String::new();
        while !printed.contains("batch 0") {
            assert!(
                lines.read_line(&mut printed).unwrap() > 0,
                "it ended early: {printed}"
            );
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        lines.read_to_string(&mut printed).unwrap();
        assert!(child.wait().unwrap().success(), "{printed}");
        printed
    }

    /// Staged files that are still there.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_under(&self.output().join("_streamwriter/staging"), &mut found);
        found
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command
            .args([
                "--sink",
                self.sink,
                "--executors",
                "2",
                "--max-rows-per-batch",
            ])
            .arg(self.rows_per_batch.to_string())
            .arg("--output")
            .arg(self.output())
            .arg("--checkpoint")
            .arg(self.checkpoint())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

fn wait(mut child: Child) -> Ended {
    let mut printed = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    let status = child.wait().unwrap();
    match (status.success(), status.signal()) {
        (true, _) => Ended::Well,
        (_, Some(9)) => Ended::Killed,
        _ => Ended::Badly(printed),
    }
}

pub(crate) fn files_under(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, found)
        } else {
            found.push(path)
        }
    }
}

/// The example's binary, built in the profile of this test.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--example",
            "quickstart",
            "--target-dir",
        ]);
        cargo
            .arg(profile.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.file_name().unwrap() == "release" {
            cargo.arg("--release");
        }
        assert!(
            cargo.status().unwrap().success(),
            "the quickstart does not build"
        );
        profile.join("examples/quickstart")
    })
}
