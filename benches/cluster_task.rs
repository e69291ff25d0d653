//! What a task on a cluster costs beside a bare `ArrowWriter` over the same record batches, in processor
//! time, in one process and interleaved; and what a commit costs.
//!
//! ```bash
//! cargo bench --bench cluster_task
//! ```
//!
//! Batches of 10,000 rows, as Spark hands them over: an id, a timestamp, a name out of a thousand, a double.
//! Both write one file a task with the same codec and sync it. The task of the cluster joins its run, counts
//! its rows, hashes its bytes and makes its message besides.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rustix::time::{ClockId, clock_gettime};
use streamwriter::{
    Attempt, BatchId, BoxError, ClusterRequest, ClusterSink, ClusterTask, ClusterWork, OptionMap,
    PartitionId, QueryId, prebuilt_sinks,
};

const ROWS: i64 = 2_000_000;
const BATCH_ROWS: i64 = 10_000;
const ROUNDS: usize = 7;
const SMALL_BATCHES: u64 = 100;

fn main() -> Result<(), BoxError> {
    let batches: Vec<RecordBatch> = (0..ROWS / BATCH_ROWS)
        .map(batch)
        .collect::<Result<_, _>>()?;
    let directory = tempfile::tempdir()?;
    let (mut tasks, mut bare) = (Vec::new(), Vec::new());
    for codec in ["snappy", "zstd"] {
        for round in 0..ROUNDS {
            let place = directory.path().join(format!("{codec}-{round}"));
            tasks.push(cluster(&place, codec, &batches)?);
            bare.push(arrow_writer(&place.join("bare.parquet"), codec, &batches)?);
        }
        let (task, alone) = (median(&mut tasks), median(&mut bare));
        let per_row = |took: Duration| took.as_secs_f64() * 1e9 / ROWS as f64;
        println!(
            "{codec:8} task {:>6.1} ns of processor a row, bare ArrowWriter {:>6.1}, ratio {:.3}",
            per_row(task),
            per_row(alone),
            task.as_secs_f64() / alone.as_secs_f64()
        );
        tasks.clear();
        bare.clear();
    }
    small_batches(&directory.path().join("small"), &batches)
}

/// Prints what a task and a commit take when there are hardly any rows in them.
fn small_batches(place: &Path, batches: &[RecordBatch]) -> Result<(), BoxError> {
    let (mut tasks, mut commits) = (Vec::new(), Vec::new());
    let query = QueryId::random();
    for number in 0..SMALL_BATCHES {
        let rows = batches.first().ok_or("no batches")?.slice(0, 1);
        let began = Instant::now();
        let sink = open(place, "snappy", &rows)?;
        let message = sink.write(&task_of(query, number), std::iter::once(Ok(rows)))?;
        tasks.push(began.elapsed());
        let began = Instant::now();
        sink.commit(ClusterWork::Batch(BatchId::new(number)), &[Some(message)])?;
        commits.push(began.elapsed());
    }
    let millis = |times: &mut [Duration]| median(times).as_secs_f64() * 1e3;
    println!(
        "one row: task {:.2} ms, commit {:.2} ms, all syncs in it (medians of {SMALL_BATCHES})",
        millis(&mut tasks),
        millis(&mut commits)
    );
    Ok(())
}

fn batch(number: i64) -> Result<RecordBatch, BoxError> {
    let ids = number * BATCH_ROWS..(number + 1) * BATCH_ROWS;
    let name = |id: i64| format!("name-{}", id.wrapping_mul(2_654_435_761) % 1000);
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone()))),
        (
            "ts",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(ids.clone().map(|id| id * 1_000_003))
                    .with_timezone("UTC"),
            ),
        ),
        (
            "name",
            Arc::new(StringArray::from_iter_values(ids.clone().map(name))),
        ),
        (
            "value",
            Arc::new(Float64Array::from_iter_values(
                ids.map(|id| (id as f64).sqrt()),
            )),
        ),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Runs one task and its commit; returns the processor time of the task.
fn cluster(place: &Path, codec: &str, batches: &[RecordBatch]) -> Result<Duration, BoxError> {
    let sink = open(place, codec, batches.first().ok_or("no batches")?)?;
    let began = processor_time();
    let task = task_of(QueryId::random(), 0);
    let message = sink.write(&task, batches.iter().cloned().map(Ok))?;
    let took = processor_time() - began;
    sink.commit(ClusterWork::Batch(BatchId::FIRST), &[Some(message)])?;
    Ok(took)
}

fn open(place: &Path, codec: &str, batch: &RecordBatch) -> Result<ClusterSink, BoxError> {
    let path = place.join("lake");
    let request = ClusterRequest {
        sink: "parquet".into(),
        options: OptionMap::from([
            ("path", path.to_string_lossy().as_ref()),
            ("compression", codec),
        ]),
        schema: batch.schema(),
        overwrite: false,
    };
    Ok(ClusterSink::open(&prebuilt_sinks()?, request)?)
}

fn task_of(query: QueryId, batch: u64) -> ClusterTask {
    ClusterTask {
        query,
        run: "one".into(),
        work: ClusterWork::Batch(BatchId::new(batch)),
        partition: PartitionId::new(0),
        attempt: Attempt::new(0),
        attempt_id: batch,
    }
}

fn arrow_writer(path: &Path, codec: &str, batches: &[RecordBatch]) -> Result<Duration, BoxError> {
    let codec = match codec {
        "zstd" => Compression::ZSTD(ZstdLevel::try_new(1)?),
        _ => Compression::SNAPPY,
    };
    let schema = batches.first().ok_or("no batches")?.schema();
    let properties = WriterProperties::builder().set_compression(codec).build();
    let began = processor_time();
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema, Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()?.sync_all()?;
    Ok(processor_time() - began)
}

/// Returns the processor time that all threads of this process have used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
