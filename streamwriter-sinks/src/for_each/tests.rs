//! Guards E3, E4, E7, W5, W6, W8, W9 and W12 for closures as sinks.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};
use streamwriter_core::{
    BatchContext, BatchId, BoxError, Error, ErrorKind, Guarantee, StorePath, StreamWriter,
    TaskContext, WriteRows,
};

use super::*;
use crate::staging::Staging;

fn own(error: BoxError) -> Error {
    *error.downcast::<Error>().unwrap()
}

#[test]
fn each_row_comes_once_in_a_try_that_succeeds() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let rows = Arc::clone(&seen);
    let sink = ForEach::new(move |row: u64, task: &TaskContext| {
        rows.lock().unwrap().push((task.partition().get(), row));
        if row == 7 { Err("seven") } else { Ok(()) }
    });
    let task = Pretend::default().task();
    assert_eq!(write_rows(&sink, [1, 2], &task).unwrap().rows, 2);
    assert_eq!(*seen.lock().unwrap(), [(0, 1), (0, 2)]);
    let error = write_rows(&sink, [6, 7, 8], &task).unwrap_err();
    assert_eq!(error.to_string(), "seven");
    assert_eq!(seen.lock().unwrap().len(), 4);
    assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
}

#[test]
fn w8_a_partition_that_is_cut_off_does_not_look_like_one_that_has_ended() {
    let task = Pretend::default().task();
    let each = ForEach::new(|_: u64, _: &TaskContext| Ok::<_, BoxError>(()));
    let error = own(write_rows_cut_off(&each, [1, 2], &task).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CutOff);

    let finished = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&finished);
    let sum = ForEachPartition::<u64, _>::new(move |rows, _| {
        let rows = rows.collect::<Result<Vec<u64>, Error>>()?;
        list.lock().unwrap().push(rows);
        Ok::<_, BoxError>(())
    });
    let error = own(write_rows_cut_off(&sum, [1, 2], &task).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CutOff);
    let cancelled = Pretend::default().cancelled_task();
    let error = own(write_rows(&sum, [1, 2], &cancelled).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CutOff);
    write_rows(&sum, [1, 2], &task).unwrap();
    assert_eq!(*finished.lock().unwrap(), [[1, 2]]);

    // One that looks at good rows only is not believed.
    let careless = ForEachPartition::<u64, _>::new(|rows, _| {
        assert_eq!(rows.by_ref().flatten().count(), 2);
        assert!(rows.next().is_none());
        Ok::<_, BoxError>(())
    });
    let error = own(write_rows_cut_off(&careless, [1, 2], &task).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CutOff);
}

/// What each call got.
type Calls = Arc<Mutex<Vec<(u64, bool, Vec<u64>)>>>;

struct Bench {
    directory: tempfile::TempDir,
    calls: Calls,
}

impl Bench {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            calls: Calls::default(),
        }
    }

    fn staging(&self) -> Staging {
        Staging::new(self.directory.path()).unwrap()
    }

    fn sink<F>(
        &self,
        then: F,
    ) -> impl WriteRows<u64, Message = SpilledRows, Error = BoxError> + use<F>
    where
        F: Fn(&BatchContext) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        let calls = Arc::clone(&self.calls);
        ForEachBatch::<u64, _>::new_in(self.staging(), move |rows, batch| {
            let all = rows.collect::<Result<Vec<u64>, Error>>()?;
            let call = (batch.batch_id().get(), batch.replay(), all);
            calls.lock().unwrap().push(call);
            then(batch)
        })
    }

    fn calls(&self) -> Vec<(u64, bool, Vec<u64>)> {
        self.calls.lock().unwrap().clone()
    }

    fn spilled(&self) -> Vec<PathBuf> {
        let prefix = StorePath::parse("_streamwriter/staging").unwrap();
        let entries = self.staging().storage().list(&prefix).unwrap();
        let path = |path: &StorePath| self.directory.path().join(path.as_str());
        entries.iter().map(|entry| path(&entry.path)).collect()
    }
}

fn in_batch(pretend: Pretend, number: u64, replay: bool) -> Pretend {
    Pretend {
        batch: BatchId::new(number),
        replay,
        ..pretend
    }
}

#[test]
fn e3_a_batch_is_the_stored_rows_of_all_partitions_however_often_it_comes() {
    let bench = Bench::new();
    let sink = bench.sink(|_| Ok(()));
    let pretend = Pretend::default();
    let mut messages = Vec::new();
    for (partition, rows) in [(0, 0..3), (1, 0..0), (2, 3..50_000)] {
        let task = Pretend {
            partition: streamwriter_core::PartitionId::new(partition),
            partitions: 3,
            ..pretend
        };
        let message = write_rows(&sink, rows, &task.task()).unwrap();
        messages.push(round_trip(&message).unwrap());
    }
    assert_eq!(messages[1], SpilledRows::default());
    assert!(bench.calls().is_empty(), "before the commit");
    sink.commit(messages.clone(), &pretend.batch()).unwrap();
    let all: Vec<u64> = (0..50_000).collect();
    assert_eq!(bench.calls(), [(0, false, all.clone())]);
    // The same process once more, or another one after a crash: the files are still there.
    sink.commit(messages.clone(), &pretend.batch()).unwrap();
    assert_eq!(bench.calls.lock().unwrap().pop().unwrap().2, all);
    let again = bench.sink(|_| Ok(()));
    again
        .commit(messages, &in_batch(pretend, 0, true).batch())
        .unwrap();
    assert_eq!(bench.calls()[1], (0, true, all));
}

#[test]
fn e7_what_is_done_goes_with_the_next_commit_and_what_is_aborted_at_once() {
    let bench = Bench::new();
    let sink = bench.sink(|_| Ok(()));
    let first = Pretend::default();
    let message = write_rows(&sink, [1], &first.task()).unwrap();
    sink.commit(vec![message], &first.batch()).unwrap();
    let second = in_batch(first, 1, false);
    let message = write_rows(&sink, [2], &second.task()).unwrap();
    assert_eq!(bench.spilled().len(), 2);
    sink.commit(vec![message], &second.batch()).unwrap();
    assert_eq!(bench.spilled().len(), 1);
    let third = in_batch(first, 2, false);
    let message = write_rows(&sink, [3], &third.task()).unwrap();
    sink.abort(vec![Some(message), None], &third.batch())
        .unwrap();
    assert_eq!(bench.spilled().len(), 1);
    // Nothing that a reader would take for data was ever there.
    let visible = fs::read_dir(bench.directory.path()).unwrap();
    let visible: Vec<_> = visible.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(visible, ["_streamwriter"]);
}

#[test]
fn w5_a_call_that_failed_finds_its_rows_again() {
    let bench = Bench::new();
    let sink = bench.sink(|batch| match batch.replay() {
        true => Ok(()),
        false => Err("not today".into()),
    });
    let pretend = Pretend::default();
    let message = write_rows(&sink, [1, 2], &pretend.task()).unwrap();
    let error = sink.commit(vec![message.clone()], &pretend.batch());
    assert_eq!(error.unwrap_err().to_string(), "not today");
    sink.commit(vec![message], &in_batch(pretend, 0, true).batch())
        .unwrap();
    assert_eq!(bench.calls()[1], (0, true, vec![1, 2]));
}

#[test]
fn w9_rows_of_a_batch_that_nobody_read_are_an_error_unless_they_are_skipped() {
    let bench = Bench::new();
    for (skip, expected) in [(false, false), (true, true)] {
        let sink = ForEachBatch::<u64, _>::new_in(bench.staging(), move |rows, _| {
            assert_eq!((rows.next().unwrap().unwrap(), rows.read()), (1, 1));
            if skip {
                rows.skip_rest();
            }
            Ok::<_, BoxError>(())
        });
        let pretend = Pretend::default();
        let message = write_rows(&sink, [1, 2], &pretend.task()).unwrap();
        let committed = sink.commit(vec![message], &pretend.batch());
        assert_eq!(committed.is_ok(), expected);
        if let Err(error) = committed {
            assert!(error.to_string().contains("it had read 1"), "{error}");
        }
    }
}

#[test]
fn e3_files_that_are_not_as_the_messages_say_are_never_given_to_the_closure() {
    for harm in ["missing", "cut", "changed"] {
        let bench = Bench::new();
        let sink = bench.sink(|_| Ok(()));
        let pretend = Pretend::default();
        let message = write_rows(&sink, [10, 20], &pretend.task()).unwrap();
        let path = &bench.spilled()[0];
        match harm {
            "missing" => fs::remove_file(path).unwrap(),
            "cut" => fs::write(path, "10\n").unwrap(),
            _ => fs::write(path, "10\n21\n").unwrap(),
        }
        let error = own(sink.commit(vec![message], &pretend.batch()).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{harm}");
        assert!(error.path().is_some() && error.help().is_some());
        assert!(bench.calls().is_empty(), "{harm}");
    }
}

#[test]
fn w12_a_row_that_does_not_come_back_fails_its_task_and_not_its_commit() {
    let directory = tempfile::tempdir().unwrap();
    let sink = ForEachBatch::<f64, _>::new(directory.path(), |rows, _| {
        rows.try_for_each(|row| row.map(drop))
    });
    let sink = sink.unwrap();
    let task = Pretend::default().task();
    let error = own(write_rows(&sink, [1.5, f64::NAN], &task).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Row);
    assert!(error.is_permanent());
    assert!(error.to_string().contains("row 2"), "{error}");
}

#[test]
fn w12_rows_of_another_release_are_an_error_that_the_closure_cannot_hide() {
    let directory = tempfile::tempdir().unwrap();
    let staging = || Staging::new(directory.path()).unwrap();
    let writes = ForEachBatch::<String, _>::new_in(staging(), |_, _| Ok::<_, BoxError>(()));
    let pretend = Pretend::default();
    let rows = ["1".to_owned()];
    let message = write_rows(&writes, rows, &pretend.task()).unwrap();
    let hides = ForEachBatch::<u64, _>::new_in(staging(), |rows, _| {
        let error = rows.next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Message);
        assert!(rows.next().is_none());
        Ok::<_, BoxError>(())
    });
    let error = hides.commit(vec![message], &pretend.batch()).unwrap_err();
    assert!(error.to_string().contains("row 1"), "{error}");
}

#[test]
fn w8_a_part_of_a_partition_is_not_spilled() {
    let bench = Bench::new();
    let sink = bench.sink(|_| Ok(()));
    let task = Pretend::default().task();
    write_rows_cut_off(&sink, [1, 2], &task).unwrap_err();
    assert!(bench.spilled().is_empty());
}

#[test]
fn e4_exactly_once_is_declared_and_never_assumed() {
    let bench = Bench::new();
    let make = || ForEachBatch::<u64, _>::new_in(bench.staging(), |_, _| Ok::<_, BoxError>(()));
    assert_eq!(make().guarantee(), Guarantee::AtLeastOnce);
    assert_eq!(make().idempotent().guarantee(), Guarantee::ExactlyOnce);
}

/// A row of any shape comes back as it went in.
#[test]
fn rows_come_back_from_the_files_as_they_went_in() {
    type Row = (Option<String>, BTreeMap<String, f64>, Vec<i64>);
    let directory = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..100)
        .map(|number| {
            let text = format!("line\nof \"{number}\" ä").repeat(number * 50);
            let map = BTreeMap::from([(text.clone(), 0.1 * number as f64)]);
            (
                (number % 3 == 0).then_some(text),
                map,
                vec![i64::MIN; number],
            )
        })
        .collect();
    let expected = rows.clone();
    let sink = ForEachBatch::<Row, _>::new(directory.path(), move |rows, _| {
        let rows = rows.collect::<Result<Vec<Row>, Error>>()?;
        assert_eq!(rows, expected);
        Ok::<_, BoxError>(())
    });
    let sink = sink.unwrap();
    let pretend = Pretend::default();
    let message = write_rows(&sink, rows, &pretend.task()).unwrap();
    sink.commit(vec![message], &pretend.batch()).unwrap();
}
