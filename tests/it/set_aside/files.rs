//! F5 with real files: what does not fit lies there as it was, and goes the same way once more after
//! a person has corrected it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    BadRows, Csv, Error, ErrorKind, FileSink, JsonLines, MemorySink, Trigger, stream,
};

use super::{Bench, Rejected, Told, drain, sink_in};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    note: String,
}

const ALL: BadRows = BadRows::SetAside { limit: u64::MAX };

fn json(input: &Path) -> JsonLines<Order> {
    JsonLines::directory(input).unwrap().bad_rows(ALL)
}

fn csv(input: &Path) -> Csv<Order> {
    Csv::directory(input).unwrap().bad_rows(ALL)
}

/// The ids of the rows that a reader of the data sees.
fn ids(bench: &Bench, directory: &str) -> Vec<u64> {
    let mut ids = Vec::new();
    for path in bench.published(directory, ".jsonl") {
        for line in fs::read_to_string(path).unwrap().lines() {
            ids.push(serde_json::from_str::<Order>(line).unwrap().id);
        }
    }
    ids.sort_unstable();
    ids
}

/// Copies what is set aside, as a person would, who then corrects the copies.
fn correct(bench: &Bench, into: &str, put_right: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<PathBuf> {
    fs::create_dir_all(bench.path(into)).unwrap();
    let rejected = bench.published("aside", ".rejected");
    assert!(!rejected.is_empty());
    let copy = |path: PathBuf| {
        let copy = bench.path(into).join(path.file_name().unwrap());
        fs::write(&copy, put_right(fs::read(path).unwrap())).unwrap();
        copy
    };
    rejected.into_iter().map(copy).collect()
}

fn replaced(bytes: Vec<u8>, pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = bytes;
    for (from, to) in pairs {
        let at = bytes.windows(from.len()).position(|window| window == *from);
        let at = at.unwrap_or_else(|| panic!("{:?} is not there", String::from_utf8_lossy(from)));
        bytes.splice(at..at + from.len(), to.iter().copied());
    }
    bytes
}

/// Holds every set-aside row against the input file that its reason names.
fn expect_places(rows: &[Rejected]) {
    for Rejected { reason, raw } in rows {
        let input = fs::read(reason["source"].as_str().unwrap()).unwrap();
        let at = reason["position"].as_u64().unwrap() as usize;
        assert_eq!(&input[at..at + raw.len()], raw, "{reason}");
        let before = input[..at].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(reason["line"].as_u64(), Some(before as u64 + 1), "{reason}");
        assert!(!reason["reason"].as_str().unwrap().is_empty(), "{reason}");
    }
}

#[test]
fn f5_json_lines_are_set_aside_corrected_and_read_by_the_same_source() {
    let bench = Bench::new();
    bench.put("a.jsonl", b"{\"id\":1,\"note\":\"a\"}\n{\"id\":\"2\",\"note\":\"b\"}\n\n{\"id\":3,\"note\":\"\xff\"}\n".as_slice());
    bench.put(
        "b.jsonl",
        "{\"id\":4,\"note\":\"d\"}\n{\"id\":5,\"note\":\"e\"",
    );
    let told = Told::default();
    let summary = drain(
        json(&bench.path("in")),
        bench.sink(),
        bench.storage("state"),
        &told,
    )
    .unwrap();
    assert_eq!((summary.input_rows, summary.set_aside_rows), (2, 3));
    assert_eq!(ids(&bench, "data"), [1, 4]);
    let rows = bench.set_aside();
    expect_places(&rows);
    assert_eq!(rows[1].raw, b"{\"id\":3,\"note\":\"\xff\"}");
    let batch = told.batch(0);
    assert_eq!(
        (
            batch.source.num_set_aside_rows,
            batch.source.num_dropped_rows
        ),
        (3, 0)
    );

    // Into another target, by a query of its own.
    let right = |bytes| {
        replaced(
            bytes,
            &[(b"\"2\"", b"2"), (b"\xff", b"c"), (b"\"e\"", b"\"e\"}")],
        )
    };
    let copies = correct(&bench, "corrected", right);
    assert!(
        copies
            .iter()
            .all(|copy| copy.to_str().unwrap().ends_with(".jsonl.rejected"))
    );
    stream(
        JsonLines::<Order>::directory(bench.path("corrected"))
            .unwrap()
            .extensions(["jsonl.rejected"]),
    )
    .write_to(FileSink::json_lines(bench.path("more")).unwrap())
    .checkpoint(bench.path("more-state"))
    .trigger(Trigger::AvailableNow)
    .start()
    .unwrap()
    .await_termination()
    .unwrap();
    assert_eq!(ids(&bench, "more"), [2, 3, 5]);

    // Into the same target, by the same query: a file more in its input.
    correct(&bench, "in", right);
    let source = json(&bench.path("in")).extensions(["jsonl", "jsonl.rejected"]);
    let told = Told::default();
    let summary = drain(source, bench.sink(), bench.storage("state"), &told).unwrap();
    assert_eq!((summary.input_rows, summary.set_aside_rows), (3, 0));
    assert_eq!(ids(&bench, "data"), [1, 2, 3, 4, 5]);
    assert_eq!(bench.set_aside().len(), 3);
}

#[test]
fn f5_csv_records_are_set_aside_corrected_and_read_by_the_same_source() {
    let bench = Bench::new();
    bench.put(
        "a.csv",
        b"id,note\r\n1,a\r\nx2,\"b\r\nb\"\r\n3,c\xff\r\n4,d,d\r\n5,e".as_slice(),
    );
    bench.put(
        "b.csv",
        "\u{feff}note,id\n\"f\n,\"\"\",6\ng,x7\nh,8\n\"i,9\n\n",
    );
    let told = Told::default();
    let summary = drain(
        csv(&bench.path("in")),
        bench.sink(),
        bench.storage("state"),
        &told,
    )
    .unwrap();
    assert_eq!((summary.input_rows, summary.set_aside_rows), (4, 5));
    assert_eq!(ids(&bench, "data"), [1, 5, 6, 8]);
    let rows = bench.set_aside();
    expect_places(&rows);
    let expected: [&[u8]; 5] = [
        b"x2,\"b\r\nb\"",
        b"3,c\xff",
        b"4,d,d",
        b"g,x7",
        b"\"i,9\n\n",
    ];
    assert_eq!(
        rows.iter()
            .map(|row| row.raw.as_slice())
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(rows[0].reason["column"], "\"id\"");
    // Each file has the header of the file that its records are from.
    let files = bench.published("aside", ".csv.rejected");
    let heads: Vec<_> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(heads[0].starts_with(b"id,note\n") && heads[1].starts_with(b"note,id\n"));

    let pairs: [&[(&[u8], &[u8])]; 2] = [
        &[(b"x2", b"2"), (b"c\xff", b"c"), (b"4,d,d", b"4,d")],
        &[(b"x7", b"7"), (b"\"i", b"i")],
    ];
    let right = |bytes: Vec<u8>| {
        let of_first = bytes.starts_with(b"id");
        replaced(bytes, if of_first { pairs[0] } else { pairs[1] })
    };
    correct(&bench, "corrected", right);
    stream(
        Csv::<Order>::directory(bench.path("corrected"))
            .unwrap()
            .extensions(["csv.rejected"]),
    )
    .write_to(FileSink::json_lines(bench.path("more")).unwrap())
    .checkpoint(bench.path("more-state"))
    .trigger(Trigger::AvailableNow)
    .start()
    .unwrap()
    .await_termination()
    .unwrap();
    assert_eq!(ids(&bench, "more"), [2, 3, 4, 7, 9]);
}

/// What was not corrected does not fit once more, and is set aside once more, as it was.
#[test]
fn f5_a_replay_of_what_is_still_wrong_sets_the_same_bytes_aside_again() {
    let bench = Bench::new();
    bench.put("a.jsonl", b"x\r\n\xfe\xff\n{\"id\":1}\n".as_slice());
    drain(
        json(&bench.path("in")),
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap();
    let before = bench.set_aside();
    let again = Bench::new();
    let corrected = bench.path("corrected");
    correct(&bench, "corrected", |bytes| bytes);
    let source = json(&corrected).extensions(["jsonl.rejected"]);
    drain(
        source,
        again.sink(),
        again.storage("state"),
        &Told::default(),
    )
    .unwrap();
    let raws = |rows: &[Rejected]| rows.iter().map(|row| row.raw.clone()).collect::<Vec<_>>();
    assert_eq!(raws(&again.set_aside()), raws(&before));
    assert_eq!(raws(&before).len(), 3);
}

#[test]
fn f5_one_row_above_the_limit_fails_the_batch_and_nothing_of_it_shows() {
    let bench = Bench::new();
    bench.put("a.jsonl", "{\"id\":1,\"note\":\"\"}\nx\ny\nz\n");
    let limited = |limit| json(&bench.path("in")).bad_rows(BadRows::SetAside { limit });
    let state = bench.storage("state");
    let error = drain(limited(2), bench.sink(), state, &Told::default()).unwrap_err();
    assert_eq!(
        (error.kind(), error.batch().map(|b| b.get())),
        (ErrorKind::Row, Some(0))
    );
    assert!(error.message().contains("line 4"), "{error}");
    assert!(error.help().unwrap().contains("the limit of 2"), "{error}");
    assert_eq!(
        (
            bench.data().len(),
            bench.set_aside().len(),
            bench.staged_files()
        ),
        (0, 0, 0)
    );
    drain(
        limited(3),
        bench.sink(),
        bench.storage("state"),
        &Told::default(),
    )
    .unwrap();
    assert_eq!(
        (bench.data().len(), bench.raws()),
        (1, vec!["x".into(), "y".into(), "z".into()])
    );
    // The other rules keep nothing.
    let dropping = json(&bench.path("in")).bad_rows(BadRows::Drop { limit: 3 });
    let summary = drain(
        dropping,
        MemorySink::<Order>::new(),
        bench.storage("other"),
        &Told::default(),
    )
    .unwrap();
    assert_eq!((summary.dropped_rows, summary.set_aside_rows), (3, 0));
}

/// Every row of three files in four batches, each here or there once.
#[test]
fn f5_e1_real_files_survive_a_fault_at_any_step_of_any_of_the_three() {
    let put = |bench: &Bench| {
        bench.put("a.csv", "id,note\n1,a\nx2,b\n3,\"c\nc\"\n");
        bench.put("b.csv", "note,id\ng,x4\nh,5\n\"i,6\n");
        bench.put("c.csv", "id,note\n7,a\n8,b\n9,\n");
    };
    let run = |bench: &Bench, fault: Option<(u64, When)>| -> (Result<(), Error>, u64) {
        let data = match fault {
            Some((at, when)) => FaultStorage::failing(bench.storage("data"), at, when),
            None => FaultStorage::counting(bench.storage("data")),
        };
        let (aside, state) = (
            data.and(bench.storage("aside")),
            data.and(bench.storage("state")),
        );
        let ended = stream(csv(&bench.path("in")))
            .write_to(sink_in(data.shared(), aside.shared()))
            .checkpoint(state.shared())
            .trigger(Trigger::AvailableNow)
            .max_rows_per_batch(3)
            .start()
            .and_then(streamwriter::StreamingQuery::await_termination);
        (ended.map(drop), data.operations())
    };
    let mut faults = 0;
    for at in 0.. {
        let mut struck = false;
        for when in [When::Before, When::After] {
            let bench = Bench::new();
            put(&bench);
            struck |= run(&bench, Some((at, when))).1 > at;
            run(&bench, None).0.unwrap();
            let what = format!("{at} {when:?}");
            assert_eq!(ids(&bench, "data"), [1, 3, 5, 7, 8, 9], "{what}");
            let mut raws = bench.raws();
            raws.sort_unstable();
            assert_eq!(raws, ["\"i,6\n", "g,x4", "x2,b"], "{what}");
            expect_places(&bench.set_aside());
            assert_eq!(bench.staged_files(), 0, "{what}");
            faults += 1;
        }
        if !struck {
            break;
        }
    }
    println!("faults: {faults}");
    assert!(faults > 60, "{faults}");
}
