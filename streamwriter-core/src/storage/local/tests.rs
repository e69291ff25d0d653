//! Guards E8: create-if-absent, publication that consumes and never replaces, named errors.

use std::fs;
use std::io::Write;

use super::*;
use crate::error::ErrorKind;
use crate::testing::{DiskError, DiskFault, OperationKind, SimulatedDisk};

fn storage() -> (tempfile::TempDir, LocalStorage) {
    let directory = tempfile::tempdir().unwrap();
    let storage = LocalStorage::new(directory.path().join("a/b")).unwrap();
    storage.probe().unwrap();
    (directory, storage)
}

fn path(text: &str) -> StorePath {
    StorePath::parse(text).unwrap()
}

fn staged(storage: &LocalStorage, name: &str, bytes: &[u8]) -> StagedObject {
    let mut upload = storage
        .stage(&path(&format!("s/{name}")), &path("data/f"))
        .unwrap();
    upload.write_all(bytes).unwrap();
    upload.finish().unwrap()
}

#[test]
fn create_never_replaces_and_returns_what_is_there() {
    let (_directory, storage) = storage();
    assert_eq!(storage.create(&path("x/1"), b"one").unwrap(), Created::New);
    assert_eq!(
        storage.create(&path("x/1"), b"two").unwrap(),
        Created::Exists(b"one".to_vec())
    );
    assert_eq!(storage.read(&path("x/1")).unwrap().unwrap(), b"one");
    assert_eq!(
        storage.list(&StorePath::root()).unwrap().len(),
        1,
        "no temporary file stays"
    );
}

#[test]
fn publication_consumes_and_may_be_repeated() {
    let (_directory, storage) = storage();
    let object = staged(&storage, "1", b"rows");
    assert_eq!(
        storage.publish(std::slice::from_ref(&object)).unwrap(),
        [Publication::Published]
    );
    assert!(!storage.exists(&object.staged).unwrap());
    assert_eq!(
        storage.publish(std::slice::from_ref(&object)).unwrap(),
        [Publication::AlreadyPublished]
    );
    assert_eq!(storage.read(&object.path).unwrap().unwrap(), b"rows");
}

#[test]
fn publication_refuses_a_target_with_other_contents() {
    let (_directory, storage) = storage();
    let first = staged(&storage, "1", b"rows");
    let second = staged(&storage, "2", b"else");
    storage.publish(&[first]).unwrap();
    let error = storage.publish(&[second]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(storage.read(&path("data/f")).unwrap().unwrap(), b"rows");
}

#[test]
fn a_file_that_is_neither_staged_nor_published_is_named() {
    let (_directory, storage) = storage();
    let object = staged(&storage, "1", b"rows");
    storage.discard(&object.staged).unwrap();
    let error = storage.publish(&[object]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("data/f"), "{error}");
}

#[test]
fn both_names_of_a_linked_file_count_as_published() {
    let (_directory, storage) = storage();
    let object = staged(&storage, "1", b"rows");
    let (from, to) = (
        storage.full_path(&object.staged),
        storage.full_path(&object.path),
    );
    fs::create_dir_all(parent_of(&to)).unwrap();
    fs::hard_link(from, to).unwrap();
    assert_eq!(
        storage.publish(std::slice::from_ref(&object)).unwrap(),
        [Publication::AlreadyPublished]
    );
    assert!(!storage.exists(&object.staged).unwrap());
}

#[test]
fn an_upload_that_is_dropped_leaves_nothing() {
    let (_directory, storage) = storage();
    let mut upload = storage.stage(&path("s/1"), &path("data/f")).unwrap();
    upload.write_all(b"rows").unwrap();
    drop(upload);
    assert!(storage.list(&StorePath::root()).unwrap().is_empty());
}

#[test]
fn a_second_lock_is_refused_with_the_holder_until_it_is_told_to_take_over() {
    let (_directory, storage) = storage();
    let holder = LockHolder::this_process();
    let held = storage.lock(&path("lock"), &holder, false).unwrap();
    let error = storage.lock(&path("lock"), &holder, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(
        error.to_string().contains(&holder.pid.to_string()),
        "{error}"
    );
    let taken = storage.lock(&path("lock"), &holder, true).unwrap();
    assert!(storage.lock(&path("lock"), &holder, false).is_err());
    drop((held, taken));
    storage.lock(&path("lock"), &holder, false).unwrap();
}

#[test]
fn a_released_lock_is_free_although_a_child_process_shares_its_file() {
    let (_directory, storage) = storage();
    let holder = LockHolder::this_process();
    let file = storage.full_path(&path("lock"));
    let lock = LocalLock::acquire(&storage.durable, &file, &holder, false).unwrap();
    // What a child has between fork and exec: another handle of the same open file.
    let shared = lock.share();
    drop(lock);
    storage.lock(&path("lock"), &holder, false).unwrap();
    drop(shared);
}

#[test]
fn a_file_as_directory_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = LocalStorage::new(&file).unwrap().probe().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn only_an_empty_directory_is_removed_and_it_can_be_used_again() {
    let (_directory, storage) = storage();
    let object = staged(&storage, "1", b"rows");
    assert!(!storage.remove_directory(&path("s")).unwrap(), "not empty");
    storage.discard(&object.staged).unwrap();
    assert!(storage.remove_directory(&path("s")).unwrap());
    assert!(!storage.remove_directory(&path("s")).unwrap(), "absent");
    staged(&storage, "1", b"rows");
}

/// A storage with directories that it knows, a staged object and an open upload; then a record is
/// created, whose last change is a sync.
struct Used {
    storage: SharedStorage,
    object: StagedObject,
    upload: Box<dyn StagedUpload>,
    created: Result<Created>,
}

fn used(disk: &SimulatedDisk) -> Used {
    let storage = disk.storage("a").unwrap();
    let stage = |name| {
        let (staged, target) = (format!("s/{name}"), format!("data/{name}"));
        storage.stage(&path(&staged), &path(&target)).unwrap()
    };
    let published = stage("0").finish().unwrap();
    storage.publish(&[published]).unwrap();
    Used {
        object: stage("1").finish().unwrap(),
        upload: stage("2"),
        created: storage.create(&path("x/0"), b"0"),
        storage,
    }
}

/// Lets the last sync fail.
fn used_and_poisoned(disk: &SimulatedDisk) -> (Used, u64) {
    let empty = disk.save();
    assert_eq!(used(disk).created.unwrap(), Created::New);
    let last = disk.log().into_iter().rfind(|one| one.kind.is_sync());
    let last = last.unwrap().number;
    disk.restore(&empty).unwrap();
    disk.begin(Some(DiskFault::fail(last, DiskError::Io)));
    let used = used(disk);
    assert!(used.created.is_err(), "its last sync has failed");
    (used, last)
}

#[test]
fn e8_after_a_failed_sync_a_storage_makes_writes_names_and_syncs_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    let (used, last) = used_and_poisoned(&disk);
    let (storage, holder) = (&used.storage, LockHolder::this_process());
    let refused = [
        storage.create(&path("x/1"), b"1").map(drop),
        storage.create(&path("elsewhere/1"), b"1").map(drop),
        storage.sync(&path("x/0")),
        storage.probe(),
        storage.publish(&[used.object]).map(drop),
        storage.stage(&path("s/3"), &path("data/3")).map(drop),
        storage.lock(&path("lock"), &holder, false).map(drop),
        used.upload.finish().map(drop),
    ];
    for (number, refused) in refused.into_iter().enumerate() {
        let error = refused.unwrap_err().report().to_string();
        assert!(
            error.contains("a failed sync has stopped"),
            "{number}: {error}"
        );
    }
    let after = disk
        .log()
        .into_iter()
        .filter(|one| one.kind.is_change() && one.number > last);
    for operation in after {
        assert_eq!(operation.kind, OperationKind::Unlink, "{operation}");
    }
    assert!(
        !disk.path("a/s/2").exists(),
        "what nobody will name is removed"
    );
}

#[test]
fn e8_after_a_failed_sync_an_upload_takes_no_more_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    let (mut used, last) = used_and_poisoned(&disk);
    let error = used.upload.write_all(b"more").unwrap_err();
    assert!(
        error.to_string().contains("a failed sync has stopped"),
        "{error}"
    );
    assert_eq!(disk.changes(), last + 1);
}
