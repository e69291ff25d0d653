//! Guards W6, W8 and W9 for two writers that share the rows of a partition: neither takes the
//! failure of the other for the end of the data, and nobody waits for one who has gone.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::context::CancelReason;
use crate::error::BoxError;
use crate::rows::TaskRows;
use crate::source::RowReader;
use crate::testing::Pretend;

/// Numbers from 0; fails, panics or waits for a cancellation behind the last.
struct Numbers<'n> {
    next: u64,
    count: u64,
    then: &'static str,
    handed_out: &'n AtomicU64,
}

impl RowReader for Numbers<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        if self.next < self.count {
            self.next += 1;
            self.handed_out.store(self.next, Ordering::SeqCst);
            return Some(Ok(self.next - 1));
        }
        match self.then {
            "fails" => Some(Err("the source fails".into())),
            "panics" => panic!("the source panics"),
            _ => None,
        }
    }
}

/// What one of the two does: reads some rows, or all, and then this.
#[derive(Clone, Copy, Debug)]
struct Member {
    reads: usize,
    then: &'static str,
}

const ALL: Member = member(usize::MAX, "ends");

const fn member(reads: usize, then: &'static str) -> Member {
    Member { reads, then }
}

impl Member {
    /// Returns what was read, and how it ended; a member that is careless about the end (W8).
    fn run(self, rows: &mut impl Rows<Item = u64>, task: &TaskContext) -> Result<(Vec<u64>, End)> {
        let mut read = Vec::new();
        while read.len() < self.reads {
            let Some(row) = rows.next() else { break };
            read.push(row);
        }
        assert_eq!(rows.read(), read.len() as u64);
        match self.then {
            "fails" => return Err(Error::new(ErrorKind::Task, "the member fails")),
            "panics" => panic!("the member panics"),
            "skips" => rows.skip_rest(),
            "cancels" => task.cancel_member(),
            _ => {}
        }
        Ok((read, rows.end()))
    }
}

type Outcome = Result<(Vec<u64>, End)>;

struct Run {
    first: Outcome,
    second: Outcome,
    skipped: bool,
    handed_out: u64,
}

fn run(count: u64, then: &'static str, in_flight: usize, first: Member, second: Member) -> Run {
    run_in(
        &Pretend::default().task(),
        count,
        then,
        in_flight,
        first,
        second,
    )
}

fn run_in(
    task: &TaskContext,
    count: u64,
    then: &'static str,
    in_flight: usize,
    first: Member,
    second: Member,
) -> Run {
    let handed_out = AtomicU64::new(0);
    let numbers = Numbers {
        next: 0,
        count,
        then,
        handed_out: &handed_out,
    };
    let mut rows = TaskRows::new(Some(numbers), task);
    let (first, second) = share(
        &mut rows,
        task,
        in_flight,
        |rows, task| first.run(rows, task),
        |rows, task| second.run(rows, task),
    );
    Run {
        first,
        second,
        skipped: task.rest_is_skipped(),
        handed_out: handed_out.into_inner(),
    }
}

fn kind(outcome: &Outcome) -> ErrorKind {
    outcome.as_ref().unwrap_err().kind()
}

#[test]
fn both_see_every_row_in_its_order_and_the_end() {
    for count in [0, 1, 2, 3, 4, 5, 63, 64, 65, 1000] {
        for in_flight in [0, 1, 4, 7, 256, 5000] {
            let run = run(count, "ends", in_flight, ALL, ALL);
            let all: Vec<u64> = (0..count).collect();
            for outcome in [run.first, run.second] {
                let (read, end) = outcome.unwrap();
                assert_eq!(read, all, "{count} {in_flight}");
                assert_eq!(end, End::Complete);
            }
            assert!(!run.skipped);
        }
    }
}

#[test]
fn q4_the_source_is_never_further_ahead_of_the_second_than_rows_may_be_in_flight() {
    let task = Pretend::default().task();
    let handed_out = AtomicU64::new(0);
    let numbers = Numbers {
        next: 0,
        count: 500,
        then: "ends",
        handed_out: &handed_out,
    };
    let in_flight = 16;
    let (first, second) = share(
        &mut TaskRows::new(Some(numbers), &task),
        &task,
        in_flight,
        |rows, _| Ok(rows.count()),
        |rows, _| {
            let mut ahead_max = 0;
            for row in rows.by_ref() {
                thread::yield_now();
                ahead_max = ahead_max.max(handed_out.load(Ordering::SeqCst) - row);
            }
            Ok(ahead_max)
        },
    );
    assert_eq!(first.unwrap(), 500);
    let ahead_max = second.unwrap();
    assert!(ahead_max <= in_flight as u64 + 1, "{ahead_max}");
}

#[test]
fn w6_w9_one_that_fails_ends_the_rows_of_the_other_wherever_it_does() {
    let failures = [
        ("fails", ErrorKind::Task),
        ("panics", ErrorKind::Panic),
        ("leaves unread", ErrorKind::Task),
    ];
    for (then, expected) in failures {
        for reads in [0, 1, 3, 4, 5, 200, 999] {
            for in_flight in [1, 16, 5000] {
                let fails = member(reads, then);
                let what = format!("{then} {reads} {in_flight}");
                let first = run(1000, "ends", in_flight, fails, ALL);
                assert_eq!(kind(&first.first), expected, "{what}");
                // It may have read all by then; but it takes nothing less for all.
                if let Err(error) = &first.second {
                    assert_eq!(error.kind(), ErrorKind::CutOff, "{what}");
                }
                assert!(first.handed_out <= reads as u64 + 1, "{what}");
                let second = run(1000, "ends", in_flight, ALL, fails);
                assert_eq!(kind(&second.second), expected, "{what}");
                match &second.first {
                    Ok((read, end)) => assert_eq!((read.len(), *end), (1000, End::Complete)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::CutOff, "{what}"),
                }
                assert!(!first.skipped && !second.skipped);
            }
        }
    }
}

#[test]
fn w7_the_first_does_not_read_on_for_a_second_that_has_failed() {
    let rows = 20_000_000;
    let run = run(rows, "ends", 16, ALL, member(3, "fails"));
    assert_eq!(kind(&run.first), ErrorKind::CutOff);
    assert!(run.handed_out < rows / 2, "{}", run.handed_out);
}

#[test]
fn w9_who_leaves_rows_unread_hears_how_many_were_read() {
    let unread = member(3, "ends");
    let first = run(9, "ends", 4, unread, ALL).first.unwrap_err();
    let second = run(9, "ends", 4, ALL, unread).second.unwrap_err();
    for error in [first, second] {
        assert!(error.to_string().contains("had read 3"), "{error}");
    }
}

#[test]
fn w9_one_that_skips_the_rest_takes_nothing_from_the_other() {
    for (in_flight, reads) in [(1, 0), (1, 5), (16, 5), (16, 999), (5000, 1)] {
        let skips = member(reads, "skips");
        for (first, second) in [(skips, ALL), (ALL, skips)] {
            let run = run(1000, "ends", in_flight, first, second);
            let (first, second) = (run.first.unwrap().0.len(), run.second.unwrap().0.len());
            assert_eq!(first.max(second), 1000);
            assert_eq!(first.min(second), reads);
            assert!(!run.skipped, "the rest was read");
        }
        let run = run(1000, "ends", in_flight, skips, member(reads + 1, "skips"));
        assert_eq!(run.first.unwrap().0.len(), reads);
        assert_eq!(run.second.unwrap().0.len(), (reads + 1).min(1000));
        assert!(run.skipped || run.handed_out == 1000);
    }
}

#[test]
fn w9_the_rest_is_skipped_only_if_both_skip_it() {
    let skips = member(5, "skips");
    let run = run(1_000_000, "ends", 16, skips, skips);
    assert!(run.skipped && run.first.is_ok() && run.second.is_ok());
    assert!(run.handed_out < 100_000, "{}", run.handed_out);
}

#[test]
fn w8_neither_takes_rows_that_were_cut_off_for_all_of_them() {
    for (count, in_flight) in [(0, 4), (1, 1), (10, 4), (100, 5000)] {
        let run = run(count, "fails", in_flight, ALL, ALL);
        assert_eq!(kind(&run.first), ErrorKind::CutOff);
        assert_eq!(kind(&run.second), ErrorKind::CutOff);
    }
}

#[test]
fn w6_a_source_that_panics_fails_the_first_and_ends_the_second() {
    let run = run(10, "panics", 4, ALL, ALL);
    let error = run.first.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert!(error.to_string().contains("the source panics"), "{error}");
    assert_eq!(kind(&run.second), ErrorKind::CutOff);
    // Also when the first has stopped to read, and rows are pulled for the second.
    let run = self::run(10, "panics", 4, member(2, "skips"), ALL);
    assert!(run.first.unwrap_err().to_string().contains("the rest"));
    assert_eq!(kind(&run.second), ErrorKind::CutOff);
}

#[test]
fn w7_an_attempt_that_is_cancelled_ends_the_rows_of_both() {
    let run = run_in(&Pretend::default().cancelled_task(), 9, "ends", 4, ALL, ALL);
    assert_eq!(kind(&run.first), ErrorKind::CutOff);
    assert_eq!(kind(&run.second), ErrorKind::CutOff);
    // One that waits for something else asks.
    let task = Pretend::default().cancelled_task();
    let mut rows = TaskRows::new(None::<Numbers<'_>>, &task);
    let asked = AtomicU64::new(0);
    let ask = |task: &TaskContext| {
        asked.fetch_add(u64::from(task.is_cancelled()), Ordering::SeqCst);
        assert_eq!(task.cancel_reason(), Some(CancelReason::Batch));
        Ok(())
    };
    let _ = share(
        &mut rows,
        &task,
        4,
        |_, task| ask(task),
        |_, task| ask(task),
    );
    assert_eq!(asked.into_inner(), 2);
    // The flag of one member is not the attempt's.
    let task = Pretend::default().task();
    let run = run_in(&task, 9, "ends", 4, ALL, member(3, "cancels"));
    assert!(run.second.is_err() && !task.is_cancelled());
}

/// Guards against a hand-over in which somebody waits for ever, in orders that other tests miss.
#[test]
fn no_order_of_ends_hangs() {
    let thens = ["ends", "fails", "panics", "skips"];
    for round in 0..200_usize {
        let first = member(round % 7, thens[round % 4]);
        let second = member(round % 11, thens[round / 4 % 4]);
        let source = ["ends", "fails", "panics"][round % 3];
        let run = run((round % 13) as u64, source, round % 5, first, second);
        drop((run.first, run.second));
    }
}
