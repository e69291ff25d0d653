//! What must hold of the readers and of the positions of directory sources, whatever the bytes; see
//! `fuzz/`.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::fs;
use std::path::{Component, Path};

use serde_json::Value;
use streamwriter_core::testing::Pretend;
use streamwriter_core::{__fuzz as core, BatchId, BoxError, PlanLimits, RowReader, Source};

use super::hive::Layout;
use super::position::FileIdentity;
use super::sizes::small;
use super::{BYTE_ORDER_MARK, BadRows, FilesOffset, FilesPartition};
use crate::{Csv, JsonLines};

pub use super::taken::fuzz::segments;

/// Bytes from which the options of a case are taken, one after another.
struct Choices<'d>(&'d [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    /// A number up to a most, or none.
    fn some(&mut self, most: u8) -> Option<u64> {
        let choice = self.next() % (most + 1);
        (choice > 0).then_some(u64::from(choice))
    }
}

/// Splits an input into choices of so many bytes, and the text of a file.
fn choices(data: &[u8], bytes: usize) -> Option<(Choices<'_>, &[u8])> {
    let (choices, text) = data.split_at_checked(bytes)?;
    Some((Choices(choices), text))
}

/// Rows of a file, and how many did not fit; or that the file as a whole does not.
type Read<R> = Result<(Vec<R>, u64), String>;

/// Reads a file of that text, cut by these limits.
fn read<S>(source: &S, limits: &PlanLimits) -> Read<S::Row>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
{
    let task = Pretend::default().task();
    let (mut rows, mut dropped, mut start) = (Vec::new(), 0, None);
    let failed = |error: BoxError| error.to_string();
    for batch in 0.. {
        let Some(plan) = source.plan(start.as_ref(), limits).map_err(failed)? else {
            break;
        };
        let before = rows.len();
        for partition in &plan.partitions {
            let mut reader = source.open(partition, &task).map_err(failed)?;
            while let Some(row) = reader.next_row() {
                rows.push(row.map_err(failed)?);
            }
            dropped += reader.counts().unwrap_or_default().dropped;
        }
        let most = limits.rows.unwrap_or(u64::MAX);
        assert!(
            (rows.len() - before) as u64 <= most,
            "more rows than a batch may have"
        );
        source
            .committed(BatchId::new(batch), &plan)
            .map_err(failed)?;
        start = Some(plan.end);
    }
    Ok((rows, dropped))
}

/// Whatever the limits, the executors and the sizes of buffers, the rows are the same, in order.
fn expect_one_reading<S>(make: impl Fn() -> S, choices: &mut Choices<'_>) -> Read<S::Row>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
    S::Row: PartialEq + Debug,
{
    let whole = read(&make(), &PlanLimits::unbounded(1));
    let mut limits = PlanLimits::unbounded(usize::from(choices.next() % 5) + 1);
    limits.rows = choices.some(5);
    limits.bytes = choices.some(40);
    let cut = small(|| read(&make(), &limits));
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut, "cut by {limits:?}"),
        (Err(_), Err(_)) => {}
        _ => assert_eq!(whole, cut, "cut by {limits:?}"),
    }
    whole
}

thread_local! {
    /// One folder for a file that is written again and again.
    static FOLDER: Option<Folder> = Folder::new();
}

/// A folder that goes away with its thread.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Option<Self> {
        let name = format!("streamwriter-fuzz-{}", core::unique());
        let memory = Path::new("/dev/shm");
        let above = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = Self(above.join(name));
        fs::create_dir_all(&folder.0).ok()?;
        Some(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs something over a folder with one file.
fn with_file(name: &str, text: &[u8], run: impl FnOnce(&Path)) {
    FOLDER.with(|folder| {
        let Some(Folder(folder)) = folder else { return };
        let path = folder.join(name);
        if fs::write(&path, text).is_ok() {
            run(folder);
            let _ = fs::remove_file(path);
        }
    });
}

/// A source over the folder; the folder is there, so it cannot fail.
fn expect_source<S, E: Debug>(made: Result<S, E>) -> S {
    match made {
        Ok(source) => source,
        #[expect(clippy::panic, reason = "a property that does not hold")]
        Err(error) => panic!("{error:?}"),
    }
}

/// JSON lines: as `serde_json` reads each line.
pub fn json_lines(data: &[u8]) {
    let Some((mut choices, text)) = choices(data, 4) else {
        return;
    };
    let bytes_max = choices.some(60).map_or(1 << 20, |bytes| bytes as usize);
    with_file("1.jsonl", text, |folder| {
        let make = || {
            expect_source(JsonLines::<Value>::directory(folder))
                .record_bytes_max(bytes_max)
                .bad_rows(BadRows::Drop { limit: u64::MAX })
                .partition_bytes_min(1)
        };
        let read = expect_one_reading(make, &mut choices);
        assert_eq!(read, Ok(model_of_json_lines(text, bytes_max)));
    });
}

fn model_of_json_lines(text: &[u8], bytes_max: usize) -> (Vec<Value>, u64) {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let (mut rows, mut dropped) = (Vec::new(), 0);
    for line in text.split(|byte| *byte == b'\n') {
        let parsed = std::str::from_utf8(line).ok().map(serde_json::from_str);
        match parsed {
            _ if line.len() > bytes_max => dropped += 1,
            _ if line.trim_ascii_start().is_empty() => {}
            Some(Ok(row)) => rows.push(row),
            _ => dropped += 1,
        }
    }
    (rows, dropped)
}

/// CSV: as RFC 4180 has it, written down a second time in the simplest way.
pub fn csv(data: &[u8]) {
    let Some((mut choices, text)) = choices(data, 6) else {
        return;
    };
    let flags = choices.next();
    let (header, quoting, flexible) = (flags & 1 > 0, flags & 2 == 0, flags & 4 == 0);
    let delimiter = if flags & 8 > 0 { b';' } else { b',' };
    let bytes_max = choices.some(60).map_or(1 << 20, |bytes| bytes as usize);
    with_file("1.csv", text, |folder| {
        let make = || {
            expect_source(Csv::<VecDeque<String>>::directory(folder))
                .header(header)
                .quoting(quoting)
                .flexible(flexible)
                .delimiter(delimiter)
                .record_bytes_max(bytes_max)
                .bad_rows(BadRows::Drop { limit: u64::MAX })
                .partition_bytes_min(1)
        };
        let read = expect_one_reading(make, &mut choices);
        // The model knows neither widths nor lengths nor what is not UTF-8.
        let plain = !header && flexible && bytes_max >= text.len();
        if let (true, Ok((rows, 0)), Ok(text)) = (plain, read, std::str::from_utf8(text)) {
            assert_eq!(rows, model_of_csv(text, char::from(delimiter), quoting));
        }
    });
}

fn model_of_csv(text: &str, delimiter: char, quoting: bool) -> Vec<VecDeque<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut rows, mut row, mut field) = (Vec::new(), VecDeque::new(), String::new());
    // Whether a quoted field is open; whether anything of the record has been seen.
    let (mut quoted, mut closed, mut begun) = (false, false, false);
    for char in text.chars() {
        if quoted {
            if char == '"' {
                (quoted, closed) = (false, true);
            } else {
                field.push(char);
            }
            continue;
        }
        match char {
            '"' if quoting && closed => {
                // A doubled quote is a quote, and the field goes on.
                field.push('"');
                quoted = true;
            }
            '"' if quoting && field.is_empty() => quoted = true,
            '\r' | '\n' => {
                if begun {
                    row.push_back(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                (closed, begun) = (false, false);
                continue;
            }
            char if char == delimiter => {
                row.push_back(std::mem::take(&mut field));
                closed = false;
                begun = true;
                continue;
            }
            char => field.push(char),
        }
        closed = false;
        begun = true;
    }
    if begun {
        row.push_back(field);
        rows.push(row);
    }
    rows
}

/// Positions, as they come back from the journal: none leads out of the directory.
pub fn positions(data: &[u8]) {
    core::stable_json::<FilesOffset>(data);
    core::stable_json::<FilesPartition>(data);
    if let Ok(partition) = serde_json::from_slice::<FilesPartition>(data) {
        let _ = partition.bytes();
        for range in partition.ranges() {
            let _ = (range.bytes(), range.finishes());
        }
    }
    if let Ok(file) = serde_json::from_slice::<FileIdentity>(data) {
        let below = |part: Component<'_>| matches!(part, Component::Normal(_));
        let path = Path::new(file.path());
        let leads_out = !path.components().all(below) || path.file_name().is_none();
        assert!(!leads_out, "{file:?} leads out of the directory");
        assert!(file.open(Path::new("/nowhere/at/all")).is_err(), "{file:?}");
        // Whatever the path, its directories can be read or are refused.
        let columns = ["city".to_owned(), "year".to_owned()];
        for layout in [
            Layout::default(),
            Layout {
                recursive: false,
                columns: columns.into(),
            },
        ] {
            let _ = layout.values(Path::new("/"), file.path());
        }
    }
}
