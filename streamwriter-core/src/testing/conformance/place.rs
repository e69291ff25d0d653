//! Where a query of the suite lives.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Result;
use crate::storage::{LocalStorage, SharedStorage};
use crate::testing::{FaultPoint, FaultStorage, SimulatedDisk};

/// What the directories of a place lie on.
#[derive(Clone, Debug)]
pub(super) enum Ground {
    /// The file system as it is.
    Plain,
    /// A disk that may fail, at the place's root.
    Disk(SimulatedDisk),
}

impl Ground {
    fn storage(&self, root: &Path, name: &str) -> Result<SharedStorage> {
        match self {
            Self::Plain => LocalStorage::shared(root.join(name)),
            Self::Disk(disk) => disk.storage(name),
        }
    }
}

/// Where one query of the suite lives: a folder of its own, which its restarts find again.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    ground: Ground,
    /// What fails the steps of checkpoint and target by one plan.
    plan: Option<FaultStorage>,
    /// Whether the sink has asked for a storage.
    asked: Arc<AtomicBool>,
}

impl Place {
    /// A place in which nothing fails.
    pub(super) fn plain(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ground: Ground::Plain,
            plan: None,
            asked: Arc::default(),
        }
    }

    /// A place on this ground, with the checkpoint of that name, whose every durable step is
    /// watched; returns the checkpoint's storage too.
    pub(super) fn watched(
        root: &Path,
        ground: &Ground,
        checkpoint: &str,
        hook: impl Fn(&FaultPoint<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<(Self, SharedStorage)> {
        let checkpoint = FaultStorage::watched(ground.storage(root, checkpoint)?, hook);
        let place = Self {
            ground: ground.clone(),
            plan: Some(checkpoint.clone()),
            ..Self::plain(root)
        };
        Ok((place, checkpoint.shared()))
    }

    /// Tells whether the sink writes through a storage of the place, as far as its maker shows.
    pub(super) fn was_asked_for_storage(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Returns the directory for what the sink makes visible. It may not exist yet.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory_of(TARGET)
    }

    /// Returns a further directory, for a sink that writes to several places.
    #[must_use]
    pub fn directory_of(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns a storage over [`directory`](Self::directory) whose durable operations the suite can
    /// fail. A sink over `Staging` takes it: without, its own steps are struck only from outside.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) if the directory has no absolute path.
    pub fn storage(&self) -> Result<SharedStorage> {
        self.storage_of(TARGET)
    }

    /// Returns a storage over a [further directory](Self::directory_of), under the same plan.
    ///
    /// # Errors
    /// As [`storage`](Self::storage).
    pub fn storage_of(&self, name: &str) -> Result<SharedStorage> {
        self.asked.store(true, Ordering::Relaxed);
        let storage = self.ground.storage(&self.root, name)?;
        Ok(match &self.plan {
            Some(plan) => plan.and(storage).shared(),
            None => storage,
        })
    }

    /// Returns what the place is called, the same after every restart and different for each query:
    /// the name of a table, for example, for a sink that writes to a server.
    #[must_use]
    pub fn name(&self) -> String {
        self.root
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

const TARGET: &str = "target";
pub(super) const CHECKPOINT: &str = "checkpoint";

/// Where the checkpoint of a place is.
pub(super) fn checkpoint_of(root: &Path) -> PathBuf {
    root.join(CHECKPOINT)
}
