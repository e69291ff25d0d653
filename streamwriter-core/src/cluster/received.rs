//! The messages that a driver has got from the tasks of a batch (W2, W3, W12).

use super::message::TaskMessage;
use super::source::PartitionRows;
use super::work::ClusterWork;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{PartitionId, QueryId, Revision, Run};
use crate::journal::StoredCounts;
use crate::message::EncodedMessage;

/// The messages of one batch, all of one query, one run and one sink.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) query: QueryId,
    pub(super) run: Run,
    pub(super) revision: Revision,
    /// In partition order; `None` where a task has left nothing.
    pub(super) tasks: Vec<Option<TaskMessage>>,
}

impl Received {
    /// Reads messages; `None` if there is not one.
    ///
    /// # Errors
    /// `Message` names the partition whose message is damaged, or not one of this batch and sink.
    pub(super) fn read(
        work: ClusterWork,
        messages: &[Option<Vec<u8>>],
        sink: &str,
    ) -> Result<Option<Self>> {
        let decode = |(place, bytes): (usize, &Option<Vec<u8>>)| {
            let bytes = bytes.as_ref();
            bytes
                .map(|bytes| TaskMessage::decode(bytes, work, place))
                .transpose()
        };
        let tasks = messages.iter().enumerate().map(decode);
        let tasks = tasks.collect::<Result<Vec<_>>>()?;
        let Some(first) = tasks.iter().flatten().next() else {
            return Ok(None);
        };
        let received = Self {
            query: first.query,
            run: first.run,
            revision: first.revision,
            tasks,
        };
        received.expect_one_batch(work, sink)?;
        Ok(Some(received))
    }

    fn expect_one_batch(&self, work: ClusterWork, sink: &str) -> Result<()> {
        for (place, task) in self.tasks.iter().enumerate() {
            let Some(task) = task else { continue };
            let wrong = |what: &str| {
                let message =
                    format!("the message of partition {place} of {work} is of another {what}");
                Err(Error::new(ErrorKind::Message, message).in_batch(work.batch()))
            };
            if task.sink != sink {
                return wrong("sink").map_err(|error| {
                    let (found, of) = (&task.sink, sink);
                    error.with_help(format!(
                        "its task wrote to {found}, the driver has {of}: give both the same options"
                    ))
                });
            }
            let at = PartitionId::new(u32::try_from(place).unwrap_or(u32::MAX));
            match task {
                _ if task.query != self.query => return wrong("query"),
                _ if task.run != self.run => return wrong("run"),
                _ if task.batch != work.in_message() => return wrong("batch"),
                _ if task.revision != self.revision => return wrong("revision of the batch"),
                _ if task.partition != at => return wrong("partition"),
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells whether every task has left a message: then the batch is not one that has failed.
    pub(super) fn is_complete(&self) -> bool {
        self.tasks.iter().all(Option::is_some)
    }

    /// Takes the messages of a batch that has succeeded apart.
    ///
    /// # Errors
    /// `Message` if one is missing: its rows would be lost.
    pub(super) fn complete(self, work: ClusterWork) -> Result<Complete> {
        let mut complete = Complete::default();
        for (place, task) in self.tasks.into_iter().enumerate() {
            let TaskMessage { read, message, .. } = task.ok_or_else(|| {
                let message = format!("partition {place} of {work} has left no message");
                Error::new(ErrorKind::Message, message)
                    .in_batch(work.batch())
                    .with_help("nothing is published: its rows would be missing")
            })?;
            complete.partitions.push(PartitionRows { rows: read.rows });
            complete.read.rows += read.rows;
            complete.read.skipped += read.skipped;
            complete.messages.push(message);
        }
        Ok(complete)
    }
}

/// What all tasks of a batch have left, in partition order.
#[derive(Debug, Default)]
pub(super) struct Complete {
    pub(super) partitions: Vec<PartitionRows>,
    pub(super) read: StoredCounts,
    pub(super) messages: Vec<EncodedMessage>,
}

/// Refuses a commit without a message.
pub(super) fn no_message(work: ClusterWork) -> Error {
    Error::new(
        ErrorKind::Message,
        format!("{work} is to be committed, and no task has left a message: no row was written"),
    )
    .in_batch(work.batch())
    .with_help(
        "Spark's continuous trigger commits without ever calling a Python sink, and would lose every \
         row: choose another trigger",
    )
}
