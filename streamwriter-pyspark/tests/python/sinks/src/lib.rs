//! Sinks that misbehave, for `test_bridge.py`.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::thread;

use arrow::record_batch::RecordBatch;
use serde::Deserialize;
use streamwriter::prelude::*;
use streamwriter::{
    ErrorKind, Noop, Result, Row, SinkFactory, SinkRequest, WholeBatches, serde_json,
};
use streamwriter_pyspark::export;

/// Does with its batches what the option `how` says.
#[stream_writer(name = "bridge_odd")]
pub(crate) struct Odd {
    /// `panic`, `panic-commit`, `panic-abort`, `fail`, `refuse` (permanent), `unread`, `elsewhere`: batches are
    /// dropped on another thread while this one waits for it; anything else: nothing odd.
    how: String,
    /// What nobody may see.
    #[option(secret)]
    password: Option<String>,
}

/// What a task saw.
#[derive(CommitMessage)]
pub(crate) struct Seen {
    #[message(rows)]
    rows: u64,
}

#[stream_writer]
impl Odd {
    fn write(&self, mut rows: impl Rows<Item = RecordBatch>) -> Result<Seen, BoxError> {
        let _ = &self.password;
        match self.how.as_str() {
            "panic" => panic_with("boom"),
            "fail" => return Err("the service is down".into()),
            "refuse" => {
                let error = Error::new(ErrorKind::Row, "row 3 is too large");
                return Err(error.with_help("make it smaller").permanent().into());
            }
            "unread" => return Ok(Seen { rows: 0 }),
            "elsewhere" => return Ok(elsewhere(&mut rows)),
            _ => {}
        }
        let rows = rows.by_ref().map(|batch| batch.num_rows() as u64).sum();
        Ok(Seen { rows })
    }

    fn commit(&self, _: Vec<Seen>) {
        if self.how == "panic-commit" {
            panic_with("no commit");
        }
    }

    fn abort(&self, _: Vec<Option<Seen>>) {
        if self.how == "panic-abort" {
            panic_with("no abort");
        }
    }
}

#[expect(clippy::panic, reason = "what the test is about")]
fn panic_with(text: &str) {
    panic!("{text}");
}

fn elsewhere(batches: &mut impl Iterator<Item = RecordBatch>) -> Seen {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<RecordBatch>(0);
        let drops = scope.spawn(move || receiver.iter().map(|batch| batch.num_rows() as u64).sum());
        for batch in batches {
            // Blocks until the other thread has dropped the batch before.
            if sender.send(batch).is_err() {
                break;
            }
        }
        drop(sender);
        let rows = drops.join().unwrap_or_default();
        Seen { rows }
    })
}

/// A row by `Row`.
#[derive(Row)]
pub(crate) struct Order {
    id: i64,
    item: Option<String>,
}

/// Appends typed rows to a file, a line each.
#[stream_writer(name = "bridge_typed")]
pub(crate) struct Typed {
    /// The file.
    file: String,
}

#[stream_writer]
impl Typed {
    fn write(&self, rows: impl Rows<Item = Order>) -> Result<Seen, BoxError> {
        append(
            &self.file,
            rows.map(|row| format!("{} {:?}", row.id, row.item)),
        )
    }
}

/// A row by serde.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    id: i64,
    item: Option<String>,
}

/// Appends rows of serde to a file, a line each.
#[stream_writer(name = "bridge_serde")]
pub(crate) struct BySerde {
    /// The file.
    file: String,
}

#[stream_writer]
impl BySerde {
    fn write(&self, rows: impl Rows<Item = Line>) -> Result<Seen, BoxError> {
        append(
            &self.file,
            rows.map(|row| format!("{} {:?}", row.id, row.item)),
        )
    }
}

fn append(path: &str, lines: impl Iterator<Item = String>) -> Result<Seen, BoxError> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let mut rows = 0;
    for line in lines {
        // One call each, so that tasks do not mix their lines.
        file.write_all(format!("{line}\n").as_bytes())?;
        rows += 1;
    }
    Ok(Seen { rows })
}

/// Made by a factory; can replace.
#[stream_writer(name = "bridge_made")]
pub(crate) struct Made {
    /// Where the schema and whether to replace are told.
    file: String,
}

impl SinkFactory for Made {
    type Decoder = WholeBatches;
    type Sink = Noop;

    const OVERWRITES: bool = true;

    fn open(self, request: &SinkRequest) -> Result<Noop> {
        let fields = request.schema.fields().iter();
        let types: Vec<String> = fields
            .map(|field| format!("{} {}", field.name(), field.data_type()))
            .collect();
        let told = serde_json::json!({ "overwrite": request.overwrite, "types": types });
        std::fs::write(&self.file, told.to_string()).map_err(|error| {
            Error::new(ErrorKind::Storage, "the file cannot be written").with_source(error)
        })?;
        Ok(Noop::new())
    }
}

export! { Odd, Typed, BySerde, Made }
