//! Jobs that are no streaming queries, sinks without a place for a journal, and rows that end early.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arrow::array::RecordBatch;
use streamwriter::testing::FaultStorage;
use streamwriter::{
    AnySink, ArrowRows, Attempt, BatchContext, BoxError, ClusterCommit, ClusterSink, ClusterTask,
    ClusterWork, ErrorKind, Guarantee, OptionMap, PartitionId, QueryId, Rows, Stdout, StreamWriter,
    TaskContext, WriteRows,
};

use super::pretend::{PARTITIONS, Spark, rows_of, schema, work};
use super::{local, staged, visible};
use crate::support::memory_directory;

fn write_job(sink: &ClusterSink, job: QueryId) -> Vec<Option<Vec<u8>>> {
    let run = QueryId::random().to_string();
    let task = |partition: u32| ClusterTask {
        query: job,
        run: run.clone(),
        work: ClusterWork::Job,
        partition: PartitionId::new(partition),
        attempt: Attempt::new(0),
        attempt_id: u64::from(partition),
    };
    let write = |partition| {
        let rows = rows_of(0, partition).into_iter().map(Ok::<_, BoxError>);
        Some(sink.write(&task(partition), rows).unwrap())
    };
    (0..PARTITIONS).map(write).collect()
}

#[test]
fn a_job_adds_to_a_target_and_leaves_nothing_but_its_files() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    for times in 1..=2 {
        let sink = spark.sink().unwrap();
        let messages = write_job(&sink, sink.job_id());
        let said = sink.commit(ClusterWork::Job, &messages).unwrap();
        assert_eq!(said, ClusterCommit::Published);
        assert_eq!(visible(&target).len(), 5 * times);
        assert_eq!(staged(&target), [""; 0]);
    }
    let journals = streamwriter::StorePath::parse("_streamwriter/journals").unwrap();
    assert_eq!(local(&target).list(&journals).unwrap(), []);
}

#[test]
fn e3_a_job_with_an_id_counts_once_whatever_comes_between() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    spark.options.set("jobId", "orders-7");
    let job = spark.sink().unwrap().job_id();
    assert_eq!(job, spark.sink().unwrap().job_id());
    for said in [ClusterCommit::Published, ClusterCommit::Already] {
        let sink = spark.sink().unwrap();
        let messages = write_job(&sink, job);
        assert_eq!(sink.commit(ClusterWork::Job, &messages).unwrap(), said);
        assert_eq!(visible(&target), [0, 1, 2, 3, 4]);
        assert_eq!(staged(&target), [""; 0]);
    }
    spark.options.set("jobId", "orders-8");
    let sink = spark.sink().unwrap();
    let messages = write_job(&sink, sink.job_id());
    sink.commit(ClusterWork::Job, &messages).unwrap();
    assert_eq!(visible(&target).len(), 10);
}

#[test]
fn e7_what_dead_jobs_have_staged_goes_a_day_later_and_nothing_else() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    let (old, young, recorded) = (QueryId::random(), QueryId::random(), QueryId::random());
    for job in [old, young, recorded] {
        write_job(&spark.sink().unwrap(), job);
    }
    // One has come as far as its record.
    let failing = FaultStorage::watched(local(&target), |point| match point.operation {
        "publish" => Err(point.error()),
        _ => Ok(()),
    });
    let half = Spark::start(&directory.path().join("checkpoint"), failing.shared());
    let sink = half.sink().unwrap();
    let messages = write_job(&sink, recorded);
    sink.commit(ClusterWork::Job, &messages).unwrap_err();
    drop(sink);
    let journals = target.join("_streamwriter/journals");
    for job in [old, recorded] {
        age(&journals.join(job.to_string()));
    }
    let sink = spark.sink().unwrap();
    let messages = write_job(&sink, sink.job_id());
    sink.commit(ClusterWork::Job, &messages).unwrap();
    let of = |job: QueryId| {
        staged(&target)
            .into_iter()
            .filter(move |path| path.contains(&job.to_string()))
    };
    assert_eq!(of(old).count(), 0);
    assert!(!journals.join(old.to_string()).exists());
    assert_eq!(of(young).count(), 2);
    assert!(of(recorded).count() >= 2);
}

/// Makes everything in a directory two days old.
fn age(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path);
        } else {
            let then = SystemTime::now() - Duration::from_secs(48 * 3600);
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(then)
                .unwrap();
        }
    }
}

#[test]
fn e6_a_job_does_not_write_into_the_target_of_a_query() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    spark.run_through(0).unwrap();
    let sink = spark.sink().unwrap();
    let task = ClusterTask {
        query: sink.job_id(),
        run: "r".into(),
        work: ClusterWork::Job,
        partition: PartitionId::new(0),
        attempt: Attempt::new(0),
        attempt_id: 0,
    };
    let error = sink.write(&task, std::iter::empty()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
}

#[test]
fn e4_a_sink_without_a_journal_is_at_least_once_and_an_exactly_once_one_is_refused() {
    let directory = memory_directory();
    let sink = AnySink::decoding::<_, ArrowRows>(Stdout::json(), schema());
    let sink = ClusterSink::new(sink, &OptionMap::new()).unwrap();
    sink.check().unwrap();
    assert_eq!(sink.guarantee().unwrap(), Guarantee::AtLeastOnce);
    let sink = |options| ClusterSink::new(AnySink::new(TwoPhase, schema()), &options).unwrap();
    let error = sink(OptionMap::new()).check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`journalLocation`"), "{error}");
    let place = directory.path().to_str().unwrap();
    let sink = sink(OptionMap::from([("journalLocation", place)]));
    sink.check().unwrap();
    assert_eq!(sink.guarantee().unwrap(), Guarantee::ExactlyOnce);
}

#[test]
fn the_journal_can_lie_elsewhere() {
    let directory = memory_directory();
    let (target, journal) = (
        directory.path().join("target"),
        directory.path().join("journal"),
    );
    let mut spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    spark
        .options
        .set("journalLocation", journal.to_str().unwrap());
    spark.run_through(1).unwrap();
    assert_eq!(visible(&target).len(), 10);
    assert!(
        journal
            .join(spark.query.to_string())
            .join("commits")
            .is_dir()
    );
    assert!(!target.join("_streamwriter/journals").exists());
}

#[test]
fn w8_rows_that_end_early_fail_their_task_and_nothing_is_staged_for_good() {
    let directory = memory_directory();
    let target = directory.path().join("target");
    let mut spark = Spark::start(&directory.path().join("checkpoint"), local(&target));
    let rows = rows_of(0, 0).into_iter().map(Ok::<_, BoxError>);
    let rows = rows.chain([Err("the pipe broke".into())]);
    let task = spark.numbers(0, 0, 0);
    let error = spark.sink().unwrap().write(&task, rows).unwrap_err();
    assert!(
        error.report().to_string().contains("the pipe broke"),
        "{error}"
    );
    spark.run_through(0).unwrap();
    assert_eq!(visible(&target), [0, 1, 2, 3, 4]);
}

#[test]
fn w5_a_sink_without_a_journal_is_not_asked_to_abort_after_a_failed_commit() {
    let calls = Arc::new(Mutex::new(vec![]));
    let sink = AnySink::new(Told(Arc::clone(&calls)), schema());
    let sink = ClusterSink::new(sink, &OptionMap::new()).unwrap();
    let directory = memory_directory();
    let target = local(&directory.path().join("target"));
    let mut spark = Spark::start(&directory.path().join("checkpoint"), target);
    let write = |spark: &mut Spark, partition| {
        let task = spark.numbers(0, partition, 0);
        Some(sink.write(&task, std::iter::empty()).unwrap())
    };
    let mut messages = vec![write(&mut spark, 0), write(&mut spark, 1)];
    sink.commit(work(0), &messages).unwrap_err();
    sink.abort(work(0), &messages).unwrap();
    messages[0] = None;
    sink.abort(work(0), &messages).unwrap();
    assert_eq!(*calls.lock().unwrap(), ["commit 2", "abort 1 of 2"]);
}

/// Writes down what it is told to do, and fails to commit.
struct Told(Arc<Mutex<Vec<String>>>);

impl StreamWriter for Told {
    type Message = ();
    type Error = BoxError;

    fn name(&self) -> &str {
        "told"
    }

    fn commit(&self, messages: Vec<()>, _: &BatchContext) -> Result<(), BoxError> {
        let call = format!("commit {}", messages.len());
        self.0.lock().unwrap().push(call);
        Err("the answer was lost".into())
    }

    fn abort(&self, messages: Vec<Option<()>>, _: &BatchContext) -> Result<(), BoxError> {
        let (all, there) = (messages.len(), messages.iter().flatten().count());
        self.0
            .lock()
            .unwrap()
            .push(format!("abort {there} of {all}"));
        Ok(())
    }
}

impl WriteRows<RecordBatch> for Told {
    fn write(
        &self,
        rows: impl Rows<Item = RecordBatch> + Send,
        _: &TaskContext,
    ) -> Result<(), BoxError> {
        rows.for_each(drop);
        Ok(())
    }
}

/// Says that it is exactly-once, and has no target of files.
struct TwoPhase;

impl StreamWriter for TwoPhase {
    type Message = ();
    type Error = BoxError;

    fn name(&self) -> &str {
        "two phases"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }
}

impl WriteRows<RecordBatch> for TwoPhase {
    fn write(
        &self,
        rows: impl Rows<Item = RecordBatch> + Send,
        _: &TaskContext,
    ) -> Result<(), BoxError> {
        rows.for_each(drop);
        Ok(())
    }
}
