//! E3 and E7 for a closure that gets whole batches: rows that vanished, and a person's decision.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use streamwriter::{
    BatchContext, BatchId, BatchRows, BoxError, Error, ErrorKind, ForEachBatch, LocalStorage,
    QueryBuilder, Storage, StorePath, Trigger, WriteRows, stream,
};

use crate::support::{Numbers, memory_directory};

/// Batch, revision and rows of each call.
type Calls = Arc<Mutex<Vec<(u64, u64, Vec<u64>)>>>;

struct Bench {
    directory: tempfile::TempDir,
    calls: Calls,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Gives back an error for one batch, at its first call.
    fn sink(&self, refuses: Option<u64>) -> impl WriteRows<u64> + use<> {
        let calls = Arc::clone(&self.calls);
        let call = move |rows: &mut BatchRows<'_, u64>, batch: &BatchContext| {
            let rows = rows.collect::<Result<Vec<u64>, Error>>()?;
            let (id, revision) = (batch.batch_id().get(), batch.revision().get());
            calls.lock().unwrap().push((id, u64::from(revision), rows));
            match refuses == Some(id) {
                true => Err(BoxError::from("not today")),
                false => Ok(()),
            }
        };
        let sink = ForEachBatch::new(self.path("spill"), call);
        sink.unwrap().idempotent()
    }

    fn query<W: WriteRows<u64>>(
        &self,
        sink: W,
    ) -> QueryBuilder<Numbers, W, streamwriter::CheckpointChosen> {
        stream(Numbers::new(30))
            .write_to(sink)
            .checkpoint(self.path("state"))
            .trigger(Trigger::AvailableNow)
    }

    fn run(&self, refuses: Option<u64>) -> Result<streamwriter::QuerySummary, Error> {
        self.query(self.sink(refuses)).start()?.await_termination()
    }

    fn calls(&self) -> Vec<(u64, u64, Vec<u64>)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn spilled(&self) -> Vec<PathBuf> {
        let storage = LocalStorage::new(self.path("spill")).unwrap();
        let prefix = StorePath::parse("_streamwriter/staging").unwrap();
        let staged = storage.list(&prefix).unwrap();
        let path = |path: &StorePath| self.path("spill").join(path.as_str());
        staged.iter().map(|entry| path(&entry.path)).collect()
    }
}

/// The closure has refused batch 1, and a file of its rows has vanished since.
fn vanished() -> Bench {
    let bench = Bench {
        directory: memory_directory(),
        calls: Calls::default(),
    };
    let error = bench.run(Some(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Commit);
    assert_eq!(error.batch(), Some(BatchId::new(1)));
    let batches: Vec<u64> = bench.calls().into_iter().map(|call| call.0).collect();
    assert_eq!(batches, [0, 1]);
    // Batch 0 is done, and its rows are gone.
    let of_batch_1 = bench.spilled();
    assert_eq!(of_batch_1.len(), 2);
    fs::remove_file(&of_batch_1[0]).unwrap();
    let error = bench.run(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(
        error
            .help()
            .unwrap()
            .contains(".write_again(BatchId::new(1))")
    );
    assert!(bench.calls().is_empty(), "a part of a batch was given");
    bench
}

#[test]
fn e3_a_call_that_failed_gets_the_stored_rows_at_the_next_start() {
    let bench = Bench {
        directory: memory_directory(),
        calls: Calls::default(),
    };
    bench.run(Some(1)).unwrap_err();
    bench.run(None).unwrap();
    let rows = |batch: u64| (batch * 10..batch * 10 + 10).collect::<Vec<u64>>();
    let expected = [(0, 0), (1, 0), (1, 0), (2, 0)].map(|(batch, of)| (batch, of, rows(batch)));
    assert_eq!(bench.calls(), expected);
    bench.run(None).unwrap();
    assert!(bench.calls().is_empty() && bench.spilled().is_empty());
}

#[test]
fn e3_rows_that_vanished_are_written_again_if_a_person_says_so() {
    let bench = vanished();
    let repair = bench.query(bench.sink(None)).repair().unwrap();
    repair.write_again(BatchId::new(1)).unwrap();
    bench.run(None).unwrap();
    let expected = [(1, 1, (10..20).collect()), (2, 0, (20..30).collect())];
    assert_eq!(bench.calls(), expected);
}

#[test]
fn e3_rows_that_vanished_are_left_out_if_a_person_accepts_them_as_given() {
    let bench = vanished();
    let repair = bench.query(bench.sink(None)).repair().unwrap();
    repair.accept_as_published(BatchId::new(1)).unwrap();
    bench.run(None).unwrap();
    let expected = [(1, 0, (15..20).collect()), (2, 0, (20..30).collect())];
    assert_eq!(bench.calls(), expected);
}
