//! The integration tests, in one binary. Each names the rules of the contract that it guards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics; clippy knows that of #[test] functions only"
)]

mod support;

mod async_sinks;
mod cluster;
mod conformance;
mod contract_batch;
mod contract_task;
#[cfg(unix)]
mod damage;
#[cfg(unix)]
mod errors;
mod exactly_once;
mod exactly_once_files;
mod fan_out;
mod for_each;
mod fuzz;
mod gather;
mod guarantees;
mod idle;
#[cfg(unix)]
mod limits;
mod messages;
mod once;
mod overlap;
mod ownership;
mod panics;
mod partitioned;
#[cfg(target_os = "linux")]
mod postgres;
mod power;
#[cfg(unix)]
mod processes;
mod query;
mod rows;
mod set_aside;
mod ways_out;
