//! E7 from outside and inside a query: what lies in a target that nobody publishes is listed with
//! its reason, and goes as far as the journal proves that it may.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use streamwriter::testing::When;
use streamwriter::{
    BatchContext, Error, ErrorKind, Fate, FileState, Guarantee, MemorySink, QueryId, Rows,
    StagedFiles, Staging, StreamWriter, Survey, Target, TaskContext, Trigger, Upkeep, WriteRows,
    stream,
};

use super::{
    Gate, Lines, Place, Start, died_in_publication, files_below, numbers, run_with_fault, step_of,
};
use crate::support::Numbers;

/// A sink whose first attempts finish their file and fail then.
struct Careless(Lines);

impl StreamWriter for Careless {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        "careless"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        self.0.target()
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<(), Error> {
        self.0.commit(messages, batch)
    }
}

impl WriteRows<u64> for Careless {
    fn write(
        &self,
        rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles, Error> {
        let message = self.0.write(rows, task)?;
        if task.attempt().get() == 0 {
            return Err(Error::new(ErrorKind::Task, "too late"));
        }
        Ok(message)
    }
}

#[test]
fn e7_what_a_failed_attempt_has_finished_goes_with_the_commit_of_its_batch() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let seen = place.path("target/_streamwriter/staging");
    let sink = place.sink().before_publish(move |_| {
        // Two attempts of each of two tasks.
        assert_eq!(files_below(&seen).len(), 4);
        pass();
    });
    let query = stream(Numbers::new(10))
        .write_to(Careless(sink))
        .checkpoint(place.checkpoint("a"))
        .task_retry_delay(Duration::ZERO)
        .start()
        .unwrap();
    gate.wait();
    gate.open();
    // The same run goes on: its own leftovers are gone when it has committed the batch.
    let deadline = std::time::Instant::now() + Duration::from_secs(120);
    while !place.staged().is_empty() {
        assert!(std::time::Instant::now() < deadline, "{:?}", place.staged());
        thread::sleep(Duration::from_millis(5));
    }
    query.stop(Duration::from_secs(60)).unwrap();
    assert_eq!(place.rows(), numbers(0, 10));
}

/// Everything in a folder with its bytes, but the locks.
fn snapshot(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = files_below(directory).into_iter();
    names
        .filter(|name| !name.ends_with("lock"))
        .map(|name| {
            let bytes = fs::read(directory.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

fn look(place: &Place) -> Survey {
    let staging = Staging::over(place.target());
    Upkeep::new(place.checkpoint("a"), &staging)
        .unwrap()
        .look()
        .unwrap()
}

fn fate_of<'s>(survey: &'s Survey, name: &str) -> &'s Fate {
    let found = survey
        .leftovers
        .iter()
        .find(|leftover| leftover.path.contains(name));
    &found
        .unwrap_or_else(|| panic!("{name} is not listed: {survey}"))
        .fate
}

/// Leftovers of each kind beside a batch that is prepared and not committed.
fn with_leftovers() -> (Place, QueryId) {
    let place = died_in_publication();
    let query = look(&place).query;
    let put = |path: &str| {
        let path = place.path("target").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x\n").unwrap();
    };
    let staging = format!("_streamwriter/staging/{query}");
    // As earlier versions laid them out, in a directory for each batch.
    put(&format!("{staging}/00000000000000000001/r1-p7-a0-f0"));
    put(&format!("{staging}/00000000000000000001-r9-p8-a0-f0"));
    put(&format!("{staging}/00000000000000000002-r1-p9-a3-f0"));
    put(&format!("{staging}/00000000000000000003-r1-p6-a0-f0"));
    put(&format!("{staging}/00000000000000000001/notes"));
    put(&format!(
        "_streamwriter/staging/{}/00000000000000000000/r1-p5-a0-f0",
        QueryId::random()
    ));
    put("_streamwriter/.tmp-torn");
    put("precious.txt.gz");
    (place, query)
}

#[test]
fn e7_a_dry_run_lists_everything_with_its_reason_and_changes_nothing() {
    let (place, query) = with_leftovers();
    let before = snapshot(&place.path(""));
    let survey = look(&place);
    assert_eq!(snapshot(&place.path("")), before, "nothing is changed");

    assert_eq!(survey.query, query);
    let batches = (survey.committed, survey.prepared);
    assert_eq!(batches.0.map(|b| b.get()), Some(1));
    assert_eq!(batches.1.map(|b| b.get()), Some(2));
    assert_eq!(survey.not_locked, None);
    let states: Vec<_> = survey.files.iter().map(|file| file.state.clone()).collect();
    assert_eq!(states, [FileState::Published, FileState::Staged]);

    let goes = |name| fate_of(&survey, name).goes();
    // Of a run that is over: nobody holds the lock.
    assert!(matches!(
        fate_of(&survey, "r1-p7-a0-f0"),
        Fate::Superfluous { .. }
    ));
    // Its run number is in the future: it may be somebody's, until it is old.
    assert!(matches!(
        fate_of(&survey, "r9-p8-a0-f0"),
        Fate::Young { .. }
    ));
    assert!(matches!(
        fate_of(&survey, "r1-p1-a0-f0"),
        Fate::NamedByPrepared { .. }
    ));
    assert!(matches!(
        fate_of(&survey, "r1-p9-a3-f0"),
        Fate::NotCommitted { .. }
    ));
    assert!(matches!(
        fate_of(&survey, "r1-p6-a0-f0"),
        Fate::NotCommitted { .. }
    ));
    assert!(matches!(
        fate_of(&survey, "r1-p5-a0-f0"),
        Fate::OfOtherQuery { .. }
    ));
    assert_eq!(fate_of(&survey, "notes"), &Fate::Foreign);
    assert_eq!(fate_of(&survey, ".tmp-torn"), &Fate::Temporary);
    assert!(goes("r1-p7-a0-f0") && goes(".tmp-torn") && !goes("notes"));
    assert_eq!(survey.leftovers.len(), 8, "{survey}");
    let text = survey.to_string();
    for part in [
        "committed up to batch 1",
        "batch 2 is prepared and not committed; its files:",
        "goes  ",
        "stays  ",
        "run 1 has staged it, and batch 1 is committed without it",
        "2 of them go",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn e7_a_sweep_removes_what_the_dry_run_says_and_the_query_goes_on() {
    let (place, _) = with_leftovers();
    let survey = look(&place);
    let before = snapshot(&place.path("target"));
    let staging = Staging::over(place.target());
    let upkeep = Upkeep::new(place.checkpoint("a"), &staging).unwrap();
    assert_eq!(upkeep.sweep().unwrap().removed, 1);
    drop(staging);
    let after = snapshot(&place.path("target"));
    let removed: Vec<_> = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .collect();
    let goes: Vec<_> = survey
        .leftovers
        .iter()
        .filter(|l| l.fate.goes())
        .map(|l| &l.path)
        .collect();
    assert_eq!(removed, goes);
    assert!(
        after
            .iter()
            .all(|(name, bytes)| before.get(name) == Some(bytes))
    );
    // Another sweep finds nothing, and the query what it needs.
    let staging = Staging::over(place.target());
    let upkeep = Upkeep::new(place.checkpoint("a"), &staging).unwrap();
    assert_eq!(upkeep.sweep().unwrap().removed, 0);
    drop(staging);
    fs::rename(place.path("target/precious.txt.gz"), place.path("precious")).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
}

#[test]
fn e7_what_is_old_goes_although_its_run_is_not_known_to_be_over() {
    let (place, query) = with_leftovers();
    let file = place
        .path("target/_streamwriter/staging")
        .join(query.to_string())
        .join("00000000000000000001-r9-p8-a0-f0");
    let set_age = |age: Duration| {
        let file = File::options().write(true).open(&file).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    let hour = Duration::from_secs(3600);
    let staging = Staging::over(place.target());
    let upkeep = |age: Option<Duration>| {
        let upkeep = Upkeep::new(place.checkpoint("a"), &staging).unwrap();
        match age {
            Some(age) => upkeep.leftover_age(age),
            None => upkeep,
        }
    };
    let is_old = |age| {
        let survey = upkeep(age).look().unwrap();
        matches!(fate_of(&survey, "r9-p8-a0-f0"), Fate::Old { .. })
    };
    set_age(23 * hour);
    assert!(!is_old(None) && is_old(Some(hour)));
    set_age(25 * hour);
    assert!(is_old(None) && !is_old(Some(26 * hour)));
    // A clock that was set back makes nothing old.
    let future = File::options().write(true).open(&file).unwrap();
    future.set_modified(SystemTime::now() + 48 * hour).unwrap();
    assert!(!is_old(Some(Duration::ZERO)));
    set_age(25 * hour);
    assert_eq!(upkeep(None).sweep().unwrap().removed, 2);
    drop(staging);
    // Also by the query itself, with the age that it is given.
    fs::write(&file, "x").unwrap();
    let start = |age| {
        stream(Numbers::new(30))
            .write_to(place.sink())
            .checkpoint(place.checkpoint("a"))
            .trigger(Trigger::AvailableNow)
            .leftover_age(age)
            .start()
            .unwrap()
            .await_termination()
            .unwrap()
    };
    start(hour);
    assert!(file.exists());
    start(Duration::ZERO);
    assert!(!file.exists());
    assert_eq!(place.rows().len(), 30);
}

#[test]
fn e7_beside_a_live_driver_the_list_says_so_and_nothing_is_removed() {
    let place = Place::new();
    let (gate, pass) = Gate::new();
    let sink = place.sink().before_publish(move |batch| {
        if batch.batch_id().get() == 2 {
            pass();
        }
    });
    let checkpoint = place.checkpoint("a");
    let live = thread::spawn(move || Start::first(30).run(sink, checkpoint));
    gate.wait();
    let survey = look(&place);
    let note = survey.not_locked.clone().unwrap();
    assert!(
        note.contains(&format!("process {}", std::process::id())),
        "{note}"
    );
    assert!(survey.to_string().contains("may be out of date already"));
    assert_eq!(survey.files.len(), 2);
    assert!(
        survey
            .leftovers
            .iter()
            .all(|leftover| !leftover.fate.goes()),
        "{survey}"
    );
    let staging = Staging::over(place.target());
    let upkeep = Upkeep::new(place.checkpoint("a"), &staging).unwrap();
    assert_eq!(upkeep.sweep().unwrap_err().kind(), ErrorKind::Locked);
    gate.open();
    live.join().unwrap().unwrap();
    assert_eq!(place.rows(), numbers(0, 30));
}

#[test]
fn e7_a_checkpoint_and_a_target_that_do_not_belong_together_are_refused() {
    let place = died_in_publication();
    let refused = |error: Error, kind: ErrorKind, says: &str| {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.to_string().contains(says),
            "{says:?} is not in {error}"
        );
    };
    let staging = Staging::over(place.target());
    let none = Upkeep::new(place.path("none"), &staging).unwrap();
    refused(
        none.look().unwrap_err(),
        ErrorKind::Mismatch,
        "no checkpoint of a query",
    );
    refused(
        none.sweep().unwrap_err(),
        ErrorKind::Mismatch,
        "no checkpoint of a query",
    );
    assert!(!place.path("none").exists(), "nothing was made");
    let other = Place::new();
    other.run(&Start::first(10), "a").unwrap();
    let wrong = Upkeep::new(other.checkpoint("a"), &staging).unwrap();
    refused(
        wrong.look().unwrap_err(),
        ErrorKind::Mismatch,
        "never written to this target",
    );
    refused(
        wrong.sweep().unwrap_err(),
        ErrorKind::Mismatch,
        "belongs to query",
    );
    let empty = Staging::over(super::local(&place.path("empty")));
    let emptied = Upkeep::new(place.checkpoint("a"), &empty).unwrap();
    refused(
        emptied.sweep().unwrap_err(),
        ErrorKind::Mismatch,
        "emptied or exchanged",
    );
    assert!(!place.path("empty").exists(), "nothing was made");
    // A target that keeps no files.
    let memory = MemorySink::<u64>::new();
    assert!(memory.target().is_none());
    drop(staging);
    place.run(&Start::first(30), "a").unwrap();
}

#[test]
fn e7_the_former_owner_s_leftovers_are_not_the_new_one_s_to_remove() {
    let place = died_in_publication();
    let former = look(&place).query;
    let staged = place.staged();
    place.run(&Start::other(20).from(former), "b").unwrap();
    let staging = Staging::over(place.target());
    let survey = Upkeep::new(place.checkpoint("b"), &staging)
        .unwrap()
        .look()
        .unwrap();
    let expected = Fate::OfOtherQuery { query: former };
    assert_eq!(survey.leftovers.len(), 1);
    assert_eq!(survey.leftovers[0].fate, expected);
    Upkeep::new(place.checkpoint("b"), &staging)
        .unwrap()
        .sweep()
        .unwrap();
    assert_eq!(place.staged(), staged);
    // The former owner may look; to remove anything it must own the target.
    let survey = Upkeep::new(place.checkpoint("a"), &staging)
        .unwrap()
        .look()
        .unwrap();
    assert!(matches!(
        survey.leftovers[0].fate,
        Fate::NamedByPrepared { .. }
    ));
    let sweep = Upkeep::new(place.checkpoint("a"), &staging)
        .unwrap()
        .sweep();
    assert_eq!(sweep.unwrap_err().kind(), ErrorKind::Mismatch);
}

#[test]
fn e7_before_the_first_commit_nothing_goes() {
    let place = Place::new();
    let start = Start::first(10);
    let at = step_of(&start, "create prepared/00000000000000000000");
    run_with_fault(&place, &start, "a", at, When::Before)
        .2
        .unwrap_err();
    let survey = look(&place);
    assert_eq!((survey.committed, survey.prepared), (None, None));
    assert_eq!(survey.leftovers.len(), 2);
    assert!(
        survey
            .leftovers
            .iter()
            .all(|l| matches!(l.fate, Fate::NotCommitted { .. }))
    );
    let staging = Staging::over(place.target());
    let upkeep = Upkeep::new(place.checkpoint("a"), &staging).unwrap();
    assert_eq!(upkeep.sweep().unwrap().removed, 0);
    drop(staging);
    place.run(&start, "a").unwrap();
    assert_eq!((place.rows(), place.staged().len()), (numbers(0, 10), 0));
}
