//! What the sources of the program count, and when they let nothing wait.

use std::time::Duration;

use streamwriter::{Channel, JsonLines, MemorySink, QueryBuilder, Rate, Sender, stream};

use super::{LONG, held_back, polling, until, until_batches, until_it_holds};

type OverChannel = QueryBuilder<Channel<u64>, MemorySink<u64>>;

fn gathering(capacity: usize) -> (Sender<u64>, MemorySink<u64>, OverChannel) {
    let (sender, source) = Channel::new(capacity);
    let sink = MemorySink::default();
    let query = stream(source)
        .write_to(sink.clone())
        .trigger(polling())
        .min_rows_per_batch(1000);
    (sender, sink, query)
}

#[test]
fn q1_a_full_channel_is_enough_since_its_senders_wait() {
    let (sender, sink, query) = gathering(5);
    let query = query.no_checkpoint().start().unwrap();
    let rows = std::thread::spawn(move || {
        (0..20).for_each(|row| sender.send(row).unwrap());
        sender
    });
    until_batches(&query, 4);
    let sender = rows.join().unwrap();
    assert_eq!(sink.rows(), (0..20).collect::<Vec<_>>());
    sender.send(20).unwrap();
    until_it_holds(&query, 1, 4);
}

#[test]
fn q1_rows_whose_commit_is_waited_for_do_not_gather() {
    let (sender, sink, query) = gathering(100);
    let query = query.no_checkpoint().start().unwrap();
    (0..3).for_each(|row| sender.send(row).unwrap());
    until_it_holds(&query, 3, 0);
    // To ask is not to wait.
    assert!(!sender.wait_committed(Duration::ZERO));
    sender.send(3).unwrap();
    until_it_holds(&query, 4, 0);
    assert!(sender.wait_committed(LONG));
    assert_eq!(sink.rows(), [0, 1, 2, 3]);
    sender.send(4).unwrap();
    until_it_holds(&query, 1, 1);
}

#[test]
fn q1_rows_of_a_channel_without_senders_do_not_gather() {
    let (sender, sink, query) = gathering(100);
    let query = query.no_checkpoint().start().unwrap();
    let other = sender.clone();
    sender.send(1).unwrap();
    drop(sender);
    until_it_holds(&query, 1, 0);
    other.send(2).unwrap();
    until_it_holds(&query, 2, 0);
    drop(other);
    until_batches(&query, 1);
    assert_eq!(sink.rows(), [1, 2]);
}

#[test]
fn q1_rows_that_are_due_gather() {
    let sink = MemorySink::default();
    let query = stream(Rate::per_second(2_000).rows(250).partitions(1))
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(polling())
        .min_bytes_per_batch(16 * 100)
        .start()
        .unwrap();
    until("all rows", || query.summary().input_rows == 250);
    let sizes: Vec<u64> = query
        .recent_progress()
        .iter()
        .map(|p| p.num_input_rows)
        .collect();
    // The last rows of the stream do not wait for others.
    let (last, others) = sizes.split_last().unwrap();
    assert!(others.iter().all(|rows| *rows >= 100), "{sizes:?}");
    assert!(*last > 0 && sizes.len() <= 3, "{sizes:?}");
}

#[test]
fn q1_files_gather_by_number_or_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let put = |name: u64, text: &str| {
        let hidden = directory.path().join(".hidden");
        std::fs::write(&hidden, text).unwrap();
        std::fs::rename(&hidden, directory.path().join(format!("{name}.jsonl"))).unwrap();
    };
    let sink = MemorySink::default();
    let query = stream(JsonLines::<u64>::directory(directory.path()).unwrap())
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(polling())
        .min_files_per_batch(3)
        .min_bytes_per_batch(40)
        .start()
        .unwrap();
    let until_bytes = |bytes| {
        until(&format!("{bytes} bytes wait"), || {
            held_back(&query).is_some_and(|gathered| gathered.bytes == bytes)
        });
    };
    put(1, "1\n");
    until_bytes(2);
    put(2, "2\n");
    until_bytes(4);
    assert_eq!(query.summary().batches, 0);
    put(3, "3\n");
    until_batches(&query, 1);
    put(4, &"4\n".repeat(19));
    until_bytes(38);
    put(5, "5\n");
    until_batches(&query, 2);
    assert_eq!(query.summary().input_rows, 3 + 20);
}
