//! Guards that a partition leaves the same files with idle executors as without, whatever the rows are,
//! and that nobody goes on for a task that has ended.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use streamwriter_core::testing::{Pretend, write_rows, write_rows_cut_off};
use streamwriter_core::{ErrorKind, LocalStorage, StorePath, StreamWriter, TaskContext};

use super::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trip {
    id: i64,
    city: String,
    fare: Option<f64>,
    tags: Vec<String>,
}

fn trip(id: i64) -> Trip {
    Trip {
        id,
        city: format!("city {}", id % 11),
        fare: (id % 3 != 0).then_some(id as f64 / 7.0),
        tags: (0..id % 3).map(|tag| format!("{tag} of {id}")).collect(),
    }
}

fn trips(rows: i64) -> Vec<Trip> {
    (0..rows).map(trip).collect()
}

type Files = BTreeMap<String, Vec<u8>>;

fn read(directory: &Path) -> Files {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Writes and publishes the rows, and returns the files.
fn files_of<R, E: Encoding<R>>(
    task: &TaskContext,
    pretend: &Pretend,
    make: impl FnOnce(&Path) -> ParquetSink<E>,
    rows: Vec<R>,
) -> Files
where
    R: Send,
{
    let directory = tempfile::tempdir().unwrap();
    let sink = make(directory.path());
    let message = write_rows(&sink, rows, task).unwrap();
    sink.commit(vec![message], &pretend.batch()).unwrap();
    read(directory.path())
}

/// Returns how many files the rows leave, with and without help.
#[track_caller]
fn assert_same<R: Clone + Send, E: Encoding<R>>(
    make: impl Fn(&Path) -> ParquetSink<E>,
    rows: &[R],
) -> usize {
    let pretend = Pretend::default();
    let alone = files_of(&pretend.task(), &pretend, &make, rows.to_vec());
    for idle in [1, 3] {
        let task = pretend.task_beside_idle(idle);
        let helped = files_of(&task, &pretend, &make, rows.to_vec());
        assert_eq!(
            helped.keys().collect::<Vec<_>>(),
            alone.keys().collect::<Vec<_>>()
        );
        assert!(helped == alone, "with {idle} helpers the files are others");
        assert_all_came_back(&task, idle);
    }
    alone.len()
}

/// W4: no helper is left when the task is over.
#[track_caller]
fn assert_all_came_back(task: &TaskContext, idle: usize) {
    let claimed: Vec<_> = (0..idle).map(|_| task.claim_idle_executor()).collect();
    assert!(claimed.iter().all(Option::is_some), "a helper is left");
}

fn of_serde(path: &Path) -> ParquetSink {
    ParquetSink::new(path).unwrap().batch_rows(500)
}

#[test]
fn serde_rows_leave_the_same_file() {
    assert_eq!(assert_same(of_serde, &trips(10_000)), 1);
    assert_eq!(
        assert_same(|path| of_serde(path).row_group_rows(3333), &trips(10_000)),
        1
    );
}

#[test]
fn f2_files_that_are_full_are_the_same_ones() {
    let by_rows = |path: &Path| of_serde(path).max_rows_per_file(2_700);
    assert_eq!(assert_same(by_rows, &trips(10_000)), 4);
    for bytes in [20_000, 50_000, 120_000] {
        let by_bytes = |path: &Path| {
            let sink = of_serde(path)
                .max_bytes_per_file(bytes)
                .row_group_rows(1_200);
            sink.compression(Compression::None)
        };
        let files = assert_same(by_bytes, &trips(10_000));
        assert!(files > 2, "{files} files of {bytes} bytes");
    }
}

#[test]
fn record_batches_leave_the_same_file_whatever_their_sizes() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("text", DataType::Utf8, false),
    ]));
    let batch = |rows: i64| {
        let texts = (0..rows).map(|row| format!("text {}", row * 7919 % 1013));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(0..rows)),
            Arc::new(StringArray::from_iter_values(texts)),
        ];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    };
    let batches: Vec<_> = [700, 1, 0, 20_000, 3, 900, 15_000, 600, 600, 600, 40_000]
        .map(batch)
        .into();
    let make = |path: &Path| {
        ParquetSink::arrow(path, Arc::clone(&schema))
            .unwrap()
            .batch_rows(500)
            .row_group_rows(9_999)
    };
    assert_eq!(assert_same(make, &batches), 1);
}

#[test]
fn w8_a_partition_that_is_cut_off_leaves_neither_a_file_nor_a_helper() {
    for limit in [None, Some(1_500)] {
        let directory = tempfile::tempdir().unwrap();
        let mut sink = of_serde(directory.path());
        if let Some(rows) = limit {
            sink = sink.max_rows_per_file(rows);
        }
        let task = Pretend::default().task_beside_idle(2);
        let error = write_rows_cut_off(&sink, trips(10_000), &task).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CutOff);
        assert_all_came_back(&task, 2);
        let storage = LocalStorage::shared(directory.path()).unwrap();
        let own = StorePath::parse("_streamwriter/staging").unwrap();
        let left = storage.list(&own).unwrap().len();
        assert_eq!((left, read(directory.path()).len()), (0, 0));
    }
}

#[test]
fn w6_rows_that_panic_leave_no_helper() {
    let directory = tempfile::tempdir().unwrap();
    let sink = of_serde(directory.path());
    let task = Pretend::default().task_beside_idle(2);
    let rows = (0..10_000).map(|id| {
        assert!(id < 9_000, "no more rows");
        trip(id)
    });
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        write_rows(&sink, rows, &task)
    }));
    assert!(written.is_err() || written.is_ok_and(|written| written.is_err()));
    assert_all_came_back(&task, 2);
}

#[test]
fn files_that_take_turns_do_without_help() {
    let directory = tempfile::tempdir().unwrap();
    let sink = of_serde(directory.path()).partition_by(["city"]);
    let pretend = Pretend::default();
    let task = pretend.task_beside_idle(1);
    let rows = trips(5_000).into_iter().inspect(|row| {
        assert!(row.id < 4_000 || task.claim_idle_executor().is_some());
    });
    write_rows(&sink, rows, &task).unwrap();
}
