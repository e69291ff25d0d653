//! The form of every stored record: one JSON object that people can read, whose last member is
//! the checksum of all bytes before it (E9, E10).
//!
//! ```text
//! {
//!   "record": "commits",
//!   "version": 1,
//!   "body": { ... },
//!   "checksum": "sha256:<64 hexadecimal digits>"
//! }
//! ```
//!
//! The checksum covers everything up to and without the comma before `"checksum"`; the bytes after
//! it are fixed. So every flipped bit and every missing byte shows.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The version of all records that this release writes.
pub const RECORD_VERSION: u32 = 1;

const BEFORE_CHECKSUM: &str = ",\n  \"checksum\": \"sha256:";
const AFTER_CHECKSUM: &str = "\"\n}\n";
const CHECKSUM_HEX_LENGTH: usize = 64;

#[derive(Serialize)]
struct Written<'b, B> {
    record: &'b str,
    version: u32,
    body: &'b B,
}

#[derive(Deserialize)]
struct Head {
    record: String,
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found<B> {
    #[serde(rename = "record")]
    _record: String,
    #[serde(rename = "version")]
    _version: u32,
    body: B,
    #[serde(rename = "checksum")]
    _checksum: String,
}

/// A record as it is stored, with the checksum that its successor names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The bytes to store.
    pub bytes: Vec<u8>,
    /// The checksum: `sha256:` and 64 hexadecimal digits.
    pub checksum: String,
}

/// Encodes a record of this kind.
///
/// # Errors
/// [`Message`](ErrorKind::Message) if the body cannot be written as JSON.
pub fn encode<B: Serialize>(kind: &str, body: &B) -> Result<EncodedRecord> {
    let written = Written {
        record: kind,
        version: RECORD_VERSION,
        body,
    };
    let mut text = serde_json::to_string_pretty(&written).map_err(|error| {
        Error::new(
            ErrorKind::Message,
            format!("cannot write a `{kind}` record as JSON"),
        )
        .with_source(error)
    })?;
    // The closing brace comes after the checksum.
    text.truncate(text.trim_end_matches('}').trim_end().len());
    let mut bytes = text.into_bytes();
    let checksum = seal(&mut bytes);
    Ok(EncodedRecord { bytes, checksum })
}

/// Puts the checksum behind the bytes that it covers, and returns it.
pub(crate) fn seal(bytes: &mut Vec<u8>) -> String {
    let hex = sha256_hex(bytes);
    for part in [BEFORE_CHECKSUM, &hex, AFTER_CHECKSUM] {
        bytes.extend_from_slice(part.as_bytes());
    }
    format!("sha256:{hex}")
}

/// Decodes a record of this kind, found at `path`; returns its body and its checksum.
///
/// # Errors
/// [`Corrupted`](ErrorKind::Corrupted) names the path and what to do, for bytes that are damaged,
/// cut off, of another kind or of a newer version.
pub fn decode<B: DeserializeOwned>(kind: &str, bytes: &[u8], path: &str) -> Result<(B, String)> {
    let checksum = verify(bytes)
        .ok_or_else(|| damaged(path, format!("the `{kind}` record is damaged or cut off")))?;
    let head: Head = serde_json::from_slice(bytes)
        .map_err(|error| damaged(path, format!("not a `{kind}` record")).with_source(error))?;
    if head.version > RECORD_VERSION {
        return Err(Error::new(
            ErrorKind::Corrupted,
            format!(
                "the record has version {}, this program knows versions up to {RECORD_VERSION}",
                head.version
            ),
        )
        .at_path(path)
        .with_help("start a release of the program that is at least as new as the last one"));
    }
    if head.version != RECORD_VERSION {
        let text = format!("no release has written records of version {}", head.version);
        return Err(damaged(path, text));
    }
    if head.record != kind {
        return Err(damaged(
            path,
            format!(
                "found a `{}` record where a `{kind}` record belongs",
                head.record
            ),
        ));
    }
    let found: Found<B> = serde_json::from_slice(bytes).map_err(|error| {
        damaged(
            path,
            format!("the `{kind}` record has other fields than expected"),
        )
        .with_source(error)
    })?;
    Ok((found.body, checksum))
}

/// Returns the kind that a record says it is of, without trusting the rest of it.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<String> {
    let head: Head = serde_json::from_slice(bytes).ok()?;
    Some(head.record)
}

/// Makes the error for a record that cannot be trusted.
pub(crate) fn damaged(path: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupted, message)
        .at_path(path)
        .with_help(
            "restore the file from a copy that is as new as the last run; do not delete it: \
         nothing is skipped or started over on a guess",
        )
}

/// Returns the checksum if the bytes are whole.
fn verify(bytes: &[u8]) -> Option<String> {
    let trailer = BEFORE_CHECKSUM.len() + CHECKSUM_HEX_LENGTH + AFTER_CHECKSUM.len();
    let covered = bytes.get(..bytes.len().checked_sub(trailer)?)?;
    let hex = sha256_hex(covered);
    let expected = format!("{BEFORE_CHECKSUM}{hex}{AFTER_CHECKSUM}");
    (bytes.get(covered.len()..)? == expected.as_bytes()).then(|| format!("sha256:{hex}"))
}

/// Returns the digest of bytes as records name it.
#[cfg(feature = "arrow")]
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

fn sha256_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(CHECKSUM_HEX_LENGTH);
    for byte in Sha256::digest(bytes) {
        // Writing into a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Body {
        batch: u64,
        nested: Vec<String>,
    }

    fn sample() -> (Body, EncodedRecord) {
        let body = Body {
            batch: 7,
            nested: vec!["}".into(), "ä\n".into()],
        };
        let encoded = encode("sample", &body).unwrap();
        (body, encoded)
    }

    #[test]
    fn a_record_comes_back_and_is_plain_json() {
        let (body, encoded) = sample();
        let (found, checksum) = decode::<Body>("sample", &encoded.bytes, "p").unwrap();
        assert_eq!((found, checksum), (body, encoded.checksum));
        let json: serde_json::Value = serde_json::from_slice(&encoded.bytes).unwrap();
        assert_eq!(json["body"]["batch"], 7);
    }

    #[test]
    fn e9_every_truncation_and_every_flipped_bit_is_noticed() {
        let (_, encoded) = sample();
        for length in 0..encoded.bytes.len() {
            let error = decode::<Body>("sample", &encoded.bytes[..length], "p").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "length {length}");
        }
        for bit in 0..encoded.bytes.len() * 8 {
            let mut bytes = encoded.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = decode::<Body>("sample", &bytes, "p").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupted, "bit {bit}");
        }
    }

    #[test]
    fn e9_another_kind_and_a_newer_version_are_named() {
        let (_, encoded) = sample();
        let error = decode::<Body>("other", &encoded.bytes, "runs/1").unwrap_err();
        assert!(error.to_string().contains("runs/1"), "{error}");
        let newer = String::from_utf8(encoded.bytes)
            .unwrap()
            .replace("\"version\": 1", "\"version\": 2");
        let body = newer.split(BEFORE_CHECKSUM).next().unwrap();
        let newer = format!(
            "{body}{BEFORE_CHECKSUM}{}{AFTER_CHECKSUM}",
            sha256_hex(body.as_bytes())
        );
        let error = decode::<Body>("sample", newer.as_bytes(), "p").unwrap_err();
        assert!(error.to_string().contains("version 2"), "{error}");
    }
}
