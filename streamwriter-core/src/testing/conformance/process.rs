//! A life that may be killed: the test binary is started once more and takes that one role.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::faults::{Life, Shape};
use super::life::{Ended, Setting, live};
use super::script::{PATIENCE, Script};
use super::subject::Conformance;
use crate::error::{Error, ErrorKind, Result};
use crate::writer::WriteRows;

/// Holds the role of a child process.
const ROLE: &str = "STREAMWRITER_CONFORMANCE_ROLE";

/// The exit code of a child whose life ended by itself, and well.
const ENDED_WELL: i32 = 42;
/// That of one whose life ended otherwise.
const ENDED_BADLY: i32 = 43;

#[derive(Debug, Serialize, Deserialize)]
struct Role {
    root: PathBuf,
    shape: Shape,
    life: Life,
}

/// Takes the role of a child, if this process is one; it does not return then.
pub(super) fn take_role<W, R>(subject: &Conformance<W, R>)
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let Ok(text) = std::env::var(ROLE) else {
        return;
    };
    let (code, ended) = match serde_json::from_str::<Role>(&text) {
        Ok(role) => {
            let script = Script::new(&role.life.faults, role.shape);
            let setting = Setting::plain(&role.root, role.shape);
            let ended = live(subject, &setting, &role.life, &script);
            let well = matches!(ended, Ended::Well(_));
            (
                if well { ENDED_WELL } else { ENDED_BADLY },
                ended.describe(),
            )
        }
        Err(error) => (
            ENDED_BADLY,
            format!("it does not understand its role: {error}"),
        ),
    };
    // Not `eprintln`: the test harness may capture that.
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{ended}");
    std::process::exit(code);
}

/// Lives in a child process, which is expected to be killed.
///
/// `test` is the name of the running test as the test harness prints it: the child runs that test
/// only, which comes to [`take_role`] and gets no further.
pub(super) fn live_and_die(test: &str, root: &Path, shape: Shape, life: &Life) -> Result<Ended> {
    let role = Role {
        root: root.to_owned(),
        shape,
        life: life.clone(),
    };
    let role = serde_json::to_string(&role).map_err(|error| cannot("describe its role", error))?;
    let binary = std::env::current_exe().map_err(|error| cannot("find its program", error))?;
    let mut child = Command::new(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot("be started", error))?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let exited = child
            .try_wait()
            .map_err(|error| cannot("be waited for", error))?;
        if exited.is_some() {
            let output = child
                .wait_with_output()
                .map_err(|error| cannot("be waited for", error))?;
            return judge(test, &output);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // It hangs, and so the test fails; nothing of it is to stay behind.
    let _ = child.kill();
    let _ = child.wait();
    Err(Error::new(
        ErrorKind::StillRunning,
        format!("the child process hangs: it has not ended after {PATIENCE:?}"),
    ))
}

fn judge(test: &str, output: &std::process::Output) -> Result<Ended> {
    use std::os::unix::process::ExitStatusExt;
    let printed = String::from_utf8_lossy(&output.stderr);
    match (output.status.signal(), output.status.code()) {
        (Some(9), _) => Ok(Ended::Killed),
        (_, Some(ENDED_WELL)) => Ok(Ended::Spared(printed.trim().to_owned())),
        (_, Some(ENDED_BADLY)) => Err(Error::new(
            ErrorKind::Task,
            format!(
                "the fault never struck the child process: {}",
                printed.trim()
            ),
        )),
        _ => Err(Error::new(
            ErrorKind::Task,
            format!(
                "the child process ended with {} instead of running the test {test}: {}",
                output.status,
                printed.trim()
            ),
        )),
    }
}

fn cannot(what: &str, error: impl Into<crate::BoxError>) -> Error {
    Error::new(ErrorKind::Config, format!("a child process cannot {what}")).with_source(error)
}
