//! Guards E3 and E9 for the records of a person's decisions.

use serde_json::Value;

use super::*;
use crate::storage::LocalStorage;

const BATCH: BatchId = BatchId::FIRST;

fn journal(directory: &tempfile::TempDir) -> Journal {
    let storage = LocalStorage::shared(directory.path()).unwrap();
    let holder = LockHolder::this_process();
    Checkpoint::open(storage, "source", "target", &holder, false)
        .unwrap()
        .begin_run(&holder, 100)
        .unwrap()
}

fn ours(recorded: Recorded) -> String {
    match recorded {
        Recorded::Ours(checksum) => checksum,
        Recorded::Theirs(_) => panic!("another one's"),
    }
}

fn record_offsets(journal: &Journal) -> String {
    let body = OffsetsRecord {
        query: journal.query(),
        run: journal.run(),
        batch: BATCH,
        previous: None,
        start: Value::Null,
        end: Value::from(1),
        rows: None,
        partitions: Vec::new(),
    };
    let recorded = journal.record(Log::Offsets, BATCH, Revision::FIRST, &body);
    ours(recorded.unwrap())
}

fn record_prepared(journal: &Journal, revision: Revision, previous: &str) -> String {
    let body = PreparedRecord {
        query: journal.query(),
        run: journal.run(),
        batch: BATCH,
        previous: previous.to_owned(),
        read: StoredCounts::default(),
        lost: None,
        messages: Vec::new(),
    };
    ours(
        journal
            .record(Log::Prepared, BATCH, revision, &body)
            .unwrap(),
    )
}

fn commits(journal: &Journal, previous: &str) -> CommitsRecord {
    CommitsRecord {
        query: journal.query(),
        run: journal.run(),
        batch: BATCH,
        previous: previous.to_owned(),
    }
}

fn file(path: &str) -> Vec<DecidedFile> {
    vec![DecidedFile {
        path: StorePath::parse(path).unwrap(),
        found: "neither staged nor final".to_owned(),
    }]
}

#[test]
fn e3_a_batch_is_either_committed_or_revoked_and_the_first_record_counts() {
    let holder = LockHolder::this_process();
    for commits_first in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(&directory);
        let prepared = record_prepared(&journal, Revision::FIRST, &record_offsets(&journal));
        let body = commits(&journal, &prepared);
        let commit = || {
            journal
                .record(Log::Commits, BATCH, Revision::FIRST, &body)
                .unwrap()
        };
        let revoke = || journal.revoke(BATCH, Revision::FIRST, &prepared, file("f"), &holder);
        if commits_first {
            ours(commit());
            assert_eq!(revoke().unwrap_err().kind(), ErrorKind::Mismatch);
            assert!(
                Found::look(&*journal.storage, journal.query)
                    .unwrap()
                    .commits
                    .contains_key(&BATCH)
            );
            continue;
        }
        revoke().unwrap();
        let Recorded::Theirs(bytes) = commit() else {
            panic!("both are true");
        };
        let decoded = journal.decode::<CommitsRecord>(Log::Commits, BATCH, Revision::FIRST, &bytes);
        assert_eq!(decoded.unwrap_err().kind(), ErrorKind::Superseded);
        let found = Found::look(&*journal.storage, journal.query).unwrap();
        assert_eq!((found.revoked(), found.commits.len()), (Some(BATCH), 0));
    }
}

#[test]
fn e3_an_acceptance_of_a_revoked_revision_says_nothing_of_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(&directory);
    let holder = LockHolder::this_process();
    let accepted = || {
        let found = Found::look(&*journal.storage, journal.query).unwrap();
        let decisions = found.decisions_of(BATCH).unwrap();
        let paths = decisions
            .accepted
            .iter()
            .map(|path| path.as_str().to_owned());
        (decisions.acceptances, paths.collect::<Vec<_>>())
    };
    let first = record_prepared(&journal, Revision::FIRST, &record_offsets(&journal));
    journal
        .accept(BATCH, 1, &first, file("f"), &holder)
        .unwrap();
    journal
        .accept(BATCH, 2, &first, file("g"), &holder)
        .unwrap();
    assert_eq!(accepted(), (2, vec!["f".to_owned(), "g".to_owned()]));
    journal
        .revoke(BATCH, Revision::FIRST, &first, file("h"), &holder)
        .unwrap();
    assert_eq!(accepted(), (2, Vec::new()));
    let found = Found::look(&*journal.storage, journal.query).unwrap();
    let revoked = found.before_prepared(BATCH).unwrap().to_owned();
    let second = record_prepared(&journal, Revision::new(1), &revoked);
    assert_eq!(accepted(), (2, Vec::new()));
    journal
        .accept(BATCH, 3, &second, file("f"), &holder)
        .unwrap();
    assert_eq!(accepted(), (3, vec!["f".to_owned()]));
    // One that names no `prepared` record of the batch is refused.
    journal
        .accept(BATCH, 4, "sha256:else", file("f"), &holder)
        .unwrap();
    let error = Found::look(&*journal.storage, journal.query).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(error.to_string().contains("-4.json"), "{error}");
}

#[test]
fn e9_a_revision_that_does_not_follow_its_decision_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(&directory);
    let holder = LockHolder::this_process();
    let offsets = record_offsets(&journal);
    let first = record_prepared(&journal, Revision::FIRST, &offsets);
    journal
        .revoke(BATCH, Revision::FIRST, &first, file("f"), &holder)
        .unwrap();
    // As if the decision were not there: after the offsets.
    record_prepared(&journal, Revision::new(1), &offsets);
    let error = Found::look(&*journal.storage, journal.query).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(
        error
            .to_string()
            .contains("prepared/00000000000000000000-1.json"),
        "{error}"
    );
}
