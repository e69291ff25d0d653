//! Where the `async` methods of a sink run (feature `tokio`).
//!
//! A method's future runs on the thread that would run a plain method: an executor, or the driver.
//! So it need not be `Send`, tasks stay bounded by the executors, and a panic is caught where that
//! of a plain method is (W6). The runtime's own threads serve timers, sockets, and what the sink
//! spawns.

#[cfg(feature = "tokio")]
mod with_tokio;
#[cfg(not(feature = "tokio"))]
mod without;

use std::future::Future;

#[cfg(feature = "tokio")]
pub(crate) use with_tokio::{AsyncRuntime, WeakRuntime};
#[cfg(feature = "tokio")]
pub use with_tokio::{block_on_batch, block_on_task};
#[cfg(not(feature = "tokio"))]
pub(crate) use without::{AsyncRuntime, WeakRuntime};
#[cfg(not(feature = "tokio"))]
pub use without::{block_on_batch, block_on_task};

/// The future of an `async` method of a sink: any, if there is a runtime to run it on.
#[diagnostic::on_unimplemented(
    message = "an `async fn` of a sink needs the feature `tokio`",
    label = "there is no runtime to run this on",
    note = "turn the feature on in `Cargo.toml`: `streamwriter = {{ version = \"...\", features = \
            [\"tokio\"] }}`, or that of `streamwriter-core`",
    note = "or use a blocking client and a plain `fn`"
)]
pub trait AsyncMethod: Future {}

#[cfg(feature = "tokio")]
impl<F: Future> AsyncMethod for F {}
