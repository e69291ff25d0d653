//! The PostgreSQL sink of the examples, against a server that is thrown away: the conformance suite,
//! and what only a database can meet.

mod server;

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use streamwriter::testing::conformance::{Check, Conformance, Place, run_test};
use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    BoxError, Channel, Error, ErrorKind, LocalStorage, Memory, QuerySummary, SharedStorage,
    Trigger, stream,
};

use crate::support::{memory_directory, skipped};

#[path = "../../../examples/postgres_sink/database.rs"]
#[allow(dead_code, reason = "the example's own module")]
mod database;
#[path = "../../../examples/postgres_sink/sink.rs"]
mod sink;

use sink::{PostgresSink, Reading};

fn reading(number: u64) -> Reading {
    Reading {
        id: number as i64,
        city: format!("city \"{number}\"\n\\.\tä"),
        celsius: (!number.is_multiple_of(3)).then_some(number as f64 / 8.0),
    }
}

/// Returns the number of a row that is as it was written.
fn checked(row: &postgres::Row) -> Result<u64, BoxError> {
    let id: i64 = row.get(0);
    let expected = reading(id as u64);
    let found = (row.get::<_, String>(1), row.get::<_, Option<f64>>(2));
    if found == (expected.city, expected.celsius) {
        return Ok(id as u64);
    }
    Err(format!("another row than was written: {id} {found:?}").into())
}

fn exists(client: &mut Client, table: &str) -> Result<bool, BoxError> {
    let row = client.query_one("select to_regclass($1) is not null", &[&table])?;
    Ok(row.get(0))
}

fn rows_in(connection: &str, table: &str) -> Result<Vec<u64>, BoxError> {
    let mut client = Client::connect(connection, NoTls)?;
    if !exists(&mut client, table)? {
        return Ok(Vec::new());
    }
    let rows = client.query(&format!("select id, city, celsius from {table}"), &[])?;
    rows.iter().map(checked).collect()
}

fn staged_in(connection: &str, table: &str) -> Result<Vec<String>, BoxError> {
    let mut client = Client::connect(connection, NoTls)?;
    let table = format!("{table}_staged");
    if !exists(&mut client, &table)? {
        return Ok(Vec::new());
    }
    let rows = client.query(&format!("select batch, run, id from {table}"), &[])?;
    let describe = |row: &postgres::Row| {
        let (batch, run, id): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        format!("row {id} of batch {batch}, run {run}")
    };
    Ok(rows.iter().map(describe).collect())
}

/// A name of its own for the table of each query of the suite.
fn table_of(place: &Place) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = place.name().chars().map(plain).collect();
    let from = name.len().saturating_sub(38);
    format!("t_{}", &name[from..])
}

fn subject(connection: &str) -> Conformance<PostgresSink, Reading> {
    let (to_make, to_read, to_look) = [connection; 3].map(str::to_owned).into();
    Conformance::of_rows(
        reading,
        move |place| PostgresSink::new(&to_make, &table_of(place)),
        move |place| rows_in(&to_read, &table_of(place)),
    )
    .leftovers(move |place| staged_in(&to_look, &table_of(place)))
}

/// Returns the server's connection, or says aloud that there is none.
fn server() -> Option<String> {
    server::connection()
        .map_err(|why| skipped("the sink for PostgreSQL", &why))
        .ok()
}

#[test]
fn e1_the_sink_passes_the_conformance_suite() {
    let Some(connection) = server() else { return };
    let subject = subject(&connection);
    for check in Check::ALL {
        let began = Instant::now();
        let test = concat!(module_path!(), "::e1_the_sink_passes_the_conformance_suite");
        run_test(&subject, check, test);
        println!("{check}: {:.1} s", began.elapsed().as_secs_f64());
    }
}

struct Bench {
    connection: String,
    table: String,
    directory: tempfile::TempDir,
}

impl Bench {
    fn new(table: &str) -> Option<Self> {
        Some(Self {
            connection: server()?,
            table: table.to_owned(),
            directory: memory_directory(),
        })
    }

    fn checkpoint(&self, name: &str) -> SharedStorage {
        LocalStorage::shared(self.directory.path().join(name)).unwrap()
    }

    fn run(
        &self,
        rows: std::ops::Range<u64>,
        checkpoint: SharedStorage,
    ) -> Result<QuerySummary, Error> {
        self.run_from(rows, checkpoint, None)
    }

    fn run_from(
        &self,
        rows: std::ops::Range<u64>,
        checkpoint: SharedStorage,
        former: Option<&str>,
    ) -> Result<QuerySummary, Error> {
        let query = stream(Memory::new(rows.map(reading)).partitions(2))
            .write_to(PostgresSink::new(&self.connection, &self.table)?)
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .max_rows_per_batch(10)
            .max_task_attempts(1)
            .task_retry_delay(Duration::ZERO);
        let query = match former {
            Some(former) => query.take_over_target_from(former),
            None => query,
        };
        query.start()?.await_termination()
    }

    fn rows(&self) -> Vec<u64> {
        let mut rows = rows_in(&self.connection, &self.table).unwrap();
        rows.sort_unstable();
        rows
    }

    fn execute(&self, sql: &str) -> u64 {
        let mut client = Client::connect(&self.connection, NoTls).unwrap();
        client
            .execute(&sql.replace("{table}", &self.table), &[])
            .unwrap()
    }
}

#[test]
fn e6_another_query_is_refused_until_it_names_the_owner() {
    let Some(bench) = Bench::new("owned") else {
        return;
    };
    bench.run(0..30, bench.checkpoint("a")).unwrap();
    let error = bench.run(100..120, bench.checkpoint("b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert!(
        error.to_string().contains("take_over_target_from"),
        "{error}"
    );
    assert_eq!(bench.rows(), (0..30).collect::<Vec<_>>());
    let owner = error
        .message()
        .split_whitespace()
        .nth(4)
        .unwrap()
        .trim_end_matches("'s");
    bench
        .run_from(100..120, bench.checkpoint("b"), Some(owner))
        .unwrap();
    let error = bench.run(0..40, bench.checkpoint("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert_eq!(bench.rows(), (0..30).chain(100..120).collect::<Vec<_>>());
}

#[test]
fn e3_staged_rows_that_somebody_has_deleted_are_missed() {
    let Some(bench) = Bench::new("missed") else {
        return;
    };
    // It dies when the messages of the second batch are durable and nothing of it is published.
    let checkpoint = bench.checkpoint("a");
    let counting = FaultStorage::counting(checkpoint.clone());
    let probe = Bench::new("missed_probe").unwrap();
    probe
        .run(
            0..20,
            FaultStorage::and(&counting, probe.checkpoint("a")).shared(),
        )
        .unwrap();
    let log = counting.log();
    let prepared = log
        .iter()
        .filter(|step| step.contains("create prepared/"))
        .nth(1)
        .unwrap();
    let at = prepared.split(' ').next().unwrap().parse().unwrap();
    let faulty = FaultStorage::failing(checkpoint.clone(), at, When::After);
    bench.run(0..20, faulty.shared()).unwrap_err();
    assert_eq!(bench.rows(), (0..10).collect::<Vec<_>>());
    assert_eq!(bench.execute("delete from {table}_staged where id = 13"), 1);
    let error = bench.run(0..20, checkpoint.clone()).unwrap_err();
    let text = error.report().to_string();
    assert!(text.contains("9 of 10 staged rows are there"), "{text}");
    assert_eq!(
        bench.rows(),
        (0..10).collect::<Vec<_>>(),
        "nothing of the batch"
    );
}

#[test]
fn w7_values_that_the_database_refuses_are_not_tried_again_and_leave_nothing() {
    let Some(bench) = Bench::new("refused") else {
        return;
    };
    let bad = |number: u64| {
        let mut row = reading(number);
        if number == 15 {
            row.city = "zero \0 byte".to_owned();
        }
        row
    };
    let error = stream(Memory::new((0..20).map(bad)).partitions(2))
        .write_to(PostgresSink::new(&bench.connection, &bench.table).unwrap())
        .checkpoint(bench.checkpoint("a"))
        .trigger(Trigger::AvailableNow)
        .max_task_attempts(5)
        .start()
        .unwrap()
        .await_termination()
        .unwrap_err();
    assert!(error.is_permanent(), "{}", error.report());
    assert!(bench.rows().is_empty());
    assert!(
        staged_in(&bench.connection, &bench.table)
            .unwrap()
            .is_empty()
    );
}

/// A source that cannot replay loses a batch in a crash; the table knows of it all the same.
#[test]
fn s2_a_batch_that_was_lost_does_not_keep_the_next_ones_out() {
    let Some(bench) = Bench::new("lost") else {
        return;
    };
    let run = |source: Channel<Reading>, checkpoint: SharedStorage| {
        stream(source)
            .write_to(PostgresSink::new(&bench.connection, &bench.table)?)
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .max_rows_per_batch(10)
            .start()?
            .await_termination()
    };
    let checkpoint = bench.checkpoint("a");
    let (sender, source) = Channel::new(100);
    (0..30).for_each(|number| sender.send(reading(number)).unwrap());
    // It dies when the rows of the first batch are decided and nothing is prepared.
    let mut at = 0;
    loop {
        let faulty = FaultStorage::failing(checkpoint.clone(), at, When::After);
        run(source.again(), faulty.shared()).unwrap_err();
        if faulty.log().last().unwrap().contains("create offsets/") {
            break;
        }
        at += 1;
    }
    run(source.again(), checkpoint.clone()).unwrap();
    assert_eq!(bench.rows(), (10..30).collect::<Vec<_>>());
    sender.send(reading(30)).unwrap();
    run(source, checkpoint).unwrap();
    assert_eq!(bench.rows().len(), 21);
}

#[test]
fn e6_a_table_that_was_dropped_is_not_made_anew_for_a_query_with_batches() {
    let Some(bench) = Bench::new("dropped") else {
        return;
    };
    bench.run(0..10, bench.checkpoint("a")).unwrap();
    bench.execute("drop table {table}, {table}_staged, {table}_commits, {table}_owner");
    let error = bench.run(0..20, bench.checkpoint("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert!(bench.rows().is_empty());
}

#[test]
fn config_a_name_that_is_not_one_is_refused() {
    for name in ["", "a;drop table b", "A", "a\"b"] {
        let error = PostgresSink::new("host=/nowhere", name).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
