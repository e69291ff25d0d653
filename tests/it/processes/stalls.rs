//! E5 with real processes: a driver that is stopped with SIGSTOP at every named point, a second one
//! that is refused, one that takes over, and the first one woken up again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use streamwriter::testing::FAILPOINTS;

use super::disk::{check_partly, check_whole, newest_number, numbers};
use super::input::Input;
use super::is_whole;
use super::kills::{finish, in_two_threads};
use super::quickstart::{Ended, Kind, Quickstart, Running};
use super::random::{Random, seed};
use super::stalled::{Evidence, Snapshot, snapshot, stall, stall_at, stall_if_passed};

const KINDS: [Kind; 2] = [Kind::new("csv", "jsonl"), Kind::new("jsonl", "parquet")];

/// Which cases are played.
#[derive(Clone, Copy)]
enum Sample {
    /// All of them for both kinds; in a sample, for one.
    Whole,
    /// The same for one kind; in a sample, a quarter of them, another one each time.
    OneKind,
}

impl Sample {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Whole if is_whole() => &KINDS,
            _ => &KINDS[..1],
        }
    }

    /// Every how manieth case, and the first one.
    fn step(self) -> (usize, usize) {
        match self {
            Self::OneKind if !is_whole() => (4, seed() as usize % 4),
            _ => (1, 0),
        }
    }
}

/// Batches of 60 rows, every record kept. Six batches are too few for the source to merge its
/// segments: a driver that is not fenced off yet could do that just while its successor opens them,
/// which ends the successor, until the next start.
fn quickstart(kind: Kind) -> Quickstart {
    let mut run = Quickstart::new(kind, Input::small());
    run.rows_per_batch = 60;
    run.keep_batches = 1000;
    run
}

/// Calls it with each kind and point, in the middle of the second batch where it passes the point
/// then, in two threads.
fn for_each_point(sample: Sample, test: impl Fn(Kind, &str, u32) + Sync) {
    let mut cases = Vec::new();
    for kind in sample.kinds() {
        for point in FAILPOINTS {
            // Each of the first records is another kind of record, and another step.
            let passages = if point.name == "record-unnamed" {
                1..=13
            } else {
                2..=2
            };
            cases.extend(passages.map(|passage| (*kind, point.name, passage)));
        }
    }
    let (step, from) = sample.step();
    let cases: Vec<_> = cases.into_iter().skip(from).step_by(step).collect();
    let next = AtomicUsize::new(0);
    in_two_threads(|| {
        while let Some((kind, point, passage)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            test(*kind, point, *passage);
        }
    });
}

/// A driver that wakes up after its successor has done everything.
fn expect_fenced_off(point: &str, evidence: &Evidence, ended: Ended) {
    match ended {
        Ended::Badly(text) if text.contains("superseded error: ") => {}
        // It had not begun a run, so it begins one now, and finds nothing to do …
        Ended::Well(text) if !evidence.had_begun() => {
            assert!(text.contains("Nothing new"), "{point}: {text}");
        }
        // … or the successor has removed the temporary file with which it would have.
        Ended::Badly(text) if !evidence.had_begun() && point == "record-unnamed" => {
            assert!(
                text.contains("its temporary file was removed"),
                "{point}: {text}"
            );
        }
        other => panic!("woken at {point}: {other:?}"),
    }
}

fn take_over_and_end(run: &Quickstart, point: &str) {
    let ended = run.start().take_over().spawn().wait();
    assert!(ended.is_well(), "took over at {point}: {ended:?}");
    check_whole(run).unwrap();
}

#[test]
fn e5_stopped_at_every_point_then_a_second_driver_is_refused_and_a_third_takes_over() {
    for_each_point(Sample::Whole, |kind, point, passage| {
        let mut run = quickstart(kind);
        run.rows_per_batch = 40;
        if point == "record-purged" {
            run.keep_batches = 2;
        }
        let first = stall(&run, point, passage);
        let evidence = Evidence::of(&run, &first);
        check_partly(&run).unwrap();
        expect_refused(&run, &first, point);
        take_over_and_end(&run, point);

        let shown = snapshot(&run);
        first.wake();
        expect_fenced_off(point, &evidence, first.wait());
        for (path, stamp) in snapshot(&run) {
            let place = path.display();
            let Some(before) = shown.get(&path) else {
                assert!(
                    path.parent() != Some(&run.output()),
                    "{point}: it published {place}"
                );
                continue;
            };
            assert!(
                *before == stamp || path.ends_with("lock"),
                "{point}: {place} has changed"
            );
        }
        check_whole(&run).unwrap();
        evidence.expect_only_prepared_shows(&run);
        finish(&run).unwrap();
        evidence.expect_only_prepared_shows(&run);
        if run.keep_batches > 2 {
            evidence.expect_records_of_all_that_shows(&run);
        }
    });
}

/// A second driver that is not told to take over names the first one, and changes nothing.
fn expect_refused(run: &Quickstart, first: &Running<'_>, point: &str) {
    let before = snapshot(run);
    let Ended::Badly(text) = run.run() else {
        panic!("{point}: a second driver ran beside the first");
    };
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let holder = format!("process {} on host {host}", first.id());
    assert!(text.starts_with("locked error: "), "{point}: {text}");
    assert!(text.contains(&holder), "{point}: {text}");
    assert!(
        before == snapshot(run),
        "{point}: the refused driver has changed something"
    );
}

#[test]
fn e5_stopped_until_its_records_are_purged() {
    // So many batches that the target's records of the first ones are purged, too.
    for_each_point(Sample::OneKind, |kind, point, passage| {
        let mut run = quickstart(kind);
        run.rows_per_batch = 3;
        run.keep_batches = 2;
        let first = stall(&run, point, passage);
        let evidence = Evidence::of(&run, &first);
        take_over_and_end(&run, point);
        let newest = newest_number(&run.checkpoint().join("commits")).unwrap();
        assert!(newest > 110, "{newest} batches");
        let before = snapshot(&run);
        first.wake();
        expect_fenced_off(point, &evidence, first.wait());
        expect_few_records(&run, &before, point);
        let logs = ["offsets", "prepared", "commits"];
        for log in logs {
            let newest_of_log = newest_number(&run.checkpoint().join(log));
            assert_eq!(newest_of_log, Some(newest), "{point}: {log}");
        }
        finish(&run).unwrap();
        evidence.expect_only_prepared_shows(&run);
        for log in logs {
            let kept = numbers(&run.checkpoint().join(log));
            assert_eq!(kept, [newest - 1, newest], "{point}: {log}");
        }
    });
}

/// A driver that wakes up late creates one record of the journal at most, which is the step at which
/// it fails; and one of the target at most, if it had looked for a newer run before it published.
fn expect_few_records(run: &Quickstart, before: &Snapshot, point: &str) {
    let made = |directory: PathBuf| {
        let files = snapshot(run).into_keys();
        let made = files.filter(|path| path.starts_with(&directory) && !before.contains_key(path));
        made.collect::<Vec<_>>()
    };
    let logs = ["offsets", "prepared", "commits"].map(|log| made(run.checkpoint().join(log)));
    let in_journal = logs.concat();
    assert!(in_journal.len() <= 1, "{point}: {in_journal:?}");
    let in_target = made(run.output().join("_streamwriter/committed"));
    let place = |name: &str| FAILPOINTS.iter().position(|point| point.name == name);
    let had_looked = point == "record-unnamed" || place(point) >= place("publishing");
    assert!(
        in_target.len() <= usize::from(had_looked),
        "{point}: {in_target:?}"
    );
}

#[test]
fn e5_stopped_until_the_record_of_its_run_and_of_the_next_is_purged() {
    let run = quickstart(KINDS[0]);
    let first = stall(&run, "prepared-unfenced", 2);
    let evidence = Evidence::of(&run, &first);
    take_over_and_end(&run, "prepared-unfenced");
    for _ in 0..104 {
        assert!(run.run().is_well());
    }
    let runs = numbers(&run.checkpoint().join("runs"));
    assert_eq!((runs[0], runs.len()), (7, 100), "{runs:?}");
    first.wake();
    expect_fenced_off("prepared-unfenced", &evidence, first.wait());
    finish(&run).unwrap();
    evidence.expect_records_of_all_that_shows(&run);
}

#[test]
fn e5_woken_while_its_successor_runs() {
    let seed = seed();
    for_each_point(Sample::OneKind, |kind, point, passage| {
        let mut random = Random::of_case(seed, kind.sink, point, passage);
        let run = quickstart(kind);
        run.note(format!("STREAMWRITER_SEED={seed}"));
        let Some(first) = stall_if_passed(&run, point, passage) else {
            return;
        };
        let evidence = Evidence::of(&run, &first);
        let successor = run.start().take_over().spawn();
        std::thread::sleep(Duration::from_micros(random.below(25_000) as u64));
        first.wake();
        let ended = successor.wait();
        expect_one_of_two(&run, (&evidence, first.wait()), ended, point);
        finish(&run).unwrap();
        evidence.expect_records_of_all_that_shows(&run);
    });
}

/// The successor of a driver that had begun its run ends well, whatever the driver still did before
/// it was fenced off. One that had not begun may be the later of the two, or be refused.
fn expect_one_of_two(run: &Quickstart, first: (&Evidence, Ended), successor: Ended, point: &str) {
    let (evidence, first) = first;
    if evidence.had_begun() {
        assert!(
            successor.is_well(),
            "the successor of {point}: {successor:?}"
        );
    }
    expect_sensible(run, first);
    expect_sensible(run, successor);
}

#[test]
fn e5_two_drivers_go_on_from_the_same_step_the_late_one_first() {
    for_each_point(Sample::OneKind, |kind, point, passage| {
        let run = quickstart(kind);
        let Some(first) = stall_if_passed(&run, point, passage) else {
            return;
        };
        let evidence = Evidence::of(&run, &first);
        let Some(second) = stall_at(&run, point, 1, true) else {
            return;
        };
        let of_second = Evidence::of(&run, &second);
        first.wake();
        let first = first.wait();
        second.wake();
        expect_one_of_two(&run, (&evidence, first), second.wait(), point);
        finish(&run).unwrap();
        evidence.expect_records_of_all_that_shows(&run);
        of_second.expect_records_of_all_that_shows(&run);
    });
}

/// What becomes of two drivers, each stopped and taken over from.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// The first wakes up while the second is stopped; then a third takes over.
    FirstBeforeThird,
    /// The second dies while the first is stopped, which then wakes up while a third runs.
    SecondDies,
    FirstThenSecond,
    SecondThenFirst,
}

const ORDERS: [Order; 4] = [
    Order::FirstBeforeThird,
    Order::SecondDies,
    Order::FirstThenSecond,
    Order::SecondThenFirst,
];

#[test]
fn e5_two_stopped_drivers_wake_up_in_any_order() {
    let seed = seed();
    for_each_point(Sample::OneKind, |kind, point, passage| {
        for (number, order) in ORDERS.into_iter().enumerate() {
            let mut random = Random::of_case(seed, "chain", point, passage + 100 * number as u32);
            let run = quickstart(kind);
            run.note(format!("STREAMWRITER_SEED={seed}, {order:?}"));
            let Some(first) = stall_if_passed(&run, point, passage) else {
                return;
            };
            let of_first = Evidence::of(&run, &first);
            // The second stops in the recovery from the first one's death, or in the batch after.
            let second_point = random.one_of(FAILPOINTS).name;
            let second_passage = 1 + random.below(4) as u32;
            let Some(second) = stall_at(&run, second_point, second_passage, true) else {
                continue;
            };
            let of_second = Evidence::of(&run, &second);
            in_order(order, &run, first, second);
            finish(&run).unwrap();
            for evidence in [of_first, of_second] {
                if matches!(order, Order::FirstThenSecond | Order::SecondThenFirst) {
                    evidence.expect_only_prepared_shows(&run);
                }
                evidence.expect_records_of_all_that_shows(&run);
            }
        }
    });
}

fn in_order(order: Order, run: &Quickstart, first: Running<'_>, second: Running<'_>) {
    let woken = |driver: Running<'_>| {
        driver.wake();
        expect_sensible(run, driver.wait());
    };
    match order {
        Order::FirstBeforeThird => {
            woken(first);
            take_over_and_end(run, "second");
            woken(second);
        }
        Order::SecondDies => {
            second.kill();
            let third = run.start().take_over().spawn();
            woken(first);
            expect_sensible(run, third.wait());
        }
        Order::FirstThenSecond => {
            take_over_and_end(run, "second");
            woken(first);
            woken(second);
        }
        Order::SecondThenFirst => {
            take_over_and_end(run, "second");
            woken(second);
            woken(first);
        }
    }
}

/// Whatever a driver that was stopped comes to, one that ends well has left every row there, and
/// the others say who has taken over.
fn expect_sensible(run: &Quickstart, ended: Ended) {
    match ended {
        Ended::Well(_) => check_whole(run).unwrap(),
        Ended::Badly(text) => {
            let reasons = [
                "superseded error: ",
                "locked error: ",
                "temporary file was removed",
            ];
            assert!(reasons.iter().any(|reason| text.contains(reason)), "{text}");
            check_partly(run).unwrap();
        }
        other => panic!("{other:?}"),
    }
}
