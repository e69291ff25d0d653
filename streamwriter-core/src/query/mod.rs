//! A running query: how it is built, driven, watched and stopped (Q1 to Q4).

mod builder;
mod control;
mod driver;
mod handle;
mod listeners;
mod settings;
mod start;
mod trigger;

pub use builder::{CheckpointChosen, CheckpointNotChosen, CheckpointPlace, QueryBuilder};
pub use control::QueryStatus;
pub use handle::{StopHandle, StreamingQuery};
pub use trigger::Trigger;

pub(crate) use control::Control;
