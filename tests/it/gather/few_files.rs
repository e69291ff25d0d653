//! F2 and the point of it all: a slow stream makes few files, with the same rows.

use std::path::Path;

use streamwriter::{FileSink, Memory, QueryBuilder, stream};

use super::{LONG, held_back, polling, until};
use crate::support::memory_directory;

const ROWS: u64 = 60;

type Query = QueryBuilder<Memory<u64>, FileSink<streamwriter_sinks::JsonLines>>;

/// Sends one row after another, each when the query has seen the one before; returns files and rows.
fn trickle(directory: &Path, gather: impl FnOnce(Query) -> Query) -> (Vec<String>, Vec<u64>) {
    let source = Memory::new([]);
    let sink = FileSink::json_lines(directory.join("target")).unwrap();
    let query = gather(stream(source.clone()).write_to(sink))
        .checkpoint(directory.join("checkpoint"))
        .trigger(polling())
        .start()
        .unwrap();
    for row in 0..ROWS {
        source.push([row]);
        until("the row is seen", || {
            let held = held_back(&query).map_or(0, |gathered| gathered.rows);
            query.summary().input_rows + held == row + 1
        });
    }
    query.stop(LONG).unwrap();
    query.await_termination().unwrap();
    read(&directory.join("target"))
}

fn read(target: &Path) -> (Vec<String>, Vec<u64>) {
    let (mut names, mut rows) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(target).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            let text = std::fs::read_to_string(path).unwrap();
            rows.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
        }
    }
    names.sort_unstable();
    rows.sort_unstable();
    (names, rows)
}

#[test]
fn f2_a_slow_stream_makes_a_file_for_each_batch_that_gathered() {
    let (plain, gathered) = (memory_directory(), memory_directory());
    let (many, rows) = trickle(plain.path(), |query| query);
    assert_eq!(rows, (0..ROWS).collect::<Vec<_>>());
    let (few, same_rows) = trickle(gathered.path(), |query| query.min_rows_per_batch(20));
    assert_eq!(same_rows, rows);
    println!(
        "{ROWS} rows, one at a time: {} files, {} if 20 gather",
        many.len(),
        few.len()
    );
    assert_eq!((many.len() as u64, few.len()), (ROWS, 3));
    for (batch, name) in few.iter().enumerate() {
        let starts = format!("part-b{batch:010}-p00000-f0000-");
        assert!(name.starts_with(&starts), "{name}");
    }
}
