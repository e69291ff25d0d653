//! A part of a test in a process of its own, for what a process has only one of: its user, its
//! limits, its peak of memory.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Names the part to the child.
const PART: &str = "STREAMWRITER_LIMITS_PART";

/// Whether this process was started for that part.
pub(super) fn is(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|of| of == part)
}

/// Runs one test of this binary in a child that is told the part; returns what it printed.
///
/// # Errors
/// Why it cannot be started as that user.
#[track_caller]
pub(super) fn run(test: &str, part: &str, user: Option<u32>) -> Result<String, String> {
    // Another user may not be able to follow the path to the binary.
    let mut command = Command::new("/proc/self/exe");
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "the part {part} of {test}: {printed}"
    );
    assert!(
        printed.contains("1 passed"),
        "{test} did not run: {printed}"
    );
    Ok(printed)
}
