//! E7 and E9: what is not ours, in every directory of ours; and every directory, gone or a file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use streamwriter::ErrorKind;

use super::Table;
use super::bench::{Bench, Step};
use super::judge::Judge;
use super::tree::Tree;

/// Files that are not ours, by their names.
fn foreign_names(directory: &Path, tree: &Tree) -> Vec<OsString> {
    let mut names: Vec<OsString> = [
        "notes.txt",
        ".DS_Store",
        "7.json",
        "7",
        "00000000000000000007",
        "00000000000000000007.json.bak",
        "+0000000000000000007.json",
        "99999999999999999999.json",
        "18446744073709551615.json",
        "00000000000000000099.json",
        "00000000000000000099",
        "00000000000000000000-00000000000000000099.seg",
        "00000000000000000099-00000000000000000000.seg",
        "+0000000000000000000-00000000000000000099.seg",
        "tmp-1",
        "line\nend",
        "ümläut",
        &"long".repeat(60),
    ]
    .iter()
    .map(OsString::from)
    .collect();
    names.push(OsString::from_vec(b"\xff\xfe.json".to_vec()));
    names.push(OsString::from_vec(b"0000000000000000000\xb2.json".to_vec()));
    names.retain(|name| !tree.files.contains_key(&directory.join(name)));
    names
}

/// Where something foreign stops the query: among records that are read by their names.
fn is_read_by_name(directory: &Path) -> bool {
    let text = directory.to_str().unwrap();
    [
        "checkpoint/runs",
        "checkpoint/offsets",
        "checkpoint/prepared",
        "checkpoint/commits",
        "checkpoint/source/taken",
        "target/_streamwriter/committed",
    ]
    .contains(&text)
}

fn new_judge(step: Step) -> Judge {
    let bench = Bench::new();
    let specimen = bench.specimen(step);
    Judge::new(bench, specimen.clone(), specimen)
}

/// Nothing lies in it that could be taken for something.
fn is_empty_directory(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Starts with something foreign in place, and once more without it.
fn try_foreign(judge: &mut Judge, directory: &Path, name: &Path, put: impl Fn(&Path)) {
    judge.put_back();
    let path = directory.join(name);
    let full = judge.bench.path(&path);
    put(&full);
    let before = Tree::read(&judge.bench.path(""), &[&path]);
    let what = format!("{:?}, foreign {}", judge.specimen.step, path.display());
    let outcome = judge.start();
    let row: PathBuf = directory.components().take(3).collect();
    let row = row.display().to_string();
    judge.table.count(&row, "foreign", outcome.is_err());
    // E7: it is not ours to remove.
    assert!(full.exists(), "{what} was removed");
    let after = Tree::read(&judge.bench.path(""), &[&path]);
    assert_eq!(before, after, "{what} was changed");
    let Err(error) = outcome else {
        // The target leaves what an operating system hides alone.
        let hidden = name.to_string_lossy().starts_with('.') && directory.starts_with("target");
        if is_read_by_name(directory) && !hidden && !is_empty_directory(&full) {
            judge.table.problem(&what, "it went unnoticed");
        }
        return judge.expect_right_now(&what);
    };
    if !is_read_by_name(directory) {
        let why = format!("it stops the query: {}", error.report());
        judge.table.problem(&what, &why);
    }
    let name = path.components().skip(1).collect::<PathBuf>();
    judge.expect_named(&error, &[name.display().to_string()], &what);
    if full.is_dir() {
        fs::remove_dir_all(full).unwrap();
    } else {
        fs::remove_file(full).unwrap();
    }
    judge.expect_right(&format!("{what}, and it was taken away"));
}

#[test]
fn e7_e9_foreign_files_in_every_directory_are_named_or_left_alone() {
    let mut table = Table::default();
    for step in [Step::Prepared, Step::Done] {
        let mut judge = new_judge(step);
        let directories: BTreeSet<PathBuf> = judge.specimen.tree.directories.clone();
        for directory in directories {
            for name in foreign_names(&directory, &judge.specimen.tree) {
                try_foreign(&mut judge, &directory, Path::new(&name), |full| {
                    fs::write(full, "mine").unwrap();
                });
            }
            // A copy of what lies in the directory, as a person or a backup makes one.
            let files = judge.specimen.tree.files.clone();
            let copied = files
                .iter()
                .filter(|(path, _)| path.parent() == Some(&directory));
            let copied: Vec<_> = copied
                .map(|(path, bytes)| (path.file_name(), bytes))
                .collect();
            for name in ["!copy", "old"] {
                try_foreign(&mut judge, &directory, Path::new(name), |full| {
                    fs::create_dir(full).unwrap();
                    for (name, bytes) in &copied {
                        fs::write(full.join(name.unwrap()), bytes).unwrap();
                    }
                });
            }
        }
        table = table.merged(judge.table);
    }
    table.conclude();
}

/// Exchanges a directory, starts, puts it back, starts again.
fn try_directory(judge: &mut Judge, directory: &Path, column: &str, harm: impl Fn(&Path)) {
    judge.put_back();
    let full = judge.bench.path(directory);
    harm(&full);
    let what = format!(
        "{:?}, {} {column}",
        judge.specimen.step,
        directory.display()
    );
    let outcome = judge.start();
    let row = directory.components().take(3).collect::<PathBuf>();
    let row = row.display().to_string();
    judge.table.count(&row, column, outcome.is_err());
    let Err(error) = outcome else {
        return judge.expect_right_now(&what);
    };
    let kinds = [
        ErrorKind::Corrupted,
        ErrorKind::Mismatch,
        ErrorKind::Config,
        ErrorKind::Storage,
    ];
    if !kinds.contains(&error.kind()) || error.help().is_none() {
        judge.table.problem(&what, &error.report().to_string());
    }
    if directory != Path::new("target") {
        judge.expect_nothing_wrong(&what);
    }
    let specimen = judge.specimen.tree.clone();
    let _ = fs::remove_dir_all(&full);
    let _ = fs::remove_file(&full);
    let whole = Tree {
        directories: below(&specimen.directories, directory),
        files: specimen
            .files
            .into_iter()
            .filter(|(path, _)| path.starts_with(directory))
            .collect(),
    };
    whole.write(&judge.bench.path(""));
    judge.expect_right(&format!("{what}, and it was put back"));
}

fn below(directories: &BTreeSet<PathBuf>, directory: &Path) -> BTreeSet<PathBuf> {
    let below = directories.iter().filter(|one| one.starts_with(directory));
    below.cloned().collect()
}

#[test]
fn e6_e9_directories_that_are_gone_emptied_or_files_are_never_a_fresh_start() {
    let mut table = Table::default();
    for step in Step::ALL {
        let mut judge = new_judge(step);
        let directories: BTreeSet<PathBuf> = judge.specimen.tree.directories.clone();
        for directory in directories {
            try_directory(&mut judge, &directory, "gone", |full| {
                fs::remove_dir_all(full).unwrap();
            });
            try_directory(&mut judge, &directory, "emptied", |full| {
                fs::remove_dir_all(full).unwrap();
                fs::create_dir(full).unwrap();
            });
            try_directory(&mut judge, &directory, "a file", |full| {
                fs::remove_dir_all(full).unwrap();
                fs::write(full, "mine").unwrap();
            });
        }
        table = table.merged(judge.table);
    }
    table.conclude();
}
