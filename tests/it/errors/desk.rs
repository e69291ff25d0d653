//! A desk to misuse the quickstart at: a folder of its own, and what a run printed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use streamwriter::ErrorKind;

use crate::processes::quickstart::binary;

pub(crate) const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,\
                      arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,\
                      time_hour";

/// A record whose flight number tells it from the others.
pub(crate) fn flight(number: i64) -> String {
    format!(
        "2013,1,1,517,515,2,830,819,11,UA,{number},N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
    )
}

pub(crate) fn csv(records: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("{HEADER}\n");
    for record in records {
        text.push_str(&record);
        text.push('\n');
    }
    text
}

pub(crate) fn flights(numbers: impl IntoIterator<Item = i64>) -> String {
    csv(numbers.into_iter().map(flight))
}

/// A folder with an input, an output and a checkpoint, and the binary over them.
pub(crate) struct Desk {
    pub(crate) directory: tempfile::TempDir,
}

/// How a run of the binary ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) printed: String,
    pub(crate) shown: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("in")).unwrap();
        Self { directory }
    }

    pub(crate) fn with_file(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let desk = Self::new();
        desk.put(name, bytes);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path("in").join(name), bytes).unwrap();
    }

    /// The binary with the usual options, and some in the place of those.
    pub(crate) fn command(&self, instead: &[(&str, &str)]) -> Command {
        let usual = [
            ("--input", "in"),
            ("--output", "out"),
            ("--checkpoint", "state"),
            ("--sink", "jsonl"),
            ("--executors", "2"),
        ];
        let kept = usual
            .iter()
            .filter(|(option, _)| instead.iter().all(|(other, _)| other != option));
        let mut command = Command::new(binary());
        for (option, value) in kept.chain(instead) {
            command.args([option, value]);
        }
        command
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self) -> Run {
        self.run_with(&[])
    }

    pub(crate) fn run_with(&self, instead: &[(&str, &str)]) -> Run {
        Run::of(self.command(instead).output().unwrap())
    }

    /// Plans batch 0 and dies before it writes a row.
    pub(crate) fn crash_with_a_planned_batch(&self) {
        let output = self
            .command(&[])
            .env("STREAMWRITER_FAILPOINT", "offsets=kill@1")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), None, "killed");
        assert!(self.published("out").is_empty());
    }

    /// The flight numbers that a reader of the output sees.
    pub(crate) fn published(&self, output: &str) -> Vec<i64> {
        let mut numbers = Vec::new();
        let Ok(entries) = fs::read_dir(self.path(output)) else {
            return numbers;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                for line in fs::read_to_string(path).unwrap().lines() {
                    let row: serde_json::Value = serde_json::from_str(line).unwrap();
                    numbers.push(row["flight"].as_i64().unwrap());
                }
            }
        }
        numbers.sort_unstable();
        numbers
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            printed: String::from_utf8(output.stderr).unwrap(),
            shown: String::from_utf8(output.stdout).unwrap(),
        }
    }

    /// It ended with an error of this kind that says all of this, once, as a person would.
    #[track_caller]
    pub(crate) fn failed(&self, kind: ErrorKind, says: &[&str]) {
        let printed = &self.printed;
        assert_eq!(self.code, Some(1), "{printed}");
        assert_eq!(self.shown, "", "an error is not output");
        assert!(printed.starts_with(&format!("{kind} error: ")), "{printed}");
        for part in says {
            assert!(printed.contains(part), "{part:?} is not said: {printed}");
        }
        for noise in [
            "panicked",
            "RUST_BACKTRACE",
            "Os {",
            "Error {",
            "Some(",
            "kind:",
        ] {
            assert!(!printed.contains(noise), "{noise:?} is said: {printed}");
        }
        let mut said = String::new();
        for line in printed.to_lowercase().lines() {
            let line = line.trim().trim_start_matches("caused by: ");
            let line = line.split(" (os error").next().unwrap_or_default();
            assert!(!said.contains(line), "said twice: {line:?} in {printed}");
            said.push_str(line);
        }
    }

    #[track_caller]
    pub(crate) fn went_well(&self, says: &[&str]) {
        assert_eq!(self.code, Some(0), "{}", self.printed);
        assert!(!self.printed.contains("error"), "{}", self.printed);
        for part in says {
            let printed = &self.printed;
            assert!(printed.contains(part), "{part:?} is not said: {printed}");
        }
    }
}
