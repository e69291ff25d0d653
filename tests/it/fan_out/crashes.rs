//! E1 and E3: a fault at any durable step of the checkpoint and of each member, and a second one in
//! the recovery.

use streamwriter::testing::{FaultStorage, When};

use super::{Bench, MEMBERS, drain, three};
use crate::support::Numbers;

const ROWS: u64 = 25;
const WHENS: [When; 2] = [When::Before, When::After];

/// Runs with one fault in any of the four; returns whether it struck, and what was done before.
fn run_with_fault(bench: &Bench, at: u64, when: When) -> (bool, Vec<String>) {
    let a = FaultStorage::failing(bench.storage("a"), at, when);
    let [b, c, checkpoint] = ["b", "c", "state"].map(|name| a.and(bench.storage(name)));
    let sink = three([a.shared(), b.shared(), c.shared()]);
    let _ = drain(Numbers::new(ROWS), sink, checkpoint.shared());
    (a.operations() > at, a.log())
}

fn restart(
    bench: &Bench,
    source: Numbers,
) -> Result<streamwriter::QuerySummary, streamwriter::Error> {
    let sink = three(MEMBERS.map(|member| bench.storage(member)));
    drain(source, sink, bench.storage("state"))
}

/// A restart that can read no row: all that it may do is to bring the members to the same batch.
fn restart_without_rows(bench: &Bench) {
    let source = Numbers::new(ROWS).before_each_row(|_, _| Err("no row".into()));
    let _ = restart(bench, source);
}

/// No row is twice in a member, and the members commit in their order: none is ahead of one before
/// it.
fn check_in_between(bench: &Bench, what: &str) {
    let [a, b, c] = MEMBERS.map(|member| bench.numbers(member));
    assert!(
        c.iter().all(|row| b.contains(row)),
        "c is ahead of b, {what}"
    );
    assert!(
        b.iter().all(|row| a.contains(row)),
        "b is ahead of a, {what}"
    );
}

fn check_none_is_ahead(bench: &Bench, what: &str) {
    let [a, b, c] = MEMBERS.map(|member| bench.rows(member));
    assert!(a == b && b == c, "after {what}: {a:?} {b:?} {c:?}");
    let [a, b, c] = MEMBERS.map(|member| bench.recorded(member));
    assert!(a == b && b == c, "after {what}: {a:?} {b:?} {c:?}");
}

fn check_end(bench: &Bench, what: &str) {
    restart_without_rows(bench);
    check_none_is_ahead(bench, what);
    restart(bench, Numbers::new(ROWS)).unwrap();
    check_none_is_ahead(bench, what);
    let all: Vec<u64> = (0..ROWS).collect();
    assert_eq!(bench.numbers("a"), all, "{what}");
    assert_eq!(bench.staged_files(), 0, "leftovers after {what}");
}

#[test]
fn e1_e3_after_a_fault_at_any_step_of_any_member_none_is_ahead() {
    let (mut struck, mut ahead) = (Vec::new(), 0);
    for at in 0.. {
        let mut any = false;
        for when in WHENS {
            let bench = Bench::new();
            let (this, log) = run_with_fault(&bench, at, when);
            any |= this;
            let what = format!("{when:?} {:?}", log.last());
            check_in_between(&bench, &what);
            ahead += u32::from(bench.rows("a") != bench.rows("c"));
            check_end(&bench, &what);
            struck.extend(log.get(at as usize).cloned());
        }
        if !any {
            break;
        }
    }
    // The test is worth something only if members were apart in between.
    assert!(ahead > 10, "{ahead}");
    let publications = struck.iter().filter(|name| name.contains("publish"));
    assert!(publications.count() >= 2 * 3 * 3, "{struck:?}");
    println!("faults: {}, members apart: {ahead}", struck.len());
}

#[test]
fn e1_e3_also_after_a_second_fault_in_the_recovery() {
    let mut faults = 0;
    for first in (0..).step_by(5) {
        let when = WHENS[first as usize % 2];
        for second in (0..).step_by(2) {
            let bench = Bench::new();
            let (struck, log) = run_with_fault(&bench, first, when);
            if !struck {
                println!("pairs of faults: {faults}");
                assert!(faults > 300, "{faults}");
                return;
            }
            let (again, second_log) =
                run_with_fault(&bench, second, WHENS[second as usize / 2 % 2]);
            let what = format!("{when:?} {:?}, then {:?}", log.last(), second_log.last());
            check_in_between(&bench, &what);
            check_end(&bench, &what);
            if !again {
                break;
            }
            faults += 1;
        }
    }
}
