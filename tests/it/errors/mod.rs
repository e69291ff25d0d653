//! What a person meets who uses the quickstart wrongly: each error names the thing, the place and
//! the way out, and costs no row (F5, B2, E5, E6, E9, Q2).

pub(crate) mod desk;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use streamwriter::{
    BadRows, Csv, Error, ErrorKind, LocalStorage, LockHolder, QuerySummary, Storage, StorePath,
    Trigger, stream,
};

use crate::support::{Scripted, Written};

use desk::{Desk, HEADER, Run, csv, flight, flights};

// Directories that are none.

#[test]
fn a_missing_input_directory() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let run = desk.run_with(&[("--input", "not-there")]);
    let path = desk.path("not-there").display().to_string();
    run.failed(
        ErrorKind::Source,
        &[
            "the input directory does not exist",
            &path,
            "correct the path",
        ],
    );
    assert!(!desk.path("state").exists(), "nothing is remembered");
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

/// Runs it while something may not be read; `None`, and says so, if that cannot be tried.
fn run_forbidden(desk: &Desk, forbidden: &str) -> Option<Run> {
    let set = |path: &str, mode| {
        fs::set_permissions(desk.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("", 0o777);
    set(forbidden, 0o000);
    let mut command = desk.command(&[]);
    if rustix::process::geteuid().is_root() {
        // Root may read everything, nobody may not.
        command.uid(65534).gid(65534);
    }
    let output = command.output();
    set(forbidden, 0o755);
    if output.is_err() {
        println!("skipped: user 65534 may not run the binary");
    }
    output.ok().map(Run::of)
}

#[test]
fn an_input_file_that_may_not_be_read() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let Some(run) = run_forbidden(&desk, "in/a.csv") else {
        return;
    };
    let path = desk.path("in/a.csv").display().to_string();
    run.failed(
        ErrorKind::Source,
        &["an input file may not be read", &path, "allow this user"],
    );
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

#[test]
fn an_input_directory_that_may_not_be_read() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let Some(run) = run_forbidden(&desk, "in") else {
        return;
    };
    let path = desk.path("in").display().to_string();
    run.failed(
        ErrorKind::Source,
        &[
            "the input directory may not be read",
            &path,
            "allow this user",
        ],
    );
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

#[test]
fn a_file_as_the_input_directory() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let path = desk.path("in/a.csv").display().to_string();
    desk.run_with(&[("--input", "in/a.csv")]).failed(
        ErrorKind::Config,
        &[
            "the input is not a directory",
            &path,
            "the directory that holds the files",
        ],
    );
    desk.run().went_well(&["3 rows in 1 batch,"]);
}

#[test]
fn a_file_as_the_output_directory_or_above_it() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    fs::write(desk.path("file"), "mine").unwrap();
    let path = format!("path {})", desk.path("file").display());
    for output in ["file", "file/below"] {
        desk.run_with(&[("--output", output)]).failed(
            ErrorKind::Config,
            &[
                "a file stands where a directory is needed",
                &path,
                "choose another directory",
            ],
        );
    }
    assert_eq!(fs::read_to_string(desk.path("file")).unwrap(), "mine");
    // The checkpoint has not been bound to the mistyped output.
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

#[test]
fn the_input_directory_as_the_output_directory() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    desk.run_with(&[("--output", "in/../in"), ("--sink", "csv")])
        .failed(
            ErrorKind::Config,
            &[
                "the output is the input directory",
                "/in)",
                "choose another",
            ],
        );
    assert_eq!(fs::read_dir(desk.path("in")).unwrap().count(), 1);
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

#[test]
fn a_file_as_the_checkpoint_directory() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    fs::write(desk.path("file"), "mine").unwrap();
    let path = desk.path("file").display().to_string();
    desk.run_with(&[("--checkpoint", "file")]).failed(
        ErrorKind::Config,
        &[
            "a file stands where a directory is needed",
            &path,
            "move the file away",
        ],
    );
    assert_eq!(fs::read_to_string(desk.path("file")).unwrap(), "mine");
    assert!(!desk.path("out").exists(), "no claim without a checkpoint");
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

// Inputs without rows.

#[test]
fn an_empty_input_directory_is_no_error() {
    let desk = Desk::new();
    let nothing = desk.run();
    nothing.went_well(&["Nothing there yet: no *.csv files in in\n"]);
    assert!(!nothing.printed.contains("batch"), "{}", nothing.printed);
    desk.put("a.csv", flights(1..=3));
    desk.run()
        .went_well(&["batch 0: 3 rows", "3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

#[test]
fn an_empty_file_and_a_header_alone_have_no_rows() {
    for text in [String::new(), format!("{HEADER}\n"), HEADER.to_owned()] {
        let desk = Desk::with_file("a.csv", &text);
        desk.run().went_well(&["0 rows in 1 batch,"]);
        desk.run()
            .went_well(&["Nothing new", "delete state and out"]);
        desk.put("b.csv", flights(1..=3));
        desk.run().went_well(&["batch 1: 3 rows"]);
        assert_eq!(desk.published("out"), [1, 2, 3]);
    }
}

// Rows that do not fit.

/// Runs over a file that fails; then with the file put right, a checkpoint and an output anew.
#[track_caller]
fn fails_until_corrected(name: &str, format: &str, bad: &[u8], good: &str, says: &[&str]) {
    let desk = Desk::with_file(name, bad);
    let path = desk.path("in").join(name).display().to_string();
    let place = format!("(query flights, batch 0, partition 0, attempt 0, path {path})");
    let run = desk.run_with(&[("--format", format)]);
    run.failed(ErrorKind::Row, says);
    assert!(run.printed.contains(&place), "{}", run.printed);
    assert!(desk.published("out").is_empty(), "nothing of the batch");

    desk.put(name, good);
    // Batch 0 was planned with other bytes (B2): this is what the error has said.
    let again = desk.run_with(&[("--format", format)]);
    again.failed(
        ErrorKind::Source,
        &[&path, "start anew with another checkpoint and target"],
    );
    assert!(desk.published("out").is_empty());
    desk.run_with(&[
        ("--format", format),
        ("--checkpoint", "new"),
        ("--output", "anew"),
    ])
    .went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("anew"), [1, 2, 3]);
}

#[track_caller]
fn csv_fails_until_corrected(bad: impl AsRef<[u8]>, says: &[&str]) {
    fails_until_corrected("a.csv", "csv", bad.as_ref(), &flights(1..=3), says);
}

#[test]
fn a_missing_column() {
    csv_fails_until_corrected(
        flights(1..=3).replace(",distance,", ",miles,"),
        &[
            "the column \"distance\" is missing",
            "the file has the columns year, ",
            "miles",
            "#[serde(rename)]",
        ],
    );
}

#[test]
fn a_row_with_too_few_or_too_many_fields() {
    csv_fails_until_corrected(
        csv([flight(1), "1,2,3".to_owned(), flight(3)]),
        &[
            "the row at line 3, byte ",
            "it has 3 fields",
            "has 19",
            "BadRows::Drop",
        ],
    );
    csv_fails_until_corrected(
        csv([flight(1), flight(2), flight(3) + ",more"]),
        &[
            "the row at line 4, byte ",
            "it has 20 fields",
            "has 19",
            "BadRows::Drop",
        ],
    );
}

#[test]
fn a_number_too_large() {
    csv_fails_until_corrected(
        flights([1, 99_999_999_999, 3]),
        &[
            "the row at line 3, byte ",
            "column \"flight\"",
            "\"99999999999\" is not a number of type i32",
            "BadRows::Drop",
        ],
    );
}

#[test]
fn text_that_is_not_utf8() {
    let mut bad = flights(1..=2).into_bytes();
    let text = flight(3).replace(",UA,", ",U?,");
    bad.extend(
        text.bytes()
            .map(|byte| if byte == b'?' { 0xff } else { byte }),
    );
    csv_fails_until_corrected(
        bad,
        &[
            "the row at line 4, byte ",
            "column \"carrier\"",
            "it is not UTF-8",
            "BadRows::Drop",
        ],
    );
}

#[test]
fn a_header_that_is_not_utf8() {
    let bad = flights(1..=3).replacen("year", "y?ar", 1).into_bytes();
    let bad: Vec<u8> = bad
        .into_iter()
        .map(|byte| if byte == b'?' { 0xff } else { byte })
        .collect();
    csv_fails_until_corrected(
        bad,
        &["the header cannot be read", "it is not UTF-8", "start anew"],
    );
}

#[test]
fn a_null_where_none_may_be() {
    csv_fails_until_corrected(
        flights(1..=3).replace(",UA,2,", ",UA,NA,"),
        &[
            "the row at line 3, byte ",
            "column \"flight\"",
            "it is null (\"NA\")",
            "BadRows::Drop",
        ],
    );
}

#[test]
fn a_malformed_json_line() {
    let line = |number: i64| {
        format!(
            "{{\"year\":2013,\"month\":1,\"day\":1,\"sched_dep_time\":515,\"sched_arr_time\":819,\
             \"carrier\":\"UA\",\"flight\":{number},\"origin\":\"EWR\",\"dest\":\"IAH\",\
             \"distance\":1400,\"hour\":5,\"minute\":15,\"time_hour\":\"2013-01-01T10:00:00Z\"}}\n"
        )
    };
    let good: String = (1..=3).map(line).collect();
    let cut = format!("{}{{\"year\":2013\n{}", line(1), line(3));
    fails_until_corrected(
        "a.jsonl",
        "jsonl",
        cut.as_bytes(),
        &good,
        &[
            "the row at line 2, byte ",
            "while parsing an object",
            "byte 12 of the line",
        ],
    );
    let lacking = good.replacen("\"month\":1,", "", 1);
    fails_until_corrected(
        "a.jsonl",
        "jsonl",
        lacking.as_bytes(),
        &good,
        &["the row at line 1, byte 0", "missing field `month`"],
    );
}

// Rows that do not fit and are left out, through the library.

fn drain(input: &Path, rule: BadRows, sink: Scripted, state: &Path) -> Result<QuerySummary, Error> {
    stream(Csv::<u64>::directory(input)?.bad_rows(rule))
        .write_to(sink)
        .checkpoint(state)
        .trigger(Trigger::AvailableNow)
        .executors(2)
        .task_retry_delay(std::time::Duration::ZERO)
        .start()?
        .await_termination()
}

#[test]
fn f5_dropped_rows_count_once_whatever_the_attempts() {
    let desk = Desk::with_file("a.csv", "n\n1\nx\n3\n-4\n5\n");
    let sink = Scripted::new().write(|rows, task| {
        let rows = rows.collect();
        if task.attempt().get() < 2 {
            return Err("not yet".into());
        }
        Ok(Written { rows })
    });
    let (input, state) = (desk.path("in"), desk.path("state"));
    let rule = BadRows::Drop { limit: 2 };
    let summary = drain(&input, rule, sink.clone(), &state).unwrap();
    assert_eq!((summary.dropped_rows, summary.output_rows), (2, 3));
    assert_eq!(sink.rows(), [1, 3, 5]);
    let again = drain(&input, rule, sink.restarted(), &state).unwrap();
    assert_eq!((again.dropped_rows, again.batches), (0, 0));
}

#[test]
fn f5_one_row_above_the_limit_fails_the_batch_until_the_limit_is_raised() {
    let desk = Desk::with_file("a.csv", "n\n1\nx\n3\n-4\n5\n");
    let (input, state) = (desk.path("in"), desk.path("state"));
    let sink = Scripted::new();
    let rule = BadRows::Drop { limit: 1 };
    let error = drain(&input, rule, sink.clone(), &state).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
    assert_eq!(error.batch().map(|batch| batch.get()), Some(0));
    assert_eq!(error.path(), desk.path("in/a.csv").to_str());
    assert!(error.message().contains("line 5"), "{error}");
    let help = error.help().unwrap();
    assert!(
        help.contains("the limit of 1") && help.contains("raise the limit"),
        "{help}"
    );
    assert!(sink.rows().is_empty());
    for limit in [2, 1] {
        let rule = BadRows::Drop { limit };
        drain(&input, rule, sink.restarted(), &state).unwrap();
        assert_eq!(sink.rows(), [1, 3, 5]);
    }
}

// Checkpoints.

#[test]
fn e6_a_checkpoint_of_another_query() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    desk.run().went_well(&[]);
    fs::create_dir(desk.path("other")).unwrap();
    fs::write(desk.path("other/b.csv"), flights(4..=6)).unwrap();
    let file = desk.path("state/query.json").display().to_string();
    let path = |name| desk.path(name).display().to_string();
    for (option, was, is) in [("--input", "in", "other"), ("--output", "out", "elsewhere")] {
        desk.run_with(&[(option, is)]).failed(
            ErrorKind::Mismatch,
            &[
                "the checkpoint belongs to a query with",
                &path(was),
                &path(is),
                &file,
                "to resume",
                "to start anew",
            ],
        );
    }
    desk.run_with(&[("--checkpoint", "new")]).failed(
        ErrorKind::Mismatch,
        &[
            "the target belongs to query",
            &path("out"),
            &path("state"),
            "to start anew",
        ],
    );
    assert!(!desk.path("elsewhere").exists());
    assert_eq!(desk.published("out"), [1, 2, 3]);
    desk.put("c.csv", flights(7..=8));
    desk.run().went_well(&["batch 1: 2 rows"]);
    assert_eq!(desk.published("out"), [1, 2, 3, 7, 8]);
}

#[test]
fn e9_a_damaged_record_stops_everything_until_it_is_restored() {
    let desk = Desk::with_file("a.csv", flights(1..=9));
    desk.run_with(&[("--max-rows-per-batch", "3")])
        .went_well(&["9 rows in 3 batches,"]);
    let newest = desk.path("state/offsets/00000000000000000002.json");
    let good = fs::read(&newest).unwrap();
    desk.put("b.csv", flights(10..=12));
    for at in (0..good.len()).step_by(good.len() / 5) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&newest, bad).unwrap();
        desk.run().failed(
            ErrorKind::Corrupted,
            &[
                "the `offsets` record",
                &newest.display().to_string(),
                "restore the file from a copy",
            ],
        );
    }
    assert_eq!(desk.published("out"), Vec::from_iter(1..=9));
    fs::write(&newest, good).unwrap();
    desk.run().went_well(&["batch 3: 3 rows"]);
    assert_eq!(desk.published("out"), Vec::from_iter(1..=12));
}

#[test]
fn e5_a_second_run_at_once() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let storage = LocalStorage::new(desk.path("state")).unwrap();
    let lock = storage
        .lock(
            &StorePath::parse("lock").unwrap(),
            &LockHolder::this_process(),
            false,
        )
        .unwrap();
    let run = desk.run();
    run.failed(
        ErrorKind::Locked,
        &[
            &format!("process {} on host", std::process::id()),
            &desk.path("state/lock").display().to_string(),
        ],
    );
    assert!(!desk.path("out").exists());
    drop(lock);
    desk.run().went_well(&["3 rows in 1 batch,"]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
}

// Options.

#[test]
fn options_of_zero() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    for (option, name) in [
        ("--max-rows-per-batch", "max_rows_per_batch"),
        ("--executors", "executors"),
    ] {
        desk.run_with(&[(option, "0")]).failed(
            ErrorKind::Config,
            &[&format!("{name} is 0"), "it must be at least 1"],
        );
    }
    assert!(!desk.path("state").exists() && !desk.path("out").exists());
}

// Files that change between the plan and the restart.

#[test]
fn b2_an_input_file_that_has_changed_since_it_was_planned() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    desk.crash_with_a_planned_batch();
    let file = desk.path("in/a.csv");
    let path = file.display().to_string();
    let kept = desk.path("kept");
    fs::rename(&file, &kept).unwrap();
    let fails = |how: &str| {
        desk.run().failed(
            ErrorKind::Source,
            &[
                "an input file has changed since it was planned",
                how,
                "batch 0",
                &path,
                "bring the file back as it was",
            ],
        );
        assert!(desk.published("out").is_empty(), "{how}");
    };
    fails("it is gone");
    desk.put("a.csv", flights(1..=4));
    fails(" bytes and has ");
    fs::copy(&kept, &file).unwrap();
    fails("it has another modification time");
    fs::rename(&kept, &file).unwrap();
    desk.run().went_well(&[
        "batch 0: 3 rows",
        "written again as an earlier run did not finish it",
    ]);
    assert_eq!(desk.published("out"), [1, 2, 3]);
    desk.run().went_well(&["Nothing new"]);
}

// A reader that goes away.

#[test]
fn q2_a_closed_pipe_ends_the_run_well_and_the_next_one_shows_the_batch_again() {
    let desk = Desk::with_file("a.csv", flights(1..=500));
    let options = [("--sink", "stdout"), ("--max-rows-per-batch", "2")];
    let mut child = desk
        .command(&options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As `head -1` does: one line, then the reading end is closed.
    let mut reader = BufReader::with_capacity(1, child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let run = Run::of(child.wait_with_output().unwrap());
    run.went_well(&[
        "Stopped after ",
        "Start it again and it goes on from there.",
    ]);
    let shown_before = run
        .printed
        .lines()
        .filter(|line| line.starts_with("batch "))
        .count();
    assert!(shown_before < 250, "{}", run.printed);

    let again = desk.run_with(&options);
    again.went_well(&[]);
    let first = again.shown.lines().nth(1).unwrap();
    assert_eq!(first, format!("Batch: {shown_before}"), "{}", run.printed);
    assert!(again.shown.contains("Batch: 249"));
    desk.run_with(&options)
        .went_well(&["is on the terminal", "(delete state to begin anew)"]);
}

#[test]
fn q2_a_reader_that_was_never_there_loses_no_batch() {
    let desk = Desk::with_file("a.csv", flights(1..=3));
    let options = [("--sink", "stdout")];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = desk
        .command(&options)
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    Run::of(output).went_well(&["Stopped after 0 batches", "Start it again"]);
    let again = desk.run_with(&options);
    again.went_well(&["its commit finished for an earlier run"]);
    assert!(again.shown.contains("Batch: 0"), "{}", again.shown);
}
