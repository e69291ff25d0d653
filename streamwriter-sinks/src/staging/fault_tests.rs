//! Guards E1 at the level of staging: every durable step fails once, before and after its effect,
//! and everything after it too, as in a crash; a restart then ends with each file there once.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use streamwriter_core::testing::Pretend;
use streamwriter_core::{
    Created, Entry, Error, ErrorKind, LockHolder, ObjectIdentity, PartitionId, Publication,
    StagedUpload, Unlisted,
};

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Before,
    After,
}

/// Counts the steps, and crashes at one of them.
#[derive(Debug)]
struct Crash {
    at: u64,
    when: When,
    steps: AtomicU64,
    crashed: AtomicBool,
}

impl Crash {
    fn step<T>(&self, effect: impl FnOnce() -> Result<T>) -> Result<T> {
        let crash = || Error::new(ErrorKind::Storage, "the process has crashed");
        if self.crashed.load(Ordering::Relaxed) {
            return Err(crash());
        }
        if self.steps.fetch_add(1, Ordering::Relaxed) != self.at {
            return effect();
        }
        self.crashed.store(true, Ordering::Relaxed);
        if self.when == When::After {
            effect()?;
        }
        Err(crash())
    }
}

#[derive(Debug)]
struct CrashingStorage(SharedStorage, Arc<Crash>);

impl Storage for CrashingStorage {
    fn location(&self) -> String {
        self.0.location()
    }

    fn probe(&self, directory: &StorePath) -> Result<()> {
        self.1.step(|| self.0.probe(directory))
    }

    fn create(&self, path: &StorePath, bytes: &[u8]) -> Result<Created> {
        self.1.step(|| self.0.create(path, bytes))
    }

    fn read(&self, path: &StorePath) -> Result<Option<Vec<u8>>> {
        self.1.step(|| self.0.read(path))
    }

    fn read_range(&self, path: &StorePath, offset: u64, length: usize) -> Result<Vec<u8>> {
        self.1.step(|| self.0.read_range(path, offset, length))
    }

    fn exists(&self, path: &StorePath) -> Result<bool> {
        self.1.step(|| self.0.exists(path))
    }

    fn list(&self, prefix: &StorePath) -> Result<Vec<Entry>> {
        self.1.step(|| self.0.list(prefix))
    }

    fn unlisted(&self, prefix: &StorePath) -> Result<Vec<Unlisted>> {
        self.1.step(|| self.0.unlisted(prefix))
    }

    fn identity(&self, path: &StorePath) -> Result<Option<ObjectIdentity>> {
        self.1.step(|| self.0.identity(path))
    }

    fn withdraw(&self, path: &StorePath, to: &StorePath) -> Result<bool> {
        self.1.step(|| self.0.withdraw(path, to))
    }

    fn delete(&self, path: &StorePath) -> Result<bool> {
        self.1.step(|| self.0.delete(path))
    }

    fn sync(&self, path: &StorePath) -> Result<()> {
        self.1.step(|| self.0.sync(path))
    }

    fn remove_temporary(&self, prefix: &StorePath) -> Result<()> {
        self.1.step(|| self.0.remove_temporary(prefix))
    }

    fn stage(&self, staged: &StorePath, target: &StorePath) -> Result<Box<dyn StagedUpload>> {
        let upload = self.1.step(|| self.0.stage(staged, target))?;
        Ok(Box::new(CrashingUpload(upload, Arc::clone(&self.1))))
    }

    fn publish(&self, objects: &[StagedObject]) -> Result<Vec<Publication>> {
        let mut published = Vec::new();
        for object in objects {
            let one = std::slice::from_ref(object);
            published.extend(self.1.step(|| self.0.publish(one))?);
        }
        Ok(published)
    }

    fn discard(&self, staged: &StorePath) -> Result<bool> {
        self.1.step(|| self.0.discard(staged))
    }

    fn remove_directory(&self, path: &StorePath) -> Result<bool> {
        self.1.step(|| self.0.remove_directory(path))
    }

    fn lock(
        &self,
        path: &StorePath,
        holder: &LockHolder,
        take_over: bool,
    ) -> Result<Box<dyn StorageLock>> {
        self.1.step(|| self.0.lock(path, holder, take_over))
    }
}

struct CrashingUpload(Box<dyn StagedUpload>, Arc<Crash>);

impl Write for CrashingUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl StagedUpload for CrashingUpload {
    fn finish(self: Box<Self>) -> Result<StagedObject> {
        let Self(upload, crash) = *self;
        crash.step(|| upload.finish())
    }
}

const BATCHES: u64 = 2;
const PARTITIONS: u32 = 2;

/// What the journal knows; it never fails here.
#[derive(Default)]
struct Journal {
    claimed: bool,
    prepared: Vec<Vec<StagedObject>>,
    committed: u64,
}

/// Runs the protocol from where the journal stands to the last batch.
fn drive(journal: &mut Journal, staging: &Staging, pretend: Pretend) -> Result<()> {
    let claim = TargetClaim::new(pretend.query, "checkpoint").claimed_before(journal.claimed);
    staging.open(&claim)?;
    journal.claimed = true;
    while journal.committed < BATCHES {
        let batch = Pretend {
            batch: BatchId::new(journal.committed),
            ..pretend
        };
        let context = batch.batch();
        if journal.prepared.len() as u64 == journal.committed {
            let files = stage_batch(staging, batch)?;
            journal.prepared.push(files);
        }
        let record = TargetRecord {
            query: batch.query,
            batch: batch.batch,
            prepared: "digest".to_owned(),
        };
        if staging.last_committed(batch.query)?.as_ref() != Some(&record) {
            staging.publish(journal.prepared.last().unwrap(), &context)?;
            staging.record(&record)?;
        }
        journal.committed += 1;
        staging.sweep(batch.query, batch.run, batch.batch)?;
    }
    Ok(())
}

fn stage_batch(staging: &Staging, batch: Pretend) -> Result<Vec<StagedObject>> {
    let stage = |partition| {
        let task = Pretend {
            partition: PartitionId::new(partition),
            ..batch
        };
        let mut file = staging.file(&task.task(), None, 0, "txt")?;
        write!(file, "{} {partition}", batch.batch).unwrap();
        file.finish()
    };
    (0..PARTITIONS).map(stage).collect()
}

/// Returns whether the run with a fault at this step came to the step at all.
fn crash_and_restart(at: u64, when: When) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lake");
    let mut journal = Journal::default();
    let crash = Arc::new(Crash {
        at,
        when,
        steps: AtomicU64::new(0),
        crashed: AtomicBool::new(false),
    });
    let first = Pretend::default();
    let storage = CrashingStorage(LocalStorage::shared(&path).unwrap(), Arc::clone(&crash));
    let outcome = drive(&mut journal, &Staging::over(Arc::new(storage)), first);
    let crashed = crash.crashed.load(Ordering::Relaxed);
    let second = Pretend {
        run: Run::new(2),
        ..first
    };
    let restarted = Staging::new(&path).unwrap();
    drive(&mut journal, &restarted, second)
        .unwrap_or_else(|error| panic!("fault {when:?} step {at}: {error}, after {outcome:?}"));
    restarted
        .sweep(first.query, second.run, BatchId::new(BATCHES - 1))
        .unwrap();
    expect_once(&path, &restarted, &format!("fault {when:?} step {at}"));
    crashed
}

fn expect_once(path: &Path, staging: &Staging, fault: &str) {
    let mut seen = Vec::new();
    for entry in staging.storage().list(&StorePath::root()).unwrap() {
        let name = entry.path.as_str();
        assert!(!name.contains("/staging/"), "{fault}: {name} stays");
        if !name.starts_with('_') {
            seen.push(std::fs::read_to_string(path.join(name)).unwrap());
        }
    }
    let expected = ["0 0", "0 1", "1 0", "1 1"];
    assert_eq!(seen, expected, "{fault}");
}

#[test]
fn after_a_crash_at_any_step_and_a_restart_each_file_is_there_once() {
    for when in [When::Before, When::After] {
        let steps = (0..).take_while(|at| crash_and_restart(*at, when)).count();
        assert!(steps > 30, "{steps} steps");
    }
}
