//! E3 and E5: whoever sleeps through a decision about a batch, or through what came after it, does
//! no harm when it wakes up, at whatever step.

use std::fs;
use std::thread::{self, JoinHandle};

use streamwriter::testing::When;
use streamwriter::{BatchContext, Error, ErrorKind, QuerySummary, SharedStorage};

use super::gated::Gated;
use super::repair::{PENDING, consume, open, repair};
use super::{Gate, Lines, Place, Start, died_in_publication, numbers};

/// The record that says what became of the pending batch.
const OUTCOME: &str = "commits/00000000000000000002.json";

/// A storage that stops in front of the first path with this text in it.
fn stopping_at(inner: SharedStorage, text: &'static str) -> (Gate, SharedStorage) {
    let (gate, pass) = Gate::new();
    let storage = Gated::shared(inner, move |path| {
        if path.contains(text) {
            pass();
        }
    });
    (gate, storage)
}

/// A driver that sleeps in the commit of the pending batch, before it publishes or after it.
fn sleeping_driver(place: &Place, before: bool) -> (Gate, JoinHandle<Result<QuerySummary, Error>>) {
    let (gate, pass) = Gate::new();
    let pass_in_pending = move |batch: &BatchContext| {
        if batch.batch_id() == PENDING {
            pass();
        }
    };
    let sink = match before {
        true => place.sink().before_publish(pass_in_pending),
        false => place.sink().after_publish(pass_in_pending),
    };
    let checkpoint = place.checkpoint("a");
    let sleeping = thread::spawn(move || Start::first(30).run(sink, checkpoint));
    gate.wait();
    (gate, sleeping)
}

/// A successor takes the locks and fails at a file that is gone; then a person has the batch
/// written again.
fn revoke_beside(place: &Place) {
    let start = Start::first(30).taking_the_lock();
    start.run(place.sink(), place.checkpoint("a")).unwrap_err();
    repair(place).write_again(PENDING).unwrap();
}

/// A person's tool that decides in a thread of its own, over these storages.
fn deciding(target: SharedStorage, checkpoint: SharedStorage) -> JoinHandle<Result<(), Error>> {
    thread::spawn(move || {
        open(Lines::over(target), checkpoint)
            .unwrap()
            .write_again(PENDING)
    })
}

#[test]
fn e3_e5_a_driver_that_wakes_in_its_publication_publishes_nothing_of_a_revoked_batch() {
    for rewritten_first in [false, true] {
        let place = Place::new();
        let (gate, sleeping) = sleeping_driver(&place, true);
        let staged = &place.staged()[1];
        fs::remove_file(place.path("target/_streamwriter/staging").join(staged)).unwrap();
        revoke_beside(&place);
        if rewritten_first {
            place.run(&Start::first(40), "a").unwrap();
        }
        gate.open();
        let error = sleeping.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
        place.run(&Start::first(40), "a").unwrap();
        assert_eq!(
            place.rows(),
            numbers(0, 40),
            "rewritten first: {rewritten_first}"
        );
    }
}

#[test]
fn e3_e5_also_if_it_has_looked_for_a_newer_run_already() {
    for rewritten_first in [false, true] {
        let place = Place::new();
        // It sleeps between its look and the move that publishes its second file.
        let (gate, target) = stopping_at(place.target(), "part-b0000000002-p00001");
        let checkpoint = place.checkpoint("a");
        let sleeping = thread::spawn(move || Start::first(30).run(Lines::over(target), checkpoint));
        gate.wait();
        consume(&place);
        let start = Start::first(30).taking_the_lock();
        // Its successor would publish the file: this one dies before.
        let dies = place.sink().before_publish(|_| panic!("it dies here"));
        start.run(dies, place.checkpoint("a")).unwrap_err();
        repair(&place).write_again(PENDING).unwrap();
        if rewritten_first {
            place.run(&Start::first(40), "a").unwrap();
        }
        gate.open();
        sleeping.join().unwrap().unwrap_err();
        place.run(&Start::first(40), "a").unwrap();
        assert_eq!(
            place.rows(),
            numbers(0, 40),
            "rewritten first: {rewritten_first}"
        );
    }
}

#[test]
fn e3_e5_what_a_driver_publishes_while_files_are_taken_out_of_sight_is_taken_too() {
    let place = Place::new();
    let (driver, target) = stopping_at(place.target(), "part-b0000000002-p00001");
    let checkpoint = place.checkpoint("a");
    let sleeping = thread::spawn(move || Start::first(30).run(Lines::over(target), checkpoint));
    driver.wait();
    consume(&place);
    let dies = place.sink().before_publish(|_| panic!("it dies here"));
    let start = Start::first(30).taking_the_lock();
    start.run(dies, place.checkpoint("a")).unwrap_err();
    let (person, target) = stopping_at(place.target(), "/staged/");
    let decides = deciding(target, place.checkpoint("a"));
    person.wait();
    driver.open();
    sleeping.join().unwrap().unwrap_err();
    assert_eq!(
        place.rows().len(),
        25,
        "the driver has published its second file"
    );
    person.open();
    decides.join().unwrap().unwrap();
    assert_eq!(place.rows(), numbers(0, 20));
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
}

#[test]
fn e3_e5_a_driver_that_wakes_after_its_publication_commits_no_revoked_batch() {
    for rewritten_first in [false, true] {
        let place = Place::new();
        let (gate, sleeping) = sleeping_driver(&place, false);
        consume(&place);
        revoke_beside(&place);
        if rewritten_first {
            place.run(&Start::first(40), "a").unwrap();
        }
        gate.open();
        // It records the batch in the target: nothing fences that off. It goes no further.
        let error = sleeping.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
        let recorded = place.path("target/_streamwriter/committed/00000000000000000002");
        assert!(
            recorded.exists(),
            "the late record is there, and says nothing"
        );
        place.run(&Start::first(40), "a").unwrap();
        assert_eq!(
            place.rows(),
            numbers(0, 40),
            "rewritten first: {rewritten_first}"
        );
        place.run(&Start::first(60), "a").unwrap();
        assert_eq!(place.rows(), numbers(0, 60));
    }
}

#[test]
fn e3_e5_a_person_who_decides_after_a_driver_has_committed_the_batch_decides_nothing() {
    let place = died_in_publication();
    let file = place
        .path("target")
        .join(super::repair::published_of_pending(&place));
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    // The tool has looked twice and is about to record the decision.
    let (gate, checkpoint) = stopping_at(place.checkpoint("a"), OUTCOME);
    let late = deciding(place.target(), checkpoint);
    gate.wait();
    fs::write(&file, bytes).unwrap();
    let start = Start::first(40).taking_the_lock();
    start.run(place.sink(), place.checkpoint("a")).unwrap();
    gate.open();
    let error = late.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    assert_eq!(
        place.rows(),
        numbers(0, 40),
        "nothing was taken out of sight"
    );
    place.run(&Start::first(50), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 50));
}

#[test]
fn e3_e5_of_a_person_and_a_driver_that_decide_at_the_same_time_the_first_one_counts() {
    let place = died_in_publication();
    let file = place
        .path("target")
        .join(super::repair::published_of_pending(&place));
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (person, checkpoint) = stopping_at(place.checkpoint("a"), OUTCOME);
    let late = deciding(place.target(), checkpoint);
    person.wait();
    fs::write(&file, bytes).unwrap();
    // A driver of a newer run has published and recorded everything, and is about to say so.
    let (driver, checkpoint) = stopping_at(place.checkpoint("a"), OUTCOME);
    let sink = place.sink();
    let running = thread::spawn(move || Start::first(40).taking_the_lock().run(sink, checkpoint));
    driver.wait();
    person.open();
    assert_eq!(
        late.join().unwrap().unwrap_err().kind(),
        ErrorKind::Superseded
    );
    driver.open();
    let error = running.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    assert!(
        error.to_string().contains("a person has decided"),
        "{error}"
    );
    // The decision came first, so it counts, also against the target's record.
    let summary = place.run(&Start::first(40), "a").unwrap();
    assert_eq!(summary.batches, 2);
    assert_eq!(place.rows(), numbers(0, 40));
    assert_eq!(place.withdrawn().len(), 2);
}

#[test]
fn e3_e5_who_wakes_while_it_takes_files_out_of_sight_meets_none_of_the_new_ones() {
    for of_driver in [false, true] {
        let place = died_in_publication();
        // The staged file is lost, so that there is a final one to take out of sight.
        let staged = place
            .path("target/_streamwriter/staging")
            .join(&place.staged()[0]);
        fs::remove_file(staged).unwrap();
        let (gate, target) = stopping_at(place.target(), "/final/");
        let checkpoint = place.checkpoint("a");
        let sleeping: JoinHandle<Result<(), Error>> = if of_driver {
            // The tool dies right after the decision; a driver does the rest, and sleeps in it.
            let start = Start::first(30);
            let journal = streamwriter::testing::FaultStorage::failing(
                place.checkpoint("a"),
                decision_step(&place),
                When::After,
            );
            open(place.sink(), journal.shared())
                .unwrap()
                .write_again(PENDING)
                .unwrap_err();
            thread::spawn(move || start.run(Lines::over(target), checkpoint).map(|_| ()))
        } else {
            deciding(target, checkpoint)
        };
        gate.wait();
        let start = Start::first(40).taking_the_lock();
        start.run(place.sink(), place.checkpoint("a")).unwrap();
        assert_eq!(place.rows(), numbers(0, 40));
        gate.open();
        // The driver is fenced off; for the person everything is as it was to be.
        assert_eq!(sleeping.join().unwrap().is_err(), of_driver);
        assert_eq!(place.rows(), numbers(0, 40), "of a driver: {of_driver}");
        place.run(&Start::first(50), "a").unwrap();
        assert_eq!(place.rows(), numbers(0, 50), "of a driver: {of_driver}");
    }
}

/// The number of the step in the checkpoint that records a decision.
fn decision_step(place: &Place) -> u64 {
    let copied = Place::new();
    super::copy(&place.path("a"), &copied.path("a"));
    super::copy(&place.path("target"), &copied.path("target"));
    let journal = streamwriter::testing::FaultStorage::counting(copied.checkpoint("a"));
    open(copied.sink(), journal.shared())
        .unwrap()
        .write_again(PENDING)
        .unwrap();
    let log = journal.log();
    let step = log
        .iter()
        .position(|step| step.contains(&format!("create {OUTCOME}")));
    step.unwrap_or_else(|| panic!("{log:?}")) as u64
}

#[test]
fn e3_e5_a_driver_that_sleeps_with_the_new_messages_meets_its_successor_s() {
    let place = died_in_publication();
    consume(&place);
    repair(&place).write_again(PENDING).unwrap();
    // It has written the batch anew and is about to record its messages.
    let (gate, checkpoint) = stopping_at(place.checkpoint("a"), "prepared/00000000000000000002-1");
    let sink = place.sink();
    let sleeping = thread::spawn(move || Start::first(40).run(sink, checkpoint));
    gate.wait();
    let start = Start::first(40).taking_the_lock();
    start.run(place.sink(), place.checkpoint("a")).unwrap();
    gate.open();
    let error = sleeping.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    place.run(&Start::first(50), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 50));
    assert!(place.staged().is_empty());
}
