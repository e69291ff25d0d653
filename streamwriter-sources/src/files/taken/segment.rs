//! One write-once file of sorted hashes.
//!
//! ```text
//!  0  8   magic "SWTAKEN\n"
//!  8  4   version, 1                    little-endian, like all numbers of the head
//! 12  4   tier: 0 as committed, +1 for each merge
//! 16  8   first batch
//! 24  8   last batch
//! 32  8   number of hashes n
//! 40  36  query id as text
//! 76  4   zero
//! 80  16n XXH3-128 of the paths, canonical (big-endian), ascending
//!     16  XXH3-128 of all bytes before, canonical
//! ```

use streamwriter_core::{BatchId, QueryId, Result, SharedStorage, StorePath};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::{FileHash, damaged};

const MAGIC: &[u8; 8] = b"SWTAKEN\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 80;
const HASH_BYTES: usize = 16;
/// Hashes of a block, the unit of a look-up: 4 KiB.
const BLOCK_HASHES: usize = 256;
/// Blocks that are read at a time when most of them are needed.
const BLOCKS_AT_ONCE: usize = 64;

/// What a segment is about; all but the count and tier is in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) tier: u32,
    pub(crate) first: BatchId,
    pub(crate) last: BatchId,
    pub(crate) count: u64,
}

impl SegmentHead {
    pub(crate) fn name(&self) -> String {
        format!("{:020}-{:020}.seg", self.first.get(), self.last.get())
    }

    /// Reads the range of batches from a name; tier and count are left open.
    pub(crate) fn from_name(path: &StorePath) -> Option<Self> {
        let (first, last) = path.file_name().strip_suffix(".seg")?.split_once('-')?;
        let head = Self {
            tier: 0,
            first: BatchId::new(first.parse().ok()?),
            last: BatchId::new(last.parse().ok()?),
            count: 0,
        };
        (head.first <= head.last && head.name() == path.file_name()).then_some(head)
    }

    fn encode(&self, query: QueryId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.tier.to_le_bytes());
        bytes.extend_from_slice(&self.first.get().to_le_bytes());
        bytes.extend_from_slice(&self.last.get().to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(query.to_string().as_bytes());
        bytes.resize(HEAD_BYTES, 0);
        bytes
    }

    /// Reads a head that must be that of this query and of this name.
    fn decode(bytes: &[u8], query: QueryId, named: &Self) -> Result<Self, &'static str> {
        if bytes.len() != HEAD_BYTES {
            return Err("it is shorter than its head");
        }
        if !bytes.starts_with(MAGIC) {
            return Err("it does not begin like a segment of taken files");
        }
        if number(bytes, 8, 4) != u64::from(VERSION) {
            return Err("its version is unknown to this release");
        }
        let head = Self {
            tier: u32::try_from(number(bytes, 12, 4)).unwrap_or(u32::MAX),
            first: BatchId::new(number(bytes, 16, 8)),
            last: BatchId::new(number(bytes, 24, 8)),
            count: number(bytes, 32, 8),
        };
        // What is left after comparing with a head made from the fields: query, padding.
        if head.encode(query) != bytes {
            return Err("it belongs to another query");
        }
        if (head.first, head.last) != (named.first, named.last) {
            return Err("its batches are not those of its name");
        }
        Ok(head)
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let field = bytes.get(at..at + length).unwrap_or_default();
    field
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Makes the bytes of a segment of sorted hashes.
pub(crate) fn encode(head: &SegmentHead, query: QueryId, files: &[FileHash]) -> Vec<u8> {
    let mut bytes = head.encode(query);
    bytes.reserve_exact((files.len() + 1) * HASH_BYTES);
    for file in files {
        bytes.extend_from_slice(&file.to_be_bytes());
    }
    let checksum = xxh3_128(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// A segment that is known to be whole.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: StorePath,
    pub(crate) head: SegmentHead,
    /// The first hash of each block: 16 bytes of memory for 4 KiB of the segment.
    index: Vec<FileHash>,
}

impl Segment {
    /// Describes a segment that was just written.
    pub(crate) fn written(path: StorePath, head: SegmentHead, files: &[FileHash]) -> Self {
        let index = files.iter().step_by(BLOCK_HASHES).copied().collect();
        Self { path, head, index }
    }

    /// Reads a segment to its end and checks every byte.
    pub(crate) fn open(storage: &SharedStorage, path: StorePath, query: QueryId) -> Result<Self> {
        let mut index = Vec::new();
        let mut seen = 0_usize;
        let head = verify(storage, &path, query, |hash| {
            if seen.is_multiple_of(BLOCK_HASHES) {
                index.push(hash);
            }
            seen += 1;
        })?;
        Ok(Self { path, head, index })
    }

    /// Reads all hashes, checking every byte again.
    pub(crate) fn read_into(
        &self,
        storage: &SharedStorage,
        query: QueryId,
        files: &mut Vec<FileHash>,
    ) -> Result<()> {
        let head = verify(storage, &self.path, query, |hash| files.push(hash))?;
        if head == self.head {
            return Ok(());
        }
        Err(damaged(
            storage,
            &self.path,
            "it is not what it was at the start",
        ))
    }

    /// Marks those of the sorted hashes that are in this segment.
    pub(crate) fn mark(
        &self,
        storage: &SharedStorage,
        sorted: &[FileHash],
        found: &mut [bool],
    ) -> Result<()> {
        let dense = sorted.len() >= self.index.len();
        let mut loaded = Blocks::default();
        for (&hash, found) in sorted.iter().zip(found) {
            let block = self.index.partition_point(|&first| first <= hash);
            let Some(block) = block.checked_sub(1) else {
                continue;
            };
            if !loaded.holds(block) {
                loaded = self.load(storage, block, if dense { BLOCKS_AT_ONCE } else { 1 })?;
            }
            *found |= loaded.contains(hash);
        }
        Ok(())
    }

    fn load(&self, storage: &SharedStorage, block: usize, blocks: usize) -> Result<Blocks> {
        let from = block * BLOCK_HASHES;
        let all = usize::try_from(self.head.count).unwrap_or(usize::MAX);
        let hashes = (blocks * BLOCK_HASHES).min(all.saturating_sub(from));
        let offset = (HEAD_BYTES + from * HASH_BYTES) as u64;
        let bytes = storage.read_range(&self.path, offset, hashes * HASH_BYTES)?;
        if bytes.len() != hashes * HASH_BYTES {
            return Err(damaged(storage, &self.path, "it has become shorter"));
        }
        Ok(Blocks {
            first: block,
            count: blocks,
            hashes: hashes_of(&bytes).collect(),
        })
    }
}

/// Some consecutive blocks in memory.
#[derive(Default)]
struct Blocks {
    first: usize,
    count: usize,
    hashes: Vec<FileHash>,
}

impl Blocks {
    fn holds(&self, block: usize) -> bool {
        (self.first..self.first + self.count).contains(&block)
    }

    fn contains(&self, hash: FileHash) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }
}

fn hashes_of(bytes: &[u8]) -> impl Iterator<Item = FileHash> {
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    hashes.iter().map(|bytes| FileHash::from_be_bytes(*bytes))
}

fn verify(
    storage: &SharedStorage,
    path: &StorePath,
    query: QueryId,
    each: impl FnMut(FileHash),
) -> Result<SegmentHead> {
    let read = |offset, length| storage.read_range(path, offset, length);
    verify_bytes(read, path, query, each)?.map_err(|reason| damaged(storage, path, reason))
}

/// Reads a segment through, piece by piece, and says what is wrong with it.
pub(super) fn verify_bytes(
    read: impl Fn(u64, usize) -> Result<Vec<u8>>,
    path: &StorePath,
    query: QueryId,
    mut each: impl FnMut(FileHash),
) -> Result<Result<SegmentHead, &'static str>> {
    let Some(named) = SegmentHead::from_name(path) else {
        return Ok(Err("its name is not that of a segment"));
    };
    let bytes = read(0, HEAD_BYTES)?;
    let head = match SegmentHead::decode(&bytes, query, &named) {
        Ok(head) => head,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut checksum = Xxh3::new();
    checksum.update(&bytes);
    let mut offset = HEAD_BYTES as u64;
    let mut left = head.count;
    let mut before = None;
    while left > 0 {
        let hashes = left.min((BLOCKS_AT_ONCE * BLOCK_HASHES) as u64) as usize;
        let bytes = read(offset, hashes * HASH_BYTES)?;
        if bytes.len() != hashes * HASH_BYTES {
            return Ok(Err("it is truncated"));
        }
        checksum.update(&bytes);
        for hash in hashes_of(&bytes) {
            if before.is_some_and(|before| before >= hash) {
                return Ok(Err("its hashes are not in order"));
            }
            before = Some(hash);
            each(hash);
        }
        offset = offset.saturating_add(bytes.len() as u64);
        left -= hashes as u64;
    }
    // One byte more than there should be, to notice that there is more.
    let end = read(offset, HASH_BYTES + 1)?;
    Ok(match end.len() {
        HASH_BYTES if end == checksum.digest128().to_be_bytes() => Ok(head),
        HASH_BYTES => Err("its checksum does not fit its bytes"),
        length if length < HASH_BYTES => Err("it is truncated"),
        _ => Err("there is something behind its end"),
    })
}
