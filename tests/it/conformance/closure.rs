//! Closures as sinks, with effects that can be read back.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use streamwriter::testing::conformance::{Conformance, Place};
use streamwriter::{
    BoxError, Error, ForEach, ForEachBatch, ForEachPartition, Staging, TaskContext, WriteRows,
};

/// Each row is appended in one call, so no reader meets a part of a line.
fn append(output: &Path, text: &str) -> Result<(), BoxError> {
    let mut file = OpenOptions::new().append(true).create(true).open(output)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// Returns the numbers in a file of one on each line.
pub(super) fn numbers(output: &Path) -> Result<Vec<u64>, BoxError> {
    let text = fs::read_to_string(output).unwrap_or_default();
    let lines = text.lines().map(|line| Ok(line.parse()?));
    lines.collect()
}

pub(super) fn each_row(output: PathBuf) -> impl WriteRows<u64> {
    ForEach::new(move |row: u64, _: &TaskContext| append(&output, &format!("{row}\n")))
}

pub(super) fn each_partition(output: PathBuf) -> impl WriteRows<u64> {
    ForEachPartition::<u64, _>::new(move |rows, _| {
        for row in rows {
            append(&output, &format!("{}\n", row?))?;
        }
        Ok::<_, BoxError>(())
    })
}

/// What the closure of a batch does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writes {
    /// A file that is named by the batch, made whole and then given its name.
    NamedByBatch,
    /// Lines at the end of one file, again for each call.
    Appended,
    /// As `NamedByBatch`, but nothing if the batch comes again.
    UnlessReplayed,
}

pub(super) fn each_batch(writes: Writes) -> Conformance<impl WriteRows<u64>, u64> {
    let output = |place: &Place| place.directory_of("batches");
    Conformance::new(
        move |place| {
            let output = output(place);
            fs::create_dir_all(&output).unwrap();
            let spill = Staging::over(place.storage()?);
            let sink = ForEachBatch::<u64, _>::new_in(spill, move |rows, batch| {
                let rows: Vec<String> = rows
                    .map(|row| Ok(format!("{}\n", row?)))
                    .collect::<Result<_, Error>>()?;
                let whole = output.join(format!("batch-{}", batch.batch_id()));
                match writes {
                    Writes::Appended => return append(&output.join("all"), &rows.concat()),
                    Writes::UnlessReplayed if batch.replay() => return Ok(()),
                    Writes::NamedByBatch | Writes::UnlessReplayed => {}
                }
                // Each driver has a name of its own for what is not whole yet.
                let new = output.with_extension(format!("new-{}", batch.run()));
                fs::write(&new, rows.concat())?;
                Ok::<_, BoxError>(fs::rename(new, whole)?)
            });
            Ok::<_, Error>(match writes {
                Writes::Appended => sink,
                Writes::NamedByBatch | Writes::UnlessReplayed => sink.idempotent(),
            })
        },
        move |place| {
            let mut rows = Vec::new();
            for entry in fs::read_dir(output(place)).into_iter().flatten() {
                rows.extend(numbers(&entry?.path())?);
            }
            Ok::<_, BoxError>(rows)
        },
    )
}
