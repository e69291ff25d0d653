//! What must hold of a segment of taken files, whatever the bytes; see `fuzz/`.

use streamwriter_core::{BatchId, QueryId, Result, StorePath};
use xxhash_rust::xxh3::xxh3_128;

use super::FileHash;
use super::segment::{SegmentHead, encode, verify_bytes};

const QUERY: &str = "01234567-89ab-4def-8123-456789abcdef";
/// Where the query stands in a head, and where the head ends.
const QUERY_AT: usize = 40;
const HEAD_BYTES: usize = 80;

/// Bytes as they are found, or with a head and a checksum that fit them.
pub fn segments(data: &[u8]) {
    let Some((&mode, data)) = data.split_first() else {
        return;
    };
    let Ok(query) = QUERY.parse::<QueryId>() else {
        return;
    };
    let bytes = if mode % 2 == 0 {
        data.to_vec()
    } else {
        sealed(data)
    };
    let Some(path) = named_as_it_says(&bytes) else {
        return;
    };
    let Some((head, files)) = verified(&bytes, &path, query) else {
        return;
    };
    assert_eq!(head.count, files.len() as u64);
    assert_eq!(
        encode(&head, query, &files),
        bytes,
        "the encoding is not canonical"
    );
    for part in 0..8 {
        let mut damaged = bytes.clone();
        let at = (usize::from(mode) * 31 + part * bytes.len() / 8) % bytes.len();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 1 << part;
        }
        assert!(
            verified(&damaged, &path, query).is_none(),
            "a flipped bit at {at}"
        );
        let shorter = damaged.get(..at).unwrap_or_default();
        assert!(verified(shorter, &path, query).is_none(), "{at} bytes");
    }
    let other = StorePath::parse(format!("taken/{:020}-{:020}.seg", 7, 6));
    if let Ok(other) = other {
        assert!(
            verified(&bytes, &other, query).is_none(),
            "a name that is none"
        );
    }
}

fn verified(
    bytes: &[u8],
    path: &StorePath,
    query: QueryId,
) -> Option<(SegmentHead, Vec<FileHash>)> {
    let mut files = Vec::new();
    let read = |offset: u64, length: usize| -> Result<Vec<u8>> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..));
        let rest = rest.unwrap_or_default();
        Ok(rest
            .get(..length.min(rest.len()))
            .unwrap_or_default()
            .to_vec())
    };
    let head = verify_bytes(read, path, query, |hash| files.push(hash))
        .ok()?
        .ok()?;
    Some((head, files))
}

/// A head needs a magic number, a version and a query that no fuzzer finds by chance.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut bytes = b"SWTAKEN\n\x01\0\0\0".to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().max(HEAD_BYTES), 0);
    for (at, byte) in QUERY.bytes().chain([0; 4]).enumerate() {
        if let Some(place) = bytes.get_mut(QUERY_AT + at) {
            *place = byte;
        }
    }
    let checksum = xxh3_128(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The name for the batches that the bytes claim.
fn named_as_it_says(bytes: &[u8]) -> Option<StorePath> {
    let number = |at: usize| {
        let field = bytes.get(at..at + 8)?.try_into().ok()?;
        Some(BatchId::new(u64::from_le_bytes(field)))
    };
    let head = SegmentHead {
        tier: 0,
        first: number(16)?,
        last: number(24)?,
        count: 0,
    };
    StorePath::parse(format!("taken/{}", head.name())).ok()
}
