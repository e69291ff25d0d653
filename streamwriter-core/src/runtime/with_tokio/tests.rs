//! Guards W6 and W7 for the futures of `async` methods.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;
use crate::engine::caught;
use crate::testing::Pretend;

/// Says when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_future_runs_on_the_thread_that_asks_and_need_not_be_send() {
    let task = Pretend::default().task();
    let here = std::thread::current().id();
    let count = Rc::new(Cell::new(0));
    let output = block_on_task(&task, async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::task::yield_now().await;
            assert_eq!(std::thread::current().id(), here);
            count.set(count.get() + 1);
        }
        count.get()
    });
    assert_eq!(output.unwrap(), 3);
    let batch = Pretend::default().batch();
    assert_eq!(block_on_batch(&batch, async { 7 }).unwrap(), 7);
}

#[test]
fn w7_a_future_that_waits_is_dropped_soon_after_its_task_is_cancelled() {
    let dropped = Arc::new(AtomicBool::new(false));
    let task = Pretend::default().task();
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            task.cancel_member();
        });
        let guard = Guard(Arc::clone(&dropped));
        let error = block_on_task(&task, async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::CutOff);
    });
    assert!(dropped.load(Ordering::SeqCst));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn w7_a_future_that_is_done_is_done_although_it_was_told_to_end_too_late() {
    let task = Pretend::default().cancelled_task();
    assert_eq!(block_on_task(&task, async { 1 }).unwrap(), 1);
    let error = block_on_task(&task, tokio::task::yield_now());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::CutOff);
}

#[test]
fn w6_a_panic_comes_out_where_it_is_caught() {
    let task = Pretend::default().task();
    let dropped = Arc::new(AtomicBool::new(false));
    let guard = Guard(Arc::clone(&dropped));
    let error = caught("write", || {
        block_on_task(&task, async move {
            let _guard = guard;
            tokio::task::yield_now().await;
            panic!("in the middle");
        })
    });
    let error: Error = error.map(drop).unwrap_err();
    assert!(error.to_string().contains("in the middle"), "{error}");
    assert!(dropped.load(Ordering::SeqCst));
    // The runtime has not suffered.
    assert_eq!(block_on_task(&task, async { 1 }).unwrap(), 1);
}

#[test]
fn nothing_is_started_before_it_is_used_and_what_is_spawned_ends_with_the_last_user() {
    let runtime = AsyncRuntime::with_workers(2);
    assert!(runtime.0.runtime.get().is_none());
    let task = Pretend::default().task().with_runtime(runtime.clone());
    let dropped = Arc::new(AtomicBool::new(false));
    let guard = Guard(Arc::clone(&dropped));
    block_on_task(&task, async move {
        drop(tokio::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        tokio::task::yield_now().await;
    })
    .unwrap();
    assert!(runtime.0.runtime.get().is_some());
    drop((task, runtime));
    let began = Instant::now();
    while !dropped.load(Ordering::SeqCst) {
        assert!(began.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_is_spawned_with_the_context_of_a_batch_does_not_keep_the_runtime() {
    let runtime = AsyncRuntime::with_workers(1);
    let batch = Pretend::default().batch().with_runtime(&runtime);
    let dropped = Arc::new(AtomicBool::new(false));
    let (guard, held) = (Guard(Arc::clone(&dropped)), batch.clone());
    block_on_batch(&batch, async move {
        drop(tokio::spawn(async move {
            let _held = (guard, held);
            pending::<()>().await;
        }));
        tokio::task::yield_now().await;
    })
    .unwrap();
    drop(runtime);
    let began = Instant::now();
    while !dropped.load(Ordering::SeqCst) {
        assert!(began.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(1));
    }
    // A context that is left over is still of use.
    assert_eq!(block_on_batch(&batch, async { 1 }).unwrap(), 1);
}
