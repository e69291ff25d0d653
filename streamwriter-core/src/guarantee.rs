//! The three delivery guarantees and how they combine (E4).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How often a row is in the sink after any number of crashes and restarts.
///
/// Ordered from the weakest to the strongest; a query has the weakest of its source, its sink and
/// its storage (rule E4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// Never more than once; rows may be lost.
    AtMostOnce,
    /// Never lost; rows may appear more than once.
    AtLeastOnce,
    /// Once.
    ExactlyOnce,
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtMostOnce => "at-most-once",
            Self::AtLeastOnce => "at-least-once",
            Self::ExactlyOnce => "exactly-once",
        })
    }
}
