//! E3, E5 and E9: decisions that make no sense or cannot be made are refused, and damaged records of
//! decisions are named.

use std::fs;
use std::thread;

use streamwriter::testing::When;
use streamwriter::{
    BatchId, CheckpointChosen, ErrorKind, Noop, QueryBuilder, Repair, Replay, Source, StreamWriter,
    Trigger, stream,
};

use super::repair::{PENDING, consume, open, repair};
use super::{
    Gate, Lines, Place, Start, copy, died_in_publication, files_below, numbers, run_with_fault,
    step_of,
};
use crate::support::{Numbers, Scripted};

#[test]
fn e3_a_decision_that_makes_no_sense_is_refused() {
    let refused = |repair: Repair<Numbers, Lines>, batch: u64, again: bool, says: &str| {
        let batch = BatchId::new(batch);
        let error = match again {
            true => repair.write_again(batch),
            false => repair.accept_as_published(batch),
        }
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
        assert!(
            error.to_string().contains(says),
            "{says:?} is not in {error}"
        );
    };
    let place = died_in_publication();
    for again in [false, true] {
        refused(
            repair(&place),
            2,
            again,
            "nothing is wrong with the files of this batch",
        );
    }
    consume(&place);
    let runs = files_below(&place.path("a/runs"));
    for batch in [0, 1, 3] {
        refused(repair(&place), batch, true, "that is batch 2");
        refused(repair(&place), batch, false, "that is batch 2");
    }
    assert_eq!(
        files_below(&place.path("a/runs")),
        runs,
        "not even a run was begun"
    );
    repair(&place).write_again(PENDING).unwrap();
    refused(repair(&place), 2, true, "there is nothing to decide");
    place.run(&Start::first(30), "a").unwrap();
    refused(
        repair(&place),
        2,
        false,
        "no batch is prepared and not committed",
    );
    assert!(
        repair(&place)
            .to_string()
            .contains("no batch is prepared and not committed")
    );
    assert_eq!(place.rows(), numbers(0, 30));
}

#[test]
fn e3_a_batch_that_the_target_has_is_not_decided_about() {
    let place = Place::new();
    let start = Start::first(30);
    let at = step_of(&start, "create commits/00000000000000000002");
    let when = When::Before;
    run_with_fault(&place, &start, "a", at, when).2.unwrap_err();
    consume(&place);
    let error = repair(&place).write_again(PENDING).unwrap_err();
    assert!(
        error.to_string().contains("the target has this batch"),
        "{error}"
    );
    place.run(&Start::first(30), "a").unwrap();
}

#[test]
fn e3_who_cannot_decide_is_told_why() {
    let place = died_in_publication();
    consume(&place);
    fn refused<S, W>(query: QueryBuilder<S, W, CheckpointChosen>, kind: ErrorKind, says: &str)
    where
        S: Source,
        W: StreamWriter,
    {
        let error = query.repair().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.to_string().contains(says),
            "{says:?} is not in {error}"
        );
    }
    let numbers_of = |description: &str| stream(Numbers::new(30).described_as(description));
    let source = || numbers_of("numbers");
    refused(
        source().write_to(place.sink()).no_checkpoint(),
        ErrorKind::Config,
        "without a checkpoint",
    );
    refused(
        source()
            .write_to(place.sink())
            .checkpoint(place.path("new")),
        ErrorKind::Mismatch,
        "no checkpoint of a query",
    );
    assert!(!place.path("new").exists(), "nothing was made");
    refused(
        numbers_of("other numbers")
            .write_to(place.sink())
            .checkpoint(place.path("a")),
        ErrorKind::Mismatch,
        "other numbers",
    );
    refused(
        source().write_to(Noop::new()).checkpoint(place.path("a")),
        ErrorKind::Unsupported,
        "no target",
    );
    // A sink whose target keeps no files.
    let mut scripted = Scripted::new();
    scripted.description = "lines lake".to_owned();
    let query = scripted
        .clone()
        .after_commit(|_| Err("it dies here".into()));
    let run = |sink: Scripted| {
        stream(Numbers::new(10))
            .write_to(sink)
            .checkpoint(place.path("s"))
            .trigger(Trigger::AvailableNow)
    };
    run(query).start().unwrap().await_termination().unwrap_err();
    refused(
        run(scripted.restarted()),
        ErrorKind::Unsupported,
        "look after the files",
    );

    let once = Numbers::new(30).replay(Replay::Once);
    let repair = stream(once)
        .write_to(place.sink())
        .checkpoint(place.path("a"))
        .repair()
        .unwrap();
    let error = repair.write_again(PENDING).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error.to_string().contains("cannot give the rows"),
        "{error}"
    );
    assert_eq!(place.staged().len(), 1, "nothing was done");
}

#[test]
fn e5_nothing_is_decided_beside_a_live_driver() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let sink = place.sink().before_publish(move |_| pass());
    let checkpoint = place.checkpoint("a");
    let live = thread::spawn(move || Start::first(30).run(sink, checkpoint));
    gate.wait();
    let error = open(place.sink(), place.checkpoint("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    gate.open();
    live.join().unwrap().unwrap();
    // And no driver starts beside a person who looks.
    let looking = repair(&place);
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    drop(looking);
    place.run(&Start::first(40), "a").unwrap();
}

#[test]
fn e9_records_of_a_revision_that_nobody_has_asked_for_are_refused() {
    let place = died_in_publication();
    consume(&place);
    repair(&place).write_again(PENDING).unwrap();
    place.run(&Start::first(30), "a").unwrap();
    let whole = place.path("whole");
    copy(&place.path("a"), &whole);
    let prepared = "prepared/00000000000000000002-1.json";
    let revoked = "commits/00000000000000000002.json";
    let commits = "commits/00000000000000000002-1.json";
    let restore = |_: &str| {
        fs::remove_dir_all(place.path("a")).unwrap();
        copy(&whole, &place.path("a"));
    };
    // Missing, and foreign: the whole record of another place.
    for missing in [prepared, revoked, "prepared/00000000000000000002.json"] {
        fs::remove_file(place.path("a").join(missing)).unwrap();
        let error = place.run(&Start::first(40), "a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{missing}: {error}");
        restore(missing);
    }
    for (of, name) in [
        (prepared, "prepared/00000000000000000002-2.json"),
        (prepared, "prepared/00000000000000000001-1.json"),
        (commits, "commits/00000000000000000001-1.json"),
        (commits, "commits/00000000000000000002-2.json"),
        (revoked, "commits/00000000000000000002-2.json"),
        (
            "offsets/00000000000000000002.json",
            "offsets/00000000000000000002-1.json",
        ),
        (prepared, "prepared/00000000000000000002-01.json"),
        (prepared, "prepared/00000000000000000002-0.json"),
    ] {
        fs::copy(place.path("a").join(of), place.path("a").join(name)).unwrap();
        let error = place.run(&Start::first(40), "a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{name}: {error}");
        restore(name);
    }
    // Every damage of the decision is found.
    let good = fs::read(place.path("a").join(revoked)).unwrap();
    for byte in (0..good.len()).step_by(5) {
        let mut bytes = good.clone();
        bytes[byte] ^= 4;
        fs::write(place.path("a").join(revoked), bytes).unwrap();
        let error = place.run(&Start::first(40), "a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {byte}: {error}");
        assert!(error.to_string().contains(revoked), "byte {byte}: {error}");
    }
    restore(revoked);
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
}

#[test]
fn e9_a_damaged_or_missing_acceptance_is_named() {
    let place = died_in_publication();
    let mut consumed = consume(&place);
    repair(&place).accept_as_published(PENDING).unwrap();
    let staged = place
        .path("target/_streamwriter/staging")
        .join(&place.staged()[0]);
    let kept = fs::read_to_string(&staged).unwrap();
    consumed.extend(kept.lines().map(|line| line.parse::<u64>().unwrap()));
    fs::remove_file(&staged).unwrap();
    repair(&place).accept_as_published(PENDING).unwrap();
    let record =
        |number: u32| place.path(&format!("a/accepted/00000000000000000002-{number}.json"));
    let good = fs::read(record(1)).unwrap();
    for byte in (0..good.len()).step_by(11) {
        let mut bytes = good.clone();
        bytes[byte] ^= 1;
        fs::write(record(1), bytes).unwrap();
        let error = place.run(&Start::first(40), "a").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "byte {byte}: {error}");
    }
    fs::remove_file(record(1)).unwrap();
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("accepted/00000000000000000002-1.json"),
        "{error}"
    );
    fs::write(record(1), &good).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    let mut rows = place.rows();
    rows.extend(consumed);
    rows.sort_unstable();
    assert_eq!(rows, numbers(0, 40));
}
