//! Guards E8: create-if-absent, publication that consumes and never replaces, named errors.

use std::fs;
use std::io::Write;

use super::*;
use crate::error::ErrorKind;

fn storage() -> (tempfile::TempDir, LocalStorage) {
    let directory = tempfile::tempdir().unwrap();
    let storage = LocalStorage::new(directory.path().join("a/b")).unwrap();
    storage.probe(&StorePath::root()).unwrap();
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
fn e8_a_file_that_is_written_ahead_of_its_sync_is_whole() {
    let (_directory, storage) = storage();
    let block: Vec<u8> = (0..3_000_017_u32).map(|at| (at % 251) as u8).collect();
    let mut upload = storage.stage(&path("s/f"), &path("data/f")).unwrap();
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for _ in 0..7 {
        upload.write_all(&block).unwrap();
        hash.update(&block);
    }
    let staged = upload.finish().unwrap();
    assert_eq!(staged.size, 7 * block.len() as u64);
    assert_eq!(staged.checksum, format!("xxh3:{:016x}", hash.digest()));
    assert_eq!(
        storage.read(&path("s/f")).unwrap().unwrap(),
        block.repeat(7)
    );
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
    let error = LocalStorage::new(&file)
        .unwrap()
        .probe(&StorePath::root())
        .unwrap_err();
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

#[test]
fn e9_a_file_that_another_process_staged_is_read_before_it_is_published() {
    let (directory, writer) = storage();
    let object = staged(&writer, "1", b"rows");
    fs::write(writer.full_path(&object.staged), b"rowz").unwrap();
    let publisher = LocalStorage::new(directory.path().join("a/b")).unwrap();
    let error = publisher
        .publish(std::slice::from_ref(&object))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert!(error.path().unwrap().ends_with("s/1"), "{error}");
    assert!(!publisher.exists(&object.path).unwrap());
    fs::write(publisher.full_path(&object.staged), b"rows").unwrap();
    assert_eq!(
        publisher.publish(&[object]).unwrap(),
        [Publication::Published]
    );
}

#[test]
fn e9_a_final_file_beside_a_staged_one_that_is_another_file_is_an_error_that_stays() {
    let (_directory, storage) = storage();
    let lost = staged(&storage, "1", b"rows");
    storage.publish(&[lost]).unwrap();
    let again = staged(&storage, "2", b"rows");
    for _ in 0..2 {
        let error = storage.publish(std::slice::from_ref(&again)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.path().unwrap().ends_with("data/f"), "{error}");
    }
    fs::remove_file(storage.full_path(&again.path)).unwrap();
    assert_eq!(storage.publish(&[again]).unwrap(), [Publication::Published]);
}

#[test]
fn e9_what_cannot_be_listed_is_an_error_and_not_empty() {
    let (_directory, storage) = storage();
    assert!(storage.list(&path("absent")).unwrap().is_empty());
    fs::write(storage.full_path(&path("file")), "x").unwrap();
    for listed in [
        storage.list(&path("file")).map(drop),
        storage.remove_temporary(&path("file")),
    ] {
        let error = listed.unwrap_err();
        assert!(error.path().unwrap().ends_with("/file"), "{error}");
    }
}

#[test]
fn e8_a_file_whose_directory_is_exchanged_while_it_is_written_is_not_finished() {
    let (_directory, storage) = storage();
    let upload = || {
        let mut upload = storage.stage(&path("s/1"), &path("data/f")).unwrap();
        upload.write_all(b"rows").unwrap();
        upload
    };
    let (staging, aside) = (
        storage.full_path(&path("s")),
        storage.full_path(&path("aside")),
    );
    let copied = upload();
    fs::rename(&staging, &aside).unwrap();
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("1"), b"").unwrap();
    assert_eq!(copied.finish().unwrap_err().kind(), ErrorKind::Storage);
    // The file of that name is removed with the upload, and the next attempt succeeds.
    let removed = upload();
    fs::remove_dir_all(&staging).unwrap();
    assert_eq!(removed.finish().unwrap_err().kind(), ErrorKind::Storage);
    let object = upload().finish().unwrap();
    assert_eq!(
        storage.publish(&[object]).unwrap(),
        [Publication::Published]
    );
}

#[test]
fn e6_a_root_that_is_removed_while_it_is_in_use_is_not_made_again() {
    let (directory, storage) = storage();
    let root = directory.path().join("a/b");
    for emptied in [false, true] {
        let holder = LockHolder::this_process();
        let lock = storage.lock(&path("lock"), &holder, false).unwrap();
        let _ = storage.create(&path("x/1"), b"one").unwrap();
        fs::rename(&root, root.with_extension("aside")).unwrap();
        if emptied {
            fs::create_dir(&root).unwrap();
        }
        for refused in [
            storage.create(&path("x/2"), b"two").map(drop),
            storage.stage(&path("s/1"), &path("data/f")).map(drop),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.path().unwrap().ends_with("a/b"), "{error}");
        }
        assert!(!root.join("x").exists());
        drop(lock);
        fs::remove_dir_all(root.with_extension("aside")).unwrap();
    }
    // A new start takes the lock anew, and finds out what there is.
    let holder = LockHolder::this_process();
    let _lock = storage.lock(&path("lock"), &holder, false).unwrap();
    let _ = storage.create(&path("x/1"), b"one").unwrap();
}

#[test]
fn e8_a_directory_that_is_made_again_underneath_is_not_taken_for_the_known_one() {
    let (_directory, storage) = storage();
    let known = storage.full_path(&path("x"));
    let _ = storage.create(&path("x/1"), b"one").unwrap();
    let before = storage.durable.knows(&known);
    fs::remove_dir_all(&known).unwrap();
    fs::create_dir(&known).unwrap();
    assert!(before && !storage.durable.knows(&known));
    let _ = storage.create(&path("x/1"), b"one").unwrap();
    assert!(storage.durable.knows(&known));
}
