//! Named points between the steps of a batch, where tests strike (feature `testing`).
//!
//! Without the feature a point is nothing. With it, the environment variable
//! `STREAMWRITER_FAILPOINT` holds `name=action@count`: at the `count`-th passage (from 1) of the
//! point the process kills itself with SIGKILL (`kill`) or stops itself with SIGSTOP (`stop`).

/// Passes a named point.
#[cfg(not(any(test, feature = "testing")))]
#[inline(always)]
pub(crate) fn pass(_name: &str) {}

/// Passes a named point.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn pass(name: &str) {
    active::pass(name);
}

#[cfg(any(test, feature = "testing"))]
mod active {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    struct Armed {
        name: String,
        action: String,
        count: u64,
    }

    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    static PASSAGES: AtomicU64 = AtomicU64::new(0);

    pub(super) fn pass(name: &str) {
        let Some(armed) = ARMED.get_or_init(from_environment) else {
            return;
        };
        if armed.name != name || PASSAGES.fetch_add(1, Ordering::SeqCst) + 1 != armed.count {
            return;
        }
        let signal = match armed.action.as_str() {
            "kill" => Signal::KILL,
            "stop" => Signal::STOP,
            _ => return,
        };
        if let Err(error) = kill_process(getpid(), signal) {
            tracing::error!(%error, "failpoint {name} could not strike");
        }
    }

    fn from_environment() -> Option<Armed> {
        let text = std::env::var("STREAMWRITER_FAILPOINT").ok()?;
        let (name, rest) = text.split_once('=')?;
        let (action, count) = rest.split_once('@').unwrap_or((rest, "1"));
        Some(Armed {
            name: name.to_owned(),
            action: action.to_owned(),
            count: count.parse().ok()?,
        })
    }
}
