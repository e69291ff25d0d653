//! What lies in a target and is not published, with the reason why it goes or stays (E7).

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::ids::{BatchId, QueryId, Run};
use crate::storage::StorePath;
use crate::target::LEFTOVER_AGE;

/// What is known of a query when its target is looked through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SweepScope {
    /// The query; what others have staged is not looked at.
    pub query: QueryId,
    /// Runs before this one are over.
    pub run: Run,
    /// The newest batch with a `commits` record.
    pub committed: Option<BatchId>,
    /// The batch that is prepared and not committed, with the staged names of its files.
    pub prepared: Option<(BatchId, Vec<StorePath>)>,
    /// How old a leftover is before it goes although its run is not known to be over.
    pub age: Duration,
    /// The time to measure ages against.
    pub now: SystemTime,
}

impl SweepScope {
    /// Begins with a query of which nothing is committed, and this moment.
    #[must_use]
    pub fn new(query: QueryId, run: Run) -> Self {
        Self {
            query,
            run,
            committed: None,
            prepared: None,
            age: LEFTOVER_AGE,
            now: SystemTime::now(),
        }
    }

    /// Sets the newest batch with a `commits` record.
    #[must_use]
    pub fn committed(mut self, batch: Option<BatchId>) -> Self {
        self.committed = batch;
        self
    }

    /// Sets the batch that is prepared and not committed, with the staged names of its files.
    #[must_use]
    pub fn prepared(mut self, batch: BatchId, staged: Vec<StorePath>) -> Self {
        self.prepared = Some((batch, staged));
        self
    }

    /// Sets how old a leftover is before it goes although its run is not known to be over.
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }
}

/// Something in a target that is not published, and its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// Where it is, below the target; for people if it is a name that is not text.
    pub path: String,
    /// Its size in bytes; none for a directory.
    pub bytes: Option<u64>,
    /// Why it goes or stays.
    pub fate: Fate,
}

impl Leftover {
    /// Names something and its fate.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: Option<u64>, fate: Fate) -> Self {
        let path = path.into();
        Self { path, bytes, fate }
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.fate.goes() { "goes" } else { "stays" };
        write!(f, "{verb}  {}", self.path)?;
        if let Some(bytes) = self.bytes {
            write!(f, " ({bytes} bytes)")?;
        }
        write!(f, ": {}", self.fate)
    }
}

/// Why a sweep removes something, or leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// Goes: a run that is over, or has done with this batch, staged it, and the batch is committed
    /// without it.
    Superfluous {
        /// The batch.
        batch: BatchId,
        /// The run.
        run: Run,
    },
    /// Goes: its run is not known to be over, but its batch is committed and it is old.
    Old {
        /// The batch.
        batch: BatchId,
        /// The run.
        run: Run,
    },
    /// Goes: a crash has cut its writing short; nothing reads such a name.
    Temporary,
    /// Goes: a directory for staged files with nothing in it.
    EmptyDirectory,
    /// Stays: `prepared` names it and there is no `commits` yet.
    NamedByPrepared {
        /// The batch.
        batch: BatchId,
    },
    /// Stays until the batch is committed.
    NotCommitted {
        /// The batch.
        batch: BatchId,
    },
    /// Stays until it is old: its batch is committed, but its run is not known to be over.
    Young {
        /// The batch.
        batch: BatchId,
        /// The run.
        run: Run,
    },
    /// Stays: only that query's journal knows whether it is published one day.
    OfOtherQuery {
        /// The query.
        query: QueryId,
    },
    /// Stays: a person's decision has put it there, so that nothing is lost by it.
    Withdrawn,
    /// Stays: staging gives no such name.
    Foreign,
}

impl Fate {
    /// Tells whether a sweep removes it.
    #[must_use]
    pub const fn goes(&self) -> bool {
        matches!(
            self,
            Self::Superfluous { .. } | Self::Old { .. } | Self::Temporary | Self::EmptyDirectory
        )
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superfluous { batch, run } => write!(
                f,
                "run {run} has staged it, and batch {batch} is committed without it"
            ),
            Self::Old { batch, run } => write!(
                f,
                "it is old, and batch {batch} is committed without it (run {run})"
            ),
            Self::Temporary => f.write_str("a crash has cut its writing short"),
            Self::EmptyDirectory => f.write_str("a directory for staged files, and empty"),
            Self::NamedByPrepared { batch } => write!(
                f,
                "batch {batch} is prepared and not committed, and names it: the next start \
                 publishes it"
            ),
            Self::NotCommitted { batch } => {
                write!(f, "batch {batch} is not committed yet")
            }
            Self::Young { batch, run } => write!(
                f,
                "batch {batch} is committed without it, but run {run} is not known to be over and \
                 it is not old"
            ),
            Self::OfOtherQuery { query } => write!(
                f,
                "it is query {query}'s, whose journal knows whether it is published one day"
            ),
            Self::Withdrawn => f.write_str(
                "a person has had its batch written again, or accepted without it; it is kept for \
                 people",
            ),
            Self::Foreign => f.write_str("it is not ours"),
        }
    }
}
