//! The bridge for clusters, under Spark's protocol (E1 to E7, W5, W11, W12).

mod crashes;
mod pretend;
mod refusals;
mod work;

use std::fs;
use std::path::Path;

use streamwriter::{LocalStorage, SharedStorage, StorePath};

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

/// What a reader that lists `*.jsonl` sees.
fn visible(target: &Path) -> Vec<i64> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(target).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == "jsonl") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.ends_with('\n'),
                "a part of {} is visible",
                path.display()
            );
            for line in text.lines() {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                rows.push(row["n"].as_i64().unwrap());
            }
        }
    }
    rows.sort_unstable();
    rows
}

fn staged(target: &Path) -> Vec<String> {
    let prefix = StorePath::parse("_streamwriter/staging").unwrap();
    let entries = local(target).list(&prefix).unwrap().into_iter();
    entries.map(|entry| entry.path.to_string()).collect()
}
