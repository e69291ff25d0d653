//! The columns of a row group as lanes: each is encoded by one thread at a time, in order.

use std::any::Any;
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, compute_leaves,
};
use parquet::errors::ParquetError;

/// Some rows of one lane.
pub(super) enum Leaf {
    /// A column that is one lane, as it came.
    Whole(FieldRef, ArrayRef),
    /// A part of a nested one.
    Part(ArrowLeafColumn),
}

/// What is to be done in a lane next.
enum Step {
    Encode { leaf: Leaf, bytes: usize },
    Close,
}

/// Why a lane goes no further.
pub(super) enum Failure {
    Error(ParquetError),
    Panic(Box<dyn Any + Send>),
}

/// Who has the writer of a column.
enum Writer {
    /// The lane: whoever finds a step may take it.
    Here(Box<ArrowColumnWriter>),
    /// A thread that works at the step which was the lane's first.
    Away,
    Closed(Box<ArrowColumnChunk>),
    /// The step with this number has failed.
    Failed(u64, Failure),
    Gone,
}

struct Lane {
    writer: Writer,
    steps: VecDeque<(u64, Step)>,
}

/// All lanes of one row group; whoever shares them locks them for each call, and encodes without.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    /// How many steps are waiting or being worked at.
    steps: usize,
    /// How large what they encode is, about.
    bytes: usize,
    /// Counts what is handed in, so that failures have an order.
    number: u64,
    failed: bool,
    /// What has been encoded, for the thread that made it to free.
    spent: Vec<Leaf>,
}

/// A step out of a lane, with what it needs; to be given back.
pub(super) struct Work {
    lane: usize,
    number: u64,
    bytes: usize,
    writer: Box<ArrowColumnWriter>,
    step: Step,
}

/// How a step ended.
pub(super) struct Worked {
    lane: usize,
    bytes: usize,
    writer: Writer,
    spent: Option<Leaf>,
}

impl Lanes {
    pub(super) fn begin(&mut self, writers: Vec<ArrowColumnWriter>) {
        let lane = |writer| Lane {
            writer: Writer::Here(Box::new(writer)),
            steps: VecDeque::new(),
        };
        self.lanes = writers.into_iter().map(lane).collect();
    }

    /// Hands in the leaves of some rows, one for each lane, which have so many bytes together.
    pub(super) fn encode(&mut self, leaves: Vec<Leaf>, bytes: usize) {
        let bytes = bytes / leaves.len().max(1);
        let steps = leaves.into_iter();
        self.hand_in(steps.map(|leaf| Step::Encode { leaf, bytes }), bytes);
    }

    /// Has every lane closed behind its last step.
    pub(super) fn close(&mut self) {
        let lanes = self.lanes.len();
        self.hand_in((0..lanes).map(|_| Step::Close), 0);
    }

    fn hand_in(&mut self, steps: impl Iterator<Item = Step>, bytes: usize) {
        self.number += 1;
        for (lane, step) in self.lanes.iter_mut().zip(steps) {
            if matches!(lane.writer, Writer::Failed(..)) {
                continue;
            }
            lane.steps.push_back((self.number, step));
            self.steps += 1;
            self.bytes += bytes;
        }
    }

    /// Takes a step out of a lane that nobody works at: the last one that the thread has worked at, whose
    /// dictionary and pages are in its core's cache, or else the one that is furthest behind.
    pub(super) fn take(&mut self, last: Option<usize>) -> Option<Work> {
        let is_free =
            |lane: &Lane| matches!(lane.writer, Writer::Here(_)) && !lane.steps.is_empty();
        let free = self.lanes.iter_mut().enumerate().rev();
        let free = free.filter(|(_, lane)| is_free(lane));
        let (at, lane) = free.max_by_key(|(at, lane)| (Some(*at) == last, lane.steps.len()))?;
        let (number, step) = lane.steps.pop_front()?;
        let Writer::Here(writer) = mem::replace(&mut lane.writer, Writer::Away) else {
            return None;
        };
        let bytes = match &step {
            Step::Encode { bytes, .. } => *bytes,
            Step::Close => 0,
        };
        Some(Work {
            lane: at,
            number,
            bytes,
            writer,
            step,
        })
    }

    /// Takes back what [`take`](Self::take) gave.
    pub(super) fn give_back(&mut self, worked: Worked) {
        let Some(lane) = self.lanes.get_mut(worked.lane) else {
            return;
        };
        lane.writer = worked.writer;
        self.spent.extend(worked.spent);
        self.steps -= 1;
        self.bytes -= worked.bytes;
        if matches!(lane.writer, Writer::Failed(..)) {
            self.failed = true;
            // What is behind it has no meaning any more.
            for (_, step) in lane.steps.drain(..) {
                self.steps -= 1;
                if let Step::Encode { bytes, .. } = step {
                    self.bytes -= bytes;
                }
            }
        }
    }

    /// Takes what has been encoded. The thread that made the columns frees them: memory that another one
    /// gives back has both wait at the allocator's lock.
    pub(super) fn spent(&mut self) -> Vec<Leaf> {
        mem::take(&mut self.spent)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.steps == 0
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Returns how large what waits or is being encoded is, about.
    pub(super) fn backlog(&self) -> usize {
        self.bytes
    }

    /// Takes the failure that a single thread would have met, once all steps are done: the one in the
    /// first rows, and there in the first column.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        let failed = self.lanes.iter_mut().filter_map(|lane| match lane.writer {
            Writer::Failed(number, _) => Some((number, lane)),
            _ => None,
        });
        let (_, lane) = failed.min_by_key(|(number, _)| *number)?;
        match mem::replace(&mut lane.writer, Writer::Gone) {
            Writer::Failed(_, failure) => Some(failure),
            _ => None,
        }
    }

    /// Takes the writers out, once all steps are done.
    pub(super) fn end(&mut self) -> Vec<ArrowColumnWriter> {
        self.spent.clear();
        let lanes = mem::take(&mut self.lanes).into_iter();
        lanes
            .filter_map(|lane| match lane.writer {
                Writer::Here(writer) => Some(*writer),
                _ => None,
            })
            .collect()
    }

    /// Takes the columns out, once all lanes are closed.
    pub(super) fn chunks(&mut self) -> Vec<ArrowColumnChunk> {
        self.spent.clear();
        let lanes = mem::take(&mut self.lanes).into_iter();
        lanes
            .filter_map(|lane| match lane.writer {
                Writer::Closed(chunk) => Some(*chunk),
                _ => None,
            })
            .collect()
    }
}

impl Work {
    pub(super) fn lane(&self) -> usize {
        self.lane
    }

    /// Does the step. A panic of the encoder is kept, for the thread of the task to meet it.
    pub(super) fn run(self) -> Worked {
        let Self {
            lane,
            number,
            bytes,
            mut writer,
            step,
        } = self;
        let done = catch_unwind(AssertUnwindSafe(|| match &step {
            Step::Encode { leaf, .. } => leaf.encode(&mut writer).map(|()| Writer::Here(writer)),
            Step::Close => writer.close().map(|chunk| Writer::Closed(Box::new(chunk))),
        }));
        let writer = match done {
            Ok(Ok(writer)) => writer,
            Ok(Err(error)) => Writer::Failed(number, Failure::Error(error)),
            Err(panic) => Writer::Failed(number, Failure::Panic(panic)),
        };
        let spent = match step {
            Step::Encode { leaf, .. } => Some(leaf),
            Step::Close => None,
        };
        Worked {
            lane,
            bytes,
            writer,
            spent,
        }
    }
}

impl Leaf {
    fn encode(&self, writer: &mut ArrowColumnWriter) -> Result<(), ParquetError> {
        match self {
            Self::Part(leaf) => writer.write(leaf),
            Self::Whole(field, array) => compute_leaves(field, array)?
                .iter()
                .try_for_each(|leaf| writer.write(leaf)),
        }
    }
}
