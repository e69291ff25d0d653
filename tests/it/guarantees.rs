//! Holds the table of crash instants in `docs/guarantees.md` to what really happens: each row is
//! made by a crash at that instant, a look at the disk, and a restart.
//!
//! `UPDATE_EXPECT=1 cargo test --features testing --test it guarantees` writes the table anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use streamwriter::testing::{FaultStorage, Numbers, When};
use streamwriter::{
    BatchOrigin, FileSink, LocalStorage, SharedStorage, Staging, StreamingQuery, Trigger, stream,
};

use crate::support::{memory_directory, visible_numbers};

const ROWS: u64 = 8;
const ROWS_PER_BATCH: u64 = 4;
const BEGIN: &str = "<!-- crash table: begin -->\n";
const END: &str = "<!-- crash table: end -->\n";

fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

/// Batch 0 is committed first; the crash is in batch 1.
fn start(
    source: Numbers,
    target: SharedStorage,
    checkpoint: SharedStorage,
) -> Result<StreamingQuery, streamwriter::Error> {
    stream(source.per_batch(ROWS_PER_BATCH).partitions(2))
        .write_to(FileSink::json_lines_in(Staging::over(target)))
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .executors(1)
        .start()
}

fn run(directory: &Path, source: Numbers) -> Vec<BatchOrigin> {
    let query = start(
        source,
        local(&directory.join("target")),
        local(&directory.join("checkpoint")),
    )
    .unwrap();
    assert!(query.wait(std::time::Duration::from_secs(60)));
    let origins = query.recent_progress().iter().map(|p| p.origin).collect();
    query.await_termination().unwrap();
    origins
}

/// Runs batch 1 until the process "dies" before its `at`-th operation; returns the one it came to.
fn crash(directory: &Path, at: u64) -> Option<String> {
    let target = FaultStorage::failing(local(&directory.join("target")), at, When::Before);
    let checkpoint = target.and(local(&directory.join("checkpoint")));
    if let Ok(query) = start(Numbers::new(ROWS), target.shared(), checkpoint.shared()) {
        let _ = query.await_termination();
    }
    let last = usize::try_from(at).unwrap();
    target.log().get(last).cloned()
}

/// What is there of batch 1.
#[derive(PartialEq)]
struct Disk {
    records: [bool; 4],
    staged: usize,
    published: usize,
}

impl Disk {
    fn look(directory: &Path) -> Self {
        let batch = format!("{:020}", 1);
        let checkpoint = directory.join("checkpoint");
        let record = |log: &str| checkpoint.join(log).join(format!("{batch}.json")).exists();
        let own = directory.join("target/_streamwriter");
        let recorded = own.join("committed").join(&batch).exists();
        let staging = fs::read_dir(own.join("staging")).into_iter().flatten();
        let staged = staging
            .flat_map(|query| fs::read_dir(query.unwrap().path()).unwrap())
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with(&batch)
            })
            .count();
        let published = fs::read_dir(directory.join("target"))
            .into_iter()
            .flatten()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with("part-b0000000001-")
            })
            .count();
        Self {
            records: [
                record("offsets"),
                record("prepared"),
                recorded,
                record("commits"),
            ],
            staged,
            published,
        }
    }

    fn cells(&self) -> String {
        let [offsets, prepared, recorded, commits] = self.records;
        let there = |is| if is { "yes" } else { "–" };
        format!(
            "{} | {} | {} | {} | {} | {}",
            there(offsets),
            self.staged,
            there(prepared),
            self.published,
            there(recorded),
            there(commits)
        )
    }
}

/// What a restart did, seen from outside.
fn restart(directory: &Path, before: &Disk) -> String {
    let source = Numbers::new(ROWS);
    let origins = run(directory, source.clone());
    let read = source.rows_read();
    let after = Disk::look(directory);
    assert_eq!((after.staged, after.published), (0, 2), "{}", after.cells());
    let did = match origins[..] {
        [] => "nothing: the batch is done",
        [BatchOrigin::Planned] => "plans the batch",
        [BatchOrigin::Rewritten] => "writes the batch again from the recorded offsets (E2)",
        [BatchOrigin::RolledForward] if before.records[2] => "writes `commits/1` only (E3)",
        [BatchOrigin::RolledForward] if before.staged == 0 => {
            "finds all of it published, and records the batch (E3)"
        }
        [BatchOrigin::RolledForward] => "publishes what the recorded messages name (E3)",
        _ => panic!("{origins:?}"),
    };
    format!("{did} | {read}")
}

fn rows() -> Vec<u64> {
    (0..ROWS).collect()
}

/// Says an operation without what differs from run to run.
fn in_words(operation: &str) -> String {
    let (_, operation) = operation.split_once(' ').unwrap();
    let (what, path) = operation.split_once(' ').unwrap();
    let name = path.rsplit('/').next().unwrap();
    let kind = path.split('/').next().unwrap();
    let number = || name.trim_end_matches(".json").trim_start_matches('0');
    match (what, kind) {
        ("create", "offsets" | "prepared" | "commits") => format!("create `{kind}/{}`", number()),
        ("create", "runs") => format!("create `runs/{}`", number()),
        ("create", "query.json") => "create `query.json`".to_owned(),
        ("create", "_streamwriter") if name == "owner" => "claim the target".to_owned(),
        ("create", "_streamwriter") => "create the target's record of the batch".to_owned(),
        ("stage", _) => format!("begin the staged file of {}", partition(name)),
        ("finish", _) => format!("sync the staged file of {}", partition(name)),
        ("publish", _) => format!("publish the file of {}", partition(name)),
        ("sync", "_streamwriter") => "sync what was found in the target".to_owned(),
        ("sync", _) => format!("sync the `{kind}` that was found"),
        (what, _) => format!("{what} what is superfluous"),
    }
}

fn partition(name: &str) -> &str {
    if name.contains("p1-") || name.contains("p00001-") {
        "partition 1"
    } else {
        "partition 0"
    }
}

fn table() -> String {
    let mut table = String::from(
        "| the process dies before it can … | `offsets/1` | staged | `prepared/1` | published | \
         target's record | `commits/1` | the restart … | rows read again |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let mut seen: Option<Disk> = None;
    for at in 0.. {
        let directory = memory_directory();
        run(directory.path(), Numbers::new(ROWS_PER_BATCH));
        let operation = crash(directory.path(), at);
        let disk = Disk::look(directory.path());
        let did = restart(directory.path(), &disk);
        assert_eq!(
            visible_numbers(&directory.path().join("target")),
            rows(),
            "{operation:?}"
        );
        // Steps of the start, before anything of batch 1 is there, are one row.
        let first = seen.is_none();
        let moved = seen.as_ref().is_some_and(|seen| *seen != disk);
        let words = operation.as_deref().map(in_words);
        if first || moved || disk.records[0] && words.is_some() {
            let words = match &words {
                _ if first => "begin its run or plan the batch".to_owned(),
                Some(words) => words.clone(),
                None => "do anything further".to_owned(),
            };
            writeln!(table, "| {words} | {} | {did} |", disk.cells()).unwrap();
        }
        seen = Some(disk);
        if operation.is_none() {
            return table;
        }
    }
    table
}

#[test]
fn e1_the_table_of_crash_instants_is_what_happens() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/guarantees.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let happens = table();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{happens}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(written, happens, "docs/guarantees.md says otherwise");
}
