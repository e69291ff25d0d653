//! E1, E8 and E9 below the storage: whole queries whose checkpoint and target lie on one simulated
//! disk, which fails, tears and forgets at any single system call.
//!
//! | file | what strikes | where |
//! |---|---|---|
//! | `cuts.rs` | a power cut, then a restart | every change of a run, every survival |
//! | `recovery.rs` | a kill, a restart, a power cut in it, a restart | pairs of changes |
//! | `source.rs` | both, for a source with durable state of its own | every change; pairs |
//! | `errors.rs` | `ENOSPC`, `EIO`, `EACCES`, once and for ever | every change and look; pairs |
//! | `torn.rs` | a part of a write; the poison after a failed sync | every write; every sync |
//! | `walks.rs` | many lives, each ended by a kill, a cut or an error | anywhere; shrunk |
//! | `ways_out.rs` | a power cut in what a person decides, and in what follows | every change |
//! | `calls.rs` | nothing: the calls of a batch are listed | |
//! | `flaws.rs` | a disk that breaks a promise: the twins | until the matrix rejects it |
//!
//! A change is a system call that makes, writes, names, removes or syncs. What survives a cut is
//! nothing, everything, or what a seed says. `STREAMWRITER_POWER_SEEDS=n` tries `n` seeds at every
//! point instead of 3, and takes the pairs of `recovery.rs` and `source.rs` as much more densely:
//! from 24 on, all of them.
//!
//! A failure prints the step, the seed, and what the cut took back, shrunk to the losses without
//! which the test would pass. The same step and seed give the same losses, but for the order in
//! which the two executors of a batch come to their calls; the steps that are printed show it.

mod bench;
mod calls;
mod cuts;
mod errors;
mod flaws;
mod recovery;
mod source;
mod torn;
mod walks;
mod ways_out;
