//! What the author of a sink supplies: how to make it, and how to read what it left.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::place::Place;
use crate::error::{BoxError, Result};
use crate::storage::{LocalStorage, StorePath};
use crate::writer::WriteRows;

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
    pub(super) shows_at_once: bool,
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
            .field("shows_at_once", &self.shows_at_once)
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
            shows_at_once: false,
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

    /// Declares that rows show while tasks write them, before their batch is prepared.
    ///
    /// Such a sink is at-least-once by its nature: every try shows its rows.
    #[must_use]
    pub fn shows_rows_at_once(mut self) -> Self {
        self.shows_at_once = true;
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
