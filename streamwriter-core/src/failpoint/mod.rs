//! Named points between the steps of a query, where tests strike (feature `testing`).
//!
//! Without the feature a point is nothing. With it, the environment variable
//! `STREAMWRITER_FAILPOINT` holds `name=action@count`: at the `count`-th passage (from 1, which may
//! be left out) of the point the process kills itself with SIGKILL (`kill`) or stops itself with
//! SIGSTOP (`stop`). Anything else in the variable is an error at the start of the query.
//!
//! [`FAILPOINTS`] lists the points and says what each of them stands between.

#[cfg(any(test, feature = "testing"))]
mod armed;
#[cfg(any(test, feature = "testing"))]
mod points;

#[cfg(any(test, feature = "testing"))]
pub use points::{FAILPOINTS, Failpoint};

/// Passes a named point.
#[cfg(not(any(test, feature = "testing")))]
#[inline(always)]
pub fn pass(_name: &str) {}

/// Passes a named point.
#[cfg(any(test, feature = "testing"))]
pub fn pass(name: &str) {
    armed::pass(name);
}

/// Refuses a variable that names no point or no action, before anything runs.
#[cfg(not(any(test, feature = "testing")))]
pub(crate) fn check() -> crate::error::Result<()> {
    Ok(())
}

/// Refuses a variable that names no point or no action, before anything runs.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn check() -> crate::error::Result<()> {
    armed::check()
}
