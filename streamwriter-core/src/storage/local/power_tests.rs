//! Guards E1 and E8 for publication into a directory below the target, which nothing else syncs: a
//! file that is staged and named by a record is never lost, whatever is killed or cut off.

use std::io::Write;

use crate::error::{Error, ErrorKind, Result};
use crate::storage::{StagedObject, Storage, StorePath};
use crate::testing::{DiskFlaw, Judged, PowerMatrix, PowerViolation, SimulatedDisk};

fn path(text: &str) -> StorePath {
    StorePath::parse(text).unwrap()
}

/// Stages two files, records them, publishes them, and says so; goes on from what is recorded.
fn stage_and_publish(disk: &SimulatedDisk) -> Result<()> {
    let storage = disk.storage("lake")?;
    let (record, done) = (path("prepared"), path("done"));
    if storage.exists(&done)? {
        return storage.sync(&done);
    }
    storage.remove_temporary(&StorePath::root())?;
    let objects: Vec<StagedObject> = match storage.read(&record)? {
        Some(bytes) => {
            storage.sync(&record)?;
            serde_json::from_slice(&bytes).map_err(|error| {
                Error::new(ErrorKind::Corrupted, "the record is torn").with_source(error)
            })?
        }
        None => {
            let objects = vec![stage(&*storage, "1")?, stage(&*storage, "2")?];
            let _ = storage.create(&record, &serde_json::to_vec(&objects).unwrap())?;
            objects
        }
    };
    storage.publish(&objects)?;
    storage.create(&done, b"").map(drop)
}

/// Stages under a name that no other try has.
fn stage(storage: &dyn Storage, name: &str) -> Result<StagedObject> {
    let staged = path(&format!("staged/{name}-{}", uuid::Uuid::new_v4()));
    let mut upload = storage.stage(&staged, &path(&format!("data/{name}")))?;
    // A write that fails has stopped the machine, and the sync fails too.
    let _ = upload.write_all(name.as_bytes());
    upload.finish()
}

fn judge(disk: &SimulatedDisk, judged: Judged) -> Result<(), String> {
    let holds = |file: &str| {
        let bytes = std::fs::read(disk.path("lake/data").join(file)).ok();
        bytes.is_none_or(|bytes| bytes == file.as_bytes())
    };
    if !holds("1") || !holds("2") {
        return Err("a part of a file is visible".to_owned());
    }
    let published = ["1", "2"].map(|file| disk.path("lake/data").join(file).exists());
    match judged {
        Judged::AfterRestart if published != [true, true] => Err("a file is missing".to_owned()),
        _ => Ok(()),
    }
}

fn try_all(disk: &SimulatedDisk) -> Result<u64, PowerViolation> {
    let matrix = PowerMatrix::new(disk, &stage_and_publish, &judge);
    Ok(matrix.cut_everywhere()? + matrix.kill_then_cut(|_| true, 1)?)
}

#[test]
fn e1_e8_a_prepared_file_is_never_lost_on_its_way_into_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    let restarts = try_all(&disk).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(restarts > 1000, "{restarts}");
}

#[test]
fn e1_e8_nor_where_a_file_is_linked_and_unlinked_instead_of_renamed() {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    let disk = disk.without_exclusive_rename();
    let restarts = try_all(&disk).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(restarts > 1000, "{restarts}");
}

#[test]
fn e8_a_disk_that_breaks_a_promise_is_found_out() {
    for flaw in [
        DiskFlaw::IgnoresFileSyncs,
        DiskFlaw::IgnoresDirectorySyncs,
        DiskFlaw::TearsRenames,
    ] {
        let directory = tempfile::tempdir().unwrap();
        let disk = SimulatedDisk::flawed(directory.path(), flaw).unwrap();
        assert!(try_all(&disk).is_err(), "{flaw:?}");
    }
}
