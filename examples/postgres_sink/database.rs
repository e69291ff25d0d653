//! The database as a target: whose it is, what was committed last, and what is left over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::config::Host;
use postgres::{Client, NoTls, Transaction};
use streamwriter::{
    BatchId, BoxError, Error, ErrorKind, QueryId, Result, Run, Sweep, Target, TargetClaim,
    TargetRecord,
};

/// How many batches are remembered.
const KEPT: i64 = 100;

/// How long a start waits for the lock of a driver that has just died: the server notices that the
/// connection is gone, and not at the same instant.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// A table and the three beside it.
pub(crate) struct Database {
    connection: String,
    table: String,
    /// The session that holds the lock, from `open` on.
    driver: Mutex<Option<Driver>>,
}

struct Driver {
    client: Client,
    leftover_age: Duration,
}

impl Database {
    pub(crate) fn new(connection: &str, table: &str) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if table.is_empty() || table.len() > 40 || !table.chars().all(is_plain) {
            let message = format!("`{table}` is not a name for the table");
            return Err(
                Error::new(ErrorKind::Config, message).with_help("use up to 40 of a-z, 0-9 and _")
            );
        }
        Ok(Self {
            connection: connection.to_owned(),
            table: table.to_owned(),
            driver: Mutex::new(None),
        })
    }

    pub(crate) fn connection(&self) -> &str {
        &self.connection
    }

    /// Puts the names of the tables into a statement.
    pub(crate) fn sql(&self, text: &str) -> String {
        let table = format!("\"{}\"", self.table);
        let mut text = text.replace("{table}", &table);
        for part in ["staged", "commits", "owner"] {
            let name = format!("\"{}_{part}\"", self.table);
            text = text.replace(&format!("{{{part}}}"), &name);
        }
        text
    }

    /// Runs something in the session of the driver.
    pub(crate) fn with_driver<T>(
        &self,
        run: impl FnOnce(&mut Client) -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let driver = driver.as_mut().ok_or("the target is not open")?;
        run(&mut driver.client)
    }

    /// Makes sure, until the end of the transaction, that the table is this query's (E6).
    pub(crate) fn expect_owner(
        &self,
        transaction: &mut Transaction<'_>,
        query: &str,
    ) -> Result<(), BoxError> {
        let owner = transaction.query_opt(&self.sql("select query from {owner} for share"), &[])?;
        match owner.map(|row| row.get::<_, String>(0)) {
            Some(owner) if owner == query => Ok(()),
            owner => Err(self.other_owner(owner.as_deref()).into()),
        }
    }

    fn other_owner(&self, owner: Option<&str>) -> Error {
        let whose = owner.map_or("nobody's any more".to_owned(), |owner| {
            format!("query {owner}'s")
        });
        Error::new(ErrorKind::Mismatch, format!("the table is {whose}"))
            .at_path(self.location())
            .with_help(
                "resume its owner with that query's checkpoint; or name the owner in \
                 take_over_target_from; or choose another table",
            )
    }

    fn failed(&self, doing: &str, error: impl Into<BoxError>) -> Error {
        Error::new(ErrorKind::Storage, format!("cannot {doing}"))
            .at_path(self.location())
            .with_source(error)
    }

    fn connect(&self) -> Result<Client> {
        Client::connect(&self.connection, NoTls).map_err(|error| self.failed("connect", error))
    }

    /// Takes the lock, which the server holds as long as this session lives (E5).
    fn lock(&self, client: &mut Client, take_over: bool) -> Result<()> {
        let key = "hashtextextended($1, 0)";
        let failed = |error| self.failed("lock the table", error);
        let began = Instant::now();
        loop {
            let row = client
                .query_one(
                    &format!("select pg_try_advisory_lock({key})"),
                    &[&self.table],
                )
                .map_err(failed)?;
            if row.get::<_, bool>(0) {
                return Ok(());
            }
            let holders = format!(
                "from pg_locks where locktype = 'advisory' and granted and objsubid = 1 \
                 and database = (select oid from pg_database where datname = current_database()) \
                 and (classid::bigint << 32 | objid::bigint) = {key}"
            );
            if take_over {
                let end = format!("select pg_terminate_backend(pid) {holders}");
                client.execute(&end, &[&self.table]).map_err(failed)?;
            } else if began.elapsed() > LOCK_PATIENCE {
                let holder = client
                    .query_opt(&format!("select pid {holders}"), &[&self.table])
                    .map_err(failed)?;
                let holder = holder.map_or(0, |row| row.get::<_, i32>(0));
                let message = format!("another driver holds the table: session {holder}");
                return Err(Error::new(ErrorKind::Locked, message)
                    .at_path(self.location())
                    .with_help(
                        "stop that driver, or start this one with `.take_over(true)` if it hangs",
                    ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn create_tables(&self, client: &mut Client) -> Result<()> {
        let tables = self.sql(
            "set client_min_messages = warning; \
             create table if not exists {table} (\
                 id bigint not null, city text not null, celsius double precision); \
             create table if not exists {staged} (\
                 query text not null, batch bigint not null, run bigint not null, \
                 partition bigint not null, attempt bigint not null, \
                 created timestamptz not null default now(), \
                 id bigint not null, city text not null, celsius double precision); \
             create index if not exists {staged_index} on {staged} (query, batch); \
             create table if not exists {commits} (\
                 query text not null, batch bigint not null, prepared text not null, \
                 primary key (query, batch)); \
             create table if not exists {owner} (\
                 one boolean primary key default true check (one), \
                 query text not null, checkpoint text not null)",
        );
        let tables = tables.replace(
            "{staged_index}",
            &format!("\"{}_staged_index\"", self.table),
        );
        client
            .batch_execute(&tables)
            .map_err(|error| self.failed("create the tables", error))
    }

    /// Decides whether the query may have the table, and gives it to the query.
    fn claim(&self, client: &mut Client, claim: &TargetClaim) -> Result<()> {
        let failed = |error| self.failed("claim the table", error);
        let query = claim.query.to_string();
        let mut transaction = client.transaction().map_err(failed)?;
        let owner = transaction
            .query_opt(&self.sql("select query from {owner} for update"), &[])
            .map_err(failed)?;
        let owner: Option<String> = owner.map(|row| row.get(0));
        let known = self.sql("select exists (select from {commits} where query = $1)");
        let known = transaction.query_one(&known, &[&query]).map_err(failed)?;
        // A query with batches that this table does not know has written them elsewhere.
        let is_stranger = claim.claimed_before && !known.get::<_, bool>(0);
        let statement = match owner {
            Some(owner) if owner == query => return Ok(()),
            None if !claim.claimed_before => {
                "insert into {owner} (query, checkpoint) values ($1, $2)"
            }
            Some(owner) => {
                let former = claim.take_over_target_from.map(|former| former.to_string());
                if former.as_ref() != Some(&owner) || is_stranger {
                    return Err(self.other_owner(Some(&owner)));
                }
                "update {owner} set query = $1, checkpoint = $2"
            }
            None => {
                let message = "the table knows nothing of this query, whose checkpoint has batches";
                return Err(Error::new(ErrorKind::Mismatch, message)
                    .at_path(self.location())
                    .with_help("bring the table back, or start anew with an empty checkpoint"));
            }
        };
        transaction
            .execute(&self.sql(statement), &[&query, &claim.checkpoint])
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn forget_old(&self, client: &mut Client, query: &str) -> Result<()> {
        let old = self.sql(
            "delete from {commits} where query = $1 \
             and batch <= (select max(batch) from {commits} where query = $1) - $2",
        );
        client
            .execute(&old, &[&query, &KEPT])
            .map(drop)
            .map_err(|error| self.failed("forget old batches", error))
    }
}

impl Target for Database {
    /// Without the user and the password. Two databases are two places.
    fn location(&self) -> String {
        let config: postgres::Config = self.connection.parse().unwrap_or_default();
        let hosts: Vec<String> = config.get_hosts().iter().map(host_name).collect();
        let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
        let database = config.get_dbname().unwrap_or("default");
        let (hosts, ports) = (hosts.join(","), ports.join(","));
        format!("postgres://{hosts}:{ports}/{database}/{}", self.table)
    }

    fn check(&self) -> Result<()> {
        self.connect().map(drop)
    }

    fn open(&self, claim: &TargetClaim) -> Result<()> {
        // A session of an earlier run of this very value would refuse the new one.
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        driver.take();
        let mut client = self.connect()?;
        self.lock(&mut client, claim.take_over)?;
        self.create_tables(&mut client)?;
        self.claim(&mut client, claim)?;
        self.forget_old(&mut client, &claim.query.to_string())?;
        *driver = Some(Driver {
            client,
            leftover_age: claim.leftover_age,
        });
        Ok(())
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        let newest = self.sql(
            "select batch, prepared from {commits} where query = $1 order by batch desc limit 1",
        );
        let look = |client: &mut Client| Ok(client.query_opt(&newest, &[&query.to_string()])?);
        // Also for those who look without driving the query.
        let is_open = self
            .driver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        let found = match is_open {
            true => self.with_driver(look),
            false => look(&mut self.connect()?),
        };
        let found = found.map_err(|error| self.failed("look for the last batch", error))?;
        Ok(found.map(|row| TargetRecord {
            query,
            batch: BatchId::new(row.get::<_, i64>(0).unsigned_abs()),
            prepared: row.get(1),
        }))
    }

    /// Finds what the transaction of the commit has written, and writes it for a batch that was lost and
    /// never committed (S2).
    fn record(&self, record: &TargetRecord) -> Result<()> {
        let found = self.with_driver(|client| {
            let (query, batch) = (record.query.to_string(), number(record.batch.get())?);
            let mut transaction = client.transaction()?;
            self.expect_owner(&mut transaction, &query)?;
            let insert = self.sql(
                "insert into {commits} (query, batch, prepared) values ($1, $2, $3) \
                 on conflict (query, batch) do nothing",
            );
            transaction.execute(&insert, &[&query, &batch, &record.prepared])?;
            let one = self.sql("select prepared from {commits} where query = $1 and batch = $2");
            let found = transaction.query_one(&one, &[&query, &batch])?;
            transaction.commit()?;
            Ok(found.get::<_, String>(0))
        });
        let found = found.map_err(|error| self.failed("record the batch", error))?;
        if found == record.prepared {
            return Ok(());
        }
        let message = "the table has committed this batch from other messages";
        Err(Error::new(ErrorKind::Mismatch, message)
            .at_path(self.location())
            .in_batch(record.batch)
            .with_help("the checkpoint is a copy that went its own way: use the other one"))
    }

    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(driver) = driver.as_mut() else {
            return Ok(Sweep::default());
        };
        let failed = |error: BoxError| self.failed("sweep", error);
        let query = query.to_string();
        let (run, through) = (
            number(run.get()).map_err(failed)?,
            number(through.get()).map_err(failed)?,
        );
        let age = driver.leftover_age.as_secs_f64();
        let gone = self.sql(
            "delete from {staged} where query = $1 and batch <= $3 \
             and (run < $2 or created < now() - make_interval(secs => $4))",
        );
        let removed = driver
            .client
            .execute(&gone, &[&query, &run, &through, &age]);
        let removed = removed.map_err(|error| failed(error.into()))?;
        let rest = self.sql("select count(*) from {staged} where query = $1 and batch <= $2");
        let rest = driver.client.query_one(&rest, &[&query, &through]);
        let rest = rest.map_err(|error| failed(error.into()))?;
        Ok(Sweep::new(removed, rest.get::<_, i64>(0).unsigned_abs()))
    }
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

/// A number of ours as one of the database's.
pub(crate) fn number(number: u64) -> Result<i64, BoxError> {
    Ok(i64::try_from(number)?)
}
