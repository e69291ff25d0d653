//! The twins: for each check a sink that is wrong on purpose, which it must reject, for its reason.

use streamwriter::testing::conformance::{Check, Conformance, Failure, Place, examine};
use streamwriter::{Error, sink_conformance};

use super::closure::{Writes, each_batch, each_row, numbers};
use super::flawed::{Flaw, subject};
use super::unsynced::unsynced;

// Without a flaw the sink passes every check, so what the twins are rejected for is their flaw.
sink_conformance! { mod a_sink_without_helpers: subject(Flaw::Nothing) }

/// Examines a twin, and returns why it was rejected. The folder is not for looking at.
fn rejected(flaw: Flaw, check: Check, test: &str) -> Failure {
    let failure = match examine(&subject(flaw), check, test) {
        Err(failure) => failure,
        Ok(report) => panic!("{check} lets {flaw:?} pass: {report}"),
    };
    std::fs::remove_dir_all(&failure.folder).unwrap();
    println!("{check} rejects {flaw:?}: {failure}");
    failure
}

macro_rules! twins {
    ($($test:ident: $check:ident rejects $flaw:ident because $why:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let name = concat!(module_path!(), "::", stringify!($test));
                let (_, name) = name.split_once("::").unwrap();
                let failure = rejected(Flaw::$flaw, Check::$check, name);
                assert!(failure.to_string().contains($why), "{failure}");
            }
        )*
    };
}

twins! {
    first_run: StepsOfAFirstRun rejects AppendsInCommit because "times";
    first_run_abort: StepsOfAFirstRun rejects PublishesInAbort because "not prepared";
    first_run_leftovers: StepsOfAFirstRun rejects NeverSweeps because "leftovers stay";
    recovery: StepsOfARecovery rejects SkipsReplays because "is lost";
    recovery_memory: StepsOfARecovery rejects RemembersInAField because "not in my memory";
    every_operation: EveryOperation rejects SkipsReplays because "is lost";
    every_operation_leftovers: EveryOperation rejects NeverSweeps because "leftovers stay";
    killed: KilledAtEveryStep rejects RemembersInAField because "not in my memory";
    killed_and_trusted: KilledAtEveryStep rejects PublishesWhatLiesThere because "times";
    killed_at_an_operation: KilledAtEveryOperation rejects SkipsReplays because "is lost";
    commit_again: CommitAgain rejects AppendsInCommit because "times";
    late_driver: LateDriver rejects AppendsInCommit because "times";
    second_driver: SecondDriver rejects LetsAnyQueryIn because "E6: another query";
    backwards: Backwards rejects LetsAnyQueryIn because "E6: Reset is not refused";
    reader: ReaderAtEveryStep rejects PublishesInWrite because "not prepared";
    reader_of_parts: ReaderAtEveryStep rejects PublishesInTwoSteps because "a part of a file";
    stopped: StoppedAtEveryStep rejects PublishesInAbort because "not prepared";
    tasks: TasksThatFail rejects SkipsTheRest because "lost";
    cut_off: PartitionCutOff rejects TrustsAnEarlierAttempt because "W8";
    executors: OtherExecutors rejects NamesFilesByThread because "lost";
}

/// A sink that names what it has not synced is right until the power is cut.
#[test]
fn power_cut() {
    let name = "conformance::twins::power_cut";
    let failure = examine(&unsynced(), Check::PowerCuts, name).unwrap_err();
    std::fs::remove_dir_all(&failure.folder).unwrap();
    let text = failure.to_string();
    // Empty, short, or zeros: it is the staged file that was not what the message says.
    assert!(text.contains("/staging/"), "{text}");
    let reasons = ["is lost", "a reader fails", "other contents"];
    assert!(reasons.iter().any(|reason| text.contains(reason)), "{text}");
}

/// A random sequence is shrunk to the one fault that shows the flaw. One round of random sequences may
/// miss it, ten do not.
#[test]
fn random() {
    let name = "conformance::twins::random";
    let flawed = subject(Flaw::SkipsReplays);
    let failure = (0..10)
        .find_map(|_| examine(&flawed, Check::RandomSequences, name).err())
        .expect("ten rounds find it");
    std::fs::remove_dir_all(&failure.folder).unwrap();
    assert!(failure.to_string().contains("is lost"), "{failure}");
    assert!(failure.seed.is_some());
    // Shrinking ends where no single step makes it shorter, which is nearly always one life.
    let faults: usize = failure.lives.iter().map(|life| life.faults.len()).sum();
    assert!(failure.lives.len() <= 2 && faults <= 2, "{failure}");
    assert_eq!(failure.shape.partitions, 1, "{failure}");
}

/// A closure that takes the flag of a replay for "it was done already" loses the batch.
#[test]
fn a_closure_for_each_batch_that_skips_replays() {
    let name = "conformance::twins::a_closure_for_each_batch_that_skips_replays";
    let twin = each_batch(Writes::UnlessReplayed);
    let failure = examine(&twin, Check::StepsOfARecovery, name).unwrap_err();
    std::fs::remove_dir_all(&failure.folder).unwrap();
    assert!(failure.to_string().contains("is lost"), "{failure}");
}

/// Effects in a task show before the batch is prepared; a sink that does not say so is rejected.
#[test]
fn a_closure_for_each_row_that_does_not_say_that_rows_show_at_once() {
    let name =
        "conformance::twins::a_closure_for_each_row_that_does_not_say_that_rows_show_at_once";
    let output = |place: &Place| place.directory().with_extension("out");
    let twin = Conformance::new(
        move |place| Ok::<_, Error>(each_row(output(place))),
        move |place| numbers(&output(place)),
    );
    let failure = examine(&twin, Check::ReaderAtEveryStep, name).unwrap_err();
    std::fs::remove_dir_all(&failure.folder).unwrap();
    assert!(failure.to_string().contains("not prepared"), "{failure}");
}
