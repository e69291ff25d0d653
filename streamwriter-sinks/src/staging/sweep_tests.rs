//! Guards E7: a sweep, and its dry run, against the simplest model of the rule there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use streamwriter_core::{
    BatchId, Fate, LocalStorage, PartitionId, QueryId, Run, SharedStorage, StorePath, SweepScope,
};

use super::names::{self, FinalName, StagedName};
use super::sweep;

const BATCHES: u64 = 5;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One file of a target.
#[derive(Clone, Debug)]
enum Thing {
    Staged {
        own: bool,
        batch: u64,
        run: u64,
        partition: u32,
        old: bool,
    },
    /// In a directory of staged files, under a name that staging does not give.
    Foreign {
        own: bool,
        batch: u64,
        name: usize,
    },
    Published {
        own: bool,
        batch: u64,
    },
    ForeignData {
        number: u8,
    },
    Withdrawn {
        batch: u64,
    },
    Record {
        batch: u64,
    },
}

/// Names that are nearly those of staged files, and others.
const FOREIGN: [&str; 5] = [
    "notes",
    "r1-p0-a0-f0.bak",
    "r01-p0-a0-f0",
    "r1-p0-a0",
    "x/r1-p0-a0-f0",
];

fn thing() -> impl Strategy<Value = Thing> {
    let batch = 0..BATCHES;
    prop_oneof![
        6 => (any::<bool>(), batch.clone(), 1u64..5, 0u32..3, any::<bool>()).prop_map(
            |(own, batch, run, partition, old)| Thing::Staged { own, batch, run, partition, old }
        ),
        1 => (any::<bool>(), batch.clone(), 0..FOREIGN.len())
            .prop_map(|(own, batch, name)| Thing::Foreign { own, batch, name }),
        1 => (any::<bool>(), batch.clone())
            .prop_map(|(own, batch)| Thing::Published { own, batch }),
        1 => any::<u8>().prop_map(|number| Thing::ForeignData { number }),
        1 => batch.clone().prop_map(|batch| Thing::Withdrawn { batch }),
        1 => batch.prop_map(|batch| Thing::Record { batch }),
    ]
}

/// What the journal says.
#[derive(Clone, Debug)]
struct Journal {
    run: u64,
    committed: Option<u64>,
    /// Whether the batch after the newest committed one is prepared, and which of the partitions
    /// that are staged for it by which run it names.
    prepared: Option<(u64, u32)>,
}

fn journal() -> impl Strategy<Value = Journal> {
    let prepared = prop::option::of((1u64..5, 0u32..3));
    (1u64..5, prop::option::of(0..BATCHES), prepared).prop_map(|(run, committed, prepared)| {
        Journal {
            run,
            committed,
            prepared,
        }
    })
}

struct Lake {
    _directory: tempfile::TempDir,
    storage: SharedStorage,
    own: QueryId,
    other: QueryId,
}

impl Lake {
    fn new() -> Self {
        let directory = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        Self {
            storage: LocalStorage::shared(directory.path()).unwrap(),
            _directory: directory,
            own: QueryId::random(),
            other: QueryId::random(),
        }
    }

    fn query(&self, own: bool) -> QueryId {
        if own { self.own } else { self.other }
    }

    fn path_of(&self, thing: &Thing) -> StorePath {
        let in_batch = |own, batch, name: &str| {
            let directory = names::staging_of_query(self.query(own)).unwrap();
            let batch = names::batch_name(BatchId::new(batch));
            StorePath::parse(format!("{directory}/{batch}/{name}")).unwrap()
        };
        match *thing {
            Thing::Staged {
                own,
                batch,
                run,
                partition,
                ..
            } => {
                let name = staged_name(run, partition);
                match partition {
                    // As earlier versions laid them out.
                    0 => in_batch(own, batch, &name.to_string()),
                    _ => names::staged_path(self.query(own), BatchId::new(batch), &name).unwrap(),
                }
            }
            Thing::Foreign { own, batch, name } => in_batch(own, batch, FOREIGN[name]),
            Thing::Published { own, batch } => {
                let name = FinalName {
                    query: self.query(own),
                    batch: BatchId::new(batch),
                    revision: streamwriter_core::Revision::FIRST,
                    partition: PartitionId::new(0),
                    file: 0,
                    extension: "txt".to_owned(),
                };
                StorePath::parse(name.to_string()).unwrap()
            }
            Thing::ForeignData { number } => StorePath::parse(format!("data/{number}")).unwrap(),
            Thing::Withdrawn { batch } => {
                let text = format!("_streamwriter/withdrawn/{}/{batch}/r1-p0-a0-f0", self.own);
                StorePath::parse(text).unwrap()
            }
            Thing::Record { batch } => StorePath::parse(format!(
                "_streamwriter/committed/{}",
                names::batch_name(BatchId::new(batch))
            ))
            .unwrap(),
        }
    }

    fn make(&self, path: &StorePath, thing: &Thing) {
        let file = Path::new(&self.storage.location()).join(path.as_str());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "x").unwrap();
        if let Thing::Staged { old: true, .. } = thing {
            let long_ago = SystemTime::now() - 2 * DAY;
            File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(long_ago)
                .unwrap();
        }
    }

    fn files(&self) -> BTreeSet<StorePath> {
        let listed = self.storage.list(&StorePath::root()).unwrap();
        listed.into_iter().map(|entry| entry.path).collect()
    }

    fn scope(&self, journal: &Journal) -> SweepScope {
        let scope = SweepScope::new(self.own, Run::new(journal.run))
            .committed(journal.committed.map(BatchId::new));
        match journal.prepared {
            Some((run, partition)) => {
                let batch = BatchId::new(pending(journal));
                let named = Thing::Staged {
                    own: true,
                    batch: batch.get(),
                    run,
                    partition,
                    old: false,
                };
                scope.prepared(batch, vec![self.path_of(&named)])
            }
            None => scope,
        }
    }
}

fn pending(journal: &Journal) -> u64 {
    journal.committed.map_or(0, |committed| committed + 1)
}

fn staged_name(run: u64, partition: u32) -> StagedName {
    StagedName {
        run: Run::new(run),
        partition: PartitionId::new(partition),
        attempt: 0,
        file: 0,
    }
}

/// E7, word by word.
fn may_go(thing: &Thing, journal: &Journal) -> bool {
    let Thing::Staged {
        own,
        batch,
        run,
        old,
        ..
    } = *thing
    else {
        return false; // published, foreign, or a record
    };
    let proven = journal
        .committed
        .is_some_and(|committed| batch <= committed);
    own && proven && (run < journal.run || old)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn e7_a_sweep_removes_what_is_proven_unpublished_and_over_or_old_and_nothing_else(
        things in prop::collection::vec(thing(), 0..24),
        journal in journal(),
    ) {
        let target = Lake::new();
        // A path that comes twice is made once.
        let tree: BTreeMap<StorePath, &Thing> =
            things.iter().map(|thing| (target.path_of(thing), thing)).collect();
        for (path, thing) in &tree {
            target.make(path, thing);
        }
        let scope = target.scope(&journal);
        let before = target.files();
        let go = tree.iter().filter(|(_, thing)| may_go(thing, &journal));
        let expected: BTreeSet<StorePath> = go.map(|(path, _)| path.clone()).collect();

        let look = || sweep::look(&*target.storage, &scope).unwrap();
        let listed: BTreeSet<String> = look()
            .into_iter()
            .filter(|leftover| leftover.fate.goes())
            .map(|leftover| leftover.path)
            .collect();
        let expected_paths: BTreeSet<String> =
            expected.iter().map(|path| path.as_str().to_owned()).collect();
        prop_assert_eq!(&listed, &expected_paths, "the dry run");
        prop_assert_eq!(target.files(), before.clone(), "the dry run changes nothing");

        let swept = sweep::sweep(&*target.storage, &scope).unwrap();
        prop_assert_eq!(swept.removed, expected.len() as u64);
        let left: BTreeSet<StorePath> = before.difference(&expected).cloned().collect();
        prop_assert_eq!(target.files(), left);
        prop_assert!(look().iter().all(|leftover| !leftover.fate.goes()));
        for leftover in look() {
            if let Fate::NamedByPrepared { batch } = leftover.fate {
                prop_assert_eq!(batch.get(), pending(&journal));
            }
        }
    }
}
