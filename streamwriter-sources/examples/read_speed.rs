//! Measures how fast a directory of flight files is read, against a loop over the `csv` crate.
//!
//! `cargo run --release -p streamwriter-sources --example read_speed -- FILE.csv`

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use streamwriter_core::testing::Pretend;
use streamwriter_core::{BoxError, PlanLimits, RowReader, Source};
use streamwriter_sources::{Csv, FilesOffset, FilesPartition, JsonLines};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Deserialize, serde::Serialize)]
struct Flight {
    year: i32,
    month: i32,
    day: i32,
    dep_time: Option<i32>,
    sched_dep_time: i32,
    dep_delay: Option<f64>,
    arr_time: Option<i32>,
    sched_arr_time: i32,
    arr_delay: Option<f64>,
    carrier: String,
    flight: i32,
    tailnum: Option<String>,
    origin: String,
    dest: String,
    air_time: Option<f64>,
    distance: f64,
    hour: i32,
    minute: i32,
    time_hour: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the rows are only read")]
struct Few {
    carrier: String,
    flight: i32,
    distance: f64,
}

fn main() -> Fallible<()> {
    let file = std::env::args()
        .nth(1)
        .ok_or("name a CSV file of flights")?;
    let dir = tempfile::tempdir()?;
    // Without the nulls, so that the plain loop can read the same rows.
    let text = fs::read_to_string(file)?.replace("NA", "");
    fs::write(dir.path().join("1.csv"), &text)?;
    let csv_file = dir.path().join("1.csv");
    let plain = || -> Fallible<u64> {
        let mut rows = 0;
        for row in csv::Reader::from_path(&csv_file)?.deserialize() {
            black_box::<Flight>(row?);
            rows += 1;
        }
        Ok(rows)
    };
    let plain_few = || -> Fallible<u64> {
        let mut rows = 0;
        for row in csv::Reader::from_path(&csv_file)?.deserialize() {
            black_box::<Few>(row?);
            rows += 1;
        }
        Ok(rows)
    };
    measure("csv crate, 19 fields", plain)?;
    measure("source, 19 fields", || {
        read::<Flight, _>(Csv::directory(dir.path())?)
    })?;
    measure("source, 19 fields, NA", || {
        read::<Flight, _>(Csv::directory(dir.path())?.null_values(["NA"]))
    })?;
    measure("csv crate, 3 fields", plain_few)?;
    measure("source, 3 fields", || {
        read::<Few, _>(Csv::directory(dir.path())?)
    })?;

    let mut lines = Vec::new();
    for row in csv::Reader::from_path(&csv_file)?.deserialize() {
        serde_json::to_writer(&mut lines, &{
            let row: Flight = row?;
            row
        })?;
        lines.push(b'\n');
    }
    let json_file = dir.path().join("1.jsonl");
    fs::write(&json_file, lines)?;
    measure("serde_json, 19 fields", || {
        use std::io::BufRead;
        let mut reader = std::io::BufReader::with_capacity(128 << 10, fs::File::open(&json_file)?);
        let (mut line, mut rows) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            black_box::<Flight>(serde_json::from_slice(&line)?);
            line.clear();
            rows += 1;
        }
        Ok(rows)
    })?;
    measure("source, 19 fields", || {
        read::<Flight, _>(JsonLines::directory(dir.path())?)
    })?;
    Ok(())
}

fn read<R, S>(source: S) -> Fallible<u64>
where
    R: DeserializeOwned,
    S: Source<Row = R, Offset = FilesOffset, Partition = FilesPartition>,
{
    let plan = source
        .plan(None, &PlanLimits::unbounded(1))?
        .ok_or("nothing there")?;
    let task = Pretend::default().task();
    let mut rows = 0;
    for partition in &plan.partitions {
        let mut reader = source.open(partition, &task)?;
        while let Some(row) = reader.next_row() {
            black_box(row.map_err(|error: BoxError| error)?);
            rows += 1;
        }
    }
    Ok(rows)
}

#[expect(clippy::print_stdout, reason = "an example that reports")]
fn measure(name: &str, run: impl Fn() -> Fallible<u64>) -> Fallible<()> {
    let mut best = Duration::MAX;
    let mut rows = 0;
    for _ in 0..15 {
        let begin = Instant::now();
        rows = run()?;
        best = best.min(begin.elapsed());
    }
    let rate = rows as f64 / best.as_secs_f64() / 1e6;
    println!("{name:24} {rows} rows, {rate:.2} million rows/s");
    Ok(())
}
