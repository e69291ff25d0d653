//! What can go wrong, where, and when: data that can be printed, shrunk and sent to a child process.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::testing::When;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Step {
    /// The creation of `query.json`.
    Query,
    /// The claim on the target: [`Target::open`](crate::Target::open).
    Claim,
    /// The creation of the run's record.
    Run,
    /// The creation of `offsets/N`.
    Offsets,
    /// A task: [`WriteRows::write`](crate::WriteRows::write).
    Write,
    /// [`StreamWriter::abort`](crate::StreamWriter::abort).
    Abort,
    /// The creation of `prepared/N`.
    Prepared,
    /// [`StreamWriter::commit`](crate::StreamWriter::commit).
    Commit,
    /// [`Target::record`](crate::Target::record).
    Record,
    /// The creation of `commits/N`.
    Commits,
    /// A durable operation of checkpoint or target, by its number in the life, from 0.
    Operation(u64),
    /// That operation and every later one, as if the process had died there.
    OperationsFrom(u64),
}

impl Step {
    /// The steps of a batch that succeeds, in order.
    pub const OF_A_BATCH: [Self; 6] = [
        Self::Offsets,
        Self::Write,
        Self::Prepared,
        Self::Commit,
        Self::Record,
        Self::Commits,
    ];

    /// The steps of a start, in order.
    pub const OF_A_START: [Self; 3] = [Self::Query, Self::Claim, Self::Run];
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Action {
    /// It fails. Before its effect that is an error, after it a lost answer.
    Fail,
    /// It fails, and says that another attempt would be in vain.
    FailForGood,
    /// It panics.
    Panic,
    /// The process kills itself with SIGKILL.
    Kill,
    /// The query is asked to stop.
    Stop,
    /// The driver or task sleeps until the test lets it go on.
    Pause,
    /// A task waits until it is cancelled.
    HangUntilCancelled,
    /// The source fails in the middle of the partition.
    SourceFails,
    /// The sink is told that the rows have ended while some are left (W9).
    LeaveUnread,
    /// A task takes some time, so that its siblings finish first.
    BeSlow,
    /// `commit` is called a second time with the same messages.
    CommitTwice,
}

/// One fault of one life of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where it strikes.
    pub step: Step,
    /// In which batch; of no meaning for the steps of a start.
    pub batch: u64,
    /// In which partition, for faults of tasks; a number beyond the last means the last.
    pub partition: u32,
    /// On which side of the step's effect.
    pub when: When,
    /// What happens.
    pub action: Action,
    /// How many times it strikes.
    pub times: u32,
}

impl Fault {
    /// Makes a fault of batch 0 that strikes once, before the effect, in the last partition.
    #[must_use]
    pub const fn new(step: Step, action: Action) -> Self {
        Self {
            step,
            batch: 0,
            partition: u32::MAX,
            when: When::Before,
            action,
            times: 1,
        }
    }

    /// Sets the batch.
    #[must_use]
    pub const fn in_batch(mut self, batch: u64) -> Self {
        self.batch = batch;
        self
    }

    /// Sets the partition.
    #[must_use]
    pub const fn in_partition(mut self, partition: u32) -> Self {
        self.partition = partition;
        self
    }

    /// Sets on which side of the effect it strikes.
    #[must_use]
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Lets it strike every time.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.times = u32::MAX;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            batch,
            partition,
            when,
            action,
            times,
        } = self;
        write!(f, "{action:?} {when} {step:?}")?;
        let of_no_batch = matches!(step, Step::Operation(_) | Step::OperationsFrom(_))
            || Step::OF_A_START.contains(step);
        if !of_no_batch {
            write!(f, " of batch {batch}")?;
        }
        match (step, *partition) {
            (Step::Write, u32::MAX) => f.write_str(", last partition")?,
            (Step::Write, partition) => write!(f, ", partition {partition}")?,
            _ => {}
        }
        match *times {
            1 => Ok(()),
            u32::MAX => f.write_str(", every time"),
            times => write!(f, ", {times} times"),
        }
    }
}

/// How many rows there are, and how they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows in all: the numbers from 0.
    pub rows: u64,
    /// Rows of a batch; the last one may hold fewer.
    pub per_batch: u64,
    /// Partitions of a batch.
    pub partitions: u32,
}

impl Default for Shape {
    /// Three batches of 4, 4 and 3 rows in three partitions.
    fn default() -> Self {
        Self {
            rows: 11,
            per_batch: 4,
            partitions: 3,
        }
    }
}

impl Shape {
    /// Sets the number of partitions.
    #[must_use]
    pub const fn with_partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// Returns the number of batches.
    pub(super) fn batches(&self) -> u64 {
        self.rows.div_ceil(self.per_batch.max(1))
    }

    /// Returns the last row of a partition, as [`Numbers`](crate::testing::Numbers) cuts it.
    pub(super) fn last_row_of(&self, batch: u64, partition: u32) -> Option<u64> {
        let first = batch.saturating_mul(self.per_batch);
        let rows = self.rows_through(Some(batch)).checked_sub(first)?;
        let share = rows * (u64::from(partition) + 1) / u64::from(self.partitions.max(1));
        (first + share).checked_sub(1)
    }

    /// Returns how many rows lie before the end of a batch.
    pub(super) fn rows_through(&self, batch: Option<u64>) -> u64 {
        batch.map_or(0, |batch| {
            batch
                .saturating_add(1)
                .saturating_mul(self.per_batch)
                .min(self.rows)
        })
    }
}

/// One life of the query: from its start to its end, by itself or by a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// What goes wrong in it.
    pub faults: Vec<Fault>,
    /// How many tasks run at the same time.
    pub executors: usize,
    /// How often a task is tried.
    pub attempts: u32,
    /// Whether it takes over from a driver that is still there.
    pub take_over: bool,
    /// How many of the rows have arrived; all by default.
    pub available: Option<u64>,
    /// Whether a batch is written while the one before it is published (B5); not by default.
    pub overlaps: bool,
}

impl Default for Life {
    /// A life in which nothing goes wrong.
    fn default() -> Self {
        Self {
            faults: Vec::new(),
            executors: 2,
            attempts: 2,
            take_over: false,
            available: None,
            overlaps: false,
        }
    }
}

impl Life {
    /// A life with these faults.
    #[must_use]
    pub fn with(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            faults: faults.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Tells whether the life ends with the death of its process, so that it needs one of its own.
    pub(super) fn kills(&self) -> bool {
        self.faults.iter().any(|fault| fault.action == Action::Kill)
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} executors", self.executors)?;
        if self.take_over {
            f.write_str(", takes over")?;
        }
        if self.overlaps {
            f.write_str(", batches overlap")?;
        }
        if let Some(available) = self.available {
            write!(f, ", {available} rows available")?;
        }
        for fault in &self.faults {
            write!(f, "; {fault}")?;
        }
        if self.faults.is_empty() {
            f.write_str("; no fault")?;
        }
        Ok(())
    }
}
