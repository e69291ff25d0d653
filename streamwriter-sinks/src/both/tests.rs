//! Guards E3, E4, E6, W10 and W12 for two sinks that commit as one.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use streamwriter_core::testing::{Pretend, decode_message, encode_message, round_trip};
use streamwriter_core::{BatchId, CommitMessage, MessageMetrics, QueryId, Run, Sweep, TargetClaim};

use super::*;

/// A message of version 2, with a migration.
#[derive(Clone, Debug, PartialEq)]
struct Note(u64);

impl CommitMessage for Note {
    type Totals = u64;
    const TYPE: &'static str = "note";
    const VERSION: u32 = 2;

    fn to_body(&self) -> Result<Value> {
        Ok(json!(self.0))
    }

    fn from_body(body: Value) -> Result<Self> {
        let number = body.as_u64();
        number
            .map(Self)
            .ok_or_else(|| Error::new(ErrorKind::Message, "not a number"))
    }

    fn migrate_from(_: u32, body: Value) -> Result<Self> {
        Self::from_body(body["old"].clone())
    }

    fn metrics(&self) -> MessageMetrics {
        MessageMetrics::default().with_rows(self.0)
    }

    fn add_to(&self, totals: &mut u64) {
        *totals += self.0;
    }
}

/// One of the two; both write into the same log.
struct Side {
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
    remembers: bool,
    record: Mutex<Option<TargetRecord>>,
    guarantee: Guarantee,
    trouble: &'static str,
}

impl Side {
    fn says(&self, what: &str) -> Result<()> {
        self.log
            .lock()
            .unwrap()
            .push(format!("{} {what}", self.name));
        match self.trouble.split_once(' ') {
            Some((when, "panics")) if what.starts_with(when) => panic!("{} {what}", self.name),
            Some((when, "fails")) if what.starts_with(when) => Err(Error::new(
                ErrorKind::Storage,
                format!("{what} of {}", self.name),
            )),
            _ => Ok(()),
        }
    }
}

impl StreamWriter for Side {
    type Message = Note;
    type Error = Error;

    fn name(&self) -> &str {
        self.name
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    fn target(&self) -> Option<&dyn Target> {
        self.remembers.then_some(self)
    }

    fn commit(&self, messages: Vec<Note>, batch: &BatchContext) -> Result<()> {
        let notes: Vec<u64> = messages.iter().map(|note| note.0).collect();
        self.says(&format!("commit {} {notes:?}", batch.batch_id()))
    }

    fn abort(&self, messages: Vec<Option<Note>>, _: &BatchContext) -> Result<()> {
        let notes: Vec<_> = messages
            .iter()
            .map(|note| note.as_ref().map(|n| n.0))
            .collect();
        self.says(&format!("abort {notes:?}"))
    }
}

impl Target for Side {
    fn location(&self) -> String {
        format!("/{}", self.name)
    }

    fn check(&self) -> Result<()> {
        self.says("check")
    }

    fn open(&self, claim: &TargetClaim) -> Result<()> {
        self.says(&format!("open {}", claim.claimed_before))
    }

    fn last_committed(&self, _: QueryId) -> Result<Option<TargetRecord>> {
        self.says("asked")?;
        Ok(self.record.lock().unwrap().clone())
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        *self.record.lock().unwrap() = Some(record.clone());
        self.says(&format!("record {}", record.batch))
    }

    fn sweep(&self, _: QueryId, _: Run, _: BatchId) -> Result<Sweep> {
        self.says("sweep")?;
        Ok(Sweep::new(2, 1))
    }
}

fn both() -> Both<Side, Side> {
    let log = Arc::default();
    let side = |name| Side {
        name,
        log: Arc::clone(&log),
        remembers: true,
        record: Mutex::default(),
        guarantee: Guarantee::ExactlyOnce,
        trouble: "",
    };
    Both {
        first: side("a"),
        second: side("b"),
    }
}

impl Both<Side, Side> {
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.first.log.lock().unwrap())
    }
}

fn in_batch(number: u64, replay: bool) -> Pretend {
    Pretend {
        batch: BatchId::new(number),
        replay,
        ..Pretend::default()
    }
}

/// The record of a batch; `Pretend`'s `prepared` records have the digest `sha256:test`.
fn record(pretend: &Pretend, batch: u64, digest: &str) -> TargetRecord {
    TargetRecord {
        query: pretend.query,
        batch: BatchId::new(batch),
        prepared: format!("sha256:{digest}"),
    }
}

fn messages() -> Vec<OfBoth<Note, Note>> {
    vec![
        OfBoth::new(Note(1), Note(10)),
        OfBoth::new(Note(2), Note(20)),
    ]
}

#[test]
fn w2_each_gets_its_messages_in_partition_order_the_first_before_the_second() {
    let both = both();
    let pretend = in_batch(4, false);
    both.commit(messages(), &pretend.batch()).unwrap();
    // Nobody is asked: a batch that was prepared in this run has been committed by nobody.
    assert_eq!(both.log(), ["a commit 4 [1, 2]", "b commit 4 [10, 20]"]);
    both.record(&record(&pretend, 4, "test")).unwrap();
    assert_eq!(both.log(), ["a record 4", "b record 4"]);
    let some = messages().into_iter().map(Some).chain([None]).collect();
    both.abort(some, &pretend.batch()).unwrap();
    let expected = [
        "a abort [Some(1), Some(2), None]",
        "b abort [Some(10), Some(20), None]",
    ];
    assert_eq!(both.log(), expected);
}

#[test]
fn e3_a_replay_commits_only_those_that_do_not_remember_the_batch() {
    for (a, b, expected) in [
        (
            Some(3),
            Some(3),
            vec!["a commit 4 [1, 2]", "b commit 4 [10, 20]"],
        ),
        (None, None, vec!["a commit 4 [1, 2]", "b commit 4 [10, 20]"]),
        (Some(4), Some(3), vec!["b commit 4 [10, 20]"]),
        (Some(4), None, vec!["b commit 4 [10, 20]"]),
        (Some(3), Some(4), vec!["a commit 4 [1, 2]"]),
        (Some(4), Some(4), vec![]),
    ] {
        let both = both();
        let pretend = in_batch(4, true);
        let set = |side: &Side, batch: Option<u64>| {
            *side.record.lock().unwrap() = batch.map(|batch| record(&pretend, batch, "test"));
        };
        set(&both.first, a);
        set(&both.second, b);
        both.commit(messages(), &pretend.batch()).unwrap();
        let mut log = both.log();
        log.retain(|line| line.contains("commit"));
        assert_eq!(log, expected, "{a:?} {b:?}");
    }
}

#[test]
fn e3_e4_one_without_a_memory_is_committed_again_although_the_other_has_the_batch() {
    let mut both = both();
    both.second.remembers = false;
    let pretend = in_batch(4, true);
    *both.first.record.lock().unwrap() = Some(record(&pretend, 4, "test"));
    both.commit(messages(), &pretend.batch()).unwrap();
    assert_eq!(both.log(), ["a asked", "b commit 4 [10, 20]"]);
    // And it keeps the whole from counting as committed.
    assert_eq!(both.last_committed(pretend.query).unwrap(), None);
    let parts = both.target().unwrap().parts();
    assert!(parts[0].is_some() && parts[1].is_none());
    both.record(&record(&pretend, 4, "test")).unwrap();
    both.first.remembers = false;
    assert!(both.target().is_none());
    both.first.guarantee = Guarantee::AtLeastOnce;
    assert_eq!(both.guarantee(), Guarantee::AtLeastOnce);
    both.second.guarantee = Guarantee::AtMostOnce;
    assert_eq!(both.guarantee(), Guarantee::AtMostOnce);
}

#[test]
fn e6_a_memory_that_contradicts_the_journal_is_refused_before_either_publishes() {
    for (batch, digest) in [(4, "other"), (5, "test"), (9, "other")] {
        for first in [true, false] {
            let both = both();
            let pretend = in_batch(4, true);
            let (wrong, name) = match first {
                true => (&both.first, "/a"),
                false => (&both.second, "/b"),
            };
            *wrong.record.lock().unwrap() = Some(record(&pretend, batch, digest));
            let error = both.commit(messages(), &pretend.batch()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert_eq!(
                (error.path(), error.batch()),
                (Some(name), Some(BatchId::new(4)))
            );
            assert!(
                !both.log().iter().any(|line| line.contains("commit")),
                "{error}"
            );
        }
    }
}

#[test]
fn e6_both_have_committed_what_the_older_record_says() {
    let both = both();
    let pretend = in_batch(4, true);
    let query = pretend.query;
    let last = |a: Option<u64>, b: Option<u64>| {
        *both.first.record.lock().unwrap() = a.map(|a| record(&pretend, a, "test"));
        *both.second.record.lock().unwrap() = b.map(|b| record(&pretend, b, "test"));
        let found = both.last_committed(query).unwrap();
        found.map(|found| found.batch.get())
    };
    assert_eq!(last(Some(4), Some(4)), Some(4));
    assert_eq!(last(Some(4), Some(3)), Some(3));
    assert_eq!(last(Some(3), Some(4)), Some(3));
    assert_eq!(last(Some(0), None), None);
    assert_eq!(last(None, Some(0)), None);
}

#[test]
fn w10_an_abort_reaches_both_and_both_errors_travel() {
    for trouble in ["abort fails", "abort panics"] {
        let mut both = both();
        both.first.trouble = trouble;
        let batch = Pretend::default().batch();
        let error = both.abort(vec![None], &batch).unwrap_err();
        assert_eq!(
            both.log(),
            ["a abort [None]", "b abort [None]"],
            "{trouble}"
        );
        assert!(error.also().is_empty());
        both.second.trouble = "abort fails";
        let error = both.abort(vec![None], &batch).unwrap_err();
        assert_eq!(both.log().len(), 2);
        assert!(
            error.to_string().contains("a abort") || error.to_string().contains("of a"),
            "{error}"
        );
        assert!(error.also()[0].to_string().contains("of b"), "{error:?}");
    }
}

#[test]
fn an_error_names_the_one_that_failed_and_the_other_is_left_alone() {
    type Call = fn(&Both<Side, Side>) -> Result<()>;
    let calls: [(&str, Call); 4] = [
        ("check fails", |both| both.check()),
        ("open fails", |both| {
            both.open(&TargetClaim::new(QueryId::random(), "there"))
        }),
        ("commit fails", |both| {
            both.commit(messages(), &Pretend::default().batch())
        }),
        ("record fails", |both| {
            both.record(&record(&Pretend::default(), 0, "test"))
        }),
    ];
    for (trouble, call) in calls {
        let mut both = both();
        both.first.trouble = trouble;
        assert_eq!(call(&both).unwrap_err().path(), Some("/a"), "{trouble}");
        assert_eq!(both.log().len(), 1, "{trouble}");
        (both.first.trouble, both.second.trouble) = ("", trouble);
        assert_eq!(call(&both).unwrap_err().path(), Some("/b"), "{trouble}");
        assert_eq!(both.log().len(), 2, "{trouble}");
    }
    assert_eq!(both().location(), "/a and /b");
}

#[test]
fn e7_one_sweep_that_fails_does_not_keep_the_other_from_sweeping() {
    let mut both = both();
    let sweep = |both: &Both<Side, Side>| both.sweep(QueryId::random(), Run::FIRST, BatchId::FIRST);
    assert_eq!(sweep(&both).unwrap(), Sweep::new(4, 2));
    both.log();
    both.first.trouble = "sweep fails";
    assert_eq!(sweep(&both).unwrap_err().path(), Some("/a"));
    assert_eq!(both.log(), ["a sweep", "b sweep"]);
}

#[test]
fn w12_each_message_keeps_its_type_its_version_and_its_migration() {
    let message = OfBoth::new(Note(1), Note(2));
    assert_eq!(round_trip(&message).unwrap(), message);
    let text = encode_message(&message, usize::MAX).unwrap();
    assert!(encode_message(&message, text.len() - 1).is_err());
    assert_eq!(
        text,
        r#"{"type":"streamwriter.both","version":1,"body":[{"body":1,"type":"note","version":2},{"body":2,"type":"note","version":2}]}"#
    );
    let old = text.replace(
        r#"{"body":2,"type":"note","version":2}"#,
        r#"{"body":{"old":7},"type":"note","version":1}"#,
    );
    let old: OfBoth<Note, Note> = decode_message(&old).unwrap();
    assert_eq!(old.second(), &Note(7));
    assert_eq!(old.metrics().rows, Some(8));
    let mut totals = (0, 0);
    old.add_to(&mut totals);
    assert_eq!(totals, (1, 7));
    for (part, instead, says) in [
        (r#""type":"note""#, r#""type":"not""#, "`not`"),
        (r#""version":2"#, r#""version":3"#, "versions up to 2"),
        (r#""body":1,"#, "", "envelope"),
        (
            r#"[{"body":1,"type":"note","version":2},"#,
            "[",
            "two messages",
        ),
        ("streamwriter.both", "note", "streamwriter.both"),
    ] {
        let error = decode_message::<OfBoth<Note, Note>>(&text.replacen(part, instead, 1));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Message);
        assert!(
            error.report().to_string().contains(says),
            "{}",
            error.report()
        );
    }
}
