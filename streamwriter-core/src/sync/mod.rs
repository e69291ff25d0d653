//! Locks, threads and time of the code that a model checker runs.
//!
//! In every build that a user can make these are the types of `std` and a rayon pool, under their
//! own names. In the build that `.ci/model` makes of the unit tests they are a model's: the checker
//! decides then who runs when, and when time passes. Code that is to be checked takes them from
//! here, and only from here.

#[cfg(all(test, streamwriter_model))]
mod model;
#[cfg(not(all(test, streamwriter_model)))]
mod real;

#[cfg(all(test, streamwriter_model))]
pub(crate) use model::*;
#[cfg(not(all(test, streamwriter_model)))]
pub(crate) use real::*;
