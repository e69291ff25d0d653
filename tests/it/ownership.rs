//! E4 to E6 and E9: guarantees, locks, zombies, wrong and damaged checkpoints.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use streamwriter::{ErrorKind, FileSink, Guarantee, JsonLines, Trigger, stream};

use crate::support::{Numbers, Scripted, Written, drain};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn e4_the_weakest_part_decides_and_asking_for_more_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut weak = Scripted::new();
    weak.guarantee = Guarantee::AtLeastOnce;
    let query = || stream(Numbers::new(1)).write_to(Scripted::new());
    let error = stream(Numbers::new(1))
        .write_to(weak)
        .checkpoint(directory.path())
        .require(Guarantee::ExactlyOnce)
        .start()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Guarantee);
    let error = query()
        .no_checkpoint()
        .require(Guarantee::ExactlyOnce)
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("at-least-once holds"), "{error}");
    let started = query()
        .checkpoint(directory.path())
        .require(Guarantee::ExactlyOnce)
        .start();
    assert_eq!(started.unwrap().guarantee(), Guarantee::ExactlyOnce);
}

#[test]
fn e5_a_second_driver_is_refused_with_the_first_ones_process() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    let start = |take_over| {
        stream(Numbers::new(1))
            .write_to(sink.restarted())
            .checkpoint(directory.path())
            .take_over(take_over)
            .start()
    };
    let first = start(false).unwrap();
    let error = start(false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    first.stop(Duration::from_secs(10)).unwrap();
    start(false).unwrap().stop(Duration::from_secs(10)).unwrap();
}

/// Holds a query at a point until the test lets it go on.
struct Gate {
    reached: std::sync::mpsc::Receiver<()>,
    go_on: std::sync::mpsc::Sender<()>,
}

fn gate() -> (Gate, impl Fn() + Send + Sync + 'static) {
    let (reached_sender, reached) = channel();
    let (go_on, go_on_receiver) = channel();
    let waiting = Mutex::new(Some((reached_sender, go_on_receiver)));
    let pass = move || {
        if let Some((reached, go_on)) = waiting.lock().unwrap().take() {
            reached.send(()).unwrap();
            let _: Result<(), _> = go_on.recv_timeout(Duration::from_secs(30));
        }
    };
    (Gate { reached, go_on }, pass)
}

#[test]
fn e5_a_zombie_that_wakes_in_write_publishes_nothing_and_does_not_abort() {
    let directory = tempfile::tempdir().unwrap();
    let (gate, pass) = gate();
    let zombie = Scripted::new().write(move |rows, _| {
        pass();
        Ok(Written {
            rows: rows.collect(),
        })
    });
    let slept = stream(Numbers::new(10).partitions(1))
        .write_to(zombie.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .start()
        .unwrap();
    gate.reached.recv().unwrap();

    let mut successor = zombie.restarted();
    successor.log = Arc::default();
    let summary = stream(Numbers::new(10).partitions(1))
        .write_to(successor.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .take_over(true)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!((summary.run.get(), summary.batches), (2, 1));

    gate.go_on.send(()).unwrap();
    let error = slept.await_termination().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    assert_eq!(
        zombie.events(),
        [],
        "the zombie called neither commit nor abort"
    );
    assert_eq!(successor.rows(), (0..10).collect::<Vec<_>>());
}

#[test]
fn e5_a_zombie_whose_task_fails_does_not_abort_either() {
    let directory = tempfile::tempdir().unwrap();
    let (gate, pass) = gate();
    let zombie = Scripted::new().write(move |_, _| {
        pass();
        Err(streamwriter::Permanent::new("the zombie's disk is full").into())
    });
    let query = |sink: Scripted| {
        stream(Numbers::new(10).partitions(1))
            .write_to(sink)
            .checkpoint(directory.path())
            .trigger(Trigger::AvailableNow)
    };
    let slept = query(zombie.clone()).start().unwrap();
    gate.reached.recv().unwrap();
    let mut successor = zombie.restarted();
    successor.log = Arc::default();
    let successor = query(successor).take_over(true).start().unwrap();
    successor.await_termination().unwrap();
    gate.go_on.send(()).unwrap();
    let error = slept.await_termination().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
    assert_eq!(error.also()[0].kind(), ErrorKind::Task, "{error}");
    assert_eq!(
        zombie.events(),
        [],
        "what it would clean up is its successor's business"
    );
}

#[test]
fn e9_records_of_a_copy_that_went_its_own_way_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (directory.path().join("one"), directory.path().join("other"));
    let mut sink = Scripted::new();
    sink.has_memory = false;
    drain(Numbers::new(10), sink.clone(), &one).unwrap();
    copy(&one, &other);
    drain(Numbers::new(20), sink.restarted(), &one).unwrap();
    drain(Numbers::new(15), sink.restarted(), &other).unwrap();
    // Each record is whole and of this query and batch; only the chain tells that it is foreign.
    for log in ["offsets", "prepared", "commits"] {
        let mixed = directory.path().join(log);
        copy(&one, &mixed);
        let record = format!("{log}/00000000000000000001.json");
        fs::copy(other.join(&record), mixed.join(&record)).unwrap();
        let error = drain(Numbers::new(30), sink.restarted(), &mixed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{log}");
        assert!(error.to_string().contains("does not follow"), "{error}");
    }
}

#[test]
fn e5_a_zombie_whose_records_were_purged_meanwhile_acts_on_none_that_it_creates() {
    let directory = tempfile::tempdir().unwrap();
    let (gate, pass) = gate();
    let zombie = Scripted::new().write(move |rows, _| {
        pass();
        Ok(Written {
            rows: rows.collect(),
        })
    });
    let source = || Numbers::new(8).per_batch(1).partitions(1);
    let query = |sink: Scripted| {
        stream(source())
            .write_to(sink)
            .checkpoint(directory.path())
            .trigger(Trigger::AvailableNow)
            .keep_batches(2)
    };
    let slept = query(zombie.clone()).start().unwrap();
    gate.reached.recv().unwrap();
    let mut successor = zombie.restarted();
    successor.log = Arc::default();
    query(successor.clone())
        .take_over(true)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert!(
        !directory
            .path()
            .join("prepared/00000000000000000000.json")
            .exists(),
        "purged"
    );

    gate.go_on.send(()).unwrap();
    assert_eq!(
        slept.await_termination().unwrap_err().kind(),
        ErrorKind::Superseded
    );
    assert_eq!(zombie.events(), []);
    let summary = query(successor.restarted())
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    assert_eq!(summary.batches, 0, "the stray record is not acted on");
    assert_eq!(successor.rows(), (0..8).collect::<Vec<_>>());
}

#[test]
fn e5_a_zombie_that_wakes_in_commit_records_nothing_further() {
    let directory = tempfile::tempdir().unwrap();
    let (gate, pass) = gate();
    let zombie = Scripted::new().after_commit(move |_| {
        pass();
        Ok(())
    });
    let slept = stream(Numbers::new(30))
        .write_to(zombie.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .start()
        .unwrap();
    gate.reached.recv().unwrap();
    let successor = zombie.restarted();
    stream(Numbers::new(30))
        .write_to(successor.clone())
        .checkpoint(directory.path())
        .trigger(Trigger::AvailableNow)
        .take_over(true)
        .start()
        .unwrap()
        .await_termination()
        .unwrap();
    gate.go_on.send(()).unwrap();
    assert_eq!(
        slept.await_termination().unwrap_err().kind(),
        ErrorKind::Superseded
    );
    assert_eq!(successor.rows(), (0..30).collect::<Vec<_>>());
}

#[test]
fn e6_a_checkpoint_of_another_source_or_target_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap();
    let source = Numbers::new(10).described_as("other numbers");
    let error = drain(source, sink.restarted(), directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("other numbers"), "{error}");
    let mut other = sink.restarted();
    other.description = "another table".to_owned();
    let error = drain(Numbers::new(10), other, directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.help().unwrap().contains("start anew"), "{error}");
}

#[test]
fn e6_a_new_or_older_checkpoint_and_an_emptied_target_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (now, old, new) = (
        directory.path().join("now"),
        directory.path().join("old"),
        directory.path().join("new"),
    );
    let sink = Scripted::new();
    drain(Numbers::new(10), sink.clone(), &now).unwrap();
    copy(&now, &old);
    drain(Numbers::new(30), sink.restarted(), &now).unwrap();
    let rows = sink.rows();

    let error = drain(Numbers::new(30), sink.restarted(), &new).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Mismatch,
        "another query owns the target"
    );
    let error = drain(Numbers::new(30), sink.restarted(), &old).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(
        error.to_string().contains("the target has batch 2"),
        "{error}"
    );
    assert_eq!(sink.rows(), rows, "nothing was written");

    let mut emptied = sink.restarted();
    emptied.table = Arc::default();
    let error = drain(Numbers::new(30), emptied, &now).unwrap_err();
    assert!(
        error.to_string().contains("emptied or exchanged"),
        "{error}"
    );
    sink.table.lock().unwrap().records.pop_last();
    let error = drain(Numbers::new(30), sink.restarted(), &now).unwrap_err();
    assert!(error.to_string().contains("only batch 1"), "{error}");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

#[test]
fn e9_a_damaged_or_missing_record_is_named_and_never_read_as_a_fresh_start() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole");
    let sink = Scripted::new();
    drain(Numbers::new(30), sink.clone(), &whole).unwrap();
    let rows: Vec<u64> = (0..40).collect();
    let mut refused = 0;
    for file in files(&whole) {
        let name = file.strip_prefix(&whole).unwrap().to_owned();
        if name == Path::new("lock") {
            continue;
        }
        let bytes = fs::read(&file).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 4;
        let damages = [
            Some(flipped),
            Some(bytes[..bytes.len() / 2].to_vec()),
            Some(Vec::new()),
            None,
        ];
        for (number, damage) in damages.into_iter().enumerate() {
            let copy_of = directory
                .path()
                .join(format!("{}-{number}", name.display()).replace('/', "-"));
            copy(&whole, &copy_of);
            match &damage {
                Some(bytes) => fs::write(copy_of.join(&name), bytes).unwrap(),
                None => fs::remove_file(copy_of.join(&name)).unwrap(),
            }
            let mut trial = sink.restarted();
            trial.table = clone_table(&sink);
            match drain(Numbers::new(40), trial.clone(), &copy_of) {
                // A record that is not acted on may be damaged; the rows are right all the same.
                Ok(_) => assert_eq!(trial.rows(), rows, "{} {number}", name.display()),
                Err(error) => {
                    refused += 1;
                    let kinds = [ErrorKind::Corrupted, ErrorKind::Mismatch];
                    assert!(kinds.contains(&error.kind()), "{name:?} {number}: {error}");
                    assert_eq!(trial.rows(), sink.rows(), "nothing was written");
                }
            }
        }
    }
    assert!(refused >= 24, "only {refused} damages were refused");
}

fn clone_table(sink: &Scripted) -> Arc<Mutex<crate::support::Table>> {
    let table = sink.table.lock().unwrap();
    Arc::new(Mutex::new(crate::support::Table {
        owner: table.owner,
        batches: table.batches.clone(),
        records: table.records.clone(),
    }))
}

#[test]
fn e9_a_foreign_file_among_the_records_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap();
    fs::write(directory.path().join("offsets/notes.txt"), "mine").unwrap();
    let error = drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(error.to_string().contains("offsets/notes.txt"), "{error}");
}

#[test]
fn e9_only_temporary_names_may_be_torn() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new();
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap();
    let torn = directory.path().join("prepared/.tmp-torn");
    fs::write(&torn, "{").unwrap();
    drain(Numbers::new(20), sink.restarted(), directory.path()).unwrap();
    assert!(!torn.exists());
    assert_eq!(sink.rows(), (0..20).collect::<Vec<_>>());
}

/// Each of its batches would come back as the next one.
#[test]
fn e6_a_query_does_not_read_what_it_has_published() {
    for (inside, recursive) in [("", false), ("out", true)] {
        let directory = tempfile::tempdir().unwrap();
        let (input, state) = (directory.path().join("in"), directory.path().join("state"));
        fs::create_dir(&input).unwrap();
        fs::write(input.join("a.jsonl"), "1\n2\n").unwrap();
        let run = || {
            let source = JsonLines::<u64>::directory(&input).unwrap();
            stream(source.recursive(recursive))
                .write_to(FileSink::json_lines(input.join(inside)).unwrap())
                .checkpoint(&state)
                .trigger(Trigger::AvailableNow)
                .start()
                .and_then(|query| query.await_termination())
        };
        assert_eq!(run().unwrap().input_rows, 2);
        let error = run().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let says = [
            "reads the directory that it writes to",
            "part-b0000000000",
            "lies elsewhere",
        ];
        for part in says {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

/// A corrected copy of what was set aside may keep its name, which has the query's id.
#[test]
fn f5_a_copy_of_what_the_query_has_published_is_read_where_no_target_lies() {
    let directory = tempfile::tempdir().unwrap();
    let [input, output, state] = ["in", "out", "state"].map(|name| directory.path().join(name));
    fs::create_dir(&input).unwrap();
    fs::write(input.join("a.jsonl"), "1\n2\n").unwrap();
    let run = || {
        stream(JsonLines::<u64>::directory(&input).unwrap())
            .write_to(FileSink::json_lines(&output).unwrap())
            .checkpoint(&state)
            .trigger(Trigger::AvailableNow)
            .start()
            .and_then(|query| query.await_termination())
            .unwrap()
    };
    assert_eq!(run().input_rows, 2);
    for entry in fs::read_dir(&output).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), input.join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(run().input_rows, 2);
}

#[test]
fn an_empty_path_is_named_as_one() {
    let empty = |error: streamwriter::Error| {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("is empty; name one"), "{error}");
    };
    empty(JsonLines::<u64>::directory("").unwrap_err());
    empty(FileSink::json_lines("").unwrap_err());
    let query = stream(Numbers::new(1)).write_to(Scripted::new());
    let path = String::new();
    empty(query.checkpoint(&path).start().unwrap_err());
    assert!(path.is_empty());
}
