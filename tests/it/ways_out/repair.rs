//! E3: a person decides about a batch whose files are not as its messages name them.

use std::fs;

use streamwriter::{BatchId, Error, ErrorKind, FileState, Repair, SharedStorage, stream};

use super::{Lines, Place, Start, died_in_publication, files_below, numbers};
use crate::support::Numbers;

pub(super) const PENDING: BatchId = BatchId::new(2);

/// The query of `died_in_publication`, as a person who decides opens it.
pub(super) fn open(
    sink: Lines,
    checkpoint: SharedStorage,
) -> Result<Repair<Numbers, Lines>, Error> {
    stream(Numbers::new(30))
        .write_to(sink)
        .checkpoint(checkpoint)
        .repair()
}

pub(super) fn repair(place: &Place) -> Repair<Numbers, Lines> {
    open(place.sink(), place.checkpoint("a")).unwrap()
}

/// The one published file of the pending batch, by its name.
pub(super) fn published_of_pending(place: &Place) -> String {
    let mut of_pending = place.published().into_keys();
    of_pending
        .find(|name| name.starts_with("part-b0000000002"))
        .unwrap()
}

/// A consumer takes the published file of the pending batch away; returns its rows.
pub(super) fn consume(place: &Place) -> Vec<u64> {
    let name = published_of_pending(place);
    let rows = place.published()[&name].clone();
    fs::remove_file(place.path("target").join(name)).unwrap();
    rows
}

/// Runs the query and expects it to name the file and both choices, and to do nothing.
fn expect_refused(place: &Place, what: &str) {
    let before = place.rows();
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert_eq!(error.batch(), Some(PENDING));
    let text = error.to_string();
    for part in [
        what,
        "part-b0000000002-p00000-f0000-",
        "with .repair()? in the place of .start()?",
        ".accept_as_published(BatchId::new(2))",
        ".write_again(BatchId::new(2))",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert_eq!(place.rows(), before);
}

#[test]
fn e3_a_file_that_vanished_is_accepted_as_published() {
    let place = died_in_publication();
    let consumed = consume(&place);
    expect_refused(&place, "neither staged nor published");

    let repair = repair(&place);
    assert_eq!(repair.batch(), Some(PENDING));
    let states: Vec<_> = repair
        .files()
        .iter()
        .map(|file| file.state.clone())
        .collect();
    assert_eq!(states, [FileState::Missing, FileState::Staged]);
    let shown = repair.to_string();
    assert!(
        shown.contains("batch 2 is prepared and not committed; 1 of its 2 files"),
        "{shown}"
    );
    assert!(shown.contains("neither staged nor final"), "{shown}");
    repair.accept_as_published(PENDING).unwrap();
    // Nothing is published before the next start.
    assert_eq!(place.staged().len(), 1);

    place.run(&Start::first(40), "a").unwrap();
    let mut rows = place.rows();
    rows.extend(consumed);
    rows.sort_unstable();
    assert_eq!(rows, numbers(0, 40));
    assert!(place.staged().is_empty());
    let record = fs::read_to_string(place.path("a/accepted/00000000000000000002-1.json"));
    let record = record.unwrap();
    for part in [
        "\"found\": \"neither staged nor final\"",
        "\"pid\"",
        "\"decided\"",
        "part-b0000000002",
    ] {
        assert!(record.contains(part), "{part} is not in {record}");
    }
}

#[test]
fn e3_a_file_with_other_contents_is_accepted_and_stays_as_it_is() {
    let place = died_in_publication();
    let name = published_of_pending(&place);
    let file = place.path("target").join(&name);
    // A person has sorted it in place.
    let mut rows = place.published()[&name].clone();
    rows.reverse();
    fs::write(
        &file,
        rows.iter()
            .map(|row| format!("{row}\n"))
            .collect::<String>(),
    )
    .unwrap();
    expect_refused(&place, "other contents");
    assert!(
        repair(&place)
            .to_string()
            .contains("final with another identity: ")
    );
    repair(&place).accept_as_published(PENDING).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
    assert_eq!(place.published()[&name], rows);
}

#[test]
fn e3_a_staged_file_whose_name_holds_an_accepted_one_is_kept_out_of_sight() {
    let place = died_in_publication();
    // The second file is still staged when somebody writes its rows under its name.
    let name = published_of_pending(&place).replace("-p00000", "-p00001");
    let file = place.path("target").join(&name);
    fs::write(&file, "29\n28\n27\n26\n25\n").unwrap();
    let repair = repair(&place);
    let state = &repair.files()[1].state;
    assert!(
        matches!(state, FileState::OtherIdentity { staged: true, .. }),
        "{state}"
    );
    repair.accept_as_published(PENDING).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
    assert_eq!(place.published()[&name], [29, 28, 27, 26, 25]);
    assert!(place.staged().is_empty());
    let withdrawn = place.withdrawn();
    assert!(
        withdrawn.len() == 1
            && withdrawn[0].ends_with("/staged/00000000000000000002-r1-p1-a0-f0.withdrawn"),
        "{withdrawn:?}"
    );
}

#[test]
fn e3_an_acceptance_covers_no_file_that_goes_wrong_later() {
    let place = died_in_publication();
    let mut consumed = consume(&place);
    repair(&place).accept_as_published(PENDING).unwrap();
    // The other file is lost before the next start.
    let staged = place
        .path("target/_streamwriter/staging")
        .join(&place.staged()[0]);
    let kept = fs::read_to_string(&staged).unwrap();
    fs::remove_file(&staged).unwrap();
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert!(
        error.to_string().contains("part-b0000000002-p00001"),
        "{error}"
    );
    consumed.extend(kept.lines().map(|line| line.parse::<u64>().unwrap()));
    // A second acceptance is made, beside the first.
    repair(&place).accept_as_published(PENDING).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    let mut rows = place.rows();
    rows.extend(consumed);
    rows.sort_unstable();
    assert_eq!(rows, numbers(0, 40));
}

#[test]
fn e3_a_batch_is_written_again_from_its_offsets() {
    let place = died_in_publication();
    let consumed = consume(&place);
    assert_eq!(consumed.len(), 5);
    expect_refused(&place, "neither staged nor published");
    repair(&place).write_again(PENDING).unwrap();
    assert_eq!(
        place.rows(),
        numbers(0, 20),
        "nothing of the batch is visible"
    );
    assert!(place.staged().is_empty());
    let withdrawn = place.withdrawn();
    assert_eq!(withdrawn.len(), 1, "the staged file is kept: {withdrawn:?}");
    assert!(withdrawn[0].ends_with("-1/staged/00000000000000000002-r1-p1-a0-f0.withdrawn"));

    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
    let names: Vec<_> = place.published().into_keys().collect();
    assert_eq!(
        names
            .iter()
            .filter(|n| n.starts_with("part-b0000000002-w1-p"))
            .count(),
        2
    );
    assert_eq!(place.withdrawn(), withdrawn, "a sweep leaves it");
    let record = fs::read_to_string(place.path("a/commits/00000000000000000002.json")).unwrap();
    for part in [
        "\"record\": \"revoked\"",
        "\"found\": \"neither staged nor final\"",
        "\"pid\"",
    ] {
        assert!(record.contains(part), "{part} is not in {record}");
    }
    // Further starts and batches, until the records of the decision are purged.
    for rows in [50, 60, 80] {
        place.run(&Start::first(rows), "a").unwrap();
        assert_eq!(place.rows(), numbers(0, rows));
    }
    let mut left = files_below(&place.path("a"));
    left.retain(|name| !name.starts_with("runs/"));
    assert!(
        left.iter()
            .all(|name| !name.contains("00000000000000000002")),
        "{left:?}"
    );
}

#[test]
fn e3_what_is_published_and_what_is_foreign_leaves_the_sight_and_is_not_deleted() {
    let place = died_in_publication();
    // The published file stays as it is; somebody has written under the name of the other one.
    let published = published_of_pending(&place);
    let foreign = published.replace("-p00000", "-p00001");
    fs::write(place.path("target").join(&foreign), "4711\n").unwrap();
    fs::write(place.path("target/precious.txt"), "4712\n").unwrap();
    repair(&place).write_again(PENDING).unwrap();
    let mut expected = numbers(0, 20);
    expected.push(4712);
    assert_eq!(place.rows(), expected);
    let withdrawn = place.withdrawn();
    for name in [&published, &foreign] {
        let kept = withdrawn
            .iter()
            .find(|kept| kept.ends_with(&format!("final/{name}.withdrawn")));
        assert!(kept.is_some(), "{name} is not in {withdrawn:?}");
    }
    assert_eq!(withdrawn.len(), 3);
    place.run(&Start::first(40), "a").unwrap();
    let mut expected = numbers(0, 40);
    expected.push(4712);
    assert_eq!(place.rows(), expected);
}

#[test]
fn e3_a_batch_is_written_again_as_often_as_it_must_be() {
    let place = died_in_publication();
    consume(&place);
    repair(&place).write_again(PENDING).unwrap();
    for revision in 1..4 {
        // It dies in the publication once more, and a consumer is too quick once more.
        let sink = place.sink().before_publish(|_| panic!("it dies here"));
        Start::first(40)
            .run(sink, place.checkpoint("a"))
            .unwrap_err();
        let staged = place
            .path("target/_streamwriter/staging")
            .join(&place.staged()[0]);
        fs::remove_file(staged).unwrap();
        let text = repair(&place).to_string();
        assert!(
            text.contains(&format!("part-b0000000002-w{revision}-p00000")),
            "{text}"
        );
        repair(&place).write_again(PENDING).unwrap();
    }
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
    place.run(&Start::first(70), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 70));
}

#[test]
fn e3_a_written_batch_can_be_accepted_and_an_accepted_one_written_again() {
    let place = died_in_publication();
    consume(&place);
    repair(&place).accept_as_published(PENDING).unwrap();
    fs::remove_file(
        place
            .path("target/_streamwriter/staging")
            .join(&place.staged()[0]),
    )
    .unwrap();
    place.run(&Start::first(40), "a").unwrap_err();
    repair(&place).write_again(PENDING).unwrap();
    let sink = place.sink().after_publish(|_| panic!("it dies here"));
    Start::first(40)
        .run(sink, place.checkpoint("a"))
        .unwrap_err();
    // What was accepted of the revision before says nothing of this one.
    let consumed = consume(&place);
    expect_refused_of_revision(&place);
    repair(&place).accept_as_published(PENDING).unwrap();
    place.run(&Start::first(40), "a").unwrap();
    let mut rows = place.rows();
    rows.extend(consumed);
    rows.sort_unstable();
    assert_eq!(rows, numbers(0, 40));
}

fn expect_refused_of_revision(place: &Place) {
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert!(
        error.to_string().contains("part-b0000000002-w1-p00000"),
        "{error}"
    );
}

#[test]
fn e3_e5_a_person_and_a_driver_never_decide_differently() {
    // The person looks, then sleeps; the driver of another run commits the batch meanwhile.
    let place = died_in_publication();
    let name = published_of_pending(&place);
    let file = place.path("target").join(&name);
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let late = repair(&place);
    fs::write(&file, bytes).unwrap();
    Start::first(40)
        .taking_the_lock()
        .run(place.sink(), place.checkpoint("a"))
        .unwrap();
    let error = late.write_again(PENDING).unwrap_err();
    assert!(error.to_string().contains("nothing to decide"), "{error}");
    place.run(&Start::first(40), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 40));
}
