//! Guards F1 to F3 and F5 for the place of rows that do not fit: what lies there, and when.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use serde_json::{Value, json};
use streamwriter_core::testing::{Pretend, write_rows, write_rows_cut_off};
use streamwriter_core::{Attempt, SetAsideRow, StagedObject};

use super::*;
use crate::both::lie_in_one_another;
use crate::message::StagedFiles;

/// A sink of numbers over staging, which reads as many rows as it is told.
struct Numbers {
    staging: Staging,
    reads: usize,
    skips: bool,
}

impl StreamWriter for Numbers {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        "numbers"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.staging)
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<()> {
        self.staging.publish(&StagedFiles::all(messages), batch)
    }

    fn abort(&self, messages: Vec<Option<StagedFiles>>, batch: &BatchContext) -> Result<()> {
        let messages = messages.into_iter().flatten();
        self.staging.discard(&StagedFiles::all(messages), batch)
    }
}

impl WriteRows<u64> for Numbers {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles> {
        let mut file = self.staging.file(task, None, 0, "txt")?;
        for row in rows.by_ref().take(self.reads) {
            io::Write::write_all(&mut file, format!("{row}\n").as_bytes()).unwrap();
        }
        if self.skips {
            task.skip_rest();
        }
        Ok(StagedFiles::new(rows.read(), vec![file.finish()?]))
    }
}

struct Lake {
    directory: tempfile::TempDir,
    sink: SetAside<Numbers>,
}

fn lake() -> Lake {
    let directory = tempfile::tempdir().unwrap();
    let numbers = Numbers {
        staging: Staging::new(directory.path().join("data")).unwrap(),
        reads: usize::MAX,
        skips: false,
    };
    let sink = SetAside::new(numbers, directory.path().join("aside")).unwrap();
    Lake { directory, sink }
}

impl Lake {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The files that are published in one of the two directories, with what they hold.
    fn published(&self, name: &str) -> Vec<(String, String)> {
        let Ok(entries) = fs::read_dir(self.path(name)) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(&path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn staged(&self) -> usize {
        let staged = |staging: &Staging| {
            let all = staging
                .storage()
                .list(&streamwriter_core::StorePath::root())
                .unwrap();
            all.iter()
                .filter(|entry| entry.path.as_str().contains("/staging/"))
                .count()
        };
        staged(self.sink.place()) + staged(&self.sink.sink().staging)
    }

    fn commit(&self, message: OfBoth<SetAsideFiles, StagedFiles>, pretend: &Pretend) {
        self.sink.commit(vec![message], &pretend.batch()).unwrap();
    }
}

/// What a source reads: numbers are rows, anything else does not fit. `header|record` is a record
/// of a format with a header.
fn script<'t>(
    task: &'t TaskContext,
    records: &'t [&'t str],
) -> impl Iterator<Item = u64> + Send + 't {
    records
        .iter()
        .enumerate()
        .filter_map(move |(index, record)| {
            if let Ok(number) = record.parse() {
                return Some(number);
            }
            let (header, raw) = match record.split_once('|') {
                Some((header, raw)) => (Some(header.as_bytes()), raw),
                None => (None, *record),
            };
            put(task, index, header, &mut raw.as_bytes()).unwrap();
            None
        })
}

fn put(task: &TaskContext, index: usize, header: Option<&[u8]>, raw: &mut dyn Read) -> Result<()> {
    task.set_aside(SetAsideRow {
        source: "/in/a",
        position: 10 * index as u64,
        line: Some(index as u64 + 1),
        column: header.map(|_| "n"),
        reason: "no number",
        format: if header.is_some() { "csv" } else { "jsonl" },
        header,
        raw,
    })
}

fn write(
    lake: &Lake,
    pretend: &Pretend,
    records: &[&str],
) -> Result<OfBoth<SetAsideFiles, StagedFiles>, BoxError> {
    let task = pretend.task();
    write_rows(&lake.sink, script(&task, records), &task)
}

fn reasons(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn f5_records_and_reasons_are_published_with_the_batch_that_they_came_from() {
    let lake = lake();
    let pretend = Pretend::default();
    let message = write(&lake, &pretend, &["1", "x", "2", "two\nlines", ""]).unwrap();
    assert_eq!(message.first().rows, 3);
    assert_eq!(lake.published("aside"), []);
    lake.commit(message, &pretend);
    let query = pretend.query;
    let rows = format!("part-b0000000000-p00000-f0001-{query}.jsonl.rejected");
    let files = lake.published("aside");
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("part-b0000000000-p00000-f0000-{query}.reasons"),
            rows.clone()
        ]
    );
    assert_eq!(files[1].1, "x\ntwo\nlines\n\n");
    let lines = reasons(&files[0].1);
    let expected = json!({
        "outcome": "set-aside", "source": "/in/a", "position": 10, "line": 2, "column": null,
        "reason": "no number", "batch": 0, "partition": 0,
        "file": rows, "record": 0, "offset": 0, "length": 1,
    });
    assert_eq!(lines[0], expected);
    let places: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["record"].clone(),
                line["offset"].clone(),
                line["length"].clone(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            (json!(0), json!(0), json!(1)),
            (json!(1), json!(2), json!(9)),
            (json!(2), json!(12), json!(0))
        ]
    );
    assert_eq!(lake.published("data")[0].1, "1\n2\n");
    assert_eq!(lake.staged(), 0);
}

#[test]
fn f5_each_header_begins_a_file_of_its_own() {
    let lake = lake();
    let pretend = Pretend::default();
    let message = write(&lake, &pretend, &["a,b|x", "a,b|y", "b,a|z", "w", "a,b|v"]).unwrap();
    assert_eq!((message.first().rows, message.first().files.len()), (5, 5));
    lake.commit(message, &pretend);
    let files = lake.published("aside");
    let texts: Vec<&str> = files[1..].iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["a,b\nx\ny\n", "b,a\nz\n", "w\n", "a,b\nv\n"]);
    let lines = reasons(&files[0].1);
    for (line, file, record) in [(0, 1, 0), (1, 1, 1), (2, 2, 0), (3, 3, 0), (4, 4, 0)] {
        assert_eq!(lines[line]["file"], json!(files[file].0), "{line}");
        assert_eq!(lines[line]["record"], json!(record), "{line}");
    }
    assert_eq!(lines[1]["offset"], json!(6));
    let extensions: Vec<bool> = files
        .iter()
        .map(|(name, _)| name.ends_with(".csv.rejected"))
        .collect();
    assert_eq!(extensions, [false, true, true, false, true]);
}

#[test]
fn f1_nothing_there_has_the_extension_of_data_and_a_clean_partition_leaves_nothing() {
    let lake = lake();
    let pretend = Pretend::default();
    let message = write(&lake, &pretend, &["x", "a|y", "1"]).unwrap();
    lake.commit(message, &pretend);
    for (name, _) in lake.published("aside") {
        let extension = name.rsplit('.').next().unwrap();
        assert!(["rejected", "reasons"].contains(&extension), "{name}");
    }
    let next = Pretend {
        batch: BatchId::new(1),
        ..pretend
    };
    let message = write(&lake, &next, &["1", "2"]).unwrap();
    assert_eq!(message.first(), &SetAsideFiles::default());
    let before = lake.published("aside");
    lake.commit(message, &next);
    assert_eq!(lake.published("aside"), before);
}

#[test]
fn f5_bad_rows_behind_the_last_row_that_the_sink_reads_are_set_aside_too() {
    let mut lake = lake();
    lake.sink.both.second.reads = 2;
    let pretend = Pretend::default();
    // The sink never asks for a third row, so that it does not meet what follows the second.
    let message = write(&lake, &pretend, &["1", "x", "2", "y", "z"]).unwrap();
    assert_eq!(message.first().rows, 3);
    lake.sink.both.second.skips = true;
    let next = Pretend {
        batch: BatchId::new(1),
        ..pretend
    };
    let message = write(&lake, &next, &["1", "2", "3", "y", "4"]).unwrap();
    assert_eq!((message.first().rows, message.second().rows), (1, 2));
}

#[test]
fn w9_rows_left_unread_are_still_an_error() {
    let mut lake = lake();
    lake.sink.both.second.reads = 2;
    let error = write(&lake, &Pretend::default(), &["1", "2", "x", "3"]).unwrap_err();
    assert!(error.to_string().contains("had read 2"), "{error}");
}

#[test]
fn w8_the_files_of_a_part_of_a_partition_are_not_finished() {
    let lake = lake();
    let task = Pretend::default().task();
    let records = ["1", "x", "2"];
    let error = write_rows_cut_off(&lake.sink, script(&task, &records), &task).unwrap_err();
    let error = error.downcast::<Error>().unwrap();
    assert_eq!(error.kind(), ErrorKind::CutOff);
    drop(task);
    // What the sink inside has finished is its own; the place has left nothing.
    let place = lake.sink.place().storage();
    let left = place.list(&streamwriter_core::StorePath::root()).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn f5_only_the_attempt_that_succeeds_counts() {
    let lake = lake();
    let pretend = Pretend::default();
    let first = pretend.task();
    put(&first, 0, None, &mut "x".as_bytes()).unwrap_err();
    write_rows_cut_off(&lake.sink, script(&first, &["x", "1"]), &first).unwrap_err();
    let again = Pretend {
        attempt: Attempt::new(1),
        ..pretend
    };
    let message = write(&lake, &again, &["x", "1"]).unwrap();
    assert_eq!(message.first().rows, 1);
    lake.commit(message, &again);
    let files = lake.published("aside");
    assert_eq!(files.len(), 2);
    assert_eq!(files[1].1, "x\n");
}

#[test]
fn f5_a_row_that_could_not_be_kept_whole_keeps_the_files_from_being_finished() {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let lake = lake();
    let task = Pretend::default().task();
    // A source that goes on as if nothing had happened.
    let rows = (0..3).map(|index| {
        put(&task, index, None, &mut Torn).unwrap_err();
        index as u64
    });
    let error = write_rows(&lake.sink, rows, &task).unwrap_err();
    assert!(error.to_string().contains("was not set aside"), "{error}");
}

#[test]
fn w3_an_abort_drops_what_is_staged_in_both() {
    let lake = lake();
    let pretend = Pretend::default();
    let message = write(&lake, &pretend, &["1", "x"]).unwrap();
    assert_eq!(lake.staged(), 3);
    lake.sink
        .abort(vec![Some(message), None], &pretend.batch())
        .unwrap();
    assert_eq!(
        (
            lake.staged(),
            lake.published("aside"),
            lake.published("data")
        ),
        (0, vec![], vec![])
    );
}

#[test]
fn e6_the_place_may_be_new_to_a_query_that_has_batches_and_the_data_may_not() {
    let lake = lake();
    let query = QueryId::random();
    let claim = TargetClaim::new(query, "checkpoint").claimed_before(true);
    let error = lake.sink.open(&claim).unwrap_err();
    assert_eq!(error.path(), Some(lake.path("data").to_str().unwrap()));
    lake.sink
        .sink()
        .target()
        .unwrap()
        .open(&claim.clone().claimed_before(false))
        .unwrap();
    lake.sink.open(&claim).unwrap();
    let other = TargetClaim::new(QueryId::random(), "another");
    let place = Staging::new(lake.path("aside")).unwrap();
    assert_eq!(place.open(&other).unwrap_err().kind(), ErrorKind::Mismatch);
    // The checkpoint knows the data, and needs not know the place.
    assert_eq!(lake.sink.description(), lake.sink.sink().description());
    assert!(
        lake.sink.location().contains("rows set aside in"),
        "{}",
        lake.sink.location()
    );
}

#[test]
fn one_place_is_enough() {
    let lake = lake();
    let twice = SetAside::new(lake.sink, lake.directory.path().join("more")).unwrap();
    let error = twice.check_rows().unwrap_err().downcast::<Error>().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    let task = Pretend::default().task();
    let error = write_rows(&twice, [1], &task)
        .unwrap_err()
        .downcast::<Error>()
        .unwrap();
    assert!(error.message().contains("two sinks"), "{error}");
}

#[test]
fn f1_the_place_and_the_data_must_not_lie_in_one_another() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    fs::create_dir_all(at("lake/orders")).unwrap();
    std::os::unix::fs::symlink(at("lake"), at("link")).unwrap();
    for (data, aside, apart) in [
        ("lake/orders", "lake/orders-set-aside", true),
        ("lake/orders", "lake/orders", false),
        ("lake/orders", "lake/orders/_set_aside", false),
        ("lake/orders", "lake", false),
        ("lake/orders", "link/orders/new/place", false),
        ("link/orders", "lake", false),
        ("link/new", "lake/new", false),
        ("link/orders", "lake/others", true),
        ("lake/orders/.", "lake/orders", false),
        ("lake/orders", "new/../lake/orders/new", false),
    ] {
        let found = lie_in_one_another(&at(data), &at(aside));
        assert_eq!(found, !apart, "{data} {aside}");
    }
    let lake = "s3://lake/orders";
    assert!(!lie_in_one_another(lake, "s3://lake/orders-set-aside"));
    assert!(lie_in_one_another(lake, "s3://lake/orders/aside"));
    // The check of the target asks for it.
    let inside = directory.path().join("lake/orders/aside");
    let numbers = Numbers {
        staging: Staging::new(at("lake/orders")).unwrap(),
        reads: 0,
        skips: false,
    };
    let error = SetAside::new(numbers, inside).unwrap().check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.path().unwrap().ends_with("orders/aside"), "{error}");
}

#[test]
fn w12_the_message_of_the_place_is_data_and_counts_no_output() {
    let files = SetAsideFiles {
        rows: 3,
        files: Vec::<StagedObject>::new(),
    };
    let text = streamwriter_core::testing::encode_message(&files, 1000).unwrap();
    assert_eq!(
        text,
        r#"{"type":"streamwriter.set-aside-files","version":1,"body":{"files":[],"rows":3}}"#
    );
    let metrics = streamwriter_core::CommitMessage::metrics(&files);
    assert_eq!(
        (metrics.set_aside, metrics.rows, metrics.files),
        (Some(3), None, None)
    );
}
