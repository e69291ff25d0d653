//! Sinks as people write them, called as the engine calls them.

#![deny(warnings)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Mutex;

use streamwriter_core::testing::{Pretend, write_rows, write_rows_cut_off};
use streamwriter_core::{
    BatchContext, BatchId, BoxError, CommitMessage as _, End, Guarantee, Permanent, Rows,
    StreamWriter, TaskContext, WriteRows,
};
use streamwriter_derive::{CommitMessage, stream_writer};

struct Order {
    amount: u64,
}

#[derive(Clone, Debug, PartialEq, CommitMessage)]
struct Posted {
    #[message(rows)]
    rows: u64,
}

fn orders(amounts: &[u64]) -> Vec<Order> {
    amounts.iter().map(|&amount| Order { amount }).collect()
}

fn pretend() -> Pretend {
    Pretend {
        batch: BatchId::new(7),
        ..Pretend::default()
    }
}

/// Calls the driver's half; the messages are of two partitions, the second one failed.
fn commit_and_abort<W: StreamWriter>(
    writer: &W,
    messages: fn() -> Vec<W::Message>,
) -> [Result<(), String>; 2]
where
    W::Error: Into<BoxError>,
{
    let batch = pretend().batch();
    let mut aborted: Vec<_> = messages().into_iter().map(Some).collect();
    aborted.push(None);
    let text = |error: W::Error| -> String { Into::<BoxError>::into(error).to_string() };
    [
        writer.commit(messages(), &batch).map_err(text),
        writer.abort(aborted, &batch).map_err(text),
    ]
}

#[derive(Default)]
struct Smallest;

#[stream_writer]
impl Smallest {
    fn write(&self, rows: impl Iterator<Item = Order>) {
        rows.for_each(drop);
    }
}

#[test]
fn the_smallest_sink_has_every_default() {
    let () = write_rows(&Smallest, orders(&[1]), &pretend().task()).unwrap();
    assert_eq!(StreamWriter::name(&Smallest), "smallest");
    assert_eq!(Smallest.guarantee(), Guarantee::AtLeastOnce);
    assert!(Smallest.target().is_none());
    assert_eq!(commit_and_abort(&Smallest, || vec![()]), [Ok(()), Ok(())]);
}

/// Everything at once, in unusual order, with helpers of the user's own between.
#[derive(Default)]
struct HTTPSink2 {
    log: Mutex<Vec<String>>,
}

#[stream_writer(name = "webhook", guarantee = exactly_once)]
impl HTTPSink2 {
    const LIMIT: u64 = { 100 };

    fn log(&self, line: impl fmt::Display) {
        self.log.lock().unwrap().push(line.to_string());
    }

    fn write(
        &self,
        task: &TaskContext,
        mut rows: impl Rows<Item = Order> + Send,
    ) -> io::Result<Posted> {
        let mut sum = 0;
        for row in &mut rows {
            sum += row.amount;
        }
        if rows.end() != End::Complete {
            return Err(io::Error::other("cut off"));
        }
        if sum > Self::LIMIT {
            return Err(io::Error::other(Permanent::new("too much")));
        }
        self.log(format_args!("write {} {}", task.partition(), rows.read()));
        Ok(Posted { rows: rows.read() })
    }

    fn commit(
        &self,
        batch: u64,
        all: PostedTotals,
        messages: Vec<Posted>,
    ) -> Result<(), fmt::Error> {
        self.log(format_args!(
            "commit {batch} {} {}",
            all.rows,
            messages.len()
        ));
        if all.rows == 13 {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }

    fn abort(&self, messages: &[Option<Posted>], id: BatchId) {
        self.log(format_args!("abort {id} {messages:?}"));
    }
}

#[test]
fn arguments_are_told_apart_by_type() {
    let sink = HTTPSink2::default();
    let task = pretend().task();
    let message = write_rows(&sink, orders(&[1, 2]), &task).unwrap();
    assert_eq!(message, Posted { rows: 2 });
    let done = commit_and_abort(&sink, || vec![Posted { rows: 2 }, Posted { rows: 3 }]);
    assert_eq!(done, [Ok(()), Ok(())]);
    assert_eq!(
        *sink.log.lock().unwrap(),
        [
            "write 0 2",
            "commit 7 5 2",
            "abort 7 [Some(Posted { rows: 2 }), Some(Posted { rows: 3 }), None]"
        ]
    );
    assert_eq!(StreamWriter::name(&sink), "webhook");
    assert_eq!(sink.guarantee(), Guarantee::ExactlyOnce);
}

#[test]
fn errors_keep_their_type_and_causes() {
    let sink = HTTPSink2::default();
    let task = pretend().task();
    let error: BoxError = write_rows_cut_off(&sink, orders(&[1]), &task).unwrap_err();
    assert!(error.is::<io::Error>());
    let error = write_rows(&sink, orders(&[101]), &task).unwrap_err();
    let inner = error.downcast::<io::Error>().unwrap().into_inner().unwrap();
    assert!(inner.is::<Permanent>());
    let error =
        StreamWriter::commit(&sink, vec![Posted { rows: 13 }], &pretend().batch()).unwrap_err();
    assert!(error.is::<fmt::Error>());
}

/// Aliases hide every type from a macro that reads tokens only.
type Outcome = Result<Posted, Infallible>;
type Done = Result<(), &'static str>;
type Messages = Vec<Option<Posted>>;
type Sum = PostedTotals;

struct Aliases;

#[stream_writer]
impl Aliases {
    fn write<I>(&self, rows: I) -> Outcome
    where
        I: Iterator<Item = Order>,
    {
        Ok(Posted {
            rows: rows.map(|row| row.amount).sum(),
        })
    }

    fn commit(&self, sum: Sum) -> Done {
        if sum.rows == 5 { Ok(()) } else { Err("not 5") }
    }

    fn abort(&self, messages: Messages, _: &BatchContext) -> Done {
        match messages.as_slice() {
            [Some(Posted { rows: 5 }), None] => Ok(()),
            _ => Err("other messages"),
        }
    }
}

#[test]
fn aliases_work() {
    let message = write_rows(&Aliases, orders(&[2, 3]), &pretend().task()).unwrap();
    assert_eq!(message.rows, 5);
    assert_eq!(
        commit_and_abort(&Aliases, || vec![Posted { rows: 5 }]),
        [Ok(()), Ok(())]
    );
    assert_eq!(
        commit_and_abort(&Aliases, || vec![Posted { rows: 6 }]),
        [Err("not 5".to_owned()), Err("other messages".to_owned())]
    );
}

/// Borrowed forms.
struct Borrowed;

#[stream_writer]
impl Borrowed {
    fn write(&self, rows: &mut dyn Iterator<Item = u8>, _: &TaskContext) -> Posted {
        Posted {
            rows: rows.map(u64::from).sum(),
        }
    }

    fn commit(&self, messages: &[Posted], totals: &PostedTotals) -> Result<(), String> {
        let sum: u64 = messages.iter().map(|message| message.rows).sum();
        assert_eq!(sum, totals.rows);
        Ok(())
    }

    #[allow(clippy::ptr_arg, reason = "people write it")]
    fn abort(&self, messages: &Vec<Posted>) -> Result<(), String> {
        Err(format!("{} messages", messages.len()))
    }
}

#[test]
fn borrowed_forms_work() {
    let message = write_rows(&Borrowed, [1, 2], &pretend().task()).unwrap();
    assert_eq!(message.rows, 3);
    assert_eq!(
        commit_and_abort(&Borrowed, || vec![Posted { rows: 1 }, Posted { rows: 2 }]),
        [Ok(()), Err("2 messages".to_owned())]
    );
}

/// Generic over its formatter and over the row.
struct Lines<F> {
    format: F,
}

#[stream_writer]
impl<F: Fn(&str) -> String> Lines<F> {
    fn write<R, I: Iterator<Item = R> + Send>(&self, rows: I) -> Posted
    where
        R: Clone + fmt::Display,
    {
        let text: String = rows.map(|row| (self.format)(&row.to_string())).collect();
        Posted {
            rows: u64::try_from(text.len()).unwrap(),
        }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }

    fn description(&self) -> String {
        "lines".to_owned()
    }
}

#[test]
fn generic_sinks_take_many_rows() {
    let sink = Lines {
        format: |text: &str| format!("{text}\n"),
    };
    let task = pretend().task();
    assert_eq!(write_rows(&sink, [1, 22], &task).unwrap().rows, 5);
    assert_eq!(write_rows(&sink, ["abc"], &task).unwrap().rows, 4);
    assert_eq!(StreamWriter::guarantee(&sink), Guarantee::AtMostOnce);
    assert_eq!(StreamWriter::description(&sink), "lines");
    assert_eq!(StreamWriter::name(&sink), "lines");
    assert_eq!(commit_and_abort(&sink, Vec::new), [Ok(()), Ok(())]);
}

/// A sink of pairs that is generic over the key.
struct Pairs<K>(std::marker::PhantomData<K>);

#[stream_writer]
impl<K> Pairs<K>
where
    K: std::hash::Hash + Eq,
{
    fn write(&self, rows: &mut impl Iterator<Item = (K, u64)>) -> Result<Posted, BoxError> {
        let all: HashMap<K, u64> = rows.collect();
        Ok(Posted {
            rows: all.values().sum(),
        })
    }
}

#[test]
fn the_row_may_use_the_parameters_of_the_sink() {
    let sink = Pairs::<String>(std::marker::PhantomData);
    let rows = [("a".to_owned(), 1), ("a".to_owned(), 2)];
    assert_eq!(write_rows(&sink, rows, &pretend().task()).unwrap().rows, 2);
}

mod targets {
    use super::*;
    use streamwriter_core::{QueryId, Result, Target, TargetClaim, TargetRecord};

    struct Memory;

    impl Target for Memory {
        fn location(&self) -> String {
            "memory:x".to_owned()
        }

        fn open(&self, _: &TargetClaim) -> Result<()> {
            Ok(())
        }

        fn last_committed(&self, _: QueryId) -> Result<Option<TargetRecord>> {
            Ok(None)
        }

        fn record(&self, _: &TargetRecord) -> Result<()> {
            Ok(())
        }
    }

    struct WithTarget {
        memory: Memory,
    }

    #[stream_writer(target = self.memory)]
    impl WithTarget {
        fn write(&self, rows: impl Iterator<Item = u8>) {
            rows.for_each(drop);
        }
    }

    #[test]
    fn a_field_can_be_the_target() {
        let sink = WithTarget { memory: Memory };
        assert_eq!(sink.target().unwrap().location(), "memory:x");
        assert_eq!(StreamWriter::description(&sink), "with_target memory:x");
    }
}

#[test]
fn a_message_keeps_its_name() {
    fn message_of<R, W: WriteRows<R>>(_: &W) -> &'static str {
        W::Message::TYPE
    }
    assert_eq!(message_of::<Order, _>(&Aliases), Posted::TYPE);
}
