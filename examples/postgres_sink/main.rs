//! Shows an exactly-once sink for PostgreSQL.
//!
//! ```bash
//! cargo run --example postgres_sink -- "host=localhost user=me dbname=lab"
//! ```
//!
//! It makes the tables `readings`, `readings_staged`, `readings_commits` and `readings_owner` if they
//! are not there. Kill it at any time and start it again with the same checkpoint: every reading is in
//! the table once.

mod database;
mod sink;

use std::process::ExitCode;

use streamwriter::prelude::*;

use sink::{PostgresSink, Reading};

fn main() -> ExitCode {
    let Err(error) = run() else {
        return ExitCode::SUCCESS;
    };
    match error.downcast_ref::<Error>() {
        Some(error) => eprintln!("{}", error.report()),
        None => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

fn run() -> Result<(), BoxError> {
    let Some(connection) = std::env::args().nth(1) else {
        return Err("usage: postgres_sink \"host=... user=... dbname=...\"".into());
    };
    let cities = ["Oslo", "Bergen", "Narvik"].into_iter().cycle();
    let readings = (0..10_000).zip(cities).map(|(number, city)| Reading {
        id: number,
        city: city.to_owned(),
        celsius: (number % 7 != 0).then_some(number as f64 / 100.0),
    });
    let query = stream(Memory::new(readings).partitions(4))
        .write_to(PostgresSink::new(&connection, "readings")?)
        .checkpoint("target/postgres_sink/checkpoint")
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(2_500)
        .start()?;
    println!("{}", query.await_termination()?);
    Ok(())
}
