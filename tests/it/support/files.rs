//! What a target of JSON lines with one number each holds.

use std::fs;
use std::path::Path;

use streamwriter::{LocalStorage, StorePath};

/// What a reader that lists `*.jsonl` sees, in order; nothing of a target that is not there.
pub(crate) fn visible_numbers(target: &Path) -> Vec<u64> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(target).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            let text = fs::read_to_string(&path).unwrap();
            let place = path.display();
            assert!(text.ends_with('\n'), "a part of {place} is visible");
            rows.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
        }
    }
    rows.sort_unstable();
    rows
}

/// The paths of staged files, below the target.
pub(crate) fn staged_files(target: &Path) -> Vec<String> {
    let staging = StorePath::parse("_streamwriter/staging").unwrap();
    let entries = LocalStorage::shared(target).unwrap().list(&staging);
    let paths = entries.unwrap().into_iter();
    paths.map(|entry| entry.path.to_string()).collect()
}
