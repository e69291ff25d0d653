//! E6: a target is handed from one query to another, by a person who names the former owner.

use std::fs;
use std::sync::Arc;
use std::thread;

use streamwriter::{ErrorKind, LockHolder, Noop, StorePath, Trigger, stream};

use super::gated::Gated;
use super::{Gate, Lines, Place, Start, died_in_publication, numbers, of_both};
use crate::support::Numbers;

#[test]
fn e6_another_query_is_refused_and_told_the_three_ways_out() {
    let place = Place::new();
    let owner = place.run(&Start::first(10), "a").unwrap().id;
    let error = place.run(&Start::other(10), "b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    let checkpoint = place.path("a").display().to_string();
    for part in [
        format!("belongs to query {owner}"),
        format!("to resume query {owner} start it with its checkpoint {checkpoint}"),
        format!("add .take_over_target_from(\"{owner}\")"),
        "to start anew choose another directory and an empty checkpoint".to_owned(),
    ] {
        assert!(text.contains(&part), "{part:?} is not in {text}");
    }
    assert_eq!(place.rows(), numbers(0, 10), "nothing was written");
}

#[test]
fn e6_a_target_is_taken_over_and_each_query_finds_its_own_batches() {
    let place = Place::new();
    let former = place.run(&Start::first(20), "a").unwrap().id;
    // The batch ids of both begin at 0.
    let taken = place.run(&Start::other(15).from(former), "b").unwrap();
    assert_eq!((taken.batches, place.rows()), (2, of_both(20, 15)));
    // A call that stays in the program does nothing any more, and neither does leaving it out.
    place.run(&Start::other(25).from(former), "b").unwrap();
    place.run(&Start::other(35), "b").unwrap();
    assert_eq!(place.rows(), of_both(20, 35));

    let error = place.run(&Start::first(30), "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    let checkpoint = place.path("b").display().to_string();
    assert!(
        text.contains(&taken.id.to_string()) && text.contains(&checkpoint),
        "{text}"
    );
    assert_eq!(place.rows(), of_both(20, 35));
}

#[test]
fn e6_a_target_is_handed_back_and_on_again() {
    let place = Place::new();
    let a = place.run(&Start::first(10), "a").unwrap().id;
    let b = place.run(&Start::other(10).from(a), "b").unwrap().id;
    place.run(&Start::first(20).from(b), "a").unwrap();
    assert_eq!(place.rows(), of_both(20, 10));
    assert_eq!(
        place.run(&Start::other(20), "b").unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    place.run(&Start::other(20).from(a), "b").unwrap();
    assert_eq!(
        place.run(&Start::first(30), "a").unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    assert_eq!(place.rows(), of_both(20, 20));
}

#[test]
fn e6_e7_what_the_former_owner_had_prepared_stays_and_is_published_when_it_comes_back() {
    let place = died_in_publication();
    let staged = place.staged();
    let a = owner_of(&place);
    let b = place
        .run(&Start::other(25).from(a.clone()), "b")
        .unwrap()
        .id;
    // Two starts of the new owner, each with its sweep, leave it alone.
    place.run(&Start::other(35).from(a), "b").unwrap();
    assert_eq!(place.staged(), staged);
    place.run(&Start::first(30).from(b), "a").unwrap();
    assert_eq!(place.rows(), of_both(30, 35));
    assert!(place.staged().is_empty());
}

#[test]
fn e6_nothing_is_taken_from_a_live_process_by_naming_its_query() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let sink = place.sink().before_publish(move |_| pass());
    let checkpoint = place.checkpoint("a");
    let live = thread::spawn(move || Start::first(10).run(sink, checkpoint));
    gate.wait();
    let a = owner_of(&place);
    let error = place
        .run(&Start::other(10).from(a.clone()), "b")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let pid = LockHolder::this_process().pid.to_string();
    assert!(error.to_string().contains(&pid), "{error}");
    gate.open();
    live.join().unwrap().unwrap();
    assert_eq!(place.rows(), numbers(0, 10));
    place.run(&Start::other(10).from(a), "b").unwrap();
    assert_eq!(place.rows(), of_both(10, 10));
}

#[test]
fn e6_a_query_that_is_not_the_owner_cannot_be_taken_over_from() {
    let place = Place::new();
    let a = place.run(&Start::first(10), "a").unwrap().id;
    let b = place.run(&Start::other(10).from(a), "b").unwrap().id;
    // A third query was told the owner's id before the second one took the target over.
    let error = place.run(&Start::other(10).from(a), "c").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(
        text.contains(&format!("not query {a}'s")) && text.contains(&b.to_string()),
        "{text}"
    );
    assert_eq!(place.rows(), of_both(10, 10));

    let error = place
        .run(&Start::other(10).from("the other one"), "c")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the other one"), "{error}");
    let error = stream(Numbers::new(1))
        .write_to(Noop::new())
        .checkpoint(place.path("d"))
        .take_over_target_from(a)
        .start()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no target"), "{error}");
    assert!(!place.path("d").exists(), "nothing was made");
}

#[test]
fn e6_a_checkpoint_with_batches_takes_over_no_target_that_does_not_know_it() {
    let place = Place::new();
    // The checkpoint `b` has batches in a target of this place that was exchanged since.
    place.run(&Start::other(10), "b").unwrap();
    fs::rename(place.path("target"), place.path("old")).unwrap();
    let a = place.run(&Start::first(10), "a").unwrap().id;
    let error = place.run(&Start::other(20).from(a), "b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(
        text.contains("start with an empty checkpoint: this one has batches"),
        "{text}"
    );
    assert_eq!(place.rows(), numbers(0, 10));
    // With an empty one it may.
    place.run(&Start::other(20).from(a), "c").unwrap();
    assert_eq!(place.rows(), of_both(10, 20));
    // An emptied target is not taken over either: nobody has it.
    fs::remove_dir_all(place.path("target")).unwrap();
    let error = place.run(&Start::first(20).from(a), "a").unwrap_err();
    assert!(
        error.to_string().contains("emptied or exchanged"),
        "{error}"
    );
    assert!(!place.path("target/_streamwriter/owner").exists());
}

#[test]
fn e5_e6_a_former_owner_that_wakes_before_its_publication_publishes_nothing() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let sink = place.sink().before_publish(move |_| pass());
    let checkpoint = place.checkpoint("a");
    let zombie = thread::spawn(move || Start::first(20).run(sink, checkpoint));
    gate.wait();
    let a = owner_of(&place);
    let b = place
        .run(&Start::other(20).from(a.clone()).taking_the_lock(), "b")
        .unwrap()
        .id;
    gate.open();
    let error = zombie.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("taken over from query {a} by query {b}")),
        "{text}"
    );
    assert!(
        text.contains(&format!(".take_over_target_from(\"{b}\")")),
        "{text}"
    );
    assert_eq!(
        place.rows(),
        numbers(super::OTHER, 20),
        "nothing of the zombie's"
    );
    // Nothing of it is lost: it comes back, and goes on where it was.
    place.run(&Start::first(20).from(b), "a").unwrap();
    assert_eq!(place.rows(), of_both(20, 20));
}

#[test]
fn e5_e6_a_former_owner_that_wakes_before_its_record_records_nothing() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let sink = place.sink().after_publish(move |_| pass());
    let checkpoint = place.checkpoint("a");
    let zombie = thread::spawn(move || Start::first(20).run(sink, checkpoint));
    gate.wait();
    let a = owner_of(&place);
    let start = Start::other(20).from(a).taking_the_lock();
    let b = place.run(&start, "b").unwrap().id;
    gate.open();
    assert_eq!(
        zombie.join().unwrap().unwrap_err().kind(),
        ErrorKind::Superseded
    );
    let own = place.path("target/_streamwriter/committed/00000000000000000000");
    assert!(!own.exists(), "the zombie's batch is not recorded");
    // What it had published by then is whole, is its own, and counts when it comes back.
    assert_eq!(place.rows(), of_both(10, 20));
    place.run(&Start::first(20).from(b), "a").unwrap();
    assert_eq!(place.rows(), of_both(20, 20));
}

#[test]
fn e5_e6_a_former_owner_looks_again_in_the_middle_of_a_long_publication() {
    let place = Arc::new(Place::new());
    let (gate, pass) = Gate::new();
    let target = Gated::shared(place.target(), move |path| {
        if path.contains("-p00063-") {
            pass();
        }
    });
    let checkpoint = place.checkpoint("a");
    let zombie = thread::spawn(move || {
        stream(Numbers::new(70).per_batch(70).partitions(70))
            .write_to(Lines::over(target))
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .start()?
            .await_termination()
    });
    gate.wait();
    let start = Start::other(10).from(owner_of(&place)).taking_the_lock();
    let b = place.run(&start, "b").unwrap().id;
    gate.open();
    let error = zombie.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    // The part in hand when it slept is finished, and no further one is begun.
    assert_eq!((place.rows(), place.staged().len()), (of_both(64, 10), 6));
    let summary = stream(Numbers::new(70).per_batch(70).partitions(70))
        .write_to(place.sink())
        .checkpoint(place.checkpoint("a"))
        .trigger(Trigger::AvailableNow)
        .take_over_target_from(b)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!((summary.batches, place.rows()), (1, of_both(70, 10)));
}

#[test]
fn e6_one_of_two_queries_that_take_over_at_the_same_time_is_the_owner() {
    for _ in 0..10 {
        let place = Place::new();
        let a = place.run(&Start::first(10), "a").unwrap().id;
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = ["b", "c"]
                .into_iter()
                .map(|name| {
                    let place = &place;
                    // With the lock taken over from each other, create-if-absent has to decide.
                    let start = Start::other(10).from(a).taking_the_lock();
                    scope.spawn(move || (name, place.run(&start, name)))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let owner = owner_of(&place);
        let mut won = Vec::new();
        for (name, outcome) in outcomes {
            match outcome {
                Ok(summary) => won.push((name, summary.id.to_string())),
                Err(error) => {
                    let kinds = [ErrorKind::Mismatch, ErrorKind::Locked, ErrorKind::Storage];
                    assert!(kinds.contains(&error.kind()), "{error}");
                }
            }
        }
        assert!(won.len() <= 1, "two owners");
        for (_, id) in &won {
            assert_eq!(*id, owner);
        }
        // Whoever won goes on, and the other is refused.
        let finished: Vec<_> = ["b", "c"]
            .into_iter()
            .filter(|name| place.run(&Start::other(10).from(a), name).is_ok())
            .collect();
        assert_eq!(finished.len(), 1, "{won:?}");
        assert_eq!(place.rows(), of_both(10, 10));
    }
}

/// The id of the query that owns the target, as its newest record says.
pub(super) fn owner_of(place: &Place) -> String {
    let storage = place.target();
    let list = |path: &str| storage.list(&StorePath::parse(path).unwrap()).unwrap();
    let newest = list("_streamwriter/owners").pop().map_or_else(
        || StorePath::parse("_streamwriter/owner").unwrap(),
        |entry| entry.path,
    );
    let record: serde_json::Value =
        serde_json::from_slice(&storage.read(&newest).unwrap().unwrap()).unwrap();
    record["body"]["query"].as_str().unwrap().to_owned()
}
