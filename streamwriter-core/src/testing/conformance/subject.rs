//! What the author of a sink supplies: how to make it, and how to read what it left.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{BoxError, Result};
use crate::storage::{LocalStorage, SharedStorage, StorePath};
use crate::writer::WriteRows;

/// Where one query of the suite lives: a folder of its own, which its restarts find again.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    storage: SharedStorage,
    /// Whether the sink has asked for the storage.
    asked: Arc<AtomicBool>,
}

impl Place {
    /// A place whose storage is plain.
    pub(super) fn plain(root: &Path) -> Result<Self> {
        Ok(Self::over(root, LocalStorage::shared(root.join(TARGET))?))
    }

    /// A place with this storage over its directory.
    pub(super) fn over(root: &Path, storage: SharedStorage) -> Self {
        Self {
            root: root.to_owned(),
            storage,
            asked: Arc::default(),
        }
    }

    /// Tells whether the sink writes through the place's storage, as far as its maker shows.
    pub(super) fn was_asked_for_storage(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Returns the directory for what the sink makes visible. It may not exist yet.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.root.join(TARGET)
    }

    /// Returns a storage over [`directory`](Self::directory) whose durable operations the suite can
    /// fail. A sink over `Staging` takes it: without, its own steps are struck only from outside.
    #[must_use]
    pub fn storage(&self) -> SharedStorage {
        self.asked.store(true, Ordering::Relaxed);
        Arc::clone(&self.storage)
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

pub(super) const TARGET: &str = "target";

pub(super) const CHECKPOINT: &str = "checkpoint";

/// Where the checkpoint of a place is.
pub(super) fn checkpoint_of(root: &Path) -> PathBuf {
    root.join(CHECKPOINT)
}

type Make<W> = dyn Fn(&Place) -> Result<W, BoxError> + Send + Sync;
type Visible = dyn Fn(&Place) -> Result<Vec<u64>, BoxError> + Send + Sync;
type Leftovers = dyn Fn(&Place) -> Result<Vec<String>, BoxError> + Send + Sync;

/// A sink to be examined: how to make it, how to read what is visible, and what its rows are.
///
/// See the [module](crate::testing::conformance) for an example.
pub struct Conformance<W, R> {
    pub(super) make: Arc<Make<W>>,
    pub(super) visible: Arc<Visible>,
    pub(super) leftovers: Arc<Leftovers>,
    pub(super) row: Arc<dyn Fn(u64) -> R + Send + Sync>,
    pub(super) parts_are_harmless: bool,
    pub(super) forgets_with_process: bool,
    rows: PhantomData<fn() -> R>,
}

impl<W, R> Clone for Conformance<W, R> {
    fn clone(&self) -> Self {
        Self {
            make: Arc::clone(&self.make),
            visible: Arc::clone(&self.visible),
            leftovers: Arc::clone(&self.leftovers),
            row: Arc::clone(&self.row),
            ..*self
        }
    }
}

impl<W, R> fmt::Debug for Conformance<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("parts_are_harmless", &self.parts_are_harmless)
            .field("forgets_with_process", &self.forgets_with_process)
            .finish_non_exhaustive()
    }
}

impl<W: WriteRows<u64>> Conformance<W, u64> {
    /// Examines a sink that takes numbers.
    ///
    /// `make` makes the sink as a start of the program would, again and again for the same place:
    /// nothing may be carried from one to the next but what is durable (W11). `visible` returns the
    /// numbers that a reader sees now, in any order, and fails if it meets a part of anything.
    pub fn new<E: Into<BoxError>, F: Into<BoxError>>(
        make: impl Fn(&Place) -> Result<W, E> + Send + Sync + 'static,
        visible: impl Fn(&Place) -> Result<Vec<u64>, F> + Send + Sync + 'static,
    ) -> Self {
        Self::of_rows(|number| number, make, visible)
    }
}

impl<W: WriteRows<R>, R: Send + 'static> Conformance<W, R> {
    /// Examines a sink whose rows `row` makes from their numbers; `visible` finds the numbers in
    /// the rows again. See [`new`](Conformance::new) for the other two.
    pub fn of_rows<E: Into<BoxError>, F: Into<BoxError>>(
        row: impl Fn(u64) -> R + Send + Sync + 'static,
        make: impl Fn(&Place) -> Result<W, E> + Send + Sync + 'static,
        visible: impl Fn(&Place) -> Result<Vec<u64>, F> + Send + Sync + 'static,
    ) -> Self {
        Self {
            make: Arc::new(move |place| make(place).map_err(Into::into)),
            visible: Arc::new(move |place| visible(place).map_err(Into::into)),
            leftovers: Arc::new(|place| Ok(staged_files(place)?)),
            row: Arc::new(row),
            parts_are_harmless: false,
            forgets_with_process: false,
            rows: PhantomData,
        }
    }

    /// Sets how to find what is left of tries that came to nothing; nothing may be left when a query
    /// has ended well and was started once more (E7).
    ///
    /// By default these are the files under `_streamwriter/staging` of the place's directory.
    #[must_use]
    pub fn leftovers<E: Into<BoxError>>(
        mut self,
        leftovers: impl Fn(&Place) -> Result<Vec<String>, E> + Send + Sync + 'static,
    ) -> Self {
        self.leftovers = Arc::new(move |place| leftovers(place).map_err(Into::into));
        self
    }

    /// Declares that `write` does nothing but return a message, so that it may accept the part of a
    /// partition that a failing source or a cancellation leaves (W8).
    #[must_use]
    pub fn write_has_no_side_effects(mut self) -> Self {
        self.parts_are_harmless = true;
        self
    }

    /// Declares that what the sink holds dies with its process, so that nothing can be asked of it
    /// after a kill.
    #[must_use]
    pub fn forgets_with_process(mut self) -> Self {
        self.forgets_with_process = true;
        self
    }
}

fn staged_files(place: &Place) -> Result<Vec<String>> {
    let storage = LocalStorage::new(place.directory())?;
    let entries = crate::Storage::list(&storage, &StorePath::parse("_streamwriter/staging")?)?;
    Ok(entries
        .into_iter()
        .map(|entry| entry.path.to_string())
        .collect())
}
