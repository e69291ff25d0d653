//! E3 and E6: a person decides about a batch of two targets, of which one or both lack a file.

use std::fs;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    BatchId, Error, ErrorKind, Noop, Repair, SetAside, SharedStorage, Staging, Trigger, stream,
};

use super::sieve::{ROWS, Sieve, bad};
use super::states::{before_the_last_commits, record_of, unpublish};
use super::{Bench, Told, drain_keeping, sink_in};

const BATCH: BatchId = BatchId::new(2);

/// A state that a crash can leave, and then somebody takes one file of the batch away.
fn in_trouble(data: &str, aside: &str, loser: &str) -> Bench {
    let bench = before_the_last_commits();
    for (target, has) in [("data", data), ("aside", aside)] {
        if has != "record" {
            fs::remove_file(record_of(&bench, target, 2)).unwrap();
        }
        if has == "nothing" {
            unpublish(&bench, target, 2);
        }
    }
    let below = match if loser == "data" { data } else { aside } {
        "nothing" => format!("{loser}/_streamwriter/staging"),
        _ => loser.to_owned(),
    };
    fs::remove_file(a_file_of_the_batch(&bench, &below)).unwrap();
    bench
}

fn a_file_of_the_batch(bench: &Bench, below: &str) -> std::path::PathBuf {
    let files = crate::ways_out::files_below(&bench.path(below));
    let is_of_it = |file: &&String| match below.ends_with("staging") {
        true => file.contains("/00000000000000000002-"),
        false => file.starts_with("part-b0000000002"),
    };
    bench.path(below).join(files.iter().find(is_of_it).unwrap())
}

fn repair_in(
    state: SharedStorage,
    data: SharedStorage,
    aside: SharedStorage,
) -> Result<Repair<Sieve, impl streamwriter::StreamWriter>, Error> {
    stream(Sieve::new())
        .write_to(sink_in(data, aside))
        .checkpoint(state)
        .keep_batches(3)
        .repair()
}

fn run_in(state: SharedStorage, data: SharedStorage, aside: SharedStorage) -> Result<Told, Error> {
    let told = Told::default();
    drain_keeping(3, Sieve::new(), sink_in(data, aside), state, &told).map(|_| told)
}

fn storages(bench: &Bench) -> [SharedStorage; 3] {
    ["state", "data", "aside"].map(|name| bench.storage(name))
}

fn expect_once(bench: &Bench, what: &str) {
    let good = ROWS - bad().len() as u64;
    assert_eq!(bench.data().len() as u64, good, "{what}");
    let mut once = bench.data();
    once.dedup();
    assert_eq!(once.len() as u64, good, "{what}");
    assert_eq!(bench.raws().len(), bad().len(), "{what}");
    assert_eq!(bench.staged_files(), 0, "{what}");
}

#[test]
fn e3_e6_a_batch_of_two_targets_is_written_again_in_both() {
    let states = ["record", "files", "nothing"];
    for loser in ["data", "aside"] {
        for (data, aside) in states
            .iter()
            .flat_map(|d| states.iter().map(move |a| (d, a)))
        {
            if (*data, *aside) == ("record", "record") {
                continue;
            }
            // A target that has recorded the batch is not published to again, so nobody looks.
            let is_refused = match loser {
                "data" => *data != "record",
                _ => *aside != "record",
            };
            let what = format!("data {data}, aside {aside}, {loser} loses a file");
            let bench = in_trouble(data, aside, loser);
            let [state, d, a] = storages(&bench);
            if is_refused {
                let error = run_in(state.clone(), d.clone(), a.clone())
                    .map(drop)
                    .unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Mismatch, "{what}: {error}");
            }
            let repair = repair_in(state.clone(), d.clone(), a.clone()).unwrap();
            let shown = repair.to_string();
            let wrong: Vec<&str> = shown
                .lines()
                .filter(|line| line.ends_with("neither staged nor final"))
                .collect();
            let location = bench.path(loser).display().to_string();
            assert!(
                wrong.len() == 1 && wrong[0].trim().starts_with(&location),
                "{what}: {shown}"
            );
            repair.write_again(BATCH).unwrap();
            run_in(state, d, a).unwrap_or_else(|error| panic!("{what}: {error}"));
            expect_once(&bench, &what);
        }
    }
}

#[test]
fn e3_e6_a_lost_file_of_either_target_is_accepted_as_published() {
    for loser in ["data", "aside"] {
        let bench = in_trouble("files", "nothing", loser);
        let [state, d, a] = storages(&bench);
        repair_in(state.clone(), d.clone(), a.clone())
            .unwrap()
            .accept_as_published(BATCH)
            .unwrap();
        run_in(state, d, a).unwrap();
        assert_eq!(bench.staged_files(), 0);
        assert!(record_of(&bench, "data", 2).exists() && record_of(&bench, "aside", 2).exists());
        // What the other target has is whole.
        let all = (bench.data().len() as u64, bench.raws().len());
        let (good, rejected) = (ROWS - bad().len() as u64, bad().len());
        match loser {
            "data" => assert!(all.0 < good && all.1 == rejected, "{all:?}"),
            _ => assert!(all.0 == good && all.1 <= rejected, "{all:?}"),
        }
    }
}

#[test]
fn e3_e6_a_crash_at_any_step_of_the_decision_and_of_what_follows_does_no_harm() {
    let mut crashes = 0;
    for at in 0.. {
        let mut struck = false;
        for when in [When::Before, When::After] {
            // The one has recorded the batch, the other has not published it.
            let bench = in_trouble("record", "nothing", "aside");
            let [state, data, aside] = storages(&bench);
            let faulty = FaultStorage::failing(data.clone(), at, when);
            let faulty_state = faulty.and(state.clone()).shared();
            let faulty_aside = faulty.and(aside.clone()).shared();
            let died = repair_in(faulty_state.clone(), faulty.shared(), faulty_aside.clone())
                .and_then(|repair| repair.write_again(BATCH))
                .and_then(|()| run_in(faulty_state, faulty.shared(), faulty_aside));
            let what = format!("{when:?} {:?}", faulty.log().get(at as usize));
            struck |= faulty.operations() > at;
            crashes += u32::from(faulty.operations() > at);
            if died.is_err() {
                let repair = repair_in(state.clone(), data.clone(), aside.clone())
                    .unwrap_or_else(|error| panic!("{what}: {error}"));
                // Undecided, or decided and to be carried out.
                if repair.files().iter().any(|file| file.state.is_wrong()) {
                    repair.write_again(BATCH).unwrap();
                } else {
                    drop(repair);
                }
                run_in(state, data, aside).unwrap_or_else(|error| panic!("{what}: {error}"));
            }
            expect_once(&bench, &what);
        }
        if !struck {
            break;
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 60, "only {crashes}");
}

/// Runs the query into a sink that remembers nothing, with a place for bad rows.
fn with_noop(
    bench: &Bench,
) -> streamwriter::QueryBuilder<Sieve, SetAside<Noop>, streamwriter::CheckpointChosen> {
    let sink = SetAside::new_in(Noop::new(), Staging::over(bench.storage("aside")));
    stream(Sieve::new())
        .write_to(sink)
        .checkpoint(bench.storage("state"))
        .trigger(Trigger::AvailableNow)
        .keep_batches(3)
}

#[test]
fn e3_rows_that_cannot_be_taken_back_are_not_written_again() {
    let bench = Bench::new();
    let run = || with_noop(&bench).start()?.await_termination();
    run().unwrap();
    fs::remove_file(bench.path("state/commits/00000000000000000002.json")).unwrap();
    fs::remove_file(record_of(&bench, "aside", 2)).unwrap();
    fs::remove_file(a_file_of_the_batch(&bench, "aside")).unwrap();
    let open = || with_noop(&bench).repair().unwrap();
    let error = open().write_again(BATCH).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(error.batch(), Some(BATCH));
    assert!(
        error.to_string().contains("accept it as published"),
        "{error}"
    );
    // Nothing was decided.
    assert_eq!(run().unwrap_err().kind(), ErrorKind::Mismatch);
    open().accept_as_published(BATCH).unwrap();
    run().unwrap();
}
