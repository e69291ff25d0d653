//! When a batch begins, whatever the source is.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use streamwriter::{Gathered, Memory, MemorySink, QueryEvent, Trigger, stream};

use super::{LONG, held_back, polling, until, until_batches, until_it_holds};
use crate::support::{Event, Numbers, Scripted};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(20);

fn offsets(checkpoint: &Path) -> usize {
    fs::read_dir(checkpoint.join("offsets")).map_or(0, Iterator::count)
}

#[test]
fn q1_b3_rows_gather_until_enough_wait_and_go_in_one_batch() {
    let checkpoint = tempfile::tempdir().unwrap();
    let (source, sink) = (Memory::new(0..4), MemorySink::default());
    let query = stream(source.clone())
        .map(|number| number * 2)
        .write_to(sink.clone())
        .checkpoint(checkpoint.path())
        .trigger(polling())
        .min_rows_per_batch(10)
        .start()
        .unwrap();
    until_it_holds(&query, 4, 0);
    source.push(4..9);
    until_it_holds(&query, 9, 0);
    assert_eq!(offsets(checkpoint.path()), 0, "nothing is decided yet");
    source.push([9]);
    until_batches(&query, 1);
    assert_eq!(sink.rows(), (0..10).map(|n| n * 2).collect::<Vec<_>>());
    // Nothing is left, so nothing gathers and no batch runs.
    until("it idles", || held_back(&query).is_none());
    source.push([10]);
    until_it_holds(&query, 1, 1);
    query.stop(LONG).unwrap();
    assert_eq!(offsets(checkpoint.path()), 1);
}

#[test]
fn q1_a_batch_begins_after_the_longest_delay_although_too_few_rows_have_come() {
    let sink = MemorySink::default();
    let query = stream(Memory::new(0..3))
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(polling())
        .min_rows_per_batch(1000)
        .max_batch_delay(SOON)
        .start()
        .unwrap();
    until_batches(&query, 1);
    assert_eq!(sink.rows(), [0, 1, 2]);
}

#[test]
fn q1_a_batch_begins_when_nothing_new_has_come_for_the_idle_time() {
    let (source, sink) = (Memory::new(0..3), MemorySink::default());
    let query = stream(source.clone())
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(Trigger::Interval(Duration::from_millis(1)))
        .min_rows_per_batch(1000)
        .max_batch_delay(HOUR)
        .batch_when_idle_for(SOON)
        .start()
        .unwrap();
    until_batches(&query, 1);
    source.push(3..5);
    until_batches(&query, 2);
    assert_eq!(sink.rows(), [0, 1, 2, 3, 4]);
}

#[test]
fn q1_a_batch_that_is_as_large_as_it_may_be_begins() {
    let source = Memory::new(0..7);
    let query = stream(source)
        .write_to(MemorySink::default())
        .no_checkpoint()
        .trigger(polling())
        .max_batch_delay(HOUR)
        .max_rows_per_batch(3)
        .start()
        .unwrap();
    until_batches(&query, 2);
    until_it_holds(&query, 1, 2);
}

#[test]
fn q1_triggers_that_drain_do_not_gather() {
    for (trigger, rows) in [(Trigger::AvailableNow, 7), (Trigger::Once, 5)] {
        let summary = stream(Memory::new(0..7))
            .write_to(MemorySink::default())
            .no_checkpoint()
            .trigger(trigger)
            .min_rows_per_batch(5)
            .max_rows_per_batch(5)
            .start()
            .unwrap()
            .await_termination()
            .unwrap();
        assert_eq!(summary.input_rows, rows, "{trigger:?}");
    }
    let summary = stream(Memory::new(0..2))
        .write_to(MemorySink::default())
        .no_checkpoint()
        .trigger(Trigger::Once)
        .min_rows_per_batch(5)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(summary.input_rows, 2);
}

#[test]
fn b4_a_batch_without_rows_waits_for_none() {
    let sink = Scripted::new();
    let query = stream(Numbers::new(4).empty_batches(2))
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(polling())
        .min_rows_per_batch(5)
        .start()
        .unwrap();
    until_batches(&query, 2);
    until_it_holds(&query, 4, 2);
    assert!(sink.rows().is_empty());
}

#[test]
fn b2_a_batch_that_is_planned_does_not_gather_again() {
    let checkpoint = tempfile::tempdir().unwrap();
    let failing = Scripted::new().write(|_, _| Err(streamwriter::Permanent::new("no").into()));
    let numbers = || Numbers::new(8).per_batch(1000).partitions(1);
    stream(numbers())
        .write_to(failing.clone())
        .checkpoint(checkpoint.path())
        .trigger(polling())
        .min_rows_per_batch(8)
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    // The restart asks for far more, and there is more; the batch stays what it was and begins at once.
    let source = numbers();
    source.extend_to(20);
    let query = stream(source)
        .write_to(failing.restarted())
        .checkpoint(checkpoint.path())
        .trigger(polling())
        .min_rows_per_batch(1000)
        .start()
        .unwrap();
    until_batches(&query, 1);
    until_it_holds(&query, 12, 1);
    let expected = Event::Commit {
        batch: 0,
        replay: false,
        partitions: vec![(0..8).collect()],
    };
    assert_eq!(failing.events().last(), Some(&expected));
}

#[test]
fn q2_stop_ends_the_wait_at_once_and_nothing_has_been_decided() {
    for trigger in [Trigger::Interval(HOUR), Trigger::Continuous(HOUR)] {
        let checkpoint = tempfile::tempdir().unwrap();
        let (source, sink) = (Numbers::new(3), Scripted::new());
        let query = stream(source.clone())
            .write_to(sink.clone())
            .checkpoint(checkpoint.path())
            .trigger(trigger)
            .min_rows_per_batch(5)
            .max_batch_delay(HOUR)
            .start()
            .unwrap();
        until_it_holds(&query, 3, 0);
        query.stop(LONG).unwrap();
        let summary = query.await_termination().unwrap();
        assert_eq!((summary.batches, summary.stopped), (0, true));
        assert_eq!((offsets(checkpoint.path()), sink.events().len()), (0, 0));
        crate::support::drain(source, sink.restarted(), checkpoint.path()).unwrap();
        assert_eq!(sink.rows(), [0, 1, 2]);
    }
}

#[test]
fn q3_listeners_hear_how_much_has_gathered() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let source = Memory::new(0..3);
    let query = stream(source.clone())
        .write_to(MemorySink::default())
        .no_checkpoint()
        .trigger(polling())
        .min_rows_per_batch(5)
        .listener({
            let heard = Arc::clone(&heard);
            move |event: &QueryEvent| {
                if let QueryEvent::Gathering {
                    next_batch,
                    gathered,
                    ..
                } = event
                {
                    heard.lock().unwrap().push((next_batch.get(), *gathered));
                }
            }
        })
        .start()
        .unwrap();
    until_it_holds(&query, 3, 0);
    source.push(3..5);
    until_batches(&query, 1);
    source.push(5..7);
    until_it_holds(&query, 2, 1);
    query.stop(LONG).unwrap();
    query.await_termination().unwrap();
    // Once in ten seconds, however often it looks.
    let expected = (0, Gathered::default().with_rows(3));
    assert_eq!(heard.lock().unwrap()[0], expected);
    assert!(heard.lock().unwrap().len() <= 4, "{heard:?}");
}
