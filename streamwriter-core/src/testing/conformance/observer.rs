//! Watches the order of the calls that a sink gets, and says where it is not that of the contract.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one life of a query called, as far as the rules need it.
#[derive(Debug, Default)]
struct Seen {
    /// How many tasks of each batch run: those of the next one may while one is committed (B5).
    writing: BTreeMap<u64, usize>,
    prepared_attempted: Option<u64>,
    /// The newest batch with a `commits` record.
    recorded: Option<u64>,
    committed: Option<u64>,
    aborted: Option<u64>,
    aborts: u32,
    violations: Vec<String>,
}

impl Seen {
    fn is_writing(&self, batch: u64) -> bool {
        self.writing.get(&batch).is_some_and(|tasks| *tasks > 0)
    }

    fn expect(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(violation());
        }
    }
}

/// Observes one life.
#[derive(Debug, Default)]
pub(super) struct Observer(Mutex<Seen>);

impl Observer {
    pub(super) fn write_begins(&self, batch: u64) {
        let mut seen = self.lock();
        *seen.writing.entry(batch).or_default() += 1;
        let alone = seen
            .writing
            .iter()
            .all(|(other, tasks)| *other == batch || *tasks == 0);
        seen.expect(alone, || {
            format!("B5: a task of batch {batch} began while one of another batch ran")
        });
        let over = [seen.committed, seen.aborted].contains(&Some(batch));
        seen.expect(!over, || {
            format!("W4: a task of batch {batch} began after its commit or abort")
        });
    }

    pub(super) fn write_ends(&self, batch: u64) {
        let mut seen = self.lock();
        let tasks = seen.writing.entry(batch).or_default();
        *tasks = tasks.saturating_sub(1);
    }

    /// The creation of `prepared/N` begins: from here on there is no abort.
    pub(super) fn prepared_attempted(&self, batch: u64) {
        let mut seen = self.lock();
        let idle = !seen.is_writing(batch);
        seen.expect(idle, || {
            format!("W4: batch {batch} was prepared while a task ran")
        });
        let before = seen.prepared_attempted.filter(|before| *before < batch);
        let before = before.max(seen.committed.filter(|before| *before < batch));
        let alone = before <= seen.recorded;
        seen.expect(alone, || {
            format!("B5: batch {batch} was prepared before {before:?} was recorded as committed")
        });
        seen.prepared_attempted = Some(batch);
    }

    pub(super) fn commit(&self, batch: u64, messages: usize, partitions: u32, replay: bool) {
        let mut seen = self.lock();
        let idle = !seen.is_writing(batch);
        seen.expect(idle, || {
            format!("W4: commit of batch {batch} while a task ran")
        });
        let whole = messages > 0 && u32::try_from(messages) == Ok(partitions);
        seen.expect(whole, || {
            format!(
                "W2: commit of batch {batch} got {messages} messages for {partitions} partitions"
            )
        });
        let durable = replay || seen.prepared_attempted == Some(batch);
        seen.expect(durable, || {
            format!("E3: commit of batch {batch} before its messages were recorded")
        });
        let exclusive = seen.aborted != Some(batch);
        seen.expect(exclusive, || {
            format!("W5: commit of batch {batch} after its abort")
        });
        let in_order = seen.committed.is_none_or(|before| before + 1 == batch);
        let before = seen.committed;
        seen.expect(in_order, || {
            format!("B5: commit of batch {batch} after that of {before:?}")
        });
        seen.committed = Some(batch);
    }

    /// The record of a batch as committed is there.
    pub(super) fn recorded(&self, batch: u64) {
        let mut seen = self.lock();
        seen.recorded = seen.recorded.max(Some(batch));
    }

    pub(super) fn abort(&self, batch: u64, messages: usize, partitions: u32) {
        let mut seen = self.lock();
        let idle = !seen.is_writing(batch);
        seen.expect(idle, || {
            format!("W4: abort of batch {batch} while a task ran")
        });
        let whole = u32::try_from(messages) == Ok(partitions);
        seen.expect(whole, || {
            format!(
                "W3: abort of batch {batch} got {messages} messages for {partitions} partitions"
            )
        });
        let exclusive =
            ![seen.prepared_attempted, seen.committed, seen.aborted].contains(&Some(batch));
        seen.expect(exclusive, || {
            format!("W5: abort of batch {batch} although it was prepared, committed or aborted")
        });
        seen.aborted = Some(batch);
        seen.aborts += 1;
    }

    /// Adds what another part of the suite has seen.
    pub(super) fn violated(&self, violation: impl Into<String>) {
        self.lock().violations.push(violation.into());
    }

    pub(super) fn aborts(&self) -> u32 {
        self.lock().aborts
    }

    /// Returns the newest batch whose commit was called.
    pub(super) fn committed(&self) -> Option<u64> {
        self.lock().committed
    }

    /// Returns the first violation.
    pub(super) fn violation(&self) -> Option<String> {
        self.lock().violations.first().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_violation(calls: impl FnOnce(&Observer)) -> Option<String> {
        let observer = Observer::default();
        calls(&observer);
        observer.violation()
    }

    #[test]
    fn a_life_by_the_contract_violates_nothing() {
        let violation = first_violation(|life| {
            life.commit(2, 1, 1, true);
            life.recorded(2);
            life.write_begins(3);
            life.write_ends(3);
            life.prepared_attempted(3);
            life.write_begins(4);
            life.commit(3, 1, 1, false);
            life.recorded(3);
            life.write_ends(4);
            life.prepared_attempted(4);
            life.commit(4, 1, 1, false);
            life.write_begins(5);
            life.write_ends(5);
            life.abort(5, 2, 2);
        });
        assert_eq!(violation, None);
    }

    #[test]
    fn each_wrong_protocol_is_rejected_by_its_rule() {
        type Calls = fn(&Observer);
        let wrong: [(&str, Calls); 15] = [
            ("B5", |life| {
                life.prepared_attempted(0);
                life.commit(0, 1, 1, false);
                life.prepared_attempted(1);
            }),
            ("B5", |life| {
                life.commit(0, 1, 1, true);
                life.prepared_attempted(1);
            }),
            ("B5", |life| {
                life.write_begins(0);
                life.write_begins(1);
            }),
            ("W5", |life| {
                life.prepared_attempted(0);
                life.write_begins(1);
                life.write_ends(1);
                life.abort(0, 1, 1);
            }),
            ("W4", |life| {
                life.write_begins(0);
                life.prepared_attempted(0);
            }),
            ("W4", |life| {
                life.prepared_attempted(0);
                life.write_begins(0);
                life.commit(0, 1, 1, false);
            }),
            ("W4", |life| {
                life.write_begins(0);
                life.abort(0, 1, 1);
            }),
            ("W4", |life| {
                life.abort(0, 1, 1);
                life.write_begins(0);
            }),
            ("W2", |life| {
                life.prepared_attempted(0);
                life.commit(0, 1, 2, false);
            }),
            ("W2", |life| {
                life.prepared_attempted(0);
                life.commit(0, 0, 0, false);
            }),
            ("W3", |life| life.abort(0, 1, 2)),
            ("E3", |life| life.commit(0, 1, 1, false)),
            ("W5", |life| {
                life.prepared_attempted(0);
                life.abort(0, 1, 1);
            }),
            ("W5", |life| {
                life.abort(0, 1, 1);
                life.prepared_attempted(0);
                life.commit(0, 1, 1, false);
            }),
            ("B5", |life| {
                life.commit(0, 1, 1, true);
                life.commit(0, 1, 1, true);
            }),
        ];
        for (number, (rule, calls)) in wrong.into_iter().enumerate() {
            let violation = first_violation(calls).unwrap_or_default();
            assert!(violation.starts_with(rule), "{number}: {violation:?}");
        }
    }
}
