//! Guards the numbers of files, when they are finished, and what stays of them.

use std::io::Write;

use streamwriter_core::testing::Pretend;
use streamwriter_core::{Error, ErrorKind, Result, StagedObject};

use super::*;
use crate::staging::{Staging, StagingFile};

/// A file of lines that counts what it was told to flush.
struct Lines {
    file: StagingFile,
    memory: usize,
    fixed: usize,
}

impl Lines {
    fn in_file(file: StagingFile) -> Self {
        Self {
            file,
            memory: 0,
            fixed: 0,
        }
    }
}

impl TaskFile for Lines {
    fn has_reached(&mut self, bytes: u64) -> Result<bool> {
        Ok(self.file.bytes_written() >= bytes)
    }

    fn memory(&self) -> Memory {
        Memory {
            fixed: self.fixed,
            flushable: self.memory,
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.memory = 0;
        self.fixed += if self.fixed > 0 { 3 } else { 0 };
        writeln!(self.file, "flushed").map_err(crate::staging::write_failed)
    }

    fn finish(self) -> Result<StagedObject> {
        self.file.finish()
    }
}

struct Bench {
    directory: tempfile::TempDir,
    staging: Staging,
    pretend: Pretend,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            staging: Staging::new(directory.path()).unwrap(),
            directory,
            pretend: Pretend::default(),
        }
    }

    /// Writes rows of (directory, text) and returns the final paths without their constant parts,
    /// with what the files hold.
    fn written(&self, layout: &Layout, memory_max: usize, rows: &[(&str, &str)]) -> Vec<String> {
        let task = self.pretend.task();
        let begin = |file| Ok(Lines::in_file(file));
        let mut files =
            OpenFiles::new(&self.staging, layout, &task, "txt", begin).memory_max(memory_max);
        for (directory, text) in rows {
            files.write(directory, |file, _| push(file, text)).unwrap();
        }
        let (count, objects) = files.finish().unwrap();
        assert_eq!(count, rows.len() as u64);
        objects.iter().map(|object| self.shown(object)).collect()
    }

    fn shown(&self, object: &StagedObject) -> String {
        let staged = self.directory.path().join(object.staged.as_str());
        let text = std::fs::read_to_string(staged).unwrap();
        let name = object.path.file_name();
        let number = name.split("-f").nth(1).unwrap().split('-').next().unwrap();
        let directory = object.path.parent();
        format!("{directory}/{number}: {}", text.trim().replace('\n', " "))
    }

    fn staged(&self) -> usize {
        let own = streamwriter_core::StorePath::parse("_streamwriter/staging").unwrap();
        self.staging.storage().list(&own).unwrap().len()
    }
}

fn push(file: &mut Lines, text: &str) -> Result<u64> {
    writeln!(file.file, "{text}").map_err(crate::staging::write_failed)?;
    file.memory += text.len();
    Ok(1)
}

#[test]
fn a_file_has_as_many_rows_as_it_may_and_no_empty_one_follows() {
    let layout = Layout {
        rows_max: Some(2),
        ..Layout::default()
    };
    let rows = [("", "a"), ("", "b"), ("", "c"), ("", "d")];
    let files = Bench::new().written(&layout, usize::MAX, &rows);
    assert_eq!(files, ["/0000: a b", "/0001: c d"]);
}

#[test]
fn the_row_that_reaches_the_bytes_is_the_last_of_its_file() {
    let layout = Layout {
        bytes_max: Some(4),
        ..Layout::default()
    };
    let rows = [("", "a"), ("", "bbb"), ("", "cccccc"), ("", "d")];
    let files = Bench::new().written(&layout, usize::MAX, &rows);
    assert_eq!(files, ["/0000: a bbb", "/0001: cccccc", "/0002: d"]);
}

#[test]
fn the_file_that_was_left_alone_longest_makes_room_and_its_directory_goes_on_in_another() {
    let layout = Layout {
        open_files_max: 2,
        ..Layout::default()
    };
    let rows = [
        ("x=1", "a"),
        ("x=2", "b"),
        ("x=1", "c"),
        ("x=3", "d"),
        ("x=1", "e"),
        ("x=2", "f"),
    ];
    let files = Bench::new().written(&layout, usize::MAX, &rows);
    let expected = [
        "x=1/0000: a c e",
        "x=2/0001: b",
        "x=3/0002: d",
        "x=2/0003: f",
    ];
    assert_eq!(files, expected);
    let one = Layout {
        open_files_max: 1,
        ..layout
    };
    let files = Bench::new().written(&one, usize::MAX, &rows[..3]);
    assert_eq!(files, ["x=1/0000: a", "x=2/0001: b", "x=1/0002: c"]);
}

#[test]
fn f2_an_attempt_with_the_same_rows_gives_the_same_names() {
    let layout = Layout {
        open_files_max: 3,
        rows_max: Some(4),
        ..Layout::default()
    };
    let directories = ["x=1", "x=2", "x=3", "x=4", "x=5"];
    let rows: Vec<_> = (0..200_usize)
        .map(|row| (directories[row * row % 7 % 5], "row"))
        .collect();
    let first = Bench::new().written(&layout, usize::MAX, &rows);
    assert!(first.len() > 50);
    assert_eq!(Bench::new().written(&layout, usize::MAX, &rows), first);
}

#[test]
fn the_largest_of_several_files_is_flushed_when_they_keep_too_much() {
    let rows = [("x=1", "aaaa"), ("x=2", "bb"), ("x=2", "c"), ("x=1", "d")];
    let files = Bench::new().written(&Layout::default(), 6, &rows);
    assert_eq!(files, ["x=1/0000: aaaa flushed d", "x=2/0001: bb c"]);
}

#[test]
fn w8_what_is_finished_already_goes_when_the_task_fails() {
    let bench = Bench::new();
    let layout = Layout {
        rows_max: Some(1),
        ..Layout::default()
    };
    let task = bench.pretend.task();
    let begin = |file| Ok(Lines::in_file(file));
    let mut files = OpenFiles::new(&bench.staging, &layout, &task, "txt", begin);
    for _ in 0..3 {
        files.write("", |file, _| push(file, "a")).unwrap();
    }
    assert_eq!(bench.staged(), 3);
    let failed = files.write("", |_, _| Err(Error::new(ErrorKind::Row, "no")));
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Row);
    drop(files);
    assert_eq!(bench.staged(), 0);
}

#[test]
fn limits_of_nothing_are_refused() {
    let with = |change: fn(&mut Layout)| {
        let mut layout = Layout::default();
        change(&mut layout);
        layout.check()
    };
    with(|_| {}).unwrap();
    for change in [
        (|layout| layout.rows_max = Some(0)) as fn(&mut Layout),
        |layout| layout.bytes_max = Some(0),
        |layout| layout.open_files_max = 0,
    ] {
        assert_eq!(with(change).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn what_open_files_keep_stays_within_the_memory_for_them() {
    let layout = Layout {
        open_files_max: 1000,
        ..Layout::default()
    };
    let directories: Vec<String> = (0..100).map(|number| format!("x={number}")).collect();
    // Each file keeps 10 for itself, a flush leaves 3 more, and a row is 60.
    let text = "a row of 60 ".repeat(5);
    for (memory_max, files_min, files_max) in
        [(10_000, 100, 100), (1_500, 101, 1000), (150, 500, 1000)]
    {
        let bench = Bench::new();
        let task = bench.pretend.task();
        let begin = |file| {
            Ok(Lines {
                fixed: 10,
                ..Lines::in_file(file)
            })
        };
        let mut files =
            OpenFiles::new(&bench.staging, &layout, &task, "txt", begin).memory_max(memory_max);
        let mut peak = 0;
        for row in 0..1000 {
            let directory = &directories[row * 37 % directories.len()];
            files.write(directory, |file, _| push(file, &text)).unwrap();
            peak = peak.max(files.memory());
        }
        assert!(peak <= memory_max, "{peak} of {memory_max}");
        assert!(peak > memory_max / 3, "{peak} of {memory_max}");
        let (rows, finished) = files.finish().unwrap();
        assert_eq!(rows, 1000);
        let count = finished.len();
        assert!(
            (files_min..=files_max).contains(&count),
            "{count} files in {memory_max}"
        );
    }
}

#[test]
fn rows_on_their_way_count_as_well() {
    let bench = Bench::new();
    let layout = Layout::default();
    let task = bench.pretend.task();
    let begin = |file| Ok(Lines::in_file(file));
    let mut files = OpenFiles::new(&bench.staging, &layout, &task, "txt", begin).memory_max(100);
    files.leave_room_for(90);
    for directory in ["x=1", "x=2", "x=3"] {
        files
            .write(directory, |file, _| push(file, "a row 7"))
            .unwrap();
        assert!(files.memory() <= 10);
    }
}
