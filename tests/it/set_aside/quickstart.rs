//! The quickstart's `--set-aside`: what a person sees, and what a kill in the middle leaves.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::errors::desk::{Desk, Run, csv, flight};

const PLACE: (&str, &str) = ("--set-aside", "bad");

/// Two files with 20 good flights and four records that are none.
fn desk() -> Desk {
    let broken = |number: i64| flight(number).replace(",UA,", ",UA,x");
    let desk = Desk::with_file("a.csv", csv((1..=10).map(flight).chain([broken(98)])));
    let more = [broken(97), "1,2".to_owned()].into_iter();
    let last = format!("\"{}", flight(96));
    desk.put(
        "b.csv",
        csv(more.chain((11..=20).map(flight)).chain([last])),
    );
    desk
}

fn set_aside(desk: &Desk) -> (Vec<String>, Vec<Value>) {
    let named = |ending: &str| {
        let entries = fs::read_dir(desk.path("bad")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(ending));
        paths.sort();
        let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
        texts.collect::<Vec<_>>()
    };
    let reasons = named(".reasons").concat();
    let reasons = reasons
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (named(".csv.rejected"), reasons.collect())
}

#[test]
fn f5_the_quickstart_sets_aside_what_does_not_fit_and_says_so() {
    let desk = desk();
    let run = desk.run();
    assert_eq!(run.code, Some(1));
    assert!(run.printed.contains("BadRows::SetAside"), "{}", run.printed);
    desk.run_with(&[PLACE])
        .went_well(&["20 rows in", "set aside   bad (4 rows)"]);
    assert_eq!(desk.published("out"), (1..=20).collect::<Vec<_>>());
    let (texts, reasons) = set_aside(&desk);
    assert!(texts.iter().all(|text| text.starts_with("year,month,day,")));
    assert_eq!(reasons.len(), 4);
    for reason in reasons {
        assert!(
            reason["line"].as_u64().is_some() && reason["reason"].is_string(),
            "{reason}"
        );
    }
    let input = desk.run_with(&[
        ("--set-aside", "in"),
        ("--output", "out-2"),
        ("--checkpoint", "state-2"),
    ]);
    assert_eq!(input.code, Some(1));
}

#[test]
fn f5_e1_the_quickstart_killed_at_every_named_point_sets_each_row_aside_once() {
    let points = [
        "offsets",
        "written",
        "prepared",
        "published",
        "recorded",
        "committed",
    ];
    for point in points {
        for passage in [1, 3] {
            let desk = desk();
            let options = [PLACE, ("--max-rows-per-batch", "7")];
            let killed = desk
                .command(&options)
                .env("STREAMWRITER_FAILPOINT", format!("{point}=kill@{passage}"))
                .output()
                .unwrap();
            let what = format!("{point} {passage}");
            assert_eq!(killed.status.code(), None, "{what}: it was to be killed");
            Run::of(desk.command(&options).output().unwrap()).went_well(&[]);
            assert_eq!(
                desk.published("out"),
                (1..=20).collect::<Vec<_>>(),
                "{what}"
            );
            let (texts, reasons) = set_aside(&desk);
            assert_eq!(reasons.len(), 4, "{what}");
            let of = |number: &str| texts.concat().matches(&format!(",UA,{number},")).count();
            assert_eq!([of("x98"), of("x97"), of("96")], [1, 1, 1], "{what}");
        }
    }
}
