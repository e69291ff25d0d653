//! A sink whose methods a test scripts, over a table that outlives the query as a server would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use streamwriter::{
    BatchContext, BoxError, CommitMessage, Error, ErrorKind, Guarantee, MessageMetrics, QueryId,
    Rows, StreamWriter, Target, TargetClaim, TargetRecord, TaskContext, WriteRows,
};

/// The message: the rows themselves. (A real sink stages them and names where.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) rows: Vec<u64>,
}

impl CommitMessage for Written {
    type Totals = ();
    const TYPE: &'static str = "written";

    fn to_body(&self) -> Result<Value, Error> {
        Ok(json!({ "rows": self.rows }))
    }

    fn from_body(body: Value) -> Result<Self, Error> {
        let rows = serde_json::from_value(body["rows"].clone()).map_err(|error| {
            Error::new(ErrorKind::Message, "field rows is wrong").with_source(error)
        })?;
        Ok(Self { rows })
    }

    fn metrics(&self) -> MessageMetrics {
        MessageMetrics::default().with_rows(self.rows.len() as u64)
    }
}

/// What was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Commit {
        batch: u64,
        replay: bool,
        partitions: Vec<Vec<u64>>,
    },
    Abort {
        batch: u64,
        partitions: Vec<Option<Vec<u64>>>,
    },
}

pub(crate) type Log = Arc<Mutex<Vec<Event>>>;

/// A table with the rows of committed batches, and the memory of a target.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) owner: Option<QueryId>,
    pub(crate) batches: BTreeMap<u64, Vec<u64>>,
    pub(crate) records: BTreeMap<u64, TargetRecord>,
}

impl Table {
    pub(crate) fn rows(&self) -> Vec<u64> {
        self.batches.values().flatten().copied().collect()
    }
}

type WriteFn =
    dyn Fn(&mut dyn Rows<Item = u64>, &TaskContext) -> Result<Written, BoxError> + Send + Sync;
type CommitFn = dyn Fn(&BatchContext) -> Result<(), BoxError> + Send + Sync;

/// The sink. Clones share table, log and script.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) table: Arc<Mutex<Table>>,
    pub(crate) log: Log,
    write: Arc<WriteFn>,
    before_commit: Arc<CommitFn>,
    after_commit: Arc<CommitFn>,
    on_abort: Arc<CommitFn>,
    on_record: Arc<CommitRecordFn>,
    pub(crate) has_memory: bool,
    pub(crate) guarantee: Guarantee,
    pub(crate) description: String,
}

type CommitRecordFn = dyn Fn(&TargetRecord) -> Result<(), Error> + Send + Sync;

impl Scripted {
    pub(crate) fn new() -> Self {
        Self {
            table: Arc::default(),
            log: Arc::default(),
            write: Arc::new(|rows, _| {
                Ok(Written {
                    rows: rows.collect(),
                })
            }),
            before_commit: Arc::new(|_| Ok(())),
            after_commit: Arc::new(|_| Ok(())),
            on_abort: Arc::new(|_| Ok(())),
            on_record: Arc::new(|_| Ok(())),
            has_memory: true,
            guarantee: Guarantee::ExactlyOnce,
            description: "scripted table".to_owned(),
        }
    }

    pub(crate) fn write(
        mut self,
        write: impl Fn(&mut dyn Rows<Item = u64>, &TaskContext) -> Result<Written, BoxError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.write = Arc::new(write);
        self
    }

    /// Runs in `commit`, before its effect.
    pub(crate) fn before_commit(
        mut self,
        run: impl Fn(&BatchContext) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.before_commit = Arc::new(run);
        self
    }

    /// Runs in `commit`, after its effect.
    pub(crate) fn after_commit(
        mut self,
        run: impl Fn(&BatchContext) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.after_commit = Arc::new(run);
        self
    }

    pub(crate) fn on_abort(
        mut self,
        run: impl Fn(&BatchContext) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.on_abort = Arc::new(run);
        self
    }

    pub(crate) fn on_record(
        mut self,
        run: impl Fn(&TargetRecord) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.on_record = Arc::new(run);
        self
    }

    /// A sink as after a restart of the program: the same table, no script.
    pub(crate) fn restarted(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            log: Arc::clone(&self.log),
            has_memory: self.has_memory,
            description: self.description.clone(),
            guarantee: self.guarantee,
            ..Self::new()
        }
    }

    pub(crate) fn rows(&self) -> Vec<u64> {
        self.table.lock().unwrap().rows()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn aborts(&self) -> usize {
        self.events()
            .iter()
            .filter(|event| matches!(event, Event::Abort { .. }))
            .count()
    }
}

impl StreamWriter for Scripted {
    type Message = Written;
    type Error = BoxError;

    fn name(&self) -> &str {
        "scripted"
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    fn target(&self) -> Option<&dyn Target> {
        self.has_memory.then_some(self as &dyn Target)
    }

    fn commit(&self, messages: Vec<Written>, batch: &BatchContext) -> Result<(), BoxError> {
        let partitions: Vec<Vec<u64>> = messages.into_iter().map(|m| m.rows).collect();
        self.log.lock().unwrap().push(Event::Commit {
            batch: batch.batch_id().get(),
            replay: batch.replay(),
            partitions: partitions.clone(),
        });
        (self.before_commit)(batch)?;
        // Keyed by batch, so a repeated commit has the effect of one.
        self.table
            .lock()
            .unwrap()
            .batches
            .insert(batch.batch_id().get(), partitions.concat());
        (self.after_commit)(batch)
    }

    fn abort(&self, messages: Vec<Option<Written>>, batch: &BatchContext) -> Result<(), BoxError> {
        let partitions = messages.into_iter().map(|m| m.map(|m| m.rows)).collect();
        let batch_id = batch.batch_id().get();
        self.log.lock().unwrap().push(Event::Abort {
            batch: batch_id,
            partitions,
        });
        (self.on_abort)(batch)
    }
}

impl WriteRows<u64> for Scripted {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Written, BoxError> {
        (self.write)(&mut rows, task)
    }
}

impl Target for Scripted {
    fn location(&self) -> String {
        self.description.clone()
    }

    fn open(&self, claim: &TargetClaim) -> Result<(), Error> {
        let mut table = self.table.lock().unwrap();
        match table.owner {
            None if claim.claimed_before => Err(Error::new(
                ErrorKind::Mismatch,
                "the target was emptied or exchanged",
            )),
            Some(owner) if owner != claim.query => Err(Error::new(
                ErrorKind::Mismatch,
                format!("query {owner} owns the target"),
            )),
            _ => {
                table.owner = Some(claim.query);
                Ok(())
            }
        }
    }

    fn last_committed(&self, _query: QueryId) -> Result<Option<TargetRecord>, Error> {
        Ok(self
            .table
            .lock()
            .unwrap()
            .records
            .values()
            .next_back()
            .cloned())
    }

    fn record(&self, record: &TargetRecord) -> Result<(), Error> {
        (self.on_record)(record)?;
        let mut table = self.table.lock().unwrap();
        let before = table.records.insert(record.batch.get(), record.clone());
        assert!(
            before.is_none_or(|before| before == *record),
            "two records of one batch"
        );
        Ok(())
    }
}
