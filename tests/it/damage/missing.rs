//! E6 and E9: every combination of the last two batches' records, missing whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use streamwriter::ErrorKind;

use super::bench::{Bench, NEWEST, Step};
use super::judge::Judge;

/// The records of a batch in the checkpoint, and the one in the target.
const RECORDS: [&str; 4] = ["offsets", "prepared", "commits", "committed"];

fn path_of(record: &str, batch: u64) -> PathBuf {
    match record {
        "committed" => format!("target/_streamwriter/committed/{batch:020}").into(),
        log => format!("checkpoint/{log}/{batch:020}.json").into(),
    }
}

/// Names a combination as a person would: `prepared/10 commits/10`.
fn named(missing: &[(&str, u64)]) -> String {
    let names = missing
        .iter()
        .map(|(record, batch)| format!("{record}/{batch}"));
    names.collect::<Vec<_>>().join(" ")
}

/// All subsets of the records of the last two batches that are there.
fn subsets(tree: &super::tree::Tree) -> Vec<Vec<(&'static str, u64)>> {
    let mut there = Vec::new();
    for batch in [NEWEST - 1, NEWEST] {
        for record in RECORDS {
            if tree.files.contains_key(&path_of(record, batch)) {
                there.push((record, batch));
            }
        }
    }
    (1..1_u32 << there.len())
        .map(|bits| {
            let chosen = there.iter().enumerate();
            let chosen = chosen.filter(|(index, _)| bits & (1 << index) != 0);
            chosen.map(|(_, record)| *record).collect()
        })
        .collect()
}

/// Whether the target's record proves that something is missing: it names a `prepared` record that
/// is not there (E6).
fn target_knows_better(missing: &[(&str, u64)], tree: &super::tree::Tree) -> bool {
    let is_there = |record: &str, batch: u64| {
        tree.files.contains_key(&path_of(record, batch)) && !missing.contains(&(record, batch))
    };
    let newest = [NEWEST, NEWEST - 1]
        .into_iter()
        .find(|batch| is_there("committed", *batch));
    newest.is_some_and(|batch| !is_there("prepared", batch))
}

fn remove(folder: &Path, missing: &[(&str, u64)]) {
    for (record, batch) in missing {
        fs::remove_file(folder.join(path_of(record, *batch))).unwrap();
    }
}

fn restore(judge: &Judge, missing: &[(&str, u64)]) {
    for (record, batch) in missing {
        let path = path_of(record, *batch);
        let bytes = &judge.specimen.tree.files[&path];
        fs::create_dir_all(judge.bench.path(&path).parent().unwrap()).unwrap();
        fs::write(judge.bench.path(&path), bytes).unwrap();
    }
}

/// Tries one combination; returns whether it went unnoticed.
fn try_one(judge: &mut Judge, missing: &[(&'static str, u64)]) -> bool {
    judge.put_back();
    remove(&judge.bench.path(""), missing);
    let what = format!("stopped at {:?}: {}", judge.specimen.step, named(missing));
    let outcome = judge.start();
    let step = format!("{:?}", judge.specimen.step);
    let size = format!("{} missing", missing.len());
    judge.table.count(&step, &size, outcome.is_err());
    let Err(error) = outcome else {
        if target_knows_better(missing, &judge.specimen.tree) {
            judge
                .table
                .problem(&what, "the target's record was ignored");
        }
        judge.expect_right_now(&what);
        return true;
    };
    if ![ErrorKind::Corrupted, ErrorKind::Mismatch].contains(&error.kind()) {
        let why = format!("another kind: {}", error.report());
        judge.table.problem(&what, &why);
    }
    // One of the missing files, or the place where the rest contradicts itself.
    let mut names: Vec<String> = missing
        .iter()
        .map(|(record, batch)| {
            let path = path_of(record, *batch);
            path.components()
                .skip(1)
                .collect::<PathBuf>()
                .display()
                .to_string()
        })
        .collect();
    names.extend(
        [
            "the target",
            "source/taken",
            "checkpoint has lost",
            "newer ones are missing",
        ]
        .map(str::to_owned),
    );
    judge.expect_named(&error, &names, &what);
    judge.expect_nothing_wrong(&what);
    restore(judge, missing);
    judge.expect_right(&format!("{what}, and all were put back"));
    false
}

#[test]
fn e6_e9_records_of_the_last_two_batches_missing_in_every_combination() {
    let mut table = super::Table::default();
    let mut unnoticed: BTreeMap<Step, Vec<String>> = BTreeMap::new();
    for step in Step::ALL {
        let bench = Bench::new();
        let specimen = bench.specimen(step);
        let mut judge = Judge::new(bench, specimen.clone(), specimen);
        for missing in subsets(&judge.specimen.tree) {
            if try_one(&mut judge, &missing) {
                unnoticed.entry(step).or_default().push(named(&missing));
            }
        }
        table = table.merged(judge.table);
    }
    let mut list = String::new();
    for (step, combinations) in &unnoticed {
        list += &format!("{step:?}: {}\n", combinations.join(" | "));
    }
    println!("Combinations that look like a crash; the rows are right all the same:\n{list}");
    table.conclude();
    // Everything else is noticed. Once the target records batch 10, so is each lost `prepared/10`.
    assert_eq!(
        list,
        "\
Offsets: commits/9 | commits/9 committed/9 | offsets/10 | commits/9 offsets/10 | \
commits/9 committed/9 offsets/10
Staged: commits/9 | commits/9 committed/9 | offsets/10 | commits/9 offsets/10 | \
commits/9 committed/9 offsets/10
Prepared: prepared/10 | commits/9 prepared/10 | commits/9 committed/9 prepared/10 | \
offsets/10 prepared/10 | commits/9 offsets/10 prepared/10 | \
commits/9 committed/9 offsets/10 prepared/10
Recorded: committed/9 | committed/10
Committed: committed/9 | commits/10 | committed/9 commits/10 | commits/10 committed/10
Done: committed/9 | commits/10 | committed/9 commits/10 | commits/10 committed/10
"
    );
}
