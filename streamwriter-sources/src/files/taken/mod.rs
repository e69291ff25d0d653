//! The set of files that are done for good (E10), 16 bytes a file.
//!
//! A file is known by the XXH3-128 hash of its path. Each committed batch that finished files adds
//! one write-once segment of sorted hashes; eight segments of a tier are merged into one of the
//! next. A look-up reads the blocks of the segments that can hold the hash.

#[cfg(all(feature = "testing", feature = "csv", feature = "jsonl"))]
pub(super) mod fuzz;
mod segment;

use std::collections::HashSet;

use streamwriter_core::{
    BatchId, Created, Error, ErrorKind, QueryId, Result, SharedStorage, SourceState, StorePath,
};
use xxhash_rust::xxh3::xxh3_128;

use self::segment::{Segment, SegmentHead};

/// The hash of a path, which stands for the file.
pub(crate) type FileHash = u128;

/// Segments of one tier that are merged into one of the next.
const MERGED_SEGMENTS: usize = 8;
/// Hashes that a merged segment may hold: 16 MiB of them are held in memory while merging.
const MERGED_FILES_MAX: u64 = 1 << 20;

/// Returns the hash that stands for a path.
pub(crate) fn hash_of(path: &str) -> FileHash {
    xxh3_128(path.as_bytes())
}

/// Files that are done: in memory, or in segments in the checkpoint.
#[derive(Debug)]
pub(crate) enum TakenSet {
    /// Without a checkpoint; lost with the process.
    Memory(HashSet<FileHash>),
    /// In the checkpoint.
    Stored(Store),
}

impl Default for TakenSet {
    fn default() -> Self {
        Self::Memory(HashSet::new())
    }
}

impl TakenSet {
    /// Opens the set in a checkpoint and verifies every byte of it.
    ///
    /// # Errors
    /// [`Corrupted`](ErrorKind::Corrupted) names the segment that is damaged, missing or foreign.
    pub(crate) fn open(state: &SourceState, query: QueryId) -> Result<Self> {
        Ok(Self::Stored(Store::open(state, query)?))
    }

    /// Returns where the set is kept, if it is in a checkpoint.
    pub(crate) fn place(&self) -> Option<String> {
        match self {
            Self::Memory(_) => None,
            Self::Stored(store) => {
                Some(format!("{}/{}", store.storage.location(), store.directory))
            }
        }
    }

    /// Returns the number of files.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Memory(set) => set.len() as u64,
            Self::Stored(store) => store.count(),
        }
    }

    /// Tells for each of these hashes, which are sorted, whether it is in the set.
    pub(crate) fn which(&self, sorted: &[FileHash]) -> Result<Vec<bool>> {
        match self {
            Self::Memory(set) => Ok(sorted.iter().map(|hash| set.contains(hash)).collect()),
            Self::Stored(store) => store.which(sorted),
        }
    }

    /// Adds the files that a batch has finished, sorted; `total` is how many there must be then.
    ///
    /// Does nothing for a batch that is in the set already.
    pub(crate) fn fold(&mut self, batch: BatchId, files: Vec<FileHash>, total: u64) -> Result<()> {
        match self {
            Self::Memory(set) => {
                set.extend(files);
                Ok(())
            }
            Self::Stored(store) => store.fold(batch, files, total),
        }
    }
}

/// The segments of a checkpoint, oldest first, without gap or overlap.
#[derive(Debug)]
pub(crate) struct Store {
    storage: SharedStorage,
    directory: StorePath,
    query: QueryId,
    segments: Vec<Segment>,
    /// Segments that a crash left beside the one that they were merged into.
    contained: Vec<StorePath>,
}

impl Store {
    fn open(state: &SourceState, query: QueryId) -> Result<Self> {
        let mut store = Self {
            storage: state.storage.clone(),
            directory: state.prefix.join("taken")?,
            query,
            segments: Vec::new(),
            contained: Vec::new(),
        };
        let mut heads = Vec::new();
        if let Some(path) = store.storage.name_that_is_not_text(&store.directory)? {
            return Err(foreign(path));
        }
        for entry in store.storage.list(&store.directory)? {
            let direct = entry.path.parent() == store.directory;
            match SegmentHead::from_name(&entry.path) {
                Some(head) if direct => heads.push((head, entry.path)),
                _ => {
                    let path = format!("{}/{}", store.storage.location(), entry.path);
                    return Err(foreign(path));
                }
            }
        }
        let (kept, contained) = outermost(heads, |path, reason| store.damaged(path, reason))?;
        for path in kept {
            store.storage.sync(&path)?;
            let segment = Segment::open(&store.storage, path, query)?;
            store.segments.push(segment);
        }
        store.contained = contained;
        Ok(store)
    }

    fn count(&self) -> u64 {
        self.segments.iter().map(|one| one.head.count).sum()
    }

    fn next_batch(&self) -> BatchId {
        self.segments
            .last()
            .map_or(BatchId::FIRST, |one| one.head.last.next())
    }

    fn which(&self, sorted: &[FileHash]) -> Result<Vec<bool>> {
        let mut found = vec![false; sorted.len()];
        for segment in &self.segments {
            segment.mark(&self.storage, sorted, &mut found)?;
        }
        Ok(found)
    }

    fn fold(&mut self, batch: BatchId, files: Vec<FileHash>, total: u64) -> Result<()> {
        let first = self.next_batch();
        if batch < first {
            // Told again. A later batch may be in the set by now, so there can be more.
            self.expect_total(batch, total, self.count() >= total)?;
            self.remove_contained();
            return Ok(());
        }
        let after = self.count().saturating_add(files.len() as u64);
        self.expect_total(batch, total, after == total)?;
        self.remove_contained();
        if files.is_empty() {
            return Ok(());
        }
        let head = SegmentHead {
            tier: 0,
            first,
            last: batch,
            count: files.len() as u64,
        };
        let segment = self.create(head, &files)?;
        self.segments.push(segment);
        self.merge()
    }

    fn expect_total(&self, batch: BatchId, total: u64, holds: bool) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(self
            .damaged(
                &self.directory,
                &format!(
                    "the journal says that {total} files were read by then, and the {} in it do \
                     not lead there",
                    self.count()
                ),
            )
            .in_batch(batch))
    }

    /// Removes what merged segments contain.
    ///
    /// IMPORTANT: only after those are durable, have been read through, and their total agrees with
    /// the journal. A killed process may have left a merged segment visible and not synced; a power
    /// cut that took it back, and not the removals, would leave nothing of these batches.
    /// Until then a segment that contains others by its name alone may be damaged or foreign, and
    /// the others are what it must be replaced by.
    fn remove_contained(&mut self) {
        for path in self.contained.drain(..) {
            remove(&self.storage, &path);
        }
    }

    fn create(&self, head: SegmentHead, files: &[FileHash]) -> Result<Segment> {
        let path = self.directory.join(&head.name())?;
        let bytes = segment::encode(&head, self.query, files);
        match self.storage.create(&path, &bytes)? {
            Created::New => {}
            Created::Exists(found) if found == bytes => self.storage.sync(&path)?,
            Created::Exists(_) => {
                return Err(self.damaged(&path, "a segment of that name holds other files"));
            }
        }
        Ok(Segment::written(path, head, files))
    }

    /// Merges the newest segments while there are enough of one tier.
    fn merge(&mut self) -> Result<()> {
        while let Some(at) = self.mergeable() {
            let inputs = self.segments.split_off(at);
            let merged = self.merged(&inputs);
            let merged = match merged {
                Ok(merged) => merged,
                Err(error) => {
                    self.segments.extend(inputs);
                    return Err(error);
                }
            };
            self.segments.push(merged);
            // IMPORTANT: only after the merged segment is durable. A crash before or between the
            // deletions leaves inputs that the next opening finds contained in it and removes.
            for input in inputs {
                remove(&self.storage, &input.path);
            }
        }
        Ok(())
    }

    fn mergeable(&self) -> Option<usize> {
        let at = self.segments.len().checked_sub(MERGED_SEGMENTS)?;
        let newest = self.segments.get(at..)?;
        let tier = newest.first()?.head.tier;
        let count: u64 = newest.iter().map(|one| one.head.count).sum();
        let same = newest.iter().all(|one| one.head.tier == tier);
        (same && count <= MERGED_FILES_MAX).then_some(at)
    }

    fn merged(&self, inputs: &[Segment]) -> Result<Segment> {
        let mut files = Vec::new();
        for input in inputs {
            input.read_into(&self.storage, self.query, &mut files)?;
        }
        files.sort_unstable();
        let count = files.len() as u64;
        files.dedup();
        let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else {
            return Err(self.damaged(&self.directory, "there is nothing to merge"));
        };
        if files.len() as u64 != count {
            return Err(self.damaged(&last.path, "it holds a file that another segment holds"));
        }
        let head = SegmentHead {
            tier: first.head.tier.saturating_add(1),
            first: first.head.first,
            last: last.head.last,
            count,
        };
        self.create(head, &files)
    }

    fn damaged(&self, path: &StorePath, reason: &str) -> Error {
        damaged(&self.storage, path, reason)
    }
}

fn foreign(path: String) -> Error {
    Error::new(
        ErrorKind::Corrupted,
        "a foreign file stands among the segments of taken files",
    )
    .at_path(path)
    .with_help("move it out of the checkpoint, then start again")
}

/// Tells the segments that cover all batches, in order, from those that they contain.
fn outermost(
    mut heads: Vec<(SegmentHead, StorePath)>,
    damaged: impl Fn(&StorePath, &str) -> Error,
) -> Result<(Vec<StorePath>, Vec<StorePath>)> {
    // The longest of those that begin at the same batch comes first and contains the others.
    heads.sort_by_key(|(head, _)| (head.first, std::cmp::Reverse(head.last)));
    let mut next = BatchId::FIRST;
    let mut kept = Vec::new();
    let mut contained = Vec::new();
    for (head, path) in heads {
        if head.first == next {
            next = head.last.next();
            kept.push(path);
        } else if head.last < next {
            contained.push(path);
        } else if head.first < next {
            return Err(damaged(
                &path,
                "its batches overlap with those of another segment",
            ));
        } else {
            let missing = SegmentHead {
                tier: 0,
                first: next,
                last: head.first.previous().unwrap_or(next),
                count: 0,
            };
            let gap = format!(
                "it, or several for its batches, is missing, and {} follows",
                path.file_name()
            );
            return Err(damaged(&path.parent().join(&missing.name())?, &gap));
        }
    }
    Ok((kept, contained))
}

fn remove(storage: &SharedStorage, path: &StorePath) {
    if let Err(error) = storage.delete(path) {
        tracing::warn!(%path, %error, "could not remove a merged segment; the next start will");
    }
}

fn damaged(storage: &SharedStorage, path: &StorePath, reason: &str) -> Error {
    Error::new(
        ErrorKind::Corrupted,
        format!("the record of files that were read cannot be used: {reason}"),
    )
    .at_path(format!("{}/{path}", storage.location()))
    .with_help("restore the checkpoint as a whole, or start anew with a new checkpoint")
}

#[cfg(test)]
mod tests;
