//! E1 with real processes: the quickstart binary, killed with SIGKILL at named points and at random
//! instants, then started again; every row of its output is compared with its input.

mod disk;
pub(crate) mod quickstart;

use std::collections::BTreeMap;
use std::time::Duration;

use disk::{State, expected_rows, found_rows};
use quickstart::{Ended, Quickstart};

/// The points between the steps of a batch; see `failpoint.rs` in core.
const POINTS: [&str; 6] = [
    "offsets",
    "written",
    "prepared",
    "published",
    "recorded",
    "committed",
];

/// Input of three days; so many batches that each kind of crash meets several of them.
const ROWS_PER_BATCH: u64 = 300;

fn compare(run: &Quickstart, what: &str) {
    let (expected, found) = (expected_rows(), found_rows(run));
    assert_eq!(found.len(), expected.len(), "rows after {what}");
    assert!(
        found == expected,
        "other rows than the input's after {what}"
    );
}

/// In between nothing that is visible may be wrong: each row at most once, and none of its own.
fn compare_partly(run: &Quickstart, what: &str) {
    let mut left = expected_rows();
    for row in found_rows(run) {
        let at = left.binary_search(&row);
        assert!(
            at.is_ok(),
            "a row that the input has not, or not so often, after {what}: {row}"
        );
        left.remove(at.unwrap());
    }
}

#[test]
fn e1_killed_at_every_named_point_of_several_batches() {
    let mut found: BTreeMap<State, u32> = BTreeMap::new();
    for sink in ["jsonl", "parquet"] {
        for point in POINTS {
            let run = Quickstart::new(sink, ROWS_PER_BATCH);
            for passage in [1, 2, 3] {
                let what = format!("{point} passed {passage} times, {sink}");
                let ended = run.run_killed_at(point, passage);
                assert_eq!(ended, Ended::Killed, "{what}");
                *found.entry(State::of(&run)).or_default() += 1;
                compare_partly(&run, &what);
            }
            assert_eq!(run.run(), Ended::Well);
            compare(&run, point);
            assert!(run.leftovers().is_empty(), "{:?}", run.leftovers());
        }
    }
    println!("states found after a kill at a named point: {found:?}");
    for state in [
        State::Offsets,
        State::Prepared,
        State::Published,
        State::Recorded,
        State::Committed,
    ] {
        assert!(
            found.contains_key(&state),
            "{state:?} was never found: {found:?}"
        );
    }
}

#[test]
fn e1_killed_at_random_instants_many_times() {
    let seed = std::env::var("STREAMWRITER_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(u64::from(std::process::id()));
    let kills: u32 = std::env::var("STREAMWRITER_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(60);
    println!("STREAMWRITER_SEED={seed} STREAMWRITER_KILLS={kills}");
    let mut random = XorShift(seed | 1);
    let mut found: BTreeMap<State, u32> = BTreeMap::new();
    let mut killed = 0;
    let mut rounds = 0;
    while killed < kills {
        let sink = if rounds % 2 == 0 { "jsonl" } else { "parquet" };
        let run = Quickstart::new(sink, 100);
        // Kills spread over a whole run of the program, whatever this machine needs for it.
        let whole = Quickstart::new(sink, 100).timed_run();
        loop {
            let after = whole.mul_f64(random.next_unit());
            let what = format!("kill {killed} after {after:?}, seed {seed}, {sink}");
            match run.run_killed_after(after) {
                Ended::Killed => {
                    killed += 1;
                    *found.entry(State::of(&run)).or_default() += 1;
                    compare_partly(&run, &what);
                }
                Ended::Well => break,
                Ended::Badly(text) => panic!("{what}: {text}"),
            }
        }
        compare(&run, &format!("seed {seed}, {sink}"));
        assert!(run.leftovers().is_empty(), "{:?}", run.leftovers());
        rounds += 1;
    }
    println!("{killed} kills in {rounds} rounds; states found: {found:?}");
    assert!(found.contains_key(&State::Committed), "{found:?}");
}

#[test]
fn a_kill_before_anything_was_recorded_leaves_nothing_to_recover() {
    // The lock file is made before the query's record, and the process is stopped at once: the
    // checkpoint is as good as new whatever instant the kill hits.
    let run = Quickstart::new("jsonl", ROWS_PER_BATCH);
    let mut none = 0;
    for micros in (0..4000).step_by(250) {
        run.forget();
        if run.run_killed_after(Duration::from_micros(micros)) == Ended::Killed
            && State::of(&run) == State::None
        {
            none += 1;
        }
    }
    assert!(none > 0, "no kill came before the first record");
    assert_eq!(run.run(), Ended::Well);
    compare(&run, "kills before anything was recorded");
}

#[test]
fn q2_a_signal_stops_the_quickstart_cleanly_and_a_restart_goes_on() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let run = Quickstart::new("jsonl", 1);
        let output = run.run_stopped_by(signal);
        assert!(output.contains("Stopped after"), "{output}");
        compare_partly(&run, "a signal");
        assert!(!found_rows(&run).is_empty());
        let again = run.with_rows_per_batch(1000);
        assert_eq!(again.run(), Ended::Well);
        compare(&again, "a signal and a restart");
    }
}

/// Marsaglia's xorshift64 (2003): enough to spread kills, and repeatable from its seed.
struct XorShift(u64);

impl XorShift {
    fn next_unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
