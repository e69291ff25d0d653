//! Sources whose rows come once: a channel and an iterator (S2, E4).

use std::time::Duration;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    Channel, ErrorKind, FileSink, Guarantee, Iter, LocalStorage, MemorySink, QueryEvent,
    SharedStorage, Staging, Trigger, stream,
};

use crate::support::memory_directory;

const LONG: Duration = Duration::from_secs(120);

fn polling() -> Trigger {
    Trigger::Continuous(Duration::from_millis(1))
}

#[test]
fn s2_rows_that_are_sent_while_the_query_runs_are_written_once_each() {
    let (sender, source) = Channel::new(7);
    let sink = MemorySink::default();
    let query = stream(source.partitions(3))
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(polling())
        .start()
        .unwrap();
    assert_eq!(query.guarantee(), Guarantee::AtMostOnce);
    // The channel is far smaller than what is sent: senders wait for the query.
    std::thread::scope(|scope| {
        for part in 0..4_u64 {
            let sender = sender.clone();
            scope.spawn(move || (0..500).for_each(|n| sender.send(part * 500 + n).unwrap()));
        }
    });
    assert!(sender.wait_committed(LONG));
    assert_eq!((sender.sent(), sender.committed()), (2000, 2000));
    query.stop(LONG).unwrap();
    let mut rows = sink.rows();
    rows.sort_unstable();
    assert_eq!(rows, (0..2000).collect::<Vec<u64>>());
    // Nobody reads any more: the row comes back, and nothing waits.
    assert_eq!(sender.send(7).unwrap_err().0, 7);
    assert!(sender.wait_committed(LONG));
}

#[test]
fn e4_more_than_at_most_once_is_refused() {
    for required in [Guarantee::AtLeastOnce, Guarantee::ExactlyOnce] {
        let (sender, source) = Channel::<u64>::new(1);
        let refused = stream(source)
            .write_to(MemorySink::default())
            .no_checkpoint()
            .require(required)
            .start()
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Guarantee, "{refused}");
        assert!(refused.to_string().contains("at-most-once"), "{refused}");
        sender.send(1).unwrap_err();
    }
    let refused = stream(Iter::new([1_u64]))
        .write_to(MemorySink::default())
        .no_checkpoint()
        .require(Guarantee::AtLeastOnce)
        .start()
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Guarantee, "{refused}");
}

#[test]
fn s2_an_iterator_is_read_to_its_end_and_once() {
    let sink = MemorySink::default();
    let summary = stream(Iter::new(0..1000_u64).partitions(2))
        .write_to(sink.clone())
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(300)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(summary.output_rows, 1000);
    let mut rows = sink.rows();
    rows.sort_unstable();
    assert_eq!(rows, (0..1000).collect::<Vec<u64>>());
}

/// A file sink and a checkpoint that fail from a durable step on.
struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn storage(&self, name: &str) -> SharedStorage {
        LocalStorage::shared(self.directory.path().join(name)).unwrap()
    }

    /// Runs what is in the channel; returns how it ended, and how many rows were said to be lost.
    fn run(
        &self,
        source: Channel<u64>,
        checkpoint: SharedStorage,
    ) -> (Result<(), streamwriter::Error>, u64) {
        let lost = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let told = std::sync::Arc::clone(&lost);
        let sink = FileSink::json_lines_in(Staging::over(self.storage("target")));
        let ended = stream(source)
            .write_to(sink)
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .max_rows_per_batch(10)
            .listener(move |event: &QueryEvent| {
                if let QueryEvent::Progress(progress) = event {
                    let rows = progress.source.num_lost_rows;
                    told.fetch_add(rows, std::sync::atomic::Ordering::SeqCst);
                }
            })
            .start()
            .and_then(|query| query.await_termination());
        (
            ended.map(drop),
            lost.load(std::sync::atomic::Ordering::SeqCst),
        )
    }

    fn rows(&self) -> Vec<u64> {
        let mut rows = Vec::new();
        for entry in std::fs::read_dir(self.directory.path().join("target")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "jsonl") {
                let text = std::fs::read_to_string(path).unwrap();
                rows.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
            }
        }
        rows.sort_unstable();
        rows
    }
}

/// Whatever durable step a query ends at: no row is there twice, what is missing is counted as lost,
/// and what was never planned is still in the channel.
#[test]
fn s2_what_a_crash_costs_is_counted_and_nothing_else() {
    let (mut crashes, mut losses) = (0, 0);
    for when in [When::Before, When::After] {
        let mut at = 0;
        while let Some(lost) = crash_at(at, when) {
            at += 1;
            crashes += 1;
            losses += u64::from(lost > 0);
        }
    }
    assert!(
        crashes > 20 && losses >= 6,
        "{crashes} crashes, {losses} with lost rows"
    );
}

/// Ends a query at a durable step and starts another one with the same channel; returns how many rows
/// that has lost, or nothing if there are not so many steps.
fn crash_at(at: u64, when: When) -> Option<u64> {
    let bench = Bench {
        directory: memory_directory(),
    };
    let (sender, source) = Channel::new(100);
    (0..30).for_each(|row| sender.send(row).unwrap());
    let faulty = FaultStorage::failing(bench.storage("checkpoint"), at, when);
    let (died, lost) = bench.run(source.again(), faulty.shared());
    assert_eq!(lost, 0);
    if faulty.operations() <= at {
        died.unwrap();
        return None;
    }
    let (ended, lost) = bench.run(source.again(), bench.storage("checkpoint"));
    let what = format!("{when} {:?}", faulty.log().last());
    ended.unwrap_or_else(|error| panic!("{what}: {error}"));
    let rows = bench.rows();
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "{what}");
    assert_eq!(rows.len() as u64 + lost, 30, "{what}");
    // What is said to be committed is there.
    assert!(sender.committed() <= rows.len() as u64, "{what}");
    assert!(
        !sender.wait_committed(Duration::ZERO) || lost == 0,
        "{what}"
    );
    Some(lost)
}

#[test]
fn s2_a_new_process_goes_on_counting_and_takes_what_is_sent_then() {
    let bench = Bench {
        directory: memory_directory(),
    };
    for first in [0, 15] {
        let (sender, source) = Channel::new(100);
        (first..first + 15).for_each(|row| sender.send(row).unwrap());
        bench.run(source, bench.storage("checkpoint")).0.unwrap();
        assert_eq!(sender.committed(), 15);
    }
    assert_eq!(bench.rows(), (0..30).collect::<Vec<u64>>());
}

/// Rows that a task has had may be anywhere by now; a query that knows nothing of them must not give
/// them a second time.
#[test]
fn s2_rows_that_a_task_has_had_are_not_given_to_another_query() {
    let (sender, source) = Channel::new(100);
    (0..20).for_each(|row| sender.send(row).unwrap());
    let seen = MemorySink::default();
    let run = |source: Channel<u64>, fails: bool| {
        let seen = seen.clone();
        stream(source)
            .try_map(move |row| match fails && row == 7 {
                true => Err("no row 7"),
                false => Ok(row),
            })
            .write_to(seen)
            .no_checkpoint()
            .trigger(Trigger::AvailableNow)
            .max_rows_per_batch(10)
            .max_task_attempts(1)
            .start()
            .unwrap()
            .await_termination()
    };
    run(source.again(), true).unwrap_err();
    run(source, false).unwrap();
    assert_eq!(seen.rows(), (10..20).collect::<Vec<u64>>());
    assert!(!sender.wait_committed(Duration::ZERO));
    assert_eq!(sender.committed(), 10);
}
