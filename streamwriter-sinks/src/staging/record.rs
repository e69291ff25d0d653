//! The bytes of a record: JSON for people, closed by a checksum over every byte before it (E9).

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands between the checksummed bytes and the checksum.
const CHECKSUM: &str = "  \"checksum\": \"sha256:";
/// What stands after the checksum.
const CLOSE: &str = "\"\n}\n";

/// What is wrong with the bytes of a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecordError {
    #[error("it does not end with its checksum, so it is truncated or was edited")]
    NoChecksum,
    #[error("its checksum does not match its bytes, so it is damaged or was edited")]
    WrongChecksum,
    #[error("it is a record of the kind `{0}`")]
    OtherKind(String),
    #[error("it has version {0}, which this program does not know")]
    OtherVersion(u64),
    #[error("its fields are not those of its kind: {0}")]
    Fields(String),
}

#[derive(Serialize)]
struct Framed<'a, T> {
    kind: &'a str,
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// Encodes a record. The same body gives the same bytes.
pub(super) fn encode<T: Serialize>(
    kind: &str,
    version: u32,
    body: &T,
) -> Result<Vec<u8>, RecordError> {
    let framed = Framed {
        kind,
        version,
        body,
    };
    let mut text = serde_json::to_string_pretty(&framed).map_err(fields)?;
    if !text.ends_with("\n}") {
        return Err(RecordError::Fields("they are not an object".to_owned()));
    }
    text.truncate(text.len() - 2);
    text.push_str(",\n");
    let checksum = hex_sha256(text.as_bytes());
    text.push_str(CHECKSUM);
    text.push_str(&checksum);
    text.push_str(CLOSE);
    Ok(text.into_bytes())
}

/// Decodes a record, or says what is wrong with it.
pub(super) fn decode<T: DeserializeOwned>(
    kind: &str,
    version: u32,
    bytes: &[u8],
) -> Result<T, RecordError> {
    let covered = verified(bytes)?;
    let json = format!("{}\n}}", covered.trim_end_matches(",\n"));
    let mut value: Value = serde_json::from_str(&json).map_err(fields)?;
    let object = value
        .as_object_mut()
        .ok_or_else(|| RecordError::Fields("they are not an object".to_owned()))?;
    match object.remove("kind") {
        Some(Value::String(found)) if found == kind => {}
        found => {
            return Err(RecordError::OtherKind(
                found.unwrap_or_default().to_string(),
            ));
        }
    }
    match object.remove("version").and_then(|found| found.as_u64()) {
        Some(found) if found == u64::from(version) => {}
        found => return Err(RecordError::OtherVersion(found.unwrap_or_default())),
    }
    serde_json::from_value(value).map_err(fields)
}

/// Returns the text that the checksum covers, if the checksum is right to the last bit.
fn verified(bytes: &[u8]) -> Result<&str, RecordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| RecordError::NoChecksum)?;
    let open = text.strip_suffix(CLOSE).ok_or(RecordError::NoChecksum)?;
    let (covered, checksum) = open.rsplit_once(CHECKSUM).ok_or(RecordError::NoChecksum)?;
    if checksum == hex_sha256(covered.as_bytes()) {
        Ok(covered)
    } else {
        Err(RecordError::WrongChecksum)
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn fields(error: serde_json::Error) -> RecordError {
    RecordError::Fields(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        number: u64,
    }

    fn body() -> Body {
        Body {
            name: "a \"checksum\": \"sha256:".to_owned(),
            number: 7,
        }
    }

    #[test]
    fn a_record_is_readable_and_comes_back() {
        let bytes = encode("test", 1, &body()).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("{\n  \"kind\": \"test\",\n  \"version\": 1,\n"));
        serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!(decode::<Body>("test", 1, &bytes).unwrap(), body());
    }

    #[test]
    fn every_truncation_and_every_bit_flip_is_detected() {
        let bytes = encode("test", 1, &body()).unwrap();
        for length in 0..bytes.len() {
            assert!(
                decode::<Body>("test", 1, &bytes[..length]).is_err(),
                "{length}"
            );
        }
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(decode::<Body>("test", 1, &flipped).is_err(), "bit {at}");
        }
        let mut longer = bytes.clone();
        longer.push(b'\n');
        assert!(decode::<Body>("test", 1, &longer).is_err());
    }

    #[test]
    fn another_kind_version_or_shape_is_named() {
        let bytes = encode("test", 2, &body()).unwrap();
        assert!(matches!(
            decode::<Body>("other", 2, &bytes),
            Err(RecordError::OtherKind(_))
        ));
        assert_eq!(
            decode::<Body>("test", 1, &bytes).unwrap_err(),
            RecordError::OtherVersion(2)
        );
        let other = encode("test", 1, &serde_json::json!({"name": "x"})).unwrap();
        assert!(matches!(
            decode::<Body>("test", 1, &other),
            Err(RecordError::Fields(_))
        ));
    }
}
