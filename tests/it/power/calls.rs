//! What a durable batch of one row asks of a disk: no more than the protocol needs, call by call.
//!
//! `docs/performance.md` has the list with its reasons. A call more is time of every batch, and a
//! call fewer is a promise broken (E8), so both have to be decided.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use streamwriter::Memory;
use streamwriter::testing::OperationKind;

use super::bench::{Settings, TARGET, drain, good_disk};

/// The batch that is looked at: an earlier one has records that are purged by now.
const BATCH: &str = "00000000000000000003";
const PURGED: &str = "00000000000000000001";

#[test]
fn e8_the_calls_of_a_batch_of_one_row_are_those_of_the_protocol() {
    let (_folder, disk) = good_disk();
    let settings = Settings {
        rows_per_batch: 1,
        executors: 1,
        ..Settings::default()
    };
    drain(&disk, Memory::new(0..6), settings).unwrap();
    let calls: Vec<_> = disk
        .log()
        .into_iter()
        .filter(|operation| operation.kind.is_change())
        .map(|operation| {
            let to = operation.to.as_deref().map(name);
            let to = to.map_or(String::new(), |to| format!(" -> {to}"));
            format!("{} {}{to}", operation.kind, name(&operation.path))
        })
        .collect();
    let is_new = |call: &&String| call.contains("-> offsets");
    let begins: Vec<_> = (0..calls.len()).filter(|at| is_new(&&calls[*at])).collect();
    // From the record that begins a batch to the one that begins the next.
    let found = &calls[begins[3] - 3..begins[4] - 3];
    assert_eq!(found, EXPECTED, "\n{}", found.join("\n"));
}

/// A target with 100,000 files opens, and takes a batch, as one with none.
#[test]
fn neither_a_start_nor_a_batch_lists_the_data() {
    let (_folder, disk) = good_disk();
    for rows in [8, 14, 14] {
        drain(&disk, Memory::new(0..rows), Settings::default()).unwrap();
    }
    let log = disk.log();
    let lists = log
        .iter()
        .filter(|operation| operation.kind == OperationKind::List);
    let listed: BTreeSet<_> = lists.map(|operation| operation.path.as_path()).collect();
    let target = Path::new(TARGET);
    assert!(fs::read_dir(disk.path(TARGET)).unwrap().count() > 4);
    assert!(
        listed.contains(target.join("_streamwriter").as_path()),
        "{listed:?}"
    );
    assert!(!listed.contains(target), "{listed:?}");
}

const EXPECTED: [&str; 29] = [
    "create offsets/.tmp-*",
    "write offsets/.tmp-*",
    "sync file offsets/.tmp-*",
    "rename offsets/.tmp-* -> offsets/3.json",
    "sync directory offsets",
    "create _streamwriter/staging/*/3-r1-p0-a0-f0",
    "write _streamwriter/staging/*/3-r1-p0-a0-f0",
    "sync file _streamwriter/staging/*/3-r1-p0-a0-f0",
    "sync directory _streamwriter/staging/*",
    "create prepared/.tmp-*",
    "write prepared/.tmp-*",
    "sync file prepared/.tmp-*",
    "rename prepared/.tmp-* -> prepared/3.json",
    "sync directory prepared",
    "rename _streamwriter/staging/*/3-r1-p0-a0-f0 -> part-*",
    "sync directory .",
    "create _streamwriter/committed/.tmp-*",
    "write _streamwriter/committed/.tmp-*",
    "sync file _streamwriter/committed/.tmp-*",
    "rename _streamwriter/committed/.tmp-* -> _streamwriter/committed/3",
    "sync directory _streamwriter/committed",
    "create commits/.tmp-*",
    "write commits/.tmp-*",
    "sync file commits/.tmp-*",
    "rename commits/.tmp-* -> commits/3.json",
    "sync directory commits",
    "unlink offsets/1.json",
    "unlink prepared/1.json",
    "unlink commits/1.json",
];

/// The name as the list has it: without the directories above, and with `*` for what is by chance.
fn name(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.replace(BATCH, "3").replace(PURGED, "1");
    let below = text
        .trim_start_matches("lake/orders")
        .trim_start_matches("state/orders")
        .trim_start_matches('/');
    let parts = below.split('/').map(|part| match part {
        part if part.starts_with(".tmp-") => ".tmp-*".to_owned(),
        part if part.len() == 36 => "*".to_owned(),
        part if part.starts_with("part-") => "part-*".to_owned(),
        part => part.to_owned(),
    });
    match parts.collect::<Vec<_>>().join("/") {
        root if root.is_empty() => ".".to_owned(),
        name => name,
    }
}
