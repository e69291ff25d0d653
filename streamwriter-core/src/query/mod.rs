//! A running query: how it is built, driven, watched and stopped (Q1 to Q4).

mod ahead;
mod builder;
mod control;
mod driver;
mod gather;
mod handle;
mod listeners;
mod planner;
mod repair;
mod settings;
mod start;
mod trigger;
mod upkeep;

pub use builder::{CheckpointChosen, CheckpointNotChosen, CheckpointPlace, QueryBuilder};
pub use control::QueryStatus;
pub use handle::{StopHandle, StreamingQuery};
pub use repair::Repair;
pub use trigger::Trigger;
pub use upkeep::{Survey, Upkeep};

pub(crate) use control::Control;
