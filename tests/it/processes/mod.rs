//! Exactly-once with real processes: the quickstart binary, killed and stopped at named points and
//! at random instants, started again, taken over from; every row of its output is compared with
//! its input.

mod disk;
mod input;
mod kills;
pub(crate) mod quickstart;
mod random;
mod stalled;
mod stalls;

use disk::{check_partly, check_whole};
use input::Input;
use quickstart::{Ended, Kind, Quickstart, run_stopped_by};

#[test]
fn q2_a_signal_stops_the_quickstart_cleanly_and_a_restart_goes_on() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut run = Quickstart::new(Kind::new("csv", "jsonl"), Input::whole());
        run.rows_per_batch = 1;
        let output = run_stopped_by(&run, signal);
        assert!(output.contains("Stopped after"), "{output}");
        assert!(check_partly(&run).unwrap() > 0);
        run.rows_per_batch = 1000;
        assert!(run.run().is_well());
        check_whole(&run).unwrap();
    }
}

#[test]
fn a_misspelt_failpoint_is_refused_before_anything_is_done() {
    let run = Quickstart::new(Kind::new("csv", "jsonl"), Input::small());
    let Ended::Badly(text) = run.run_killed_at("preparde", 1) else {
        panic!("a test that strikes nowhere would pass");
    };
    assert!(
        text.contains("\"preparde\", which is not a point"),
        "{text}"
    );
    assert!(!run.checkpoint().exists());
}
