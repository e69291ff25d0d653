//! A task may use the share of executors that have none.

use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use streamwriter::{Rows, Trigger, stream};

use crate::support::{Numbers, Scripted, Written};

fn all(rows: &mut dyn Rows<Item = u64>) -> Written {
    Written {
        rows: rows.collect(),
    }
}

#[test]
fn a_task_may_claim_the_executors_that_wait_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Scripted::new().write({
        let seen = Arc::clone(&seen);
        move |rows, task| {
            let patience = Instant::now() + Duration::from_secs(20);
            let mut claimed = Vec::new();
            while claimed.len() < 2 && Instant::now() < patience {
                claimed.extend(task.claim_idle_executor());
                std::thread::yield_now();
            }
            let more = task.claim_idle_executor().is_some();
            drop(claimed.pop());
            let again = task.claim_idle_executor().is_some();
            seen.lock()
                .unwrap()
                .push((claimed.len(), more, again, task.tasks_at_once()));
            Ok(all(rows))
        }
    });
    let query = stream(Numbers::new(10).partitions(1))
        .write_to(sink)
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .executors(3);
    query.start().unwrap().await_termination().unwrap();
    assert_eq!(*seen.lock().unwrap(), [(1, false, true, 1)]);
}

#[test]
fn no_executor_is_idle_while_each_has_a_task() {
    let directory = tempfile::tempdir().unwrap();
    let together = Arc::new(Barrier::new(2));
    let sink = Scripted::new().write(move |rows, task| {
        together.wait();
        let claimed = task.claim_idle_executor().is_some();
        let written = all(rows);
        together.wait();
        assert!(!claimed, "an executor with a task is not idle");
        assert_eq!(task.tasks_at_once(), 2);
        Ok(written)
    });
    let query = stream(Numbers::new(10).partitions(4))
        .write_to(sink)
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .executors(2);
    query.start().unwrap().await_termination().unwrap();
}
