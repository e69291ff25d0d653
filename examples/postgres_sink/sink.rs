//! The sink: rows go into a staging table, and one transaction moves those that the messages name.
//!
//! | step | transaction | after a crash in front of its end | behind it |
//! |---|---|---|---|
//! | a task's `write` | rows into `…_staged`, under run, partition and attempt | nothing is there | rows that nobody names; swept |
//! | `commit` | the batch into `…_commits`, the named rows into the table, their staged ones away | as before | the batch is there, and a repetition finds it |
//!
//! So a batch is visible whole or not at all, and once: `(query, batch)` is a primary key.

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, NoTls};
use streamwriter::Permanent;
use streamwriter::prelude::*;

use super::database::{Database, number};

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) id: i64,
    pub(crate) city: String,
    pub(crate) celsius: Option<f64>,
}

/// Names the staged rows of one attempt.
#[derive(CommitMessage)]
pub(crate) struct Staged {
    #[message(rows)]
    rows: u64,
    run: u64,
    partition: u32,
    attempt: u32,
}

/// Writes readings into a table of a PostgreSQL database, exactly once.
pub(crate) struct PostgresSink {
    database: Database,
}

impl PostgresSink {
    /// Names the database and the table; nothing is asked of it yet.
    pub(crate) fn new(connection: &str, table: &str) -> Result<Self, Error> {
        let database = Database::new(connection, table)?;
        Ok(Self { database })
    }
}

#[stream_writer(name = "postgres", guarantee = exactly_once, target = self.database)]
impl PostgresSink {
    fn write(
        &self,
        mut rows: impl Rows<Item = Reading>,
        task: &TaskContext,
    ) -> Result<Staged, BoxError> {
        let mut client = Client::connect(self.database.connection(), NoTls)?;
        let mut transaction = client.transaction()?;
        let (query, batch) = (task.query_id().to_string(), number(task.batch_id().get())?);
        let run = task.run().get();
        let (partition, attempt) = (task.partition().get(), task.attempt().get());
        let key = (number(run)?, i64::from(partition), i64::from(attempt));
        let copy = transaction.copy_in(&self.database.sql(
            "copy {staged} (query, batch, run, partition, attempt, id, city, celsius) \
             from stdin binary",
        ))?;
        let int = Type::INT8;
        let columns = [
            Type::TEXT,
            int.clone(),
            int.clone(),
            int.clone(),
            int.clone(),
            int,
            Type::TEXT,
            Type::FLOAT8,
        ];
        let mut copy = BinaryCopyInWriter::new(copy, &columns);
        for row in rows.by_ref() {
            copy.write(&[
                &query,
                &batch,
                &key.0,
                &key.1,
                &key.2,
                &row.id,
                &row.city,
                &row.celsius,
            ])?;
        }
        copy.finish().map_err(data_is_permanent)?;
        // A source that failed looks like the end of the rows (W8): nothing of them is to stay.
        rows.require_complete()?;
        transaction.commit()?;
        Ok(Staged {
            rows: rows.read(),
            run,
            partition,
            attempt,
        })
    }

    fn commit(&self, messages: Vec<Staged>, batch: &BatchContext) -> Result<(), BoxError> {
        let (query, id) = (
            batch.query_id().to_string(),
            number(batch.batch_id().get())?,
        );
        let prepared = batch.prepared_digest().unwrap_or_default();
        self.database.with_driver(|client| {
            let sql = |text| self.database.sql(text);
            let mut transaction = client.transaction()?;
            self.database.expect_owner(&mut transaction, &query)?;
            let is_new = transaction.execute(
                &sql("insert into {commits} (query, batch, prepared) values ($1, $2, $3) \
                      on conflict (query, batch) do nothing"),
                &[&query, &id, &prepared],
            )?;
            if is_new == 0 {
                // An earlier try has committed it. `record` makes sure that it was this batch.
                return Ok(());
            }
            let named = Keys::of(&messages)?;
            let moved = transaction.execute(
                &sql("with moved as (delete from {staged} s \
                      using unnest($3::bigint[], $4::bigint[], $5::bigint[]) n (run, partition, attempt) \
                      where s.query = $1 and s.batch = $2 and s.run = n.run \
                      and s.partition = n.partition and s.attempt = n.attempt \
                      returning s.id, s.city, s.celsius) \
                      insert into {table} (id, city, celsius) select id, city, celsius from moved"),
                &[&query, &id, &named.runs, &named.partitions, &named.attempts],
            )?;
            let expected: u64 = messages.iter().map(|message| message.rows).sum();
            if moved != expected {
                let lost = format!("{moved} of {expected} staged rows are there");
                return Err(lost.into());
            }
            // The last look in front of the end: a driver that sleeps from here on does no harm, since
            // its successor commits the same messages, and the primary key lets one of them.
            batch.check_current()?;
            transaction.commit()?;
            Ok(())
        })
    }

    fn abort(&self, messages: Vec<Option<Staged>>, batch: &BatchContext) -> Result<(), BoxError> {
        let messages: Vec<Staged> = messages.into_iter().flatten().collect();
        let (query, id) = (
            batch.query_id().to_string(),
            number(batch.batch_id().get())?,
        );
        let named = Keys::of(&messages)?;
        self.database.with_driver(|client| {
            client.execute(
                &self.database.sql(
                    "delete from {staged} s \
                     using unnest($3::bigint[], $4::bigint[], $5::bigint[]) n (run, partition, attempt) \
                     where s.query = $1 and s.batch = $2 and s.run = n.run \
                     and s.partition = n.partition and s.attempt = n.attempt",
                ),
                &[&query, &id, &named.runs, &named.partitions, &named.attempts],
            )?;
            Ok(())
        })
    }
}

/// What names the staged rows of some attempts: one array for each column.
struct Keys {
    runs: Vec<i64>,
    partitions: Vec<i64>,
    attempts: Vec<i64>,
}

impl Keys {
    fn of(messages: &[Staged]) -> Result<Self, BoxError> {
        let runs = messages.iter().map(|message| number(message.run));
        let partitions = messages.iter().map(|message| message.partition.into());
        let attempts = messages.iter().map(|message| message.attempt.into());
        Ok(Self {
            runs: runs.collect::<Result<_, _>>()?,
            partitions: partitions.collect(),
            attempts: attempts.collect(),
        })
    }
}

/// Values that the columns refuse are refused again; whatever else fails is worth another attempt.
fn data_is_permanent(error: postgres::Error) -> BoxError {
    let of_data =
        |state: &SqlState| state.code().starts_with("22") || state.code().starts_with("23");
    match error.code().is_some_and(of_data) {
        true => Permanent::new(error).into(),
        false => error.into(),
    }
}
