//! A sink as a cluster sees it: a name, options, a schema; record batches in, message bytes out; `commit`
//! and `abort` with bytes. It knows no Python and no JVM.
//!
//! | step | where it runs | who | what |
//! |---|---|---|---|
//! | 1 | driver, executors | [`ClusterSink::open`] | makes the sink anew in each process (W11) |
//! | 2 | driver, before the first batch | [`ClusterSink::check`] | refuses what can never work; changes nothing |
//! | 3 | executors | [`ClusterSink::write`] | one task attempt: frames its batches, gives its message as bytes |
//! | 4 | driver | [`ClusterSink::commit`] | records the messages, publishes, records that |
//! | 5 | driver | [`ClusterSink::abort`] | cleans up what no record can ever publish |
//!
//! Step 4 is the engine's own protocol from `offsets/N` on, in a journal of ours inside of the target:
//! what a cluster keeps of a batch does not hold its messages.

mod request;
mod sink;
mod work;

mod source;
mod task;

mod decide;
mod driver;
mod jobs;
mod message;
mod people;
mod received;
mod spark;
mod writer;

pub use people::ClusterRepair;
pub use request::{BRIDGE_OPTIONS, ClusterRequest};
pub use sink::{ClusterCommit, ClusterSink};
pub use work::{ClusterTask, ClusterWork};
