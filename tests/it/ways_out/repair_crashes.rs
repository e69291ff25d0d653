//! E1 and E3: a crash at any durable step of a decision, and of the start that follows it, in
//! checkpoint or target; then a restart sees the old state or the decision, and every row once.

use std::fs;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{Error, ErrorKind};

use super::repair::{PENDING, consume, open, published_of_pending, repair};
use super::{Lines, Place, Start, died_in_publication, numbers, run_with_fault};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    Accept,
    WriteAgain,
}

/// What is wrong with the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// A consumer took the published file.
    Consumed,
    /// The published file has other contents, and the other one is staged.
    Exchanged,
    /// The staged file is lost, the other one is published.
    Lost,
}

const TROUBLES: [Trouble; 3] = [Trouble::Consumed, Trouble::Exchanged, Trouble::Lost];

/// A batch in trouble, and the rows that an acceptance says are elsewhere.
fn in_trouble(trouble: Trouble) -> (Place, Vec<u64>) {
    let place = died_in_publication();
    let elsewhere = match trouble {
        Trouble::Consumed => consume(&place),
        Trouble::Exchanged => {
            let file = place.path("target").join(published_of_pending(&place));
            fs::write(file, "24\n23\n22\n21\n20\n").unwrap();
            Vec::new()
        }
        Trouble::Lost => {
            let staged = place.path("target/_streamwriter/staging");
            fs::remove_file(staged.join(&place.staged()[0])).unwrap();
            vec![25, 26, 27, 28, 29]
        }
    };
    (place, elsewhere)
}

fn decide(target: &FaultStorage, journal: &FaultStorage, choice: Choice) -> Result<(), Error> {
    let repair = open(Lines::over(target.shared()), journal.shared())?;
    match choice {
        Choice::Accept => repair.accept_as_published(PENDING),
        Choice::WriteAgain => repair.write_again(PENDING),
    }
}

/// Starts the query until it runs, and decides again as long as it is refused.
fn restart(place: &Place, choice: Choice, what: &str) {
    match place.run(&Start::first(40), "a") {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Mismatch, "{what}: {error}");
            let decided = match choice {
                Choice::Accept => repair(place).accept_as_published(PENDING),
                Choice::WriteAgain => repair(place).write_again(PENDING),
            };
            decided.unwrap_or_else(|error| panic!("{what}: {error}"));
            place
                .run(&Start::first(40), "a")
                .unwrap_or_else(|error| panic!("{what}: {error}"));
        }
    }
}

/// Every row of the query is there once, or where the acceptance says.
fn expect_once(place: &Place, choice: Choice, elsewhere: &[u64], what: &str) {
    let mut rows = place.rows();
    if choice == Choice::Accept {
        rows.extend(elsewhere);
        rows.sort_unstable();
    }
    assert_eq!(rows, numbers(0, 40), "{what}");
    assert!(place.staged().is_empty(), "{what}: {:?}", place.staged());
}

/// In between, no row of the batch is visible twice.
fn expect_no_row_twice(place: &Place, what: &str) {
    let rows = place.rows();
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "{what}");
}

#[test]
fn e3_a_crash_at_any_step_of_a_decision_leaves_the_old_state_or_the_decision() {
    for choice in [Choice::Accept, Choice::WriteAgain] {
        let mut seen = Vec::new();
        let mut crashes = 0;
        for trouble in TROUBLES {
            let mut at = 0;
            loop {
                let mut struck = false;
                for when in [When::Before, When::After] {
                    let (place, elsewhere) = in_trouble(trouble);
                    let target = FaultStorage::failing(place.target(), at, when);
                    let journal = target.and(place.checkpoint("a"));
                    let decided = decide(&target, &journal, choice);
                    let this = target.operations() > at;
                    struck |= this;
                    crashes += u32::from(this);
                    let what = format!("{choice:?} {trouble:?} {when:?} {:?}", target.log().last());
                    assert_eq!(decided.is_ok(), !this, "{what}");
                    expect_no_row_twice(&place, &what);
                    restart(&place, choice, &what);
                    expect_once(&place, choice, &elsewhere, &what);
                    seen.extend(target.log().get(at as usize).cloned());
                }
                if !struck {
                    break;
                }
                at += 1;
            }
        }
        println!("{choice:?}: {crashes} crashes of a decision");
        let steps: &[&str] = match choice {
            Choice::Accept => &["create runs/", "create accepted/"],
            Choice::WriteAgain => &[
                "create runs/",
                "create commits/",
                "withdraw _streamwriter/staging",
                "withdraw part-",
            ],
        };
        for step in steps {
            assert!(
                seen.iter().any(|name| name.contains(step)),
                "{step} was never struck"
            );
        }
    }
}

#[test]
fn e3_a_crash_at_any_step_of_the_start_after_a_decision_does_no_harm() {
    for choice in [Choice::Accept, Choice::WriteAgain] {
        let mut crashes = 0;
        for trouble in TROUBLES {
            let mut at = 0;
            loop {
                let mut struck = false;
                for when in [When::Before, When::After] {
                    let (place, elsewhere) = in_trouble(trouble);
                    decide_and_die_at_once(&place, choice);
                    let (this, log, _) = run_with_fault(&place, &Start::first(40), "a", at, when);
                    struck |= this;
                    crashes += u32::from(this);
                    let what = format!("{choice:?} {trouble:?} {when:?} {:?}", log.last());
                    expect_no_row_twice(&place, &what);
                    // Nothing is asked of the person a second time.
                    place
                        .run(&Start::first(40), "a")
                        .unwrap_or_else(|error| panic!("{what}: {error}"));
                    expect_once(&place, choice, &elsewhere, &what);
                }
                if !struck {
                    break;
                }
                at += 1;
            }
            assert!(at > 20, "only {at} steps");
        }
        println!("{choice:?}: {crashes} crashes of the start after it");
    }
}

/// Records the decision; whatever else belongs to it is left to the next start.
fn decide_and_die_at_once(place: &Place, choice: Choice) {
    let text = match choice {
        Choice::Accept => "create accepted/",
        Choice::WriteAgain => "create commits/",
    };
    let mut at = 0;
    loop {
        // A crash before the decision leaves nothing but a run, so it may be tried until it is met.
        let target = FaultStorage::failing(place.target(), at, When::After);
        let journal = target.and(place.checkpoint("a"));
        let decided = decide(&target, &journal, choice);
        let log = target.log();
        if log.last().is_some_and(|step| step.contains(text)) {
            decided.unwrap_err();
            return;
        }
        assert!(at < 40, "{text} was never met: {log:?}");
        at += 1;
    }
}
