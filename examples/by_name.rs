//! Makes a sink from its name and options as text, and moves flight records into it.
//!
//! ```bash
//! cargo run --example by_name                                   # lists the sinks and their options
//! cargo run --example by_name -- csv path=target/by_name/csv header=false
//! cargo run --example by_name -- parquet path=target/by_name/parquet partitionBy=origin,carrier
//! cargo run --example by_name -- carriers                       # a sink of one's own, below
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;

use serde::Deserialize;
use streamwriter::prelude::*;
use streamwriter::{AnySink, Row, RowBuilder, prebuilt_sinks};

/// What is read of a record.
#[derive(Deserialize, Row)]
struct Flight {
    year: i32,
    month: i8,
    day: i8,
    dep_delay: Option<f64>,
    carrier: String,
    flight: i32,
    tailnum: Option<String>,
    origin: String,
    dest: String,
}

/// The carriers that a task has met.
#[derive(CommitMessage)]
struct Met {
    carriers: Vec<String>,
}

/// Prints the carriers that it meets for the first time.
#[stream_writer(name = "carriers")]
struct Carriers {
    /// Only flights from this airport count.
    origin: Option<String>,
    #[option(skip)]
    seen: Mutex<BTreeSet<String>>,
}

#[stream_writer]
impl Carriers {
    fn write(&self, flights: impl Iterator<Item = Flight>) -> Met {
        let wanted = |flight: &Flight| self.origin.as_ref().is_none_or(|one| *one == flight.origin);
        let carriers = flights.filter(wanted).map(|flight| flight.carrier);
        let carriers = carriers.collect::<BTreeSet<_>>();
        Met {
            carriers: carriers.into_iter().collect(),
        }
    }

    fn commit(&self, tasks: &[Met]) -> Result<(), BoxError> {
        let mut seen = self
            .seen
            .lock()
            .map_err(|_| "another commit has panicked")?;
        for carrier in tasks.iter().flat_map(|task| &task.carriers) {
            if seen.insert(carrier.clone()) {
                println!("{carrier}");
            }
        }
        Ok(())
    }
}

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
    let mut sinks = prebuilt_sinks()?;
    sinks.register_rows::<Carriers, Flight>()?;

    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        print!("{}", sinks.help());
        return Ok(());
    };
    let options = arguments.map(|argument| match argument.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("`{argument}` is no option: write name=value")),
    });
    let options = options.collect::<Result<Vec<_>, _>>()?;
    let sink = sinks
        .format(&name)
        .options(options)
        .schema(Flight::schema())
        .build()?;
    move_flights(sink, &name)
}

/// Reads rows, makes batches of them, and writes those: as another program would hand them over.
fn move_flights(sink: AnySink, name: &str) -> Result<(), BoxError> {
    let source = Csv::<Flight>::directory("examples/data/flights")?.null_values(["NA"]);
    let query = stream(source)
        .try_map(|flight| {
            let mut batch = RowBuilder::with_capacity(1);
            batch.push(&flight)?;
            Ok::<_, BoxError>(batch.finish()?)
        })
        .write_to(sink)
        .checkpoint(format!("target/by_name/{name}-checkpoint"))
        .trigger(Trigger::AvailableNow)
        .start()?;
    println!("{}", query.await_termination()?);
    Ok(())
}
