//! Spark's protocol around a sink, as it was measured: offsets before the tasks, commits after the sink's
//! commit, no messages kept, `abort` with every message after a failed commit, a new run id at each start.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use streamwriter::{
    AnySink, ArrowRows, Attempt, BatchId, BoxError, ClusterCommit, ClusterSink, ClusterTask,
    ClusterWork, Error, FileSink, OptionMap, PartitionId, QueryId, Result, SharedStorage, Staging,
};

/// How many partitions each batch has; the last one is empty.
pub(super) const PARTITIONS: u32 = 3;
/// How many rows each batch has.
pub(super) const ROWS: i64 = 5;

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

/// The rows of a partition of a batch, in record batches of at most two.
pub(super) fn rows_of(batch: u64, partition: u32) -> Vec<RecordBatch> {
    let first = i64::try_from(batch).unwrap() * ROWS;
    let numbers: Vec<i64> = match partition {
        0 => (first..first + 3).collect(),
        1 => (first + 3..first + ROWS).collect(),
        _ => vec![],
    };
    numbers.chunks(2).map(record_batch).collect()
}

pub(super) fn record_batch(numbers: &[i64]) -> RecordBatch {
    let column = Arc::new(Int64Array::from(numbers.to_vec()));
    RecordBatch::try_new(schema(), vec![column]).unwrap()
}

/// One start of a query on a cluster.
pub(super) struct Spark {
    checkpoint: PathBuf,
    target: SharedStorage,
    pub(super) query: QueryId,
    pub(super) run: String,
    next_attempt_id: u64,
    /// Options of the sink beside the checkpoint's place.
    pub(super) options: OptionMap,
    /// What the commits have said, in order.
    pub(super) said: Vec<(u64, ClusterCommit)>,
}

impl Spark {
    /// Starts the query of a checkpoint, or a new one.
    pub(super) fn start(checkpoint: &Path, target: SharedStorage) -> Self {
        let metadata = checkpoint.join("metadata");
        if !metadata.exists() {
            for log in ["offsets", "commits"] {
                fs::create_dir_all(checkpoint.join(log)).unwrap();
            }
            let id = QueryId::random();
            fs::write(&metadata, format!("{{\"id\":\"{id}\"}}")).unwrap();
        }
        let text = fs::read_to_string(&metadata).unwrap();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        let location = checkpoint.to_str().unwrap();
        Self {
            checkpoint: checkpoint.to_owned(),
            target,
            query: found["id"].as_str().unwrap().parse().unwrap(),
            run: QueryId::random().to_string(),
            next_attempt_id: 0,
            options: OptionMap::from([("checkpointlocation", location)]),
            said: vec![],
        }
    }

    /// Makes the sink anew, as every process does (W11).
    pub(super) fn sink(&self) -> Result<ClusterSink> {
        let sink = FileSink::json_lines_in(Staging::over(Arc::clone(&self.target)));
        let sink = AnySink::decoding::<_, ArrowRows>(sink, schema());
        ClusterSink::new(sink, &self.options)
    }

    pub(super) fn log(&self, log: &str, batch: u64) -> PathBuf {
        self.checkpoint.join(log).join(batch.to_string())
    }

    /// Runs batches up to this one, beginning where the checkpoint says.
    pub(super) fn run_through(&mut self, last: u64) -> Result<()> {
        let committed = (0..=last).rev().find(|n| self.log("commits", *n).exists());
        for batch in committed.map_or(0, |committed| committed + 1)..=last {
            self.run_batch(batch)?;
        }
        Ok(())
    }

    fn run_batch(&mut self, batch: u64) -> Result<()> {
        let offsets = self.log("offsets", batch);
        if !offsets.exists() {
            fs::write(offsets, format!("v1\n{{}}\n{{\"end\":{}}}", batch + 1)).unwrap();
        }
        let messages = self.write(batch);
        if let Some(error) = messages.1 {
            let _ = self.sink()?.abort(work(batch), &messages.0);
            return Err(error);
        }
        self.commit(batch, &messages.0)?;
        fs::write(self.log("commits", batch), "v1\n{}").unwrap();
        Ok(())
    }

    /// Runs the tasks of a batch; the messages that there are, and the first error.
    pub(super) fn write(&mut self, batch: u64) -> (Vec<Option<Vec<u8>>>, Option<Error>) {
        let mut error = None;
        let mut messages = vec![];
        for partition in 0..PARTITIONS {
            match self.task(batch, partition, 0) {
                Ok(message) => messages.push(Some(message)),
                Err(failed) => {
                    error.get_or_insert(failed);
                    messages.push(None);
                }
            }
        }
        (messages, error)
    }

    /// Runs one attempt of a task.
    pub(super) fn task(&mut self, batch: u64, partition: u32, attempt: u32) -> Result<Vec<u8>> {
        let rows = rows_of(batch, partition).into_iter().map(Ok::<_, BoxError>);
        let task = self.numbers(batch, partition, attempt);
        self.sink()?.write(&task, rows)
    }

    pub(super) fn numbers(&mut self, batch: u64, partition: u32, attempt: u32) -> ClusterTask {
        self.next_attempt_id += 1;
        ClusterTask {
            query: self.query,
            run: self.run.clone(),
            work: work(batch),
            partition: PartitionId::new(partition),
            attempt: Attempt::new(attempt),
            attempt_id: self.next_attempt_id,
        }
    }

    pub(super) fn commit(&mut self, batch: u64, messages: &[Option<Vec<u8>>]) -> Result<()> {
        match self.sink()?.commit(work(batch), messages) {
            Ok(said) => {
                self.said.push((batch, said));
                Ok(())
            }
            Err(error) => {
                // Spark aborts with every message after a failed commit.
                let _ = self.sink()?.abort(work(batch), messages);
                Err(error)
            }
        }
    }
}

pub(super) fn work(batch: u64) -> ClusterWork {
    ClusterWork::Batch(BatchId::new(batch))
}
