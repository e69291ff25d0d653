//! Every shipped sink, in each of its modes, under the conformance suite: a sink that is added takes
//! one line in `sinks.rs`. And a twin for each check: a sink that is wrong on purpose, which the check
//! must reject.

mod closure;
mod flawed;
mod many_files;
mod partitions;
mod read;
mod sinks;
mod twins;
mod unsynced;
