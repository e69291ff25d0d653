//! What can happen to one file.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::tree::Tree;

/// One damage of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Only the first bytes are left.
    Truncated(usize),
    /// One bit is another.
    Flipped { byte: usize, bit: u8 },
    /// The file is gone.
    Missing,
    /// The bytes are other ones.
    Replaced { how: How, bytes: Vec<u8> },
    /// A directory stands in its place.
    Directory,
    /// A directory with something in it stands in its place.
    FullDirectory,
}

/// Where the other bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The file of the batch or run before.
    OfAnotherNumber,
    /// The same file of another query with the same source and target.
    OfAnotherCheckpoint,
    /// A newer version, with the right checksum.
    NewerVersion,
    /// Version 0, which never was, with the right checksum.
    VersionZero,
    /// An unknown field in the body, with the right checksum.
    UnknownField,
    /// An unknown field beside the body, with the right checksum.
    UnknownMember,
    /// Arrays in arrays in arrays, with the right checksum.
    Deep,
    /// The largest number there is where the file has its own, with the right checksum.
    HugeNumber,
    /// Something else altogether.
    Garbage,
}

impl Harm {
    /// The column of the table.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Truncated(0) => "empty".to_owned(),
            Self::Truncated(_) => "truncated".to_owned(),
            Self::Flipped { .. } => "bit flipped".to_owned(),
            Self::Missing => "missing".to_owned(),
            Self::Replaced { how, .. } => how.name().to_owned(),
            Self::Directory => "a directory".to_owned(),
            Self::FullDirectory => "a full directory".to_owned(),
        }
    }

    /// Whether a newer program has written the file.
    pub(super) fn is_newer(&self) -> bool {
        let newer = How::NewerVersion;
        matches!(self, Self::Replaced { how, .. } if *how == newer)
    }

    /// Does it.
    pub(super) fn strike(&self, file: &Path, original: &[u8]) {
        match self {
            Self::Truncated(length) => fs::write(file, &original[..*length]).unwrap(),
            Self::Flipped { byte, bit } => {
                let mut bytes = original.to_vec();
                bytes[*byte] ^= 1 << bit;
                fs::write(file, bytes).unwrap();
            }
            Self::Missing => fs::remove_file(file).unwrap(),
            Self::Replaced { bytes, .. } => fs::write(file, bytes).unwrap(),
            Self::Directory | Self::FullDirectory => {
                fs::remove_file(file).unwrap();
                fs::create_dir(file).unwrap();
                if *self == Self::FullDirectory {
                    fs::write(file.join(file.file_name().unwrap()), original).unwrap();
                }
            }
        }
    }
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::OfAnotherNumber => "another number's",
            Self::OfAnotherCheckpoint => "another query's",
            Self::NewerVersion => "newer version",
            Self::VersionZero => "version 0",
            Self::UnknownField => "unknown field",
            Self::UnknownMember => "unknown member",
            Self::Deep => "deep JSON",
            Self::HugeNumber => "huge number",
            Self::Garbage => "garbage",
        }
    }
}

/// Every truncation and one flipped bit of every byte; `stride` takes a part of them.
pub(super) fn dense(bytes: &[u8], stride: usize) -> Vec<Harm> {
    let truncated = (0..bytes.len()).step_by(stride).map(Harm::Truncated);
    let flipped = (0..bytes.len()).step_by(stride).map(|byte| Harm::Flipped {
        byte,
        // All bits take their turn.
        bit: ((byte / stride + byte) % 8) as u8,
    });
    truncated.chain(flipped).collect()
}

/// Damages that come once for each file.
pub(super) fn coarse(path: &Path, own: &Tree, other: &Tree) -> Vec<Harm> {
    let bytes = &own.files[path];
    let mut harms = vec![Harm::Missing, Harm::Directory, Harm::FullDirectory];
    let replaced = |how, bytes| Harm::Replaced { how, bytes };
    if let Some(before) = file_before(path, own) {
        harms.push(replaced(How::OfAnotherNumber, before));
    }
    if let Some(bytes) = other.files.get(path).filter(|other| *other != bytes) {
        harms.push(replaced(How::OfAnotherCheckpoint, bytes.clone()));
    }
    harms.push(replaced(How::Garbage, b"\xff\xfe not ours\n".to_vec()));
    if is_record(path) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        for (how, text) in forged_records(&text) {
            harms.push(replaced(how, sealed(&text)));
        }
    }
    if path.extension().is_some_and(|extension| extension == "seg") {
        for (how, bytes) in forged_segments(bytes) {
            harms.push(replaced(how, bytes));
        }
    }
    harms
}

/// The file of the same kind that comes before this one.
fn file_before(path: &Path, own: &Tree) -> Option<Vec<u8>> {
    let mut siblings = own
        .files
        .range(..path.to_owned())
        .filter(|(one, _)| one.parent() == path.parent() && one.extension() == path.extension());
    siblings.next_back().map(|(_, bytes)| bytes.clone())
}

fn is_record(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
        || path.ends_with("_streamwriter/owner")
        || path
            .parent()
            .is_some_and(|parent| parent.ends_with("_streamwriter/committed"))
}

/// Records that are wrong in what they say; their checksums are still the old ones.
fn forged_records(text: &str) -> Vec<(How, String)> {
    let version = "\"version\": 1,\n  \"body\"";
    let body = "\"body\": {\n";
    let mut forged = vec![
        (
            How::NewerVersion,
            text.replace(version, "\"version\": 2,\n  \"body\""),
        ),
        (
            How::VersionZero,
            text.replace(version, "\"version\": 0,\n  \"body\""),
        ),
        (
            How::UnknownMember,
            text.replace(version, "\"version\": 1,\n  \"surprise\": 1,\n  \"body\""),
        ),
        (
            How::UnknownField,
            text.replace(body, "\"body\": {\n    \"surprise\": 1,\n"),
        ),
        (
            How::Deep,
            text.replace(
                body,
                &format!(
                    "\"body\": {{\n    \"surprise\": {}{},\n",
                    "[".repeat(200_000),
                    "]".repeat(200_000)
                ),
            ),
        ),
    ];
    for field in ["batch", "run"] {
        let before = format!("    \"{field}\": ");
        if let Some(at) = text.find(&before) {
            let rest = &text[at + before.len()..];
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
            let huge = format!("{}{before}{}{}", &text[..at], u64::MAX, &rest[digits..]);
            forged.push((How::HugeNumber, huge));
        }
    }
    for (how, forged) in &forged {
        assert_ne!(forged, text, "{how:?} changes nothing");
    }
    forged
}

/// Gives a record the checksum that fits it; see `docs/checkpoint-format.md`.
pub(super) fn sealed(text: &str) -> Vec<u8> {
    let (covered, _) = text.rsplit_once(",\n  \"checksum\": \"sha256:").unwrap();
    let digest = Sha256::digest(covered.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{covered},\n  \"checksum\": \"sha256:{hex}\"\n}}\n").into_bytes()
}

/// Segments of taken files that are wrong in their head, with the right checksum.
fn forged_segments(bytes: &[u8]) -> Vec<(How, Vec<u8>)> {
    let with = |at: usize, number: &[u8]| {
        let mut bytes = bytes[..bytes.len() - 16].to_vec();
        bytes[at..at + number.len()].copy_from_slice(number);
        let checksum = xxh3_128(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes
    };
    vec![
        (How::NewerVersion, with(8, &2_u32.to_le_bytes())),
        (How::VersionZero, with(8, &0_u32.to_le_bytes())),
        (How::HugeNumber, with(32, &u64::MAX.to_le_bytes())),
        (How::HugeNumber, with(24, &u64::MAX.to_le_bytes())),
        (How::HugeNumber, with(32, &(1_u64 << 60).to_le_bytes())),
        (How::UnknownField, with(76, b"more")),
    ]
}
