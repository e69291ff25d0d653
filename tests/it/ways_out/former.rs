//! E9: targets and checkpoints of version 1, as a release without take-overs and repairs made them,
//! and damage of what take-overs add.

use std::fs;
use std::path::Path;

use streamwriter::ErrorKind;

use super::{Place, Start, copy, numbers, of_both};

/// Two batches of two files are committed; of the third, one file is published and one staged.
fn former() -> Place {
    let place = Place::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1");
    copy(&fixture.join("target"), &place.path("target"));
    copy(&fixture.join("checkpoint"), &place.path("a"));
    place
}

const OWNER: &str = "8b9449c8-6a20-4ba7-8f77-6cfb6640d46a";

#[test]
fn e9_a_target_of_version_1_goes_on() {
    let place = former();
    assert_eq!(place.rows().len(), 25);
    place.run(&Start::first(30), "a").unwrap();
    assert_eq!(place.rows(), numbers(0, 30));
    let summary = place.run(&Start::first(45), "a").unwrap();
    assert_eq!((summary.batches, place.rows()), (2, numbers(0, 45)));
}

#[test]
fn e6_a_target_of_version_1_is_taken_over_and_handed_back() {
    let place = former();
    let error = place.run(&Start::other(20), "b").unwrap_err();
    assert!(error.to_string().contains("/state/lines"), "{error}");
    let b = place.run(&Start::other(20).from(OWNER), "b").unwrap().id;
    assert_eq!(place.rows().len(), 25 + 20);
    assert_eq!(
        place.run(&Start::first(30), "a").unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    place.run(&Start::first(30).from(b), "a").unwrap();
    assert_eq!(place.rows(), of_both(30, 20));
}

#[test]
fn e9_a_missing_record_of_an_owner_is_named_and_nothing_is_guessed() {
    let place = former();
    let b = place.run(&Start::other(20).from(OWNER), "b").unwrap().id;
    place.run(&Start::first(30).from(b), "a").unwrap();
    let rows = place.rows();
    let own = |name: &str| place.path("target/_streamwriter").join(name);
    let second = "owners/00000000000000000002";
    let third = "owners/00000000000000000003";
    for (missing, named) in [
        (&["owner"][..], "_streamwriter/owner)"),
        (&[second], second),
        // Both take-overs: the batches of the second query tell.
        (&[second, third], "_streamwriter/committed/"),
        (&["owner", second, third], "emptied or exchanged"),
    ] {
        let kept: Vec<_> = missing
            .iter()
            .map(|name| (own(name), fs::read(own(name)).unwrap()))
            .collect();
        for (path, _) in &kept {
            fs::remove_file(path).unwrap();
        }
        for start in [Start::first(40), Start::first(40).from(b)] {
            let error = place.run(&start, "a").unwrap_err();
            let kinds = [ErrorKind::Corrupted, ErrorKind::Mismatch];
            assert!(kinds.contains(&error.kind()), "{missing:?}: {error}");
            assert!(error.to_string().contains(named), "{missing:?}: {error}");
        }
        for (path, bytes) in kept {
            fs::write(path, bytes).unwrap();
        }
    }
    // The newest alone: the owner before it is told, which is refused as the owner it once was.
    let newest = fs::read(own(third)).unwrap();
    fs::remove_file(own(third)).unwrap();
    let error = place.run(&Start::first(40), "a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    fs::write(own(third), newest).unwrap();
    assert_eq!(place.rows(), rows, "nothing was written");
    place.run(&Start::first(40), "a").unwrap();
}

#[test]
fn e9_every_damage_of_a_take_over_is_detected() {
    let place = former();
    place.run(&Start::other(10).from(OWNER), "b").unwrap();
    let record = place.path("target/_streamwriter/owners/00000000000000000002");
    let good = fs::read(&record).unwrap();
    let truncated = (0..good.len())
        .step_by(7)
        .map(|length| good[..length].to_vec());
    let flipped = (0..good.len()).step_by(3).map(|byte| {
        let mut bytes = good.clone();
        bytes[byte] ^= 1 << (byte % 8);
        bytes
    });
    for bytes in truncated.chain(flipped) {
        fs::write(&record, bytes).unwrap();
        let error = place.run(&Start::other(20), "b").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted, "{error}");
        assert!(
            error.to_string().contains("owners/00000000000000000002"),
            "{error}"
        );
    }
    fs::write(&record, &good).unwrap();
    // A whole record under another number, and a foreign file.
    for name in ["00000000000000000003", "notes"] {
        let foreign = record.with_file_name(name);
        fs::write(&foreign, &good).unwrap();
        let error = place.run(&Start::other(20), "b").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupted);
        assert!(error.to_string().contains(name), "{error}");
        fs::remove_file(foreign).unwrap();
    }
    place.run(&Start::other(20), "b").unwrap();
}
