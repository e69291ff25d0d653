//! What a person's decision about a batch does to its files (E3): look, and take out of sight.
//!
//! Nothing is deleted. What goes out of sight lies below `_streamwriter/withdrawn/` afterwards, under
//! a name that ends in `.withdrawn` and that no reader looks at.

use std::collections::BTreeSet;

use streamwriter_core::{
    BatchContext, Error, ErrorKind, FileFinding, FileState, ObjectIdentity, Result, StagedObject,
    Storage, StorePath, Withdrawal,
};

use super::error::StagingError;
use super::names::{self, FinalName};

/// The parts of the place for what is out of sight.
const STAGED: &str = "staged";
const FINAL: &str = "final";

/// How many files of one name can be out of sight.
const SAME_NAME_MAX: u32 = 1000;

/// Looks what became of a file.
pub(super) fn inspect(storage: &dyn Storage, file: &StagedObject) -> Result<FileFinding> {
    // IMPORTANT: the staged name is looked up first. A driver that publishes meanwhile moves the
    // file on, never back, so it is seen at least once.
    let staged = storage.identity(&file.staged)?;
    let is_it =
        |found: &ObjectIdentity| (found.size, &found.checksum) == (file.size, &file.checksum);
    let state = match (storage.identity(&file.path)?, staged) {
        (None, None) => FileState::Missing,
        (None, Some(found)) if is_it(&found) => FileState::Staged,
        (None, Some(found)) => FileState::StagedDamaged { found },
        (Some(found), staged) if !is_it(&found) => FileState::OtherIdentity {
            found,
            staged: staged.is_some(),
        },
        (Some(_), Some(_)) if !storage.is_one_object(&file.staged, &file.path)? => {
            FileState::PublishedBefore
        }
        (Some(_), _) => FileState::Published,
    };
    Ok(FileFinding::new(storage.location(), file.clone(), state))
}

/// Takes everything out of sight that earlier revisions of a batch have staged or published, and
/// whatever else lies under their final names.
pub(super) fn withdraw(storage: &dyn Storage, what: &Withdrawal) -> Result<u64> {
    let place = names::withdrawn_of(what.query, what.batch, what.revision)?;
    sync_origins(storage, &place)?;
    let mut moved = 0;
    // IMPORTANT: the staged files go before the final ones. A driver that wakes up late publishes
    // by moving a staged file, so after this nothing of theirs becomes final any more.
    let below = names::staging_of_query(what.query)?;
    for entry in storage.list(&below)? {
        let staged = names::parse_staged(&below, &entry.path);
        if staged.is_some_and(|(batch, name)| batch == what.batch && name.run < what.decided_in) {
            moved += u64::from(take(storage, &entry.path, &place.join(STAGED)?)?);
        }
    }
    for entry in storage.list(&StorePath::root())? {
        if is_of_earlier_revision(what, &entry.path) {
            let place = join_all(&place.join(FINAL)?, &entry.path.parent())?;
            moved += u64::from(take(storage, &entry.path, &place)?);
        }
    }
    Ok(moved)
}

/// Keeps a staged file whose final name holds something that a person has accepted in its place.
pub(super) fn keep_staged(
    storage: &dyn Storage,
    file: &StagedObject,
    batch: &BatchContext,
) -> Result<bool> {
    let place = names::withdrawn_of(batch.query_id(), batch.batch_id(), batch.revision())?;
    take(storage, &file.staged, &place.join(STAGED)?)
}

/// Tells whether an error of a publication is one about which a person may decide: a file is not
/// what its message says.
pub(super) fn is_for_a_person(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Mismatch | ErrorKind::Corrupted)
}

/// Adds the choices of a person to an error that names a file which a commit can neither publish
/// nor find published; the decision is never made here.
pub(super) fn with_choices(error: Error, batch: &BatchContext) -> Error {
    if !is_for_a_person(&error) {
        return error;
    }
    let first = error
        .help()
        .map_or(String::new(), |help| format!("{help}; "));
    let decide = batch.ways_to_decide();
    error.with_help(format!("{first}or {decide}"))
}

fn is_of_earlier_revision(what: &Withdrawal, path: &StorePath) -> bool {
    let name = FinalName::parse(path.file_name()).filter(|_| !names::is_own(path));
    name.is_some_and(|name| {
        (name.query, name.batch) == (what.query, what.batch) && name.revision < what.revision
    })
}

/// Moves a file into a directory out of sight, under the first name that is free there.
fn take(storage: &dyn Storage, path: &StorePath, place: &StorePath) -> Result<bool> {
    for number in 1..=SAME_NAME_MAX {
        let suffix = match number {
            1 => String::new(),
            _ => format!("-{number}"),
        };
        let to = place.join(&format!("{}.withdrawn{suffix}", path.file_name()))?;
        if !storage.exists(&to)? {
            return storage.withdraw(path, &to);
        }
    }
    Err(StagingError::TooManyWithdrawn { path: path.clone() }.into())
}

/// Makes durable that files are gone which an earlier call has moved: it may have crashed before
/// it did so.
fn sync_origins(storage: &dyn Storage, place: &StorePath) -> Result<()> {
    let finals = place.join(FINAL)?;
    let mut origins = BTreeSet::new();
    for entry in storage.list(&finals)? {
        let directory = entry.path.parent();
        let below = directory.as_str().strip_prefix(finals.as_str());
        let below = below.unwrap_or_default().trim_start_matches('/');
        origins.insert(StorePath::parse(below)?);
    }
    for directory in origins {
        if storage.exists(&directory)? {
            storage.sync(&directory)?;
        }
    }
    Ok(())
}

fn join_all(base: &StorePath, rest: &StorePath) -> Result<StorePath> {
    let mut segments = rest.as_str().split('/').filter(|part| !part.is_empty());
    segments.try_fold(base.clone(), |path, segment| path.join(segment))
}
