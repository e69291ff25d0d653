//! The ids of the protocol, each a type of its own, so that two of them cannot be exchanged.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Names a query for good: chosen once, kept in its checkpoint, the same after every restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct QueryId(Uuid);

impl QueryId {
    /// Makes a new random id (UUID version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Makes the id that a text always has: the first 128 bits of its SHA-256, as a UUID of version 8
    /// (RFC 9562).
    #[must_use]
    pub fn named(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(digest.split_at(16).0);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryId({})", self.0)
    }
}

impl FromStr for QueryId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

impl From<QueryId> for String {
    fn from(id: QueryId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for QueryId {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name($int);

        impl $name {
            /// Makes the id from its number.
            #[must_use]
            pub const fn new(number: $int) -> Self {
                Self(number)
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$name> for $int {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

number_id! {
    /// Numbers the micro-batches of a query: 0, 1, 2, … across restarts (rule B1).
    BatchId(u64)
}
number_id! {
    /// Numbers the starts of a query: 1, 2, 3, … and only grows (rule E5).
    Run(u64)
}
number_id! {
    /// Counts how often a person has had a batch written again: 0 as a rule (rule E3).
    Revision(u32)
}
number_id! {
    /// Numbers the partitions of one batch, from 0.
    PartitionId(u32)
}
number_id! {
    /// Numbers the tries of one task in one run, from 0 as on Spark.
    Attempt(u32)
}

impl BatchId {
    /// The id of a query's first batch.
    pub const FIRST: Self = Self(0);

    /// Returns the id that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the id before, or `None` for the first.
    #[must_use]
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl Run {
    /// The number of a query's first run.
    pub const FIRST: Self = Self(1);

    /// Returns the number that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Revision {
    /// A batch as it was written first.
    pub const FIRST: Self = Self(0);

    /// Returns the number that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Attempt {
    /// Returns the attempt that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
