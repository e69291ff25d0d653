//! E1: the program is killed with SIGKILL at every named point and at random instants, started
//! again, and every row of its output compared with its input.
//!
//! `STREAMWRITER_KILLS` sets the number of kills at random, `STREAMWRITER_SEED` repeats their
//! choice, and `STREAMWRITER_STRIKES` plays one sequence at named points, as a failure prints it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use streamwriter::testing::FAILPOINTS;

use super::disk::{State, check_partly, check_whole};
use super::input::Input;
use super::is_whole;
use super::quickstart::{Ended, Kind, Quickstart};
use super::random::{Random, seed};

/// How much is done.
struct Share {
    /// Kills at random.
    kills: u64,
    /// Kinds of run that meet every point.
    kinds: usize,
    /// Passages of a point at which it strikes, and whether a run was killed before, so that there
    /// is something to recover and to sweep.
    passages: &'static [(u32, bool)],
    /// How often each state must have been found.
    least: u64,
}

const SAMPLE: Share = Share {
    kills: 40,
    kinds: 2,
    passages: &[(1, false), (2, true)],
    least: 4,
};

const WHOLE: Share = Share {
    kills: 600,
    kinds: 4,
    passages: &[
        (1, false),
        (1, true),
        (2, false),
        (3, true),
        (4, false),
        (7, true),
    ],
    least: 20,
};

fn share() -> Share {
    if is_whole() { WHOLE } else { SAMPLE }
}

/// A kill at a named point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Strike {
    point: &'static str,
    passage: u32,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.point, self.passage)
    }
}

/// What was found, over all runs.
#[derive(Default)]
struct Tally {
    states: Mutex<BTreeMap<State, u64>>,
    struck: Mutex<BTreeMap<&'static str, u64>>,
    kills: AtomicU64,
    rounds: AtomicU64,
}

impl Tally {
    /// Looks at the disk after a kill.
    fn look(&self, run: &Quickstart) -> Result<(), String> {
        let state = State::of(run);
        run.note(format!("found {state:?}"));
        *self.states.lock().unwrap().entry(state).or_default() += 1;
        self.kills.fetch_add(1, Ordering::Relaxed);
        check_partly(run).map(|_| ())
    }

    fn struck(&self, point: &'static str) {
        *self.struck.lock().unwrap().entry(point).or_default() += 1;
    }

    fn print(&self, began: Instant) {
        println!(
            "{} kills in {} rounds in {:.1} s; found at the restarts: {:?}",
            self.kills.load(Ordering::Relaxed),
            self.rounds.load(Ordering::Relaxed),
            began.elapsed().as_secs_f64(),
            self.states.lock().unwrap()
        );
    }

    fn expect_every_point_and_state(&self) {
        let struck = self.struck.lock().unwrap();
        for point in FAILPOINTS {
            assert!(
                struck.contains_key(point.name),
                "{} was never passed",
                point.name
            );
        }
        let states = self.states.lock().unwrap();
        for state in State::ALL {
            let found = states.get(&state).copied().unwrap_or(0);
            let least = share().least;
            assert!(
                found >= least,
                "{state:?} was found {found} times, not {least}: {states:?}"
            );
        }
    }
}

/// The name of each point, and the test fails for one that is never passed.
fn all_strikes() -> Vec<(Kind, Strike, bool)> {
    let mut all = Vec::new();
    for kind in &Kind::ALL[..share().kinds] {
        for point in FAILPOINTS {
            for (passage, before) in share().passages {
                let strike = Strike {
                    point: point.name,
                    passage: *passage,
                };
                all.push((*kind, strike, *before));
            }
        }
    }
    all
}

#[test]
fn e1_killed_at_every_named_point_and_at_random_instants() {
    let began = Instant::now();
    let tally = Tally::default();
    if let Ok(sequence) = std::env::var("STREAMWRITER_STRIKES") {
        let (kind, strikes) = parse(&sequence);
        play(kind, &strikes, &tally).unwrap_or_else(|failure| panic!("{failure}"));
        return;
    }
    let seed = seed();
    let given = std::env::var("STREAMWRITER_KILLS").ok();
    let kills = given.map_or(share().kills, |given| {
        given.parse().expect("STREAMWRITER_KILLS is a number")
    });
    println!("STREAMWRITER_KILLS={kills}");
    named_rounds(&tally);
    let at_points = tally.kills.load(Ordering::Relaxed);
    println!("{at_points} kills at {} named points", FAILPOINTS.len());
    let windows: Vec<Window> = Kind::ALL
        .iter()
        .map(|kind| Window::measure(*kind))
        .collect();
    in_two_threads(|| {
        while tally.kills.load(Ordering::Relaxed) < at_points + kills {
            let round = tally.rounds.fetch_add(1, Ordering::Relaxed);
            random_round(seed, round, &windows, &tally);
        }
    });
    tally.print(began);
    tally.expect_every_point_and_state();
}

/// One checkpoint for each kind and point, struck at one passage after another.
fn named_rounds(tally: &Tally) {
    let all = all_strikes();
    let rounds: Vec<&[_]> = all.chunks(share().passages.len()).collect();
    let next = AtomicU64::new(0);
    in_two_threads(|| {
        while let Some(round) = rounds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
            tally.rounds.fetch_add(1, Ordering::Relaxed);
            let mut strikes = Vec::new();
            for (_, strike, before) in *round {
                if *before {
                    strikes.push(WRITTEN);
                }
                strikes.push(*strike);
            }
            play_and_shrink(round[0].0, &strikes, tally);
        }
    });
}

/// A kill that leaves staged files of a batch that is to be written again.
const WRITTEN: Strike = Strike {
    point: "written",
    passage: 2,
};

/// Plays a sequence of kills at named points, then lets the program end.
fn play(kind: Kind, strikes: &[Strike], tally: &Tally) -> Result<(), Failure> {
    let run = Quickstart::new(kind, Input::whole());
    fail_with_story(run, |run| {
        for strike in strikes {
            match run.run_killed_at(strike.point, strike.passage) {
                Ended::Killed => {
                    tally.struck(strike.point);
                    tally.look(run)?;
                }
                // The point was not passed so often: everything is done, so it begins anew.
                Ended::Well(_) => {
                    check_whole(run)?;
                    run.forget();
                }
                other => return Err(format!("{strike}: {other:?}")),
            }
        }
        finish(run)
    })
}

/// Plays a sequence; one that fails is played without ever more of its strikes, to find the
/// shortest that still fails.
fn play_and_shrink(kind: Kind, strikes: &[Strike], tally: &Tally) {
    let Err(failure) = play(kind, strikes, tally) else {
        return;
    };
    eprintln!("it fails, looking for the shortest sequence that does: {failure}");
    let (mut shortest, mut last) = (strikes.to_vec(), failure);
    let mut at = 0;
    while at < shortest.len() {
        let mut shorter = shortest.clone();
        shorter.remove(at);
        match play(kind, &shorter, &Tally::default()) {
            Err(failure) => (shortest, last) = (shorter, failure),
            Ok(()) => at += 1,
        }
    }
    let shortest: Vec<String> = shortest.iter().map(Strike::to_string).collect();
    panic!(
        "STREAMWRITER_STRIKES=\"{kind} {}\" fails: {last}",
        shortest.join(" ")
    );
}

fn parse(sequence: &str) -> (Kind, Vec<Strike>) {
    let mut words = sequence.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|one| one.to_string() == kind);
    let strikes = words.map(|word| {
        let (name, passage) = word.split_once('@').expect("point@passage");
        let point = FAILPOINTS.iter().find(|point| point.name == name);
        Strike {
            point: point.expect("the name of a point").name,
            passage: passage.parse().unwrap(),
        }
    });
    (kind.expect("such as csv>jsonl"), strikes.collect())
}

/// How long the program runs on this machine.
#[derive(Clone, Copy)]
struct Window {
    /// Until it has nothing to do: start, recovery, end.
    start: Duration,
    whole: Duration,
}

impl Window {
    fn measure(kind: Kind) -> Self {
        let run = Quickstart::new(kind, Input::whole());
        let timed = || {
            let began = Instant::now();
            assert!(run.run().is_well());
            began.elapsed()
        };
        let (whole, start) = (timed(), timed());
        Self { start, whole }
    }
}

/// One checkpoint, killed until it is done: mostly at instants spread over a whole run, and often
/// again soon after a restart, while it recovers; now and then at a named point.
fn random_round(seed: u64, round: u64, windows: &[Window], tally: &Tally) {
    let mut random = Random::of_round(seed, round);
    let number = random.below(Kind::ALL.len());
    let window = windows[number];
    let run = Quickstart::new(Kind::ALL[number], Input::whole());
    run.note(format!("STREAMWRITER_SEED={seed}, round {round}"));
    let result = fail_with_story(run, |run| {
        loop {
            let ended = match random.below(8) {
                0 => {
                    let point = random.one_of(FAILPOINTS).name;
                    run.run_killed_at(point, 1 + random.below(9) as u32)
                }
                1..=3 => run.run_killed_after(window.start.mul_f64(1.5 * random.unit())),
                _ => run.run_killed_after(window.whole.mul_f64(random.unit())),
            };
            match ended {
                Ended::Killed => tally.look(run)?,
                Ended::Well(_) => return finish(run),
                other => return Err(format!("{other:?}")),
            }
        }
    });
    result.unwrap_or_else(|failure| panic!("STREAMWRITER_SEED={seed} fails: {failure}"));
}

/// Lets the program end: every row is there once, nothing is left over, and nothing is left to do.
pub(super) fn finish(run: &Quickstart) -> Result<(), String> {
    let state = State::of(run);
    match run.run() {
        Ended::Well(text) => {
            check_whole(run)?;
            expect_recovery(state, &text)?;
        }
        other => return Err(format!("a run that nobody kills: {other:?}")),
    }
    match run.leftovers() {
        leftovers if leftovers.is_empty() => {}
        leftovers => return Err(format!("left over: {leftovers:?}")),
    }
    match run.run() {
        Ended::Well(text) if text.contains("Nothing new") => check_whole(run),
        other => Err(format!("a run after everything is done: {other:?}")),
    }
}

/// What is found decides what is done with the batch: nothing that is prepared is written again (E3).
fn expect_recovery(state: State, text: &str) -> Result<(), String> {
    let expected = match state {
        State::None | State::Committed => None,
        State::Offsets => Some(", written again"),
        State::Prepared | State::Published | State::Recorded => Some(", its commit finished"),
    };
    let first = text.lines().next().unwrap_or_default();
    let done = [", written again", ", its commit finished"];
    if done.into_iter().find(|done| first.contains(done)) == expected {
        return Ok(());
    }
    Err(format!(
        "{state:?} was found, and the batch was entered otherwise: {first}"
    ))
}

/// What went wrong, what was done, and what is on disk.
pub(super) struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs a part of a test; if it fails, keeps the folder and says how it came to that.
pub(super) fn fail_with_story(
    mut run: Quickstart,
    part: impl FnOnce(&Quickstart) -> Result<(), String>,
) -> Result<(), Failure> {
    part(&run).map_err(|what| {
        run.keep();
        Failure(format!("{what}\n{}", run.story()))
    })
}

/// Runs it in two threads, for this machine has two cores, and ours wait for each other's ends.
pub(super) fn in_two_threads(work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(&work);
        work();
    });
}
