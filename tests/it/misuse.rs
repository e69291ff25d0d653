//! What a person sees who uses the quickstart wrongly: one error that names the thing, the place and
//! the way out, exit code 1, nothing lost; and what a restart does once it is put right.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::processes::quickstart::binary;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path("in")).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn input(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path("in").join(name), contents).unwrap();
    }

    /// Runs with these arguments and, unless they say otherwise, `in`, `out` and `state`.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(binary());
        command.current_dir(self.0.path()).args(arguments);
        for (option, value) in [
            ("--input", "in"),
            ("--output", "out"),
            ("--checkpoint", "state"),
        ] {
            if !arguments.contains(&option) {
                command.args([option, value]);
            }
        }
        if !arguments.contains(&"--sink") {
            command.args(["--sink", "jsonl"]);
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code().is_some_and(|code| code <= 1),
            "{printed}"
        );
        assert!(!printed.contains("panicked"), "{printed}");
        (output.status.success(), printed)
    }

    /// Runs and expects exit code 1 with all of these texts in what is printed.
    fn refused(&self, arguments: &[&str], texts: &[&str]) {
        let (success, printed) = self.run(arguments);
        assert!(!success, "{printed}");
        for text in texts {
            assert!(printed.contains(text), "{text:?} is missing in: {printed}");
        }
    }

    fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for entry in fs::read_dir(self.path("out")).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                rows.extend(fs::read_to_string(path).unwrap().lines().map(str::to_owned));
            }
        }
        rows
    }

    fn finishes_with(&self, rows: usize) {
        let (success, printed) = self.run(&[]);
        assert!(success, "{printed}");
        assert_eq!(self.rows().len(), rows, "{printed}");
    }
}

fn shipped(day: u32) -> String {
    let name = format!("examples/data/flights/2013-01-0{day}.csv");
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The header and the first rows of a day.
fn few(rows: usize) -> String {
    shipped(1)
        .lines()
        .take(rows + 1)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn places_that_are_not_there_or_not_directories_are_named() {
    let folder = Folder::new();
    folder.input("a.csv", few(3));
    fs::write(folder.path("file"), "").unwrap();
    folder.refused(
        &["--input", "nowhere"],
        &["does not exist", "nowhere", "create it"],
    );
    folder.refused(&["--input", "file"], &["not a directory", "/file"]);
    folder.refused(
        &["--output", "file"],
        &["a file stands where a directory", "/file"],
    );
    folder.refused(
        &["--checkpoint", "file"],
        &["a file stands where a directory", "/file"],
    );
    folder.finishes_with(3);
}

#[test]
fn directories_without_permission_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.input("a.csv", few(3));
    let allow = |name: &str, mode| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow("in", 0o000);
    if fs::read_dir(folder.path("in")).is_ok() {
        println!("skipped: this user may read everything");
        allow("in", 0o755);
        return;
    }
    folder.refused(&[], &["may not be read", "/in"]);
    allow("in", 0o755);
    fs::create_dir(folder.path("out")).unwrap();
    allow("out", 0o555);
    folder.refused(&[], &["/out", "permission"]);
    allow("out", 0o755);
    folder.finishes_with(3);
}

#[test]
fn inputs_without_rows_are_no_errors() {
    let folder = Folder::new();
    assert!(folder.run(&[]).1.contains("no rows"));
    folder.input("empty.csv", "");
    folder.input("header.csv", few(0));
    folder.finishes_with(0);
    folder.input("rows.csv", few(3));
    folder.finishes_with(3);
}

#[test]
fn rows_that_do_not_fit_are_named_by_file_line_column_and_reason() {
    type Spoil = fn(&str) -> String;
    let cases: [(&str, Spoil, &[&str]); 5] = [
        (
            "column",
            |csv| csv.replacen(",distance", ",miles", 1),
            &["distance", "a.csv"],
        ),
        (
            "number",
            |csv| csv.replacen("\n2013,", "\n99999999999,", 1),
            &["line 2", "year", "i32"],
        ),
        (
            "null",
            |csv| csv.replacen("\n2013,", "\nNA,", 1),
            &["line 2", "year", "NA"],
        ),
        (
            "fields",
            |csv| csv.replacen("\n2013,", "\n2013,7,", 1),
            &["line 2", "20 fields"],
        ),
        (
            "text",
            |csv| csv.replacen(",517,", ",early,", 1),
            &["line 2", "dep_time", "early"],
        ),
    ];
    for (case, spoil, texts) in cases {
        let folder = Folder::new();
        let good = few(3);
        let bad = spoil(&good);
        assert_ne!(good, bad, "{case}");
        folder.input("a.csv", bad);
        folder.refused(&[], texts);
        folder.refused(&[], &["a.csv", "batch 0"]);
        assert_eq!(folder.rows().len(), 0, "{case}");
    }
}

#[test]
fn bytes_that_are_not_utf8_and_lines_that_are_not_json_are_named() {
    let folder = Folder::new();
    let mut bytes = few(3).into_bytes();
    let at = bytes
        .windows(4)
        .position(|window| window == b",UA,")
        .unwrap();
    bytes[at + 1] = 0xff;
    folder.input("a.csv", bytes);
    folder.refused(&[], &["a.csv", "line 2", "carrier", "UTF-8"]);

    let folder = Folder::new();
    folder.input("a.jsonl", "{\"year\":");
    folder.refused(&["--format", "jsonl"], &["a.jsonl", "line 1"]);
}

#[test]
fn options_of_zero_are_refused_by_name() {
    let folder = Folder::new();
    folder.refused(
        &["--max-rows-per-batch", "0"],
        &["max_rows_per_batch is 0", "at least 1"],
    );
    folder.refused(&["--executors", "0"], &["executors is 0", "at least 1"]);
}

#[test]
fn a_checkpoint_of_another_query_is_refused_with_the_way_out_and_resumes_its_own() {
    let folder = Folder::new();
    folder.input("a.csv", few(3));
    folder.finishes_with(3);
    folder.refused(
        &["--output", "elsewhere"],
        &["the target", "/out", "start anew"],
    );
    folder.refused(&["--checkpoint", "new"], &["belongs to query", "/state"]);
    fs::create_dir(folder.path("other")).unwrap();
    folder.refused(&["--input", "other"], &["the source", "/in", "/other"]);
    folder.input("b.csv", few(2));
    folder.finishes_with(5);
}

#[test]
fn a_damaged_checkpoint_is_refused_by_file_and_goes_on_once_it_is_restored() {
    let folder = Folder::new();
    folder.input("a.csv", few(3));
    folder.finishes_with(3);
    let record = folder.path("state/offsets/00000000000000000000.json");
    let whole = fs::read(&record).unwrap();
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    fs::write(&record, damaged).unwrap();
    folder.refused(
        &[],
        &["damaged", "offsets/00000000000000000000.json", "restore"],
    );
    fs::write(&record, whole).unwrap();
    folder.input("b.csv", few(2));
    folder.finishes_with(5);
}

#[test]
fn a_file_that_changed_or_vanished_after_it_was_planned_is_named() {
    for vanished in [false, true] {
        let folder = Folder::new();
        folder.input("a.csv", few(3));
        let killed = Command::new(binary())
            .current_dir(folder.0.path())
            .args([
                "--sink",
                "jsonl",
                "--input",
                "in",
                "--output",
                "out",
                "--checkpoint",
                "state",
            ])
            .env("STREAMWRITER_FAILPOINT", "offsets=kill@1")
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!killed.success());
        let file = folder.path("in/a.csv");
        if vanished {
            fs::rename(&file, folder.path("a.csv")).unwrap();
            folder.refused(&[], &["a.csv", "planned"]);
            // Put back as it was, it is read after all.
            fs::rename(folder.path("a.csv"), &file).unwrap();
            folder.finishes_with(3);
        } else {
            folder.input("a.csv", few(4));
            folder.refused(&[], &["a.csv", "changed since it was planned"]);
        }
    }
}

#[test]
fn a_closed_pipe_ends_the_query_without_an_error() {
    let folder = Folder::new();
    for day in 1..=3 {
        folder.input(&format!("{day}.csv"), shipped(day));
    }
    let script = format!(
        "{} --input in --checkpoint state --sink stdout --max-rows-per-batch 10 2>err | head -n 1; \
         echo \"${{PIPESTATUS[0]}}\"",
        binary().display()
    );
    let shell = Command::new("bash")
        .current_dir(folder.0.path())
        .args(["-c", &script])
        .output()
        .unwrap();
    let printed = String::from_utf8(shell.stdout).unwrap();
    assert!(printed.ends_with("\n0\n"), "{printed}");
    let errors = fs::read_to_string(folder.path("err")).unwrap();
    assert!(errors.contains("Stopped after"), "{errors}");
    assert!(!errors.contains("error"), "{errors}");
}
