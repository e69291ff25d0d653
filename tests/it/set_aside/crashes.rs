//! E1 and F5: a crash at any durable step of checkpoint, data and place, any number of times.

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{Error, QuerySummary, SetAside, Staging};

use super::sieve::{ROWS, Sieve, bad, good, is_bad};
use super::{Bench, Told, drain, sink_in};
use crate::support::Scripted;

const WHENS: [When; 2] = [When::Before, When::After];

/// Runs with one fault in any of the three; returns whether it struck, and what was done before.
fn run_with_fault(bench: &Bench, at: u64, when: When, told: &Told) -> (bool, Vec<String>) {
    let data = FaultStorage::failing(bench.storage("data"), at, when);
    let aside = data.and(bench.storage("aside"));
    let checkpoint = data.and(bench.storage("state"));
    let sink = sink_in(data.shared(), aside.shared());
    let _ = drain(Sieve::new(), sink, checkpoint.shared(), told);
    (data.operations() > at, data.log())
}

fn run_clean(bench: &Bench, told: &Told) -> Result<QuerySummary, Error> {
    drain(Sieve::new(), bench.sink(), bench.storage("state"), told)
}

fn numbers(lines: Vec<String>) -> Vec<u64> {
    let mut numbers: Vec<u64> = lines.iter().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

/// What is visible at any time: good rows here and bad ones there, none twice.
fn check_in_between(bench: &Bench, what: &str) {
    for (rows, bad) in [(numbers(bench.data()), false), (visible_raws(bench), true)] {
        let mut once = rows.clone();
        once.dedup();
        assert_eq!(rows, once, "a row is visible twice after {what}");
        let fits = |row: &u64| *row < ROWS && is_bad(*row) == bad;
        assert!(rows.iter().all(fits), "{what}: {rows:?}");
    }
}

/// The rows set aside, without their reasons: those come last.
fn visible_raws(bench: &Bench) -> Vec<u64> {
    let texts = bench.published("aside", ".rejected");
    let texts = texts
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    numbers(
        texts
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect(),
    )
}

fn check_end(bench: &Bench, told: &Told, what: &str) {
    assert_eq!(numbers(bench.data()), good(), "{what}");
    assert_eq!(numbers(bench.raws()), bad(), "{what}");
    assert_eq!(visible_raws(bench), bad(), "{what}");
    assert_eq!(bench.staged_files(), 0, "leftovers after {what}");
    // A batch that told of itself told the truth, whether it was written or rolled forward.
    for (batch, count) in told.set_aside() {
        let of_batch = |number: &&u64| **number / 10 == batch;
        let expected = bad().iter().filter(of_batch).count() as u64;
        assert_eq!(count, expected, "batch {batch} after {what}");
    }
    for row in bench.set_aside() {
        assert_eq!(
            row.reason["position"].to_string().as_bytes(),
            row.raw,
            "{what}"
        );
    }
}

#[test]
fn f5_e1_every_row_is_here_or_there_once_after_a_fault_at_any_step_of_any_of_the_three() {
    let mut steps = Vec::new();
    for at in 0.. {
        let mut struck = false;
        for when in WHENS {
            let (bench, told) = (Bench::new(), Told::default());
            let (this_struck, log) = run_with_fault(&bench, at, when, &told);
            struck |= this_struck;
            let what = format!("{when:?} {}", log.last().unwrap());
            check_in_between(&bench, &what);
            run_clean(&bench, &told).unwrap();
            check_end(&bench, &told, &what);
            steps.extend(log.get(at as usize).cloned());
        }
        if !struck {
            break;
        }
    }
    for step in [".rejected", ".reasons", ".jsonl"] {
        let published = |name: &&String| name.contains("publish") && name.contains(step);
        assert!(
            steps.iter().any(|name| published(&name)),
            "{step}: {steps:?}"
        );
    }
    let records = |name: &&String| name.contains("_streamwriter/committed/");
    let struck = steps.iter().filter(records).count();
    assert!(
        struck >= 2 * 2 * 3,
        "the records of both targets, for 3 batches: {struck}"
    );
    println!("faults: {}", steps.len());
}

#[test]
fn f5_e1_also_after_a_second_fault_at_any_step_of_the_recovery() {
    let mut faults = 0;
    for first in (0..).step_by(3) {
        let first_when = WHENS[(first as usize / 3) % 2];
        for second in 0.. {
            let (bench, told) = (Bench::new(), Told::default());
            let (struck, log) = run_with_fault(&bench, first, first_when, &told);
            if !struck {
                println!("pairs of faults: {faults}");
                assert!(faults > 500, "{faults}");
                return;
            }
            let when = WHENS[(first + second) as usize % 2];
            let what = format!("{first_when:?} {:?}, then {second} {when:?}", log.last());
            let (struck, log) = run_with_fault(&bench, second, when, &told);
            let what = format!("{what} {:?}", log.last());
            check_in_between(&bench, &what);
            run_clean(&bench, &told).unwrap();
            check_end(&bench, &told, &what);
            if !struck {
                break;
            }
            faults += 1;
        }
    }
}

/// The data goes to a table: one with a memory, one that writes its record in its commit as a
/// transaction would, and one that cannot remember, so that its commit is repeated.
#[test]
fn f5_e3_the_same_holds_around_a_sink_that_is_no_directory() {
    let mut faults = 0;
    for kind in ["memory", "transaction", "none"] {
        for at in 0.. {
            let mut struck = false;
            for when in WHENS {
                let (bench, told) = (Bench::new(), Told::default());
                let table = table(kind);
                let aside = FaultStorage::failing(bench.storage("aside"), at, when);
                let checkpoint = aside.and(bench.storage("state"));
                let sink = |table, aside| SetAside::new_in(table, Staging::over(aside));
                let faulty = sink(table.clone(), aside.shared());
                let _ = drain(Sieve::new(), faulty, checkpoint.shared(), &told);
                struck |= aside.operations() > at;
                let what = format!("{kind} {when:?} {:?}", aside.log().last());
                let again = sink(restarted(&table, kind), bench.storage("aside"));
                drain(Sieve::new(), again, bench.storage("state"), &told).unwrap();
                assert_eq!(table.rows(), good(), "{what}");
                assert_eq!(numbers(bench.raws()), bad(), "{what}");
                assert_eq!(bench.staged_files(), 0, "{what}");
                faults += 1;
            }
            if !struck {
                break;
            }
        }
    }
    println!("faults: {faults}");
}

fn table(kind: &str) -> Scripted {
    let mut table = Scripted::new();
    table.has_memory = kind != "none";
    restarted(&table, kind)
}

fn restarted(table: &Scripted, kind: &str) -> Scripted {
    let again = table.restarted();
    if kind != "transaction" {
        return again;
    }
    let records = again.table.clone();
    again.after_commit(move |batch| {
        let record = streamwriter::TargetRecord {
            query: batch.query_id(),
            batch: batch.batch_id(),
            prepared: batch.prepared_digest().unwrap().to_owned(),
        };
        let mut table = records.lock().unwrap();
        table.records.insert(record.batch.get(), record);
        Ok(())
    })
}
