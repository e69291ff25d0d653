//! E3, E4, E6, W5 and W7 for a query with several members, some of which fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use streamwriter::{Error, ErrorKind, FanOut, Guarantee, Noop, Stdout, Trigger, WriteRows, stream};

use super::{Bench, MEMBERS, drain, three};
use crate::support::{Event, Numbers, Scripted};

fn table(name: &str) -> Scripted {
    let mut table = Scripted::new();
    table.description = format!("table {name}");
    table
}

fn all(rows: u64) -> Vec<u64> {
    (0..rows).collect()
}

fn replayed(table: &Scripted) -> Vec<u64> {
    let replayed = |event| match event {
        Event::Commit { batch, replay, .. } => replay.then_some(batch),
        Event::Abort { .. } => None,
    };
    table.events().into_iter().filter_map(replayed).collect()
}

/// Batch 1 of a member cannot be committed: nothing goes on, the error names it, and the restart
/// brings that member up without touching the one before it, and without reading a row.
#[test]
fn e3_w5_the_commit_error_of_one_member_holds_all_and_names_it() {
    for fails in 0..3 {
        let bench = Bench::new();
        let tables = ["a", "b", "c"].map(table);
        let mut scripted = tables.clone();
        scripted[fails] =
            tables[fails]
                .clone()
                .before_commit(|batch| match batch.batch_id().get() {
                    1 => Err("not today".into()),
                    _ => Ok(()),
                });
        let [a, b, c] = scripted;
        let sink = FanOut::new(a, b).and(c);
        let error = drain(Numbers::new(30), sink, bench.storage("state")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Commit);
        assert_eq!(
            error.path(),
            Some(format!("table {}", MEMBERS[fails]).as_str())
        );
        assert_eq!(error.batch().map(|batch| batch.get()), Some(1));
        assert!(error.to_string().contains("failed"), "{error}");
        for (number, table) in tables.iter().enumerate() {
            let rows = if number < fails { 20 } else { 10 };
            assert_eq!(table.rows(), all(rows), "{fails} {number}");
            assert_eq!(table.aborts(), 0, "W5");
        }
        let [a, b, c] = tables.each_ref().map(Scripted::restarted);
        let source = Numbers::new(30);
        let sink = FanOut::new(a, b).and(c);
        drain(source.clone(), sink, bench.storage("state")).unwrap();
        assert_eq!(source.rows_read(), 10, "batch 2 alone");
        for table in &tables {
            assert_eq!(table.rows(), all(30));
            // The table writes its record after the commits of all: it was not there yet.
            assert_eq!(replayed(table), [1]);
        }
    }
}

#[test]
fn w7_a_task_that_fails_for_one_member_is_tried_again_for_all() {
    let bench = Bench::new();
    let tries = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&tries);
    let (a, b) = (table("a"), table("b"));
    let fails = b.clone().write(move |rows, task| {
        let first = rows.next();
        if task.partition().get() == 1 && count.fetch_add(1, Ordering::SeqCst) < 2 {
            return Err("not yet".into());
        }
        let rows = first.into_iter().chain(rows).collect();
        Ok(crate::support::Written { rows })
    });
    let sink = FanOut::new(a.clone(), fails);
    drain(Numbers::new(10), sink, bench.storage("state")).unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    assert_eq!((a.rows(), b.rows()), (all(10), all(10)));
}

#[test]
fn w3_w7_a_member_that_fails_for_good_aborts_the_batch_in_all_and_is_named() {
    let bench = Bench::new();
    let (a, b) = (table("a"), table("b"));
    let fails = b.clone().write(|_, _| Err("never".into()));
    let error = drain(
        Numbers::new(10),
        FanOut::new(fails, a.clone()),
        bench.storage("state"),
    );
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::Task, Some("table b"))
    );
    assert_eq!((a.aborts(), b.aborts()), (1, 1));
    assert!(a.rows().is_empty());
}

/// A member that waits for ever is cancelled by the timeout, and the other one with it.
#[test]
fn w7_the_timeout_of_a_task_reaches_every_member() {
    let waits = table("b").write(|rows, task| {
        while !task.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(crate::support::Written {
            rows: rows.collect(),
        })
    });
    let error = stream(Numbers::new(1000).per_batch(1000))
        .write_to(FanOut::new(table("a"), waits).rows_in_flight(8))
        .no_checkpoint()
        .trigger(Trigger::AvailableNow)
        .executors(1)
        .max_task_attempts(1)
        .task_timeout(Duration::from_millis(50))
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert!(error.to_string().contains("timeout"), "{error}");
}

#[test]
fn e4_the_guarantee_is_that_of_the_weakest_member() {
    fn start(sink: impl WriteRows<u64>, bench: &Bench) -> Result<Guarantee, Error> {
        let query = stream(Numbers::new(10))
            .write_to(sink)
            .checkpoint(bench.storage("state"))
            .trigger(Trigger::AvailableNow)
            .require(Guarantee::ExactlyOnce)
            .start()?;
        Ok(query.await_termination()?.guarantee)
    }
    let bench = Bench::new();
    let storages = MEMBERS.map(|member| bench.storage(member));
    let files = || three(storages.clone());
    assert_eq!(start(files(), &bench).unwrap(), Guarantee::ExactlyOnce);
    for error in [
        start(FanOut::new(files(), Stdout::json()), &Bench::new()),
        start(FanOut::new(Noop::new(), files()), &Bench::new()),
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Guarantee);
    }
}

#[test]
fn e6_a_member_that_is_added_removed_or_moved_is_refused() {
    let bench = Bench::new();
    let [a, b, c] = ["a", "b", "c"].map(table);
    let start = |sink| drain(Numbers::new(10), sink, bench.storage("state"));
    start(FanOut::new(a.clone(), b.clone())).unwrap();
    let error = start(FanOut::new(b.clone(), a.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let error = start(FanOut::new(a.clone(), c.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let three = FanOut::new(a.clone(), b.clone()).and(c);
    let error = drain(Numbers::new(10), three, bench.storage("state")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    start(FanOut::new(a, b)).unwrap();
}

#[test]
fn f1_two_members_in_one_directory_do_not_start() {
    let bench = Bench::new();
    let [a, b] = ["a", "b"].map(|name| bench.storage(name));
    let sink = three([a.clone(), b, a]);
    let error = drain(Numbers::new(10), sink, bench.storage("state")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.path().unwrap().ends_with("/a"), "{error}");
    assert!(!bench.path("state").join("offsets").exists());
}
