//! The quickstart binary over a folder of its own.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::disk::{Seen, describe, files_under};
use super::input::Input;

/// No run of the program takes longer than this, on the slowest machine.
const LONGEST_RUN: Duration = Duration::from_secs(120);

/// How a run of the binary ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With exit code 0 and this text.
    Well(String),
    Killed,
    /// With exit code 1 and this text.
    Badly(String),
    /// In a way in which the program never ends.
    Strangely(String),
}

impl Ended {
    pub(crate) fn is_well(&self) -> bool {
        matches!(self, Self::Well(_))
    }
}

/// What is read and what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) format: &'static str,
    pub(crate) sink: &'static str,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [
        Self::new("csv", "jsonl"),
        Self::new("csv", "parquet"),
        Self::new("jsonl", "csv"),
        Self::new("jsonl", "parquet"),
    ];

    pub(crate) const fn new(format: &'static str, sink: &'static str) -> Self {
        Self { format, sink }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}>{}", self.format, self.sink)
    }
}

pub(crate) struct Quickstart {
    directory: Option<tempfile::TempDir>,
    root: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) input: &'static Input,
    pub(crate) rows_per_batch: u64,
    pub(crate) keep_batches: u64,
    pub(crate) seen: RefCell<Seen>,
    /// What was done so far, for whoever looks into a failure.
    history: RefCell<Vec<String>>,
}

impl Quickstart {
    /// Batches of 100 rows in 3 files each, and as few records kept as may be.
    pub(crate) fn new(kind: Kind, input: &'static Input) -> Self {
        let directory = memory_directory();
        Self {
            root: directory.path().to_owned(),
            directory: Some(directory),
            kind,
            input,
            rows_per_batch: 100,
            keep_batches: 2,
            seen: RefCell::default(),
            history: RefCell::default(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// Forgets everything that earlier runs did.
    pub(crate) fn forget(&self) {
        self.note("forgotten: it begins anew");
        for directory in [self.output(), self.checkpoint()] {
            let _ = std::fs::remove_dir_all(directory);
        }
        self.seen.take();
    }

    /// Begins a run; see [`Start`] for what it may be told.
    pub(crate) fn start(&self) -> Start<'_> {
        Start {
            quickstart: self,
            command: self.command(),
            how: String::new(),
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Ended {
        self.start().spawn().wait()
    }

    pub(crate) fn run_killed_at(&self, point: &str, passage: u32) -> Ended {
        self.start()
            .failpoint(point, "kill", passage)
            .spawn()
            .wait()
    }

    pub(crate) fn run_killed_after(&self, after: Duration) -> Ended {
        let mut running = self
            .start()
            .saying(format!("killed after {after:?}"))
            .spawn();
        std::thread::sleep(after);
        let _ = running.child.kill();
        running.wait()
    }

    /// Staged files that are still there.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_under(&self.output().join("_streamwriter/staging"), &mut found);
        found
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.history.borrow_mut().push(what.into());
    }

    /// What was done and what is on disk.
    pub(crate) fn story(&self) -> String {
        format!(
            "{}, {} rows a batch, in {}\n  {}\non disk:\n{}",
            self.kind,
            self.rows_per_batch,
            self.root.display(),
            self.history.borrow().join("\n  "),
            describe(&self.root)
        )
    }

    /// Keeps the folder for whoever looks into a failure.
    pub(crate) fn keep(&mut self) {
        if let Some(directory) = self.directory.take() {
            let _ = directory.keep();
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command
            .args(["--format", self.kind.format, "--sink", self.kind.sink])
            .args(["--executors", "3", "--min-partition-bytes", "1"])
            .args(["--max-rows-per-batch", &self.rows_per_batch.to_string()])
            .args(["--keep-batches", &self.keep_batches.to_string()])
            .arg("--input")
            .arg(self.input.directory(self.kind.format))
            .arg("--output")
            .arg(self.output())
            .arg("--checkpoint")
            .arg(self.checkpoint())
            .env_remove("STREAMWRITER_FAILPOINT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the failed run: {}", self.story());
            self.keep();
        }
    }
}

/// A run that is about to begin.
pub(crate) struct Start<'q> {
    quickstart: &'q Quickstart,
    command: Command,
    how: String,
}

impl<'q> Start<'q> {
    pub(crate) fn take_over(mut self) -> Self {
        self.command.arg("--take-over");
        self.how += " with --take-over";
        self
    }

    pub(crate) fn failpoint(mut self, point: &str, action: &str, passage: u32) -> Self {
        let failpoint = format!("{point}={action}@{passage}");
        self.how += &format!(" with {failpoint}");
        self.command.env("STREAMWRITER_FAILPOINT", failpoint);
        self
    }

    fn saying(mut self, how: String) -> Self {
        self.how += &format!(" {how}");
        self
    }

    pub(crate) fn spawn(mut self) -> Running<'q> {
        let mut child = self.command.spawn().unwrap();
        self.quickstart
            .note(format!("process {} run{}", child.id(), self.how));
        let mut stderr = child.stderr.take().unwrap();
        let (sender, printed) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            let _ = sender.send(text);
        });
        Running {
            quickstart: self.quickstart,
            child,
            printed,
            over: false,
        }
    }
}

/// A process of the binary; killed when dropped.
pub(crate) struct Running<'q> {
    quickstart: &'q Quickstart,
    child: Child,
    /// Everything that it printed, once it has ended.
    printed: Receiver<String>,
    over: bool,
}

impl Running<'_> {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Ended {
        let printed = self.printed.recv_timeout(LONGEST_RUN);
        if printed.is_err() {
            let _ = self.child.kill();
        }
        let status = self.child.wait().unwrap();
        self.over = true;
        let ended = match printed {
            Ok(printed) => ended(status, printed),
            Err(_) => Ended::Strangely(format!("not within {LONGEST_RUN:?}")),
        };
        let id = self.id();
        self.quickstart
            .note(format!("process {id} ended: {}", short(&ended)));
        ended
    }

    /// Waits until the process has stopped itself; false if it ended without.
    pub(crate) fn wait_until_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED
            | WaitIdOptions::EXITED
            | WaitIdOptions::NOHANG
            | WaitIdOptions::NOWAIT;
        let pid = Pid::from_child(&self.child);
        let began = Instant::now();
        while began.elapsed() < LONGEST_RUN {
            match waitid(WaitId::Pid(pid), options).unwrap() {
                Some(status) => return status.stopped(),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("process {} neither stopped nor ended", self.id());
    }

    /// Kills it, stopped or not.
    pub(crate) fn kill(mut self) {
        self.quickstart
            .note(format!("process {} killed", self.id()));
        let _ = self.child.kill();
        assert_eq!(self.wait(), Ended::Killed);
    }

    /// Lets a stopped process go on.
    pub(crate) fn wake(&self) {
        self.quickstart.note(format!("process {} woken", self.id()));
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn ended(status: ExitStatus, printed: String) -> Ended {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ended::Well(printed),
        (Some(1), _) => Ended::Badly(printed),
        (_, Some(9)) => Ended::Killed,
        _ => Ended::Strangely(format!("{status}: {printed}")),
    }
}

fn short(ended: &Ended) -> String {
    match ended {
        Ended::Well(_) => "well".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Sends a signal after the first batch; returns what was printed. It must end well.
pub(crate) fn run_stopped_by(run: &Quickstart, signal: Signal) -> String {
    let mut child = run.command().spawn().unwrap();
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

/// A folder in memory where there is one: a killed process loses nothing of what it wrote, synced
/// or not, and hundreds of runs would sync for minutes.
pub(crate) fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
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
        // Without optimisation, what the run of all tests has compiled already.
        cargo.args(match profile.file_name().unwrap() == "release" {
            true => &["--release"][..],
            false => &["--profile=test", "--workspace", "--all-features"],
        });
        assert!(
            cargo.status().unwrap().success(),
            "the quickstart does not build"
        );
        profile.join("examples/quickstart")
    })
}
