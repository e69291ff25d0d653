//! Guards W6 to W9, F1 and the names of members for sinks that get the same rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use streamwriter_core::testing::{Pretend, write_rows, write_rows_cut_off};
use streamwriter_core::{BoxError, Permanent};

use super::*;
use crate::{Discarded, KeptInMemory, MemorySink, Noop, SetAside, Staging};

/// A member that does what it is told to, and counts its rows.
#[derive(Clone, Debug)]
struct Member {
    name: &'static str,
    does: &'static str,
    rows: Arc<AtomicU64>,
}

fn member(name: &'static str, does: &'static str) -> Member {
    Member {
        name,
        does,
        rows: Arc::default(),
    }
}

impl StreamWriter for Member {
    type Message = ();
    type Error = BoxError;

    fn name(&self) -> &str {
        self.name
    }

    fn commit(&self, _: Vec<()>, _: &BatchContext) -> Result<(), BoxError> {
        match self.does {
            "commit fails" => Err("no commit".into()),
            "commit panics" => panic!("no commit"),
            _ => Ok(()),
        }
    }
}

impl WriteRows<u64> for Member {
    fn check_rows(&self) -> Result<(), BoxError> {
        match self.does {
            "check fails" => Err("no such rows".into()),
            _ => Ok(()),
        }
    }

    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        _: &TaskContext,
    ) -> Result<(), BoxError> {
        match self.does {
            "write fails" => return Err("no write".into()),
            "write fails for good" => return Err(Permanent::new("never").into()),
            "write panics" => panic!("no write"),
            "reads one" => drop(rows.next()),
            _ => rows.by_ref().for_each(drop),
        }
        self.rows.fetch_add(rows.read(), Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn each_member_gets_every_row_whatever_their_number() {
    let members = [0; 4].map(|_| member("m", ""));
    let [a, b, c, d] = members.clone();
    let sink = FanOut::new(FanOut::new(a, b), c).and(d).rows_in_flight(3);
    write_rows(&sink, 0..1000, &Pretend::default().task()).unwrap();
    for member in &members {
        assert_eq!(member.rows.load(Ordering::Relaxed), 1000);
    }
    assert_eq!(sink.description(), "m and m and m and m");
    assert!(sink.target().is_none());
}

#[test]
fn the_metrics_of_a_batch_are_those_of_all_members_together() {
    use streamwriter_core::CommitMessage;
    let memory = MemorySink::new();
    let sink = FanOut::new(Noop::new(), memory.clone());
    let pretend = Pretend::default();
    let message: OfBoth<Discarded, KeptInMemory> =
        write_rows(&sink, [1_u64, 2, 3], &pretend.task()).unwrap();
    assert_eq!(message.metrics().rows, Some(6));
    sink.commit(vec![message], &pretend.batch()).unwrap();
    assert_eq!(memory.rows(), [1, 2, 3]);
    assert_eq!(sink.guarantee(), Guarantee::AtMostOnce);
}

#[test]
fn w6_w7_w9_the_error_of_a_task_names_the_member() {
    for (does, kind, text) in [
        ("write fails", ErrorKind::Task, "write of b failed"),
        ("write fails for good", ErrorKind::Task, "write of b failed"),
        ("write panics", ErrorKind::Panic, "no write"),
        ("reads one", ErrorKind::Task, "had read 1"),
    ] {
        for place in 0..3 {
            let mut members = [member("a", ""), member("a", ""), member("a", "")];
            members[place] = member("b", does);
            let [a, b, c] = members;
            let sink = FanOut::new(a, b).and(c);
            let task = Pretend::default().task();
            let error = write_rows(&sink, 0..100_000, &task).unwrap_err();
            assert_eq!(error.kind(), kind, "{does} {place}");
            assert_eq!(error.path(), Some("b"), "{does} {place}: {error}");
            assert!(error.to_string().contains(text), "{error}");
            assert_eq!(error.is_permanent(), does.ends_with("for good"));
            assert!(error.also().is_empty(), "{}", error.report());
        }
    }
}

#[test]
fn w7_two_errors_travel_together_and_a_permanent_one_is_first() {
    let sink = FanOut::new(member("a", "write fails"), member("b", "write panics"));
    let error = write_rows(&sink, [1], &Pretend::default().task()).unwrap_err();
    assert_eq!(
        (error.path(), error.also()[0].path()),
        (Some("a"), Some("b"))
    );
    let sink = FanOut::new(
        member("a", "write fails"),
        member("b", "write fails for good"),
    );
    let error = write_rows(&sink, [1], &Pretend::default().task()).unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(
        (error.path(), error.also()[0].path()),
        (Some("b"), Some("a"))
    );
}

#[test]
fn w8_members_that_ask_nothing_do_not_take_a_part_for_the_whole() {
    let sink = FanOut::new(member("a", ""), member("b", ""));
    let task = Pretend::default().task();
    let error = write_rows_cut_off(&sink, 0..10, &task).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutOff);
}

#[test]
fn an_error_of_a_commit_or_a_check_names_the_member() {
    let batch = Pretend::default().batch();
    for (does, kind) in [
        ("commit fails", ErrorKind::Commit),
        ("commit panics", ErrorKind::Panic),
    ] {
        let sink = FanOut::new(member("a", ""), member("b", does)).and(member("c", ""));
        let error = sink.commit(vec![], &batch).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, Some("b")), "{error}");
    }
    let sink = FanOut::new(member("a", ""), member("b", "check fails"));
    let error = sink.check_rows().unwrap_err();
    assert_eq!(error.path(), Some("b"), "{error}");
}

#[test]
fn f1_members_in_one_another_are_refused_also_those_of_a_fan_out_inside() {
    let directory = tempfile::tempdir().unwrap();
    let sink = |name: &str| Directory(Staging::new(directory.path().join(name)).unwrap());
    let check = |names: [&str; 3]| {
        let [a, b, c] = names.map(sink);
        FanOut::new(a, b).and(c).target().unwrap().check()
    };
    check(["a", "b", "ab"]).unwrap();
    for names in [
        ["a", "a", "b"],
        ["a", "b", "a"],
        ["a", "b", "b"],
        ["a", "b/c", "b"],
        ["a", "b", "a/c"],
    ] {
        let error = check(names).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{names:?}");
    }
}

#[test]
fn f5_a_place_for_rows_set_aside_goes_around_the_whole() {
    let directory = tempfile::tempdir().unwrap();
    let aside = |name| SetAside::new(Noop::new(), directory.path().join(name)).unwrap();
    for error in [
        WriteRows::<u64>::check_rows(&FanOut::new(aside("a"), Noop::new())),
        WriteRows::<u64>::check_rows(&FanOut::new(Noop::new(), Noop::new()).and(aside("b"))),
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    }
    let around = SetAside::new(
        FanOut::new(Noop::new(), Noop::new()),
        directory.path().join("c"),
    );
    let task = Pretend::default().task();
    write_rows(&around.unwrap(), [1, 2], &task).unwrap();
}

/// Has a directory, and nothing in it.
struct Directory(Staging);

impl StreamWriter for Directory {
    type Message = ();
    type Error = Error;

    fn name(&self) -> &str {
        "files"
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.0)
    }
}
