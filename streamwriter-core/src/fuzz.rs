//! What must hold of every decoder of this crate, whatever the bytes: the bodies of the fuzz
//! targets in `fuzz/`, and of the test that runs them over their corpus.
//!
//! A function panics if a property does not hold. None of them is part of the public interface.

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::journal::{CommitsRecord, OffsetsRecord, PreparedRecord, QueryRecord, RunRecord};
use crate::message::{self, CommitMessage, EncodedMessage};
use crate::options::OptionValue;
use crate::record;
use crate::storage::{LockHolder, StorePath};
use crate::target::TargetRecord;

/// The records of the journal, of the kind that the first byte chooses.
pub fn journal_records(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    match kind % 5 {
        0 => records_of::<QueryRecord>("query", data),
        1 => records_of::<RunRecord>("run", data),
        2 => records_of::<OffsetsRecord>("offsets", data),
        3 => records_of::<PreparedRecord>("prepared", data),
        _ => records_of::<CommitsRecord>("commits", data),
    }
}

/// Records of one kind: bytes as they are found, or with the checksum that fits them, so that what
/// lies behind the checksum is met, too.
pub fn records_of<B: Serialize + DeserializeOwned>(kind: &str, data: &[u8]) {
    let Some((&mode, data)) = data.split_first() else {
        return;
    };
    if mode % 2 == 0 {
        // What has no checksum of its own is not a record, unless the corpus brought a whole one.
        if let Ok((body, _)) = record::decode::<B>(kind, data, "fuzz") {
            expect_stable(kind, &body);
        }
        return;
    }
    let mut sealed = data.to_vec();
    record::seal(&mut sealed);
    if let Ok((body, _)) = record::decode::<B>(kind, &sealed, "fuzz") {
        expect_stable(kind, &body);
        expect_flips_noticed::<B>(kind, sealed, mode);
    }
}

/// What was decoded is written in one way, and comes back from it.
fn expect_stable<B: Serialize + DeserializeOwned>(kind: &str, body: &B) {
    let once = expect_ok(record::encode(kind, body));
    let (again, checksum) = expect_ok(record::decode::<B>(kind, &once.bytes, "fuzz"));
    assert_eq!(checksum, once.checksum);
    let twice = expect_ok(record::encode(kind, &again));
    assert_eq!(once, twice, "the encoding is not canonical");
}

fn expect_flips_noticed<B: DeserializeOwned>(kind: &str, sealed: Vec<u8>, seed: u8) {
    // A few places, which differ from input to input.
    for part in 0..4 {
        let mut damaged = sealed.clone();
        let length = damaged.len();
        let at = (usize::from(seed) + 1) * (part * length + 7) % length;
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 1 << (part * 2 + usize::from(seed) % 2);
        }
        let decoded = record::decode::<B>(kind, &damaged, "fuzz");
        assert!(decoded.is_err(), "a flipped bit at {at} went unnoticed");
    }
}

fn expect_ok<T>(result: crate::Result<T>) -> T {
    match result {
        Ok(value) => value,
        #[expect(clippy::panic, reason = "a property that does not hold")]
        Err(error) => panic!("{}", error.report()),
    }
}

/// Messages of a type, as they stand in the journal.
pub fn messages_of<M: CommitMessage>(data: &[u8]) {
    let Ok(encoded) = serde_json::from_slice::<EncodedMessage>(data) else {
        return;
    };
    let Ok(decoded) = message::decode::<M>(&encoded) else {
        return;
    };
    let _ = decoded.metrics();
    decoded.add_to(&mut M::Totals::default());
    let once = expect_ok(message::encode(&decoded, usize::MAX));
    let again = expect_ok(message::decode::<M>(&once));
    let twice = expect_ok(message::encode(&again, usize::MAX));
    assert_eq!(
        once.as_str(),
        twice.as_str(),
        "the encoding is not canonical"
    );
    // The limit is exact.
    let bytes = once.as_str().len();
    assert!(message::encode(&decoded, bytes).is_ok());
    assert!(message::encode(&decoded, bytes - 1).is_err());
}

/// Paths inside a storage: none leads out of it.
pub fn store_paths(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = StorePath::parse(text);
    let json = serde_json::Value::from(text);
    let deserialized = serde_json::from_value::<StorePath>(json);
    assert_eq!(parsed.is_ok(), deserialized.is_ok());
    if let Ok(path) = parsed {
        let root = std::path::Path::new("/storage");
        let full = root.join(path.as_str());
        assert!(full.starts_with(root));
        assert!(
            !full
                .components()
                .any(|part| part == std::path::Component::ParentDir)
        );
        assert_eq!(path.as_str(), text);
        if !text.is_empty() {
            let joined = expect_ok(path.parent().join(path.file_name()));
            assert_eq!(joined, path, "parent and file name are not the path");
        }
    }
    if let Ok(joined) = expect_ok(StorePath::parse("below")).join(text) {
        assert_eq!(joined.file_name(), text);
        assert_eq!(joined.parent().as_str(), "below");
    }
}

/// What a lock file says of its holder, and the target's record as plain JSON.
pub fn lock_holders(data: &[u8]) {
    stable_json::<LockHolder>(data);
    stable_json::<TargetRecord>(data);
}

/// JSON that is decoded comes back equal from what it is encoded to.
pub fn stable_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(data) {
        let json = serde_json::to_vec(&value).unwrap_or_default();
        let again = serde_json::from_slice::<T>(&json).ok();
        assert_eq!(again.as_ref(), Some(&value));
    }
}

/// Values of options from their text.
pub fn option_values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(number) = i64::parse_option(text) {
        assert_eq!(i64::parse_option(&number.to_string()), Ok(number));
    }
    if let Ok(number) = u128::parse_option(text) {
        assert_eq!(u128::parse_option(&number.to_string()), Ok(number));
    }
    let _ = f64::parse_option(text);
    let _ = bool::parse_option(text);
    if let Ok(duration) = Duration::parse_option(text) {
        // Digits, then a unit; never less than the digits say.
        let digits: String = text
            .trim()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let number: u128 = digits.parse().unwrap_or_default();
        assert!(duration.as_nanos() >= number && (number == 0) == duration.is_zero());
    }
    if let Ok(parts) = Vec::<String>::parse_option(text) {
        assert!(
            parts
                .iter()
                .all(|part| part.trim() == part && !part.contains(','))
        );
    }
    let _ = Option::<PathBuf>::parse_option(text);
}

/// A number that no other process and no other call gives.
#[must_use]
pub fn unique() -> String {
    uuid::Uuid::new_v4().to_string()
}
