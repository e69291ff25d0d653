//! The point that the environment has armed, and what happens there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use super::FAILPOINTS;
use crate::error::{Error, ErrorKind, Result};

const VARIABLE: &str = "STREAMWRITER_FAILPOINT";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Armed {
    name: String,
    action: Action,
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Kill,
    Stop,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
static PASSAGES: AtomicU64 = AtomicU64::new(0);

pub(super) fn pass(name: &str) {
    debug_assert!(is_known(name), "{name} is not in the list of points");
    // A text that cannot be read was refused by `check`, before any point is passed.
    let armed = ARMED.get_or_init(|| from_environment().ok().flatten());
    let Some(armed) = armed.as_ref().filter(|armed| armed.name == name) else {
        return;
    };
    if PASSAGES.fetch_add(1, Ordering::SeqCst) + 1 == armed.count {
        armed.action.strike();
    }
}

pub(super) fn check() -> Result<()> {
    from_environment().map(|_| ()).map_err(|reason| {
        let names: Vec<&str> = FAILPOINTS.iter().map(|point| point.name).collect();
        Error::new(ErrorKind::Config, format!("{VARIABLE} {reason}")).with_help(format!(
            "write `name=kill@count` or `name=stop@count`; the names are {}",
            names.join(", ")
        ))
    })
}

fn from_environment() -> Result<Option<Armed>, String> {
    match std::env::var_os(VARIABLE) {
        Some(text) => Armed::parse(&text.to_string_lossy()).map(Some),
        None => Ok(None),
    }
}

fn is_known(name: &str) -> bool {
    FAILPOINTS.iter().any(|point| point.name == name)
}

impl Armed {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((name, rest)) = text.split_once('=') else {
            return Err(format!("is {text:?}, without an action"));
        };
        if !is_known(name) {
            return Err(format!("names {name:?}, which is not a point"));
        }
        let (action, count) = rest.split_once('@').unwrap_or((rest, "1"));
        let action = match action {
            "kill" => Action::Kill,
            "stop" => Action::Stop,
            _ => return Err(format!("names {action:?}, which is not an action")),
        };
        match count.parse() {
            Ok(count) if count > 0 => Ok(Self {
                name: name.to_owned(),
                action,
                count,
            }),
            _ => Err(format!("has the count {count:?}, which is not 1 or more")),
        }
    }
}

impl Action {
    fn strike(self) {
        let signal = match self {
            Self::Kill => Signal::KILL,
            Self::Stop => Signal::STOP,
        };
        match kill_process(getpid(), signal) {
            Ok(()) => wait_until_taken(),
            Err(error) => tracing::error!(%error, "the failpoint could not strike"),
        }
    }
}

/// Waits until the signal is no longer pending.
///
/// A signal to the process may be another thread's to take, and until it has, this thread would go
/// on past the point. Once it has, the kernel holds this thread at the end of its next system call.
#[cfg(target_os = "linux")]
fn wait_until_taken() {
    while stop_is_pending() {
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
fn stop_is_pending() -> bool {
    let stop = 1u64 << (Signal::STOP.as_raw() - 1);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("ShdPnd:"))
        .and_then(|pending| u64::from_str_radix(pending.trim(), 16).ok())
        .is_some_and(|pending| pending & stop != 0)
}

/// Gives another thread the time to take the signal.
#[cfg(not(target_os = "linux"))]
fn wait_until_taken() {
    std::thread::sleep(std::time::Duration::from_millis(200));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_armed_as_it_is_written() {
        let armed = |name: &str, action, count| {
            let name = name.to_owned();
            Ok(Armed {
                name,
                action,
                count,
            })
        };
        assert_eq!(
            Armed::parse("prepared=kill@3"),
            armed("prepared", Action::Kill, 3)
        );
        assert_eq!(Armed::parse("query=stop"), armed("query", Action::Stop, 1));
    }

    #[test]
    fn a_mistake_in_the_variable_is_named() {
        for (text, named) in [
            ("", "without an action"),
            ("prepared", "without an action"),
            ("preparde=kill@1", "\"preparde\", which is not a point"),
            ("prepared=kil@1", "\"kil\", which is not an action"),
            ("prepared=kill@0", "\"0\", which is not 1 or more"),
            ("prepared=kill@", "\"\", which is not 1 or more"),
            ("prepared=kill@x", "\"x\", which is not 1 or more"),
        ] {
            let reason = Armed::parse(text).unwrap_err();
            assert!(reason.contains(named), "{text:?}: {reason}");
        }
    }

    #[test]
    fn each_point_has_a_name_of_its_own() {
        let mut names: Vec<&str> = FAILPOINTS.iter().map(|point| point.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAILPOINTS.len());
    }
}
