//! Says aloud that a test could not be tried on this machine.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

static SKIPPED: AtomicU32 = AtomicU32::new(0);

/// Prints and counts that something was not tried.
///
/// It goes past the capture of the test harness, which shows nothing of a test that passes. Where
/// `STREAMWRITER_SKIPPED` names a file, a line is added to it, so that CI can say what did not run.
pub(crate) fn skipped(what: &str, why: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::SeqCst) + 1;
    let line = format!("SKIPPED: {what}: {why}\n");
    let _ = std::io::stderr().write_all(format!("{count} {line}").as_bytes());
    if let Some(path) = std::env::var_os("STREAMWRITER_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}
