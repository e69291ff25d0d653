//! Guards E5 and E8 between two drivers: what the other one has left visible is durable before it is
//! acted on.

use super::*;
use crate::testing::{DiskError, DiskFault, SimulatedDisk, Survival};

fn journal(disk: &SimulatedDisk) -> Journal {
    let storage = disk.storage("state").unwrap();
    let holder = LockHolder::this_process();
    Checkpoint::open(storage, "source", "target", &holder, true)
        .unwrap()
        .begin_run(&holder, 100)
        .unwrap()
}

fn prepared(journal: &Journal) -> PreparedRecord {
    PreparedRecord {
        query: journal.query,
        run: journal.run,
        batch: BatchId::FIRST,
        previous: "sha256:offsets".to_owned(),
        read: StoredCounts::default(),
        lost: None,
        messages: Vec::new(),
    }
}

/// Lets a driver fail at one of the changes of creating a record, and its successor create it too.
/// Returns whether the successor met the other one's, and whether it outlives a power cut then;
/// `None` if the fault came too late.
fn meet_the_record_of_another(fault: impl Fn(u64) -> DiskFault) -> Option<(bool, bool)> {
    let directory = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(directory.path()).unwrap();
    let open = || (journal(&disk), journal(&disk));
    drop(open());
    let changes_before = {
        disk.begin(None);
        drop(open());
        disk.changes()
    };
    disk.begin(Some(fault(changes_before)));
    let (first, second) = open();
    let batch = BatchId::FIRST;
    let _ = first.record(Log::Prepared, batch, Revision::FIRST, &prepared(&first));
    disk.struck()?;
    let met = second
        .record(Log::Prepared, batch, Revision::FIRST, &prepared(&second))
        .unwrap();
    disk.power_cut(Survival::Nothing).unwrap();
    let record = disk.path("state/prepared/00000000000000000000.json");
    Some((matches!(met, Recorded::Theirs(_)), record.exists()))
}

#[test]
fn e8_a_record_of_another_driver_is_durable_before_it_is_acted_on() {
    let mut met = 0;
    for at in 0.. {
        let fault = |before| DiskFault::fail(before + at, DiskError::Io);
        let Some((theirs, survives)) = meet_the_record_of_another(fault) else {
            break;
        };
        assert!(survives, "the record is gone after a fault at change {at}");
        met += u32::from(theirs);
    }
    assert_eq!(met, 1, "only the last sync fails behind the creation");
}
