//! Rows that the program hands over as they come, and that nobody can give a second time (S2).
//!
//! A row that was handed over is held in memory until its batch is committed, so that a task may be
//! tried again; with the process it is gone. What the engine makes of that is the contract's: a batch
//! that was prepared goes forward after a crash, one that was only planned is recorded as lost, with
//! its count, and the query is at-most-once (E4).

mod channel;
mod held;
mod iter;
mod queue;
mod reader;

pub use channel::{Channel, SendError, Sender};
pub use iter::Iter;
pub use reader::{OnceOffset, OncePartition, OnceReader};

#[cfg(test)]
mod tests;
