//! The cases whose instructions are counted: ours and by hand, over the same rows.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use streamwriter::Noop;
use streamwriter::prelude::*;

use super::one_row;

use crate::hand;
use crate::query::{self, ONE};
use crate::rows::{Made, Trip};

/// Reads from the first directory, if it reads, and writes so many rows into the second.
type Side = fn(&Path, &Path, u64) -> Result<(), BoxError>;

#[derive(Clone, Copy)]
pub(crate) struct CountedCase {
    pub(crate) name: &'static str,
    /// With how many rows, and twice as many, it is counted; and what one of them is.
    pub(crate) rows: u64,
    pub(crate) unit: &'static str,
    /// The format of the input, if there is one.
    reads: Option<&'static str>,
    ours: Side,
    by_hand: Side,
}

pub(crate) fn all() -> &'static [CountedCase] {
    &[
        CountedCase {
            name: "engine: a row of seven columns into noop",
            rows: 20_000,
            unit: "row",
            reads: None,
            ours: |_, out, rows| {
                let source = Made::new(rows, |number| black_box(Trip::of(number)));
                query::run(out, source, Noop::new(), ONE, rows).map(drop)
            },
            by_hand: |_, _, rows| {
                (0..rows).for_each(|number| {
                    black_box(black_box(Trip::of(number)));
                });
                Ok(())
            },
        },
        CountedCase {
            name: "engine: a task in a batch",
            rows: 2_000,
            unit: "task",
            reads: None,
            ours: |_, out, rows| {
                let source = Made::new(rows, |number| number).partitions(rows);
                query::run(out, source, Noop::new(), ONE, rows).map(drop)
            },
            by_hand: |_, _, rows| {
                (0..rows).for_each(|number| {
                    black_box(Trip::of(number));
                });
                Ok(())
            },
        },
        CountedCase {
            name: "a durable batch of one row",
            rows: 200,
            unit: "batch",
            reads: None,
            ours: |_, out, rows| one_row::batches(out, rows, false).map(drop),
            by_hand: |_, out, rows| one_row::bare_system_calls(out, rows).map(drop),
        },
        CountedCase {
            name: "json lines out",
            rows: 20_000,
            unit: "row",
            reads: None,
            ours: |_, out, rows| {
                let sink = FileSink::json_lines(out.join("out"))?;
                query::run(out, Made::new(rows, Trip::of), sink, ONE, rows).map(drop)
            },
            by_hand: |_, out, rows| hand::json_lines(out, rows).map(drop),
        },
        CountedCase {
            name: "csv out",
            rows: 20_000,
            unit: "row",
            reads: None,
            ours: |_, out, rows| {
                let sink = FileSink::csv(out.join("out"))?;
                query::run(out, Made::new(rows, Trip::of), sink, ONE, rows).map(drop)
            },
            by_hand: |_, out, rows| hand::csv(out, rows).map(drop),
        },
        CountedCase {
            name: "derived rows to parquet",
            rows: 20_000,
            unit: "row",
            reads: None,
            ours: |_, out, rows| {
                let sink = ParquetSink::rows(out.join("out"))?;
                query::run(out, Made::new(rows, Trip::of), sink, ONE, rows).map(drop)
            },
            by_hand: |_, out, rows| {
                hand::parquet(out, std::iter::once(0..rows).collect()).map(drop)
            },
        },
        CountedCase {
            name: "json lines to parquet",
            rows: 20_000,
            unit: "row",
            reads: Some("jsonl"),
            ours: |input, out, rows| {
                let sink = ParquetSink::rows(out.join("out"))?;
                let source = JsonLines::<Trip>::directory(input)?;
                query::run(out, source, sink, ONE, rows).map(drop)
            },
            by_hand: |input, out, _| {
                let rows = hand::json_rows(&input.join("rows.jsonl"))?;
                hand::parquet_file(&out.join("out/rows.parquet"), rows)
            },
        },
        CountedCase {
            name: "csv to parquet",
            rows: 20_000,
            unit: "row",
            reads: Some("csv"),
            ours: |input, out, rows| {
                let sink = ParquetSink::rows(out.join("out"))?;
                let source = Csv::<Trip>::directory(input)?;
                query::run(out, source, sink, ONE, rows).map(drop)
            },
            by_hand: |input, out, _| {
                let rows = hand::csv_rows(&input.join("rows.csv"))?;
                hand::parquet_file(&out.join("out/rows.parquet"), rows)
            },
        },
        CountedCase {
            name: "parquet to parquet",
            rows: 20_000,
            unit: "row",
            reads: Some("parquet"),
            ours: |input, out, rows| {
                let schema = ParquetFiles::schema_of_first(input)?.ok_or("there is no input")?;
                let sink = ParquetSink::arrow(out.join("out"), schema.clone())?;
                let source = ParquetFiles::directory(input, schema)?;
                query::run(out, source, sink, ONE, rows).map(drop)
            },
            by_hand: |input, out, _| {
                let schema = ParquetFiles::schema_of_first(input)?.ok_or("there is no input")?;
                let batches = hand::parquet_batches(&input.join("rows.parquet"))?;
                hand::arrow_file(&out.join("out/rows.parquet"), schema, batches)
            },
        },
    ]
}

/// Makes the input of a case, with all rows and with half of them.
pub(crate) fn prepare(case: &CountedCase, place: &Path) -> Result<(), BoxError> {
    let Some(format) = case.reads else {
        return Ok(());
    };
    for rows in [case.rows, 2 * case.rows] {
        let file = input(place, format, rows).join(format!("rows.{format}"));
        match format {
            "jsonl" => hand::json_lines_file(&file, 0..rows)?,
            "csv" => hand::csv_file(&file, 0..rows)?,
            _ => hand::parquet_file(&file, (0..rows).map(|number| Ok(Trip::of(number))))?,
        }
    }
    Ok(())
}

fn input(place: &Path, format: &str, rows: u64) -> PathBuf {
    place.join(format!("{format}-{rows}"))
}

/// Runs one side of a case: `name|side|rows|place`.
pub(crate) fn run(words: &str) -> Result<(), BoxError> {
    let words: Vec<_> = words.split('|').collect();
    let [name, side, rows, place] = words.as_slice() else {
        return Err(format!("not a case: {words:?}").into());
    };
    let case = all().iter().find(|case| case.name == *name);
    let case = case.ok_or_else(|| format!("no such case: {name}"))?;
    let (rows, place) = (rows.parse()?, Path::new(place));
    let input = input(place, case.reads.unwrap_or_default(), rows);
    let out = tempfile::tempdir_in(place)?;
    let run = if *side == "ours" {
        case.ours
    } else {
        case.by_hand
    };
    run(&input, out.path(), rows)
}
