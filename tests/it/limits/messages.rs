//! W12: a message of the largest size allowed passes, one of a byte more is an error that names
//! everything, and a record of many of the largest comes back after a crash.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use streamwriter::testing::{FaultStorage, When, encode_message};
use streamwriter::{
    BatchContext, CommitMessage, Error, ErrorKind, LocalStorage, Rows, SharedStorage, StreamWriter,
    TaskContext, Trigger, WriteRows, serde_json::Value, stream,
};

use crate::support::{Numbers, memory_directory};

/// A message that is one text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text(String);

impl CommitMessage for Text {
    type Totals = ();
    const TYPE: &'static str = "text";

    fn to_body(&self) -> Result<Value, Error> {
        Ok(Value::from(self.0.as_str()))
    }

    fn from_body(body: Value) -> Result<Self, Error> {
        let text = body.as_str();
        let text = text.ok_or_else(|| Error::new(ErrorKind::Message, "it is no text"))?;
        Ok(Self(text.to_owned()))
    }
}

/// Makes a message of so many bytes, as it stands in the journal; each partition its own.
fn message_of(bytes: usize, partition: u32) -> Text {
    let envelope = encode_message(&Text(String::new()), usize::MAX).unwrap();
    let mut text = format!("{partition} ä\"\\ ");
    // What is escaped and what has several bytes counts as it is written.
    let written = serde_json::to_string(&text).unwrap().len() - 2;
    text.push_str(&"x".repeat(bytes - envelope.len() - written));
    Text(text)
}

/// What was committed: whether it was a replay, and the messages.
type Committed = Vec<(bool, Vec<Text>)>;

/// A sink whose messages have a size; it keeps what it is told to commit.
#[derive(Clone)]
struct Sized {
    /// The size of the message of the last partition; the others are of the limit.
    last_bytes: usize,
    bytes: usize,
    committed: Arc<Mutex<Committed>>,
    attempts: Arc<Mutex<u32>>,
}

impl Sized {
    fn new(bytes: usize, last_bytes: usize) -> Self {
        Self {
            bytes,
            last_bytes,
            committed: Arc::default(),
            attempts: Arc::default(),
        }
    }
}

impl StreamWriter for Sized {
    type Message = Text;
    type Error = Error;

    fn name(&self) -> &str {
        "sized"
    }

    fn commit(&self, messages: Vec<Text>, batch: &BatchContext) -> Result<(), Error> {
        self.committed
            .lock()
            .unwrap()
            .push((batch.replay(), messages));
        Ok(())
    }

    fn abort(&self, _: Vec<Option<Text>>, _: &BatchContext) -> Result<(), Error> {
        Ok(())
    }
}

impl WriteRows<u64> for Sized {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Text, Error> {
        rows.by_ref().for_each(drop);
        *self.attempts.lock().unwrap() += 1;
        let partition = task.partition().get();
        let is_last = Some(partition + 1) == task.partitions();
        Ok(message_of(
            if is_last { self.last_bytes } else { self.bytes },
            partition,
        ))
    }
}

fn run(
    sink: Sized,
    partitions: u64,
    bytes_max: Option<usize>,
    checkpoint: SharedStorage,
) -> Result<(), Error> {
    let mut query = stream(
        Numbers::new(partitions)
            .per_batch(partitions)
            .partitions(partitions),
    )
    .write_to(sink)
    .checkpoint(checkpoint)
    .trigger(Trigger::AvailableNow)
    .executors(2)
    .task_retry_delay(Duration::ZERO);
    if let Some(bytes_max) = bytes_max {
        query = query.max_message_bytes(bytes_max);
    }
    query.start()?.await_termination().map(|_| ())
}

fn local(path: &Path) -> SharedStorage {
    LocalStorage::shared(path).unwrap()
}

#[test]
fn w12_a_message_of_the_largest_size_passes_and_one_of_a_byte_more_is_an_error() {
    // The default limit is a MiB.
    for (limit, asked) in [(100, Some(100)), (4096, Some(4096)), (1 << 20, None)] {
        let folder = memory_directory();
        let checkpoint = folder.path().join("c");
        let sink = Sized::new(limit, limit);
        run(sink.clone(), 3, asked, local(&checkpoint)).unwrap();
        let expected: Vec<Text> = (0..3)
            .map(|partition| message_of(limit, partition))
            .collect();
        assert_eq!(*sink.committed.lock().unwrap(), [(false, expected)]);

        let checkpoint = folder.path().join("c2");
        let sink = Sized::new(limit, limit + 1);
        let error = run(sink.clone(), 3, asked, local(&checkpoint)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Message, "{error}");
        let (has, most) = (format!("{} bytes", limit + 1), format!("limit of {limit}"));
        for part in ["`text`", &has, &most, "max_message_bytes"] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
        assert_eq!(error.batch().unwrap().get(), 0);
        assert_eq!(error.partition().unwrap().get(), 2);
        // It would be as long the next time.
        assert!(error.is_permanent());
        assert!(*sink.attempts.lock().unwrap() <= 3);
        assert!(sink.committed.lock().unwrap().is_empty());

        // With a higher limit the next start goes on with the batch.
        run(sink.clone(), 3, Some(limit + 1), local(&checkpoint)).unwrap();
        let committed = sink.committed.lock().unwrap();
        assert_eq!(committed.len(), 1);
        assert_eq!(committed[0].1[2], message_of(limit + 1, 2));
    }
}

#[test]
fn e3_w12_a_record_of_many_messages_of_the_largest_size_is_replayed() {
    const MESSAGES: u64 = 40;
    const BYTES: usize = 1 << 20;
    let folder = memory_directory();
    let checkpoint = folder.path().join("c");
    let sink = Sized::new(BYTES, BYTES);
    // query, run, offsets, prepared
    let faulty = FaultStorage::failing(local(&checkpoint), 3, When::After);
    run(sink.clone(), MESSAGES, None, faulty.shared()).unwrap_err();
    let last = faulty.log().pop().unwrap();
    assert!(last.contains("create prepared/"), "{last}");
    assert!(sink.committed.lock().unwrap().is_empty());

    // The limit is one of what is written; a lower one does not keep what is recorded.
    let began = std::time::Instant::now();
    run(sink.clone(), MESSAGES, Some(1000), local(&checkpoint)).unwrap();
    println!(
        "{MESSAGES} messages of {BYTES} bytes replayed in {:.2?}",
        began.elapsed()
    );
    let expected = (0..MESSAGES as u32).map(|partition| message_of(BYTES, partition));
    let committed = sink.committed.lock().unwrap();
    assert!(
        *committed == [(true, expected.collect::<Vec<_>>())],
        "other messages"
    );
}
