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

/// Tells whether all is played, as CI asks for, or a sample, as in the run of all tests without optimisation.
fn is_whole() -> bool {
    let asked = std::env::var_os("STREAMWRITER_PROCESSES");
    !cfg!(debug_assertions) || asked.is_some_and(|asked| asked == "all")
}

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
fn f1_a_reader_beside_a_run_sees_whole_files_and_each_row_once() {
    for kind in Kind::ALL {
        let mut run = Quickstart::new(kind, Input::whole());
        run.rows_per_batch = 30;
        let (mut in_the_middle, mut runs) = (0, 0);
        while in_the_middle < 5 {
            runs += 1;
            assert!(runs <= 100, "no run was ever seen in its middle");
            run.forget();
            let mut running = run.start().spawn();
            while running.is_running() {
                let rows = check_partly(&run).unwrap();
                in_the_middle += u32::from(0 < rows && rows < run.input.rows.total);
            }
            assert!(running.wait().is_well());
            check_whole(&run).unwrap();
        }
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
