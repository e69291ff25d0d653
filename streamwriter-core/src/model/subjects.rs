//! What is checked: the real files, and the twins that `.ci/model` makes of them with patches.

/// The files as they ship, once more: the checks reach into them.
pub(super) mod real;

/// Checks one subject.
pub(super) type Check = fn(&mut super::search::Search);

// Made by `.ci/model` from `twins/*.patch`.
include!("../../../target/model/twins/twins.rs");
