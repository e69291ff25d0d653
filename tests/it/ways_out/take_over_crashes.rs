//! E1 and E6: a crash at any durable step of a take-over, in checkpoint or target, then a restart of
//! either query.

use streamwriter::ErrorKind;
use streamwriter::testing::When;

use super::take_over::owner_of;
use super::{Start, died_in_publication, of_both, run_with_fault};

#[test]
fn e6_a_crash_at_any_step_of_a_take_over_leaves_one_owner_that_goes_on() {
    let mut at = 0;
    let mut seen = Vec::new();
    let mut crashes = 0;
    loop {
        let mut struck = false;
        for when in [When::Before, When::After] {
            // The one that was to take over is started again, or the former owner is.
            for former_first in [false, true] {
                let place = died_in_publication();
                let a = owner_of(&place);
                let start = Start::other(15).from(a.clone());
                let (this, log, _) = run_with_fault(&place, &start, "b", at, when);
                struck |= this;
                crashes += u32::from(this);
                let what = format!("{when:?} {:?}, former first: {former_first}", log.last());
                seen.extend(log.get(at as usize).cloned());
                if former_first {
                    let is_owner = owner_of(&place) == a;
                    let resumed = place.run(&Start::first(30), "a");
                    assert_eq!(resumed.is_ok(), is_owner, "{what}");
                    if let Err(error) = resumed {
                        assert_eq!(error.kind(), ErrorKind::Mismatch, "{what}: {error}");
                    }
                }
                let b = place
                    .run(&start, "b")
                    .unwrap_or_else(|e| panic!("{what}: {e}"))
                    .id;
                assert_eq!(owner_of(&place), b.to_string(), "{what}");
                place
                    .run(&Start::first(30).from(b), "a")
                    .unwrap_or_else(|e| panic!("{what}: {e}"));
                assert_eq!(place.rows(), of_both(30, 15), "{what}");
                assert!(place.staged().is_empty(), "{what}: {:?}", place.staged());
            }
        }
        if !struck {
            break;
        }
        at += 1;
    }
    println!("{crashes} crashes of a take-over");
    let steps = [
        "create query.json",
        "create _streamwriter/owners/",
        "create runs/",
        "publish",
    ];
    for step in steps {
        assert!(
            seen.iter().any(|name| name.contains(step)),
            "{step} was never struck"
        );
    }
}
