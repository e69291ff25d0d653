//! A source of numbers some of which do not fit, cut into several partitions.

use std::io::Read;

use streamwriter::{
    BatchId, BoxError, PlanLimits, PlanOf, ReadCounts, RowReader, SetAsideRow, Source, TaskContext,
};

use streamwriter::testing::{Numbers, NumbersReader};

/// The numbers from 0 to 24 in batches of ten and partitions of five, at most.
pub(super) const ROWS: u64 = 25;

/// Tells whether a number does not fit. Of the partitions 0..5, 5..10, 10..15, 15..20, 20..22 and
/// 22..25 the first has two, the last of them at its end; the second one; the third its last; the
/// fourth its first; the fifth none; the sixth its first and its last.
pub(super) fn is_bad(number: u64) -> bool {
    number % 10 == 4 || number % 7 == 1
}

pub(super) fn good() -> Vec<u64> {
    (0..ROWS).filter(|number| !is_bad(*number)).collect()
}

pub(super) fn bad() -> Vec<u64> {
    (0..ROWS).filter(|number| is_bad(*number)).collect()
}

#[derive(Clone)]
pub(super) struct Sieve {
    pub(super) numbers: Numbers,
    /// A number from which on the source fails the first attempt of its task.
    pub(super) stumbles_at: Option<u64>,
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self {
            numbers: Numbers::new(ROWS),
            stumbles_at: None,
        }
    }
}

impl Source for Sieve {
    type Row = u64;
    type Offset = <Numbers as Source>::Offset;
    type Partition = <Numbers as Source>::Partition;
    type Reader<'a> = SieveReader<'a>;

    fn description(&self) -> String {
        self.numbers.description()
    }

    fn sets_aside(&self) -> bool {
        true
    }

    fn plan(
        &self,
        start: Option<&Self::Offset>,
        limits: &PlanLimits,
    ) -> Result<Option<PlanOf<Self>>, BoxError> {
        self.numbers.plan(start, limits)
    }

    fn open<'a>(
        &'a self,
        partition: &'a Self::Partition,
        task: &'a TaskContext,
    ) -> Result<SieveReader<'a>, BoxError> {
        Ok(SieveReader {
            numbers: self.numbers.open(partition, task)?,
            task,
            stumbles_at: self.stumbles_at.filter(|_| task.attempt().get() == 0),
            good: 0,
        })
    }

    fn committed(&self, batch: BatchId, plan: &PlanOf<Self>) -> Result<(), BoxError> {
        self.numbers.committed(batch, plan)
    }
}

pub(super) struct SieveReader<'a> {
    numbers: NumbersReader<'a>,
    task: &'a TaskContext,
    stumbles_at: Option<u64>,
    good: u64,
}

impl RowReader for SieveReader<'_> {
    type Row = u64;

    fn next_row(&mut self) -> Option<Result<u64, BoxError>> {
        loop {
            let number = match self.numbers.next_row()? {
                Ok(number) => number,
                Err(error) => return Some(Err(error)),
            };
            if self.stumbles_at == Some(number) {
                return Some(Err("the source stumbles".into()));
            }
            if !is_bad(number) {
                self.good += 1;
                return Some(Ok(number));
            }
            if let Err(error) = set_aside(number, self.task) {
                return Some(Err(error.into()));
            }
        }
    }

    fn counts(&self) -> Option<ReadCounts> {
        Some(ReadCounts::new(self.good, 0))
    }
}

fn set_aside(number: u64, task: &TaskContext) -> Result<(), streamwriter::Error> {
    let text = number.to_string();
    let mut raw: &[u8] = text.as_bytes();
    task.set_aside(SetAsideRow {
        source: "numbers",
        position: number,
        line: None,
        column: None,
        reason: "it does not fit",
        format: "txt",
        header: None,
        raw: &mut raw as &mut dyn Read,
    })
}
