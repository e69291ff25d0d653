//! E3 and E6: the states that a crash between the steps of two targets leaves, made one by one.

use std::fs;
use std::path::PathBuf;

use streamwriter::{Error, ErrorKind, TargetRecord, record};

use super::sieve::{ROWS, Sieve, bad};
use super::{Bench, Told, drain_keeping};

/// Three batches, all done; then the last one's `commits` is taken back.
pub(super) fn before_the_last_commits() -> Bench {
    let bench = Bench::new();
    run(&bench).1.unwrap();
    fs::remove_file(bench.path("state/commits/00000000000000000002.json")).unwrap();
    bench
}

fn run(bench: &Bench) -> (u64, Result<Told, Error>) {
    let (source, told) = (Sieve::new(), Told::default());
    // One more than a run needs, since the newest record of the journal is taken back.
    let state = bench.storage("state");
    let ended = drain_keeping(3, source.clone(), bench.sink(), state, &told);
    let read = source.numbers.rows_read();
    (read, ended.map(|_| told))
}

pub(super) fn record_of(bench: &Bench, target: &str, batch: u64) -> PathBuf {
    bench.path(&format!("{target}/_streamwriter/committed/{batch:020}"))
}

/// Takes the files of a batch back to where they were before they were published.
pub(super) fn unpublish(bench: &Bench, target: &str, batch: u64) {
    let prepared = fs::read(bench.path(&format!("state/prepared/{batch:020}.json"))).unwrap();
    let prepared: serde_json::Value = serde_json::from_slice(&prepared).unwrap();
    for message in prepared["body"]["messages"].as_array().unwrap() {
        let parts = message["body"].as_array().unwrap();
        let part = if target == "aside" {
            &parts[0]
        } else {
            &parts[1]
        };
        for file in part["body"]["files"].as_array().unwrap() {
            let at = |name: &str| bench.path(target).join(file[name].as_str().unwrap());
            fs::create_dir_all(at("staged").parent().unwrap()).unwrap();
            fs::rename(at("path"), at("staged")).unwrap();
        }
    }
}

/// Replaces a target's record by one of other messages, with a checksum that is right.
fn exchange_record(bench: &Bench, target: &str, batch: u64, as_batch: u64) {
    let path = record_of(bench, target, batch);
    let bytes = fs::read(&path).unwrap();
    let place = path.display().to_string();
    let (mut found, _): (TargetRecord, _) = record::decode("committed", &bytes, &place).unwrap();
    found.prepared = format!("sha256:{}", "0".repeat(64));
    found.batch = streamwriter::BatchId::new(as_batch);
    fs::remove_file(&path).unwrap();
    let bytes = record::encode("committed", &found).unwrap().bytes;
    fs::write(record_of(bench, target, as_batch), bytes).unwrap();
}

#[test]
fn e3_the_batch_is_finished_in_the_target_that_lacks_it_and_no_row_is_read() {
    // What each target has of batch 2: its record, its files only, or neither.
    for data in ["record", "files", "nothing"] {
        for aside in ["record", "files", "nothing"] {
            let bench = before_the_last_commits();
            for (target, has) in [("data", data), ("aside", aside)] {
                if has != "record" {
                    fs::remove_file(record_of(&bench, target, 2)).unwrap();
                }
                if has == "nothing" {
                    unpublish(&bench, target, 2);
                }
            }
            let (read, told) = run(&bench);
            let (told, case) = (told.unwrap(), format!("data {data}, aside {aside}"));
            assert_eq!(read, 0, "{case}");
            assert_eq!(
                bench.data().len() as u64,
                ROWS - bad().len() as u64,
                "{case}"
            );
            assert_eq!(bench.raws().len(), bad().len(), "{case}");
            assert_eq!(bench.staged_files(), 0, "{case}");
            assert!(record_of(&bench, "data", 2).exists(), "{case}");
            assert!(record_of(&bench, "aside", 2).exists(), "{case}");
            // The counts come from the messages.
            let progress = told.batch(2);
            assert_eq!(progress.source.num_set_aside_rows, 2, "{case}");
            assert_eq!(progress.num_input_rows, 3, "{case}");
            assert_eq!(progress.sink.num_output_rows, Some(3), "{case}");
        }
    }
}

/// A consumer may take files away once their batch is recorded, and only then (E3).
#[test]
fn e3_a_target_that_records_the_batch_is_left_alone() {
    for (recorded, other) in [("data", "aside"), ("aside", "data")] {
        let bench = before_the_last_commits();
        fs::remove_file(record_of(&bench, other, 2)).unwrap();
        for path in bench.published(recorded, "") {
            fs::remove_file(path).unwrap();
        }
        run(&bench).1.unwrap();
        assert!(bench.published(recorded, "").is_empty(), "{recorded}");
        assert!(record_of(&bench, other, 2).exists());

        let bench = before_the_last_commits();
        fs::remove_file(record_of(&bench, recorded, 2)).unwrap();
        let gone = bench.published(recorded, "").pop().unwrap();
        fs::remove_file(&gone).unwrap();
        let error = run(&bench).1.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert_eq!(error.path(), Some(gone.to_str().unwrap()), "{recorded}");
    }
}

#[test]
fn e6_a_record_of_other_messages_is_refused_whichever_target_has_it() {
    for (target, batch, as_batch) in [
        ("data", 2, 2),
        ("aside", 2, 2),
        ("data", 2, 3),
        ("aside", 2, 3),
        ("data", 2, 7),
        ("aside", 2, 7),
    ] {
        let bench = before_the_last_commits();
        let other = if target == "data" { "aside" } else { "data" };
        fs::remove_file(record_of(&bench, other, 2)).unwrap();
        unpublish(&bench, other, 2);
        exchange_record(&bench, target, batch, as_batch);
        let (data, aside) = (bench.published("data", ""), bench.published("aside", ""));
        let error = run(&bench).1.unwrap_err();
        let case = format!("{target} {as_batch}: {}", error.report());
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{case}");
        let path = bench.path(target).display().to_string();
        assert_eq!(error.path(), Some(path.as_str()), "{case}");
        assert!(error.help().unwrap().contains("checkpoint"), "{case}");
        // Nothing was published before both were asked.
        assert_eq!(
            (bench.published("data", ""), bench.published("aside", "")),
            (data, aside),
            "{case}"
        );
    }
}

#[test]
fn e6_an_older_copy_of_the_checkpoint_is_refused() {
    let bench = Bench::new();
    run(&bench).1.unwrap();
    for log in ["commits", "prepared", "offsets"] {
        fs::remove_file(bench.path(&format!("state/{log}/00000000000000000002.json"))).unwrap();
    }
    let (read, ended) = run(&bench);
    let error = ended.unwrap_err();
    assert_eq!((read, error.kind()), (0, ErrorKind::Mismatch));
    assert!(
        error.message().contains("the target has batch 2"),
        "{error}"
    );
    assert_eq!(error.path(), Some(bench.path("data").to_str().unwrap()));
}
