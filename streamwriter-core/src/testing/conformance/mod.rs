//! The conformance suite for sinks: every step, every kind of failure, and a look at what shows.
//!
//! A sink is as good as what has tried to break it. The suite runs real queries into your sink, makes
//! them fail at every step of the protocol (with an error, a panic, a lost answer, the death of the
//! process, a driver that wakes up late), starts them again, and compares what a reader sees with the
//! rows that were put in. You say two things: how the sink is made, and how a reader reads it.
//!
//! ```no_run
//! # use streamwriter_core as streamwriter;
//! # mod my_sink {
//! #     pub struct MySink;
//! #     pub type Message = ();
//! #     impl MySink { pub fn new(_: std::path::PathBuf) -> Result<Self, streamwriter_core::Error> { Ok(Self) } }
//! #     impl streamwriter_core::StreamWriter for MySink {
//! #         type Message = (); type Error = streamwriter_core::Error;
//! #         fn name(&self) -> &str { "mine" }
//! #     }
//! #     impl streamwriter_core::WriteRows<u64> for MySink {
//! #         fn write(&self, rows: impl streamwriter_core::Rows<Item = u64> + Send, _: &streamwriter_core::TaskContext) -> Result<(), streamwriter_core::Error> { rows.skip_rest(); Ok(()) }
//! #     }
//! #     pub fn read(_: std::path::PathBuf) -> Result<Vec<u64>, std::io::Error> { Ok(vec![]) }
//! # }
//! # use my_sink::{MySink, read};
//! use streamwriter::testing::conformance::Conformance;
//!
//! streamwriter::sink_conformance! {
//!     mod my_sink_keeps_the_contract: Conformance::new(
//!         |place| MySink::new(place.directory()), // as a start of the program makes it
//!         |place| read(place.directory()),        // the numbers that a reader sees now
//!     )
//! }
//! # fn main() {}
//! ```
//!
//! That makes one `#[test]` for each [`Check`]. A sink whose rows are no numbers says how to make one
//! from a number ([`Conformance::of_rows`]); one over [`Storage`](crate::Storage) takes
//! [`Place::storage`], so that its own durable steps are struck and its syncs are checked as well.
//!
//! # What is asked of the sink
//! What it [declares](crate::StreamWriter::guarantee): an exactly-once sink must show each row once, an
//! at-least-once sink may repeat rows, an at-most-once sink may lose them. None may show a row of a
//! batch that is not prepared (unless it [says](Conformance::shows_rows_at_once) that it does), and none
//! may be disturbed by what happens around it. With a
//! [`Target`](crate::Target) the sink must also refuse other queries and checkpoints that went
//! backwards; without one that is not asked, and the report says so. Nothing may be left over.
//!
//! # When it fails
//! The message shows what is wrong, the lives of the query that led there, the seed if they were
//! random, and a folder with checkpoint and target as they were then. `STREAMWRITER_SEED` repeats a
//! random sequence, `STREAMWRITER_CASES` sets their number.
//!
//! # How processes die
//! The test binary is started again with the one test, and kills itself with SIGKILL where the script
//! says. So the sink must be what its options and the place make it (W11): a value that lives in the
//! test's memory is not there in the other process.

mod faults;

mod faulty;
mod observer;
mod script;

mod place;
mod subject;

mod life;
mod process;

mod oracle;

mod examiner;
mod scratch;

mod checks;
mod quiet;

pub use checks::{Check, examine};
pub use examiner::{Failure, Report};
pub use faults::{Action, Fault, Life, Shape, Step};
pub use place::Place;
pub use subject::Conformance;

use crate::writer::WriteRows;

/// Examines a sink under one check, for a test: prints the report, or panics with the failure.
///
/// `test` is the running test's path as `module_path!` gives it. See [`examine`].
///
/// # Panics
/// If the sink fails the check.
#[doc(hidden)]
#[track_caller]
pub fn run_test<W, R>(subject: &Conformance<W, R>, check: Check, test: &str)
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    // The test harness leaves the crate's name out.
    let test = test.split_once("::").map_or(test, |(_, test)| test);
    match examine(subject, check, test) {
        Ok(report) => report_to_stdout(test, &report),
        Err(failure) => fail(check, &failure),
    }
}

#[expect(clippy::print_stdout, reason = "the report of a test")]
fn report_to_stdout(test: &str, report: &Report) {
    println!("conformance {test}: {report}");
}

#[expect(clippy::panic, reason = "a test that fails panics")]
#[track_caller]
fn fail(check: Check, failure: &Failure) {
    panic!("the sink fails the check {check}: {failure}");
}

/// Makes a module of tests that examine a sink: one `#[test]` for each of the
/// [checks](crate::testing::conformance::Check).
///
/// See [`testing::conformance`](crate::testing::conformance) for what is asked, and for an example.
#[macro_export]
macro_rules! sink_conformance {
    ($(#[$attribute:meta])* mod $name:ident: $subject:expr) => {
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "the expression may name anything from outside")]
            use super::*;

            $crate::sink_conformance! { @tests $subject;
                e1_faults_at_every_step_of_a_first_run: StepsOfAFirstRun,
                e1_faults_at_every_step_of_a_recovery: StepsOfARecovery,
                e1_faults_at_every_durable_operation: EveryOperation,
                e1_killed_at_every_step: KilledAtEveryStep,
                e1_killed_at_every_durable_operation: KilledAtEveryOperation,
                e1_power_cuts_at_every_system_call: PowerCuts,
                e1_random_sequences_of_faults: RandomSequences,
                e3_commit_called_again: CommitAgain,
                e5_a_driver_that_wakes_up_late: LateDriver,
                e5_a_second_driver: SecondDriver,
                e6_a_checkpoint_that_went_backwards: Backwards,
                f1_a_reader_at_every_step: ReaderAtEveryStep,
                q2_stopped_at_every_step: StoppedAtEveryStep,
                w3_tasks_that_fail: TasksThatFail,
                w8_a_partition_that_is_cut_off: PartitionCutOff,
                w11_restarts_with_other_executors: OtherExecutors,
            }
        }
    };
    (@tests $subject:expr; $($test:ident: $check:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::testing::conformance::run_test(
                    &$subject,
                    $crate::testing::conformance::Check::$check,
                    concat!(module_path!(), "::", stringify!($test)),
                );
            }
        )*
    };
}
