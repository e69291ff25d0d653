//! Rows that gather before a batch begins: Q1, and what must hold all the same (B2, B3, B4, Q2, Q3, E1, F2).
//!
//! Nothing here waits for a time to pass and hopes: a test changes one thing and waits, with a limit that
//! only a failure meets, until the query shows that it has seen it.

mod crashes;
mod few_files;
mod query;
mod refused;
mod sources;

use std::time::{Duration, Instant};

use streamwriter::{Gathered, QueryStatus, StreamingQuery, Trigger};

pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn polling() -> Trigger {
    Trigger::Continuous(Duration::from_millis(1))
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < give_up, "in vain: {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Waits until the query has run so many batches and holds back so many rows.
#[track_caller]
pub(crate) fn until_it_holds(query: &StreamingQuery, rows: u64, batches: u64) {
    until(&format!("{rows} rows wait after {batches} batches"), || {
        held_back(query).is_some_and(|gathered| gathered.rows == rows)
    });
    assert_eq!(query.summary().batches, batches);
}

pub(crate) fn held_back(query: &StreamingQuery) -> Option<Gathered> {
    match query.status() {
        QueryStatus::Gathering(gathered) => Some(gathered),
        _ => None,
    }
}

#[track_caller]
pub(crate) fn until_batches(query: &StreamingQuery, batches: u64) {
    until(&format!("{batches} batches"), || {
        assert!(query.is_active(), "it has ended: {:?}", query.summary());
        query.summary().batches >= batches
    });
    assert_eq!(query.summary().batches, batches);
}
